"""Which days a calendar page shows, in the desk's own zone. A day is a pair of instants, never 24 hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from content_library.errors import InvalidInput
from content_library.wall_time import resolve, wall_of

FIRST, LAST = date(2000, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True)
class Span:
    """The days of a page. `chosen` is the day of the address; `earlier` and `later` are the neighbours' addresses."""

    days: Sequence[date]
    chosen: date
    earlier: date
    later: date

    def instants(self, zone: str) -> list[tuple[datetime, datetime]]:
        """When each day begins and ends."""
        starts = [midnight(day, zone) for day in [*self.days, self.days[-1] + timedelta(days=1)]]
        return list(pairwise(starts))


def read_day(text: str, now: datetime, zone: str) -> date:
    """`2026-05-04` or `2026-05`; anything else is today."""
    today = wall_of(now, zone).date()
    try:
        found = date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError:
        return today
    return found if FIRST < found < LAST else today


def month_of(day: date) -> Span:
    """Whole weeks, Monday first, that hold the month."""
    first = day.replace(day=1)
    later = (first + timedelta(days=31)).replace(day=1)
    start = first - timedelta(days=first.weekday())
    weeks = -(-((later - start).days) // 7)
    days = [start + timedelta(days=n) for n in range(weeks * 7)]
    return Span(days, day, (first - timedelta(days=1)).replace(day=1), later)


def week_of(day: date) -> Span:
    start = day - timedelta(days=day.weekday())
    days = [start + timedelta(days=n) for n in range(7)]
    return Span(days, day, start - timedelta(days=7), start + timedelta(days=7))


def between(start: date, end: date) -> Span:
    """The days from `start` to before `end`, at most seven weeks. Raises InvalidInput."""
    if not start < end <= start + timedelta(days=49):
        raise InvalidInput("Ask for one day to seven weeks.")
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    return Span(days, start, start - timedelta(days=len(days)), end)


def midnight(day: date, zone: str) -> datetime:
    """When a day begins; where midnight is skipped, when the clocks go on."""
    return resolve(datetime.combine(day, time()), zone).due_at
