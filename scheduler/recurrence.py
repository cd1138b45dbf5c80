"""On which days a series falls, and at which instants. Pure: python-dateutil for the days, our resolver for the times.

A time that does not exist on a day shifts, and is never dropped; one that happens twice is meant the first time. A
31st that does not exist is skipped unless the last day of the month was chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from itertools import islice
from typing import Literal

from dateutil import rrule

from content_library.wall_time import Resolved, resolve, wall_of

LAST_DAY = -1


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


# rrule.YEARLY to rrule.DAILY, which are plain numbers
_FREQUENCY: Mapping[Every, Literal[0, 1, 2, 3]] = {
    Every.DAY: 3,
    Every.WEEK: 2,
    Every.MONTH: 1,
    Every.YEAR: 0,
}


@dataclass(frozen=True)
class Rule:
    """`weekdays` (0 is Monday) for a weekly one; `month_day` for a monthly one, LAST_DAY for the last of each."""

    every: Every
    starts_on: date
    at: time
    zone: str
    weekdays: tuple[int, ...] = ()
    month_day: int = 0
    ends_on: date | None = None
    count: int | None = None

    def days(self, after: date) -> Iterator[date]:
        """The days from one on, in order; without an end they never stop."""
        found = rrule.rrule(
            _FREQUENCY[self.every],
            dtstart=datetime.combine(self.starts_on, time()),
            byweekday=self.weekdays or None if self.every is Every.WEEK else None,
            bymonthday=self._month_day() if self.every is Every.MONTH else None,
            count=self.count,
            until=datetime.combine(self.ends_on, time()) if self.ends_on is not None else None,
        )
        return (day.date() for day in found.xafter(datetime.combine(after, time()), inc=True))

    def _month_day(self) -> int:
        return self.month_day or self.starts_on.day

    def resolved(self, day: date) -> Resolved:
        return resolve(datetime.combine(day, self.at), self.zone)

    def wall(self, day: date) -> str:
        return datetime.combine(day, self.at).isoformat(timespec="seconds")

    def following(self, now: datetime, most: int) -> Sequence[tuple[date, Resolved]]:
        """The next days of which the time has not passed."""
        today = wall_of(now, self.zone).date()
        ahead = ((day, self.resolved(day)) for day in self.days(today))
        return list(islice(((day, moment) for day, moment in ahead if moment.due_at > now), most))
