"""When a mail may leave for one person: how they choose mail to come, and the hours in which they want none.

Wall times are the person's, in their zone, and become instants on the very day, so that a night in which the clocks
change is as long as it is. Quiet hours begin and end at instants: an hour that comes twice does not begin them again.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from content_library.errors import InvalidInput
from content_library.wall_time import resolve, wall_of

SOON = timedelta(seconds=10)  # what is read or over within this needs no mail
MOST_TIMES = 6
_SATURDAY, _SUNDAY = 5, 6
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")


@dataclass(frozen=True)
class MailTimes:
    """`together`: one mail at each of `times` on `days` (Monday is 0). No quiet hours where both ends are the same."""

    zone: str
    together: bool = False
    times: tuple[str, ...] = ("08:30", "13:30")
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    quiet_from: str = "20:00"
    quiet_until: str = "07:00"
    quiet_weekends: bool = False

    def leaves_at(self, told_at: datetime) -> datetime:
        """The first instant at which a mail about something told then may leave."""
        awake = self.awake_at(told_at)
        if not self.together:
            return awake if awake > told_at else self.awake_at(told_at + SOON)
        return self.awake_at(self._next_time(told_at + SOON))

    def awake_at(self, instant: datetime) -> datetime:
        """This instant, or the end of the quiet hours it lies in."""
        for _ in range(4):  # a night, a weekend and the night after it may follow one another
            ends = [end for begin, end in self._quiet(instant) if begin <= instant < end]
            if not ends:
                break
            instant = max(ends)
        return instant

    def _quiet(self, instant: datetime) -> list[tuple[datetime, datetime]]:
        today = wall_of(instant, self.zone).date()
        spans = []
        if self.quiet_from != self.quiet_until:
            over_night = timedelta(days=1 if self.quiet_until < self.quiet_from else 0)
            for day in (today - timedelta(days=1), today):
                spans.append((self._at(day, self.quiet_from), self._at(day + over_night, self.quiet_until)))
        if self.quiet_weekends and today.weekday() in (_SATURDAY, _SUNDAY):
            monday = today + timedelta(days=7 - today.weekday())
            spans.append((self._at(monday - timedelta(days=2), "00:00"), self._at(monday, "00:00")))
        return spans

    def _next_time(self, instant: datetime) -> datetime:
        today = wall_of(instant, self.zone).date()
        ahead = (today + timedelta(days=n) for n in range(9))
        every = (
            self._at(day, at) for day in ahead if day.weekday() in self.days for at in sorted(self.times)
        )
        return min(at for at in every if at >= instant)

    def _at(self, day: date, clock: str) -> datetime:
        return resolve(datetime.combine(day, time.fromisoformat(clock)), self.zone).due_at


def clock_time(text: str, *, field: str) -> str:
    """`8:30` and `8.30` as `08:30`. Raises InvalidInput at `field`."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        sentence = f"“{text.strip()}” is not a time of day. Write it like 08:30."
        raise InvalidInput(sentence, {field: sentence})
    return f"{int(match[1]):02}:{match[2]}"


def clock_times(text: str, *, field: str) -> list[str]:
    """`8:30, 13:30` as a sorted list, each once. Raises InvalidInput at `field`."""
    said = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    times = sorted({clock_time(part, field=field) for part in said})
    if not 1 <= len(times) <= MOST_TIMES:
        sentence = f"Write between one and {MOST_TIMES} times of day, such as 08:30, 13:30."
        raise InvalidInput(sentence, {field: sentence})
    return times
