"""What a report's address asks for: days, team, kind, format; and the same as filters on the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request, url_for

from app.extensions import db, desk, now
from app.formatting import gettext as _
from content_library import catalogue
from content_library.errors import InvalidInput
from content_library.models.desk import Team
from content_library.models.format import Format, Kind
from content_library.report_periods import LAST_DAYS, USUAL, Period, last_days, read_period
from content_library.reports import Wanted

NAMES = ("period", "month", "from", "to", "team", "kind", "format")
KINDS = {
    Kind.EDU_TAINING: _("Edu-taining"),
    Kind.QUESTION: _("Question"),
    Kind.PROMOTION: _("Promotion and service"),
}
PERIODS = {
    **{str(days): _("Last {} days").format(days) for days in LAST_DAYS},
    "month": _("A month"),
    "days": _("Days of your own"),
}


@dataclass(frozen=True)
class Asked:
    """`problems`: field → sentence, where the days make no sense; the last 30 days are shown then."""

    wanted: Wanted
    typed: dict[str, str]
    team: Team | None
    format: Format | None
    formats: Sequence[Format]
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def selects(self) -> list[tuple[str, str, list[tuple[str, str]], str]]:
        """Name, label, choices and value of each filter but the days."""
        teams = [(team.key, team.name) for team in desk().teams]
        return [
            ("team", _("Team"), [("", _("Every team")), *teams], self.team.key if self.team else ""),
            ("kind", _("Kind"), [("", _("Every kind")), *((k.value, n) for k, n in KINDS.items())],
             self.wanted.kind or ""),
            ("format", _("Format"), [("", _("Every format")), *((f.key, f.name) for f in self.formats)],
             self.wanted.format_key or ""),
        ]  # fmt: skip

    @property
    def only(self) -> list[str]:
        """Keys of the team, kind and format asked for."""
        return [key for _name, _label, _choices, key in self.selects if key]

    @property
    def chips(self) -> list[dict[str, str]]:
        labels = {
            "team": self.team.name if self.team else "",
            "kind": KINDS[self.wanted.kind] if self.wanted.kind else "",
            "format": self.format.name if self.format else "",
        }
        used = {name: label for name, label in labels.items() if label}
        return [{"label": label, "remove_url": self.url(without=name)} for name, label in used.items()]

    def url(self, endpoint: str = "reports.index", *, without: str = "", **more: Any) -> str:
        """The same report at another address, without one of its filters or with something more."""
        kept: dict[str, Any] = {
            name: self.typed[name] for name in NAMES if self.typed.get(name) and name != without
        }
        return url_for(endpoint, **kept, **more)


def asked() -> Asked:
    """From the address. A team, kind or format that is not there counts as not asked."""
    typed = {name: request.args.get(name, "").strip()[:40] for name in NAMES}
    typed["period"] = typed["period"] if typed["period"] in PERIODS else str(USUAL)
    formats = catalogue.formats(db(), retired=True)
    team = next((t for t in desk().teams if t.key == typed["team"]), None)
    format_ = next((f for f in formats if f.key == typed["format"]), None)
    period, problems = _period(typed)
    kind = Kind(typed["kind"]) if typed["kind"] in set(Kind) else None
    wanted = Wanted(period, team.id if team else None, kind, format_.key if format_ else None)
    return Asked(wanted, typed, team, format_, formats, problems)


def _period(typed: dict[str, str]) -> tuple[Period, dict[str, str]]:
    try:
        return read_period(typed, zone=desk().zone, now=now()), {}
    except InvalidInput as wrong:
        return last_days(USUAL, zone=desk().zone, now=now()), dict(wrong.fields)


def days_said(period: Period) -> str:
    """`1 to 31 October 2026`, with as much of the first day as differs."""
    first, last = period.first, period.last
    if first == last:
        return f"{last.day} {last:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return _("{} to {}").format(first.day, f"{last.day} {last:%B %Y}")
    begins = f"{first.day} {first:%B}" if first.year == last.year else f"{first.day} {first:%B %Y}"
    return _("{} to {}").format(begins, f"{last.day} {last:%B %Y}")
