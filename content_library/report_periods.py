"""The days a report is about, in the desk's zone, and the days before that it is compared to."""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from content_library.errors import InvalidInput
from content_library.wall_time import zone

LAST_DAYS = (7, 30, 90)
USUAL = 30
LONGEST = 366
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From the beginning of `first` to the end of `last`, as days of the zone."""

    first: date
    last: date
    zone: str

    @property
    def since(self) -> datetime:
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        return _midnight(self.last + _DAY, self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The month before a whole month; else as many days, right before these."""
        last = self.first - _DAY
        is_month = self.first.day == 1 and self.last == _month_end(self.first)
        first = last.replace(day=1) if is_month else last - timedelta(days=self.days - 1)
        return Period(first, last, self.zone)


def read_period(asked: Mapping[str, str], *, zone: str, now: datetime) -> Period:
    """What an address asks for: `period` is a number of last days (today is one of them), `month` with `month`, or
    `days` with `from` and `to`. Raises InvalidInput by field; what makes no sense at all is the last 30 days."""
    kind = asked.get("period", "")
    if kind == "month":
        return _of_month(asked.get("month", ""), zone)
    if kind == "days":
        return _of_days(asked.get("from", ""), asked.get("to", ""), zone)
    return last_days(int(kind) if kind in map(str, LAST_DAYS) else USUAL, zone=zone, now=now)


def last_days(count: int, *, zone: str, now: datetime) -> Period:
    today = _today(now, zone)
    return Period(today - timedelta(days=count - 1), today, zone)


def _of_month(text: str, zone: str) -> Period:
    if not re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", text.strip()):
        sentence = f"“{text}” is not a month. Write it like 2026-10." if text.strip() else "Choose a month."
        raise InvalidInput(sentence, {"month": sentence})
    first = date.fromisoformat(f"{text.strip()}-01")
    return Period(first, _month_end(first), zone)


def _of_days(first: str, last: str, zone: str) -> Period:
    period = Period(_day(first, "from"), _day(last, "to"), zone)
    if period.days < 1:
        sentence = "The last day lies before the first. Swap them, or choose another."
        raise InvalidInput(sentence, {"to": sentence})
    if period.days > LONGEST:
        sentence = f"That is {period.days:,} days. A report covers at most {LONGEST}."
        raise InvalidInput(sentence, {"to": sentence})
    return period


def _day(text: str, field: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        name = "first" if field == "from" else "last"
        sentence = (
            f"“{text}” is not a day. Write it like 2026-10-31." if text.strip() else f"Choose the {name} day."
        )
        raise InvalidInput(sentence, {field: sentence}) from None
    if not 2000 <= day.year <= 2999:
        sentence = f"{text} lies too far away. Choose another day."
        raise InvalidInput(sentence, {field: sentence})
    return day


def _month_end(first: date) -> date:
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _midnight(day: date, name: str) -> datetime:
    return datetime.combine(day, time(), zone(name)).astimezone(UTC)


def _today(now: datetime, name: str) -> date:
    return now.astimezone(zone(name)).date()
