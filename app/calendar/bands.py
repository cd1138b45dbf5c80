"""Windows as bands of the calendar: on which days nothing goes out, and where."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.calendar.filters import CalendarFilter, account_label
from app.calendar.spans import Span
from app.extensions import db, desk
from content_library import catalogue
from content_library.wall_time import wall_of
from scheduler import calm
from scheduler.calm_times import Stretch


def bands_of(span: Span, asked: CalendarFilter) -> dict[date, list[str]]:
    """The words of each day's bands; with one account asked for, only what concerns it."""
    stretches = _stretches(span, asked)
    days = zip(span.days, span.instants(desk().zone), strict=True)
    return {
        day: [words for stretch, words in stretches if stretch.starts_at < ends and stretch.ends_at > starts]
        for day, (starts, ends) in days
    }


def band_events(span: Span, asked: CalendarFilter) -> list[dict[str, Any]]:
    """The same for the script's calendar, as wall times of the desk."""
    return [
        {
            "title": words,
            "start": wall_of(stretch.starts_at, desk().zone).isoformat(),
            "end": wall_of(stretch.ends_at, desk().zone).isoformat(),
            "display": "background",
        }
        for stretch, words in _stretches(span, asked)
    ]


def _stretches(span: Span, asked: CalendarFilter) -> Sequence[tuple[Stretch, str]]:
    edges = span.instants(desk().zone)
    silences = calm.read(db(), desk(), now=edges[0][0], until=edges[-1][1])
    account_id = asked.wanted.account_id
    found = [s for s in silences.stretches if account_id is None or s.concerns(account_id)]
    labels = {a.id: account_label(a) for a in catalogue.accounts(db(), desk().id)} if found else {}
    return [(stretch, _words(stretch, labels)) for stretch in found]


def _words(stretch: Stretch, labels: dict[int, str]) -> str:
    """“Christmas”, or “Christmas (Bluesky · a.example)” where it is not all accounts."""
    where = ", ".join(labels[i] for i in sorted(stretch.account_ids) if i in labels)
    return f"{stretch.name} ({where})" if where else stretch.name
