"""When nothing goes out: stretches of windows, and quiet hours of a day. Pure: wall times in, instants out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from content_library.wall_time import parse_wall, resolve, wall_of

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stretch:
    """From an instant until before another nothing goes out, because of `name`. No accounts: all of the desk's."""

    starts_at: datetime
    ends_at: datetime
    name: str
    account_ids: frozenset[int] = frozenset()
    window_id: int = 0

    def covers(self, account_id: int, instant: datetime) -> bool:
        return self.starts_at <= instant < self.ends_at and self.concerns(account_id)

    def concerns(self, account_id: int) -> bool:
        return not self.account_ids or account_id in self.account_ids


def occurrences(
    starts: str, ends: str, zone: str, *, yearly: bool, first: datetime, last: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of a window that touch the time from `first` to `last`, in order.

    A yearly one on a 29 February that does not exist begins, or ends, with the 1 March.
    """
    begins, over = parse_wall(starts), parse_wall(ends)
    years = range(max(begins.year, first.year - 2), last.year + 2) if yearly else [begins.year]
    for year in years:
        span = (
            resolve(_in_year(begins, year), zone).due_at,
            resolve(_in_year(over, year + over.year - begins.year), zone).due_at,
        )
        if span[0] < span[1] and span[1] > first and span[0] <= last:
            yield span


def _in_year(wall: datetime, year: int) -> datetime:
    try:
        return wall.replace(year=year)
    except ValueError:
        return datetime(year, 3, 1)  # noqa: DTZ001 - wall time


@dataclass(frozen=True)
class Quiet:
    """Every day from `begins` until before `ends`, over midnight where it ends earlier than it begins."""

    begins: str
    ends: str

    def end_of(self, instant: datetime, zone: str) -> datetime | None:
        """When the quiet hours around an instant are over; None where there are none."""
        local = wall_of(instant, zone)
        for day in (local.date() - A_DAY, local.date()):
            start = datetime.combine(day, clock_time(self.begins))
            end = datetime.combine(day, clock_time(self.ends))
            if self.ends <= self.begins:
                end += A_DAY
            if resolve(start, zone).due_at <= instant < (over := resolve(end, zone).due_at):
                return over
        return None


def clock_time(text: str) -> time:
    """`09:30`."""
    return time.fromisoformat(text)
