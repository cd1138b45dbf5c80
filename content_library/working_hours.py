"""Time that counts only while a team works: when an answer is due, and by when to ask.

A week of intervals of wall time, holidays, and a zone. An interval belongs to the day on which it begins, also across
midnight; on a holiday none begins. Durations are real ones: an hour of the night in which clocks change is an hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from content_library.errors import InvalidInput
from content_library.wall_time import zone

LONGEST_LOOK = timedelta(days=400)
"""Who does not work for longer than this has no working hours."""

_DAY = 24 * 60
Interval = tuple[int, int]
"""Minutes after midnight of the day it begins on; an end beyond 1,440 lies on the next day."""


@dataclass(frozen=True)
class WorkingHours:
    """`week` has seven entries, Monday first, each with the intervals of that day in order."""

    zone: str
    week: tuple[tuple[Interval, ...], ...]
    holidays: frozenset[date] = frozenset()

    @property
    def is_never(self) -> bool:
        return not any(self.week)


ALWAYS = WorkingHours("UTC", (((0, _DAY),),) * 7)


def interval(begins: str, ends: str) -> Interval:
    """`09:00` to `17:00`. An end that is not after the beginning lies on the next day; `24:00` is midnight."""
    begin, end = _minute(begins), _minute(ends)
    if begin == _DAY:
        raise _bad_time(begins)
    return (begin, end) if end > begin else (begin, end + _DAY)


def _minute(text: str) -> int:
    if text.strip() == "24:00":
        return _DAY
    try:
        clock = time.fromisoformat(text.strip())
    except ValueError as problem:
        raise _bad_time(text) from problem
    return clock.hour * 60 + clock.minute


def _bad_time(text: str) -> InvalidInput:
    sentence = f"“{text}” is not a time of day. Write it like 09:00."
    return InvalidInput(sentence, {"hours": sentence})


def week_of(days: Sequence[Sequence[Interval]]) -> tuple[tuple[Interval, ...], ...]:
    """Seven days in order. Raises InvalidInput where intervals run into one another, also around midnight."""
    week = tuple(tuple(sorted(day)) for day in days)
    flat = sorted((number * _DAY + b, number * _DAY + e) for number, day in enumerate(week) for b, e in day)
    around = [*flat, *((b + 7 * _DAY, e + 7 * _DAY) for b, e in flat[:1])]
    for (_, end), (begin, _) in pairwise(around):
        if begin < end:
            sentence = "Two of these working hours run into one another. Make them one, or move one."
            raise InvalidInput(sentence, {"hours": sentence})
    return week


def add(hours: WorkingHours, start: datetime, duration: timedelta) -> datetime | None:
    """The instant at which `duration` of working time has passed since `start`; None when that never comes.

    Work that is over when the team closes is over then, and not at the next opening.
    """
    left = duration
    for begins, ends in _from(hours, start):
        worked = ends - begins
        if left <= worked:
            return begins + left
        left -= worked
    return None


def subtract(hours: WorkingHours, end: datetime, duration: timedelta) -> datetime | None:
    """The latest instant from which `duration` of working time passes by `end`; None when there is none."""
    left = duration
    for begins, ends in _back_from(hours, end):
        worked = ends - begins
        if left <= worked:
            return ends - left
        left -= worked
    return None


def between(hours: WorkingHours, start: datetime, end: datetime) -> timedelta:
    """Working time from `start` to `end`; nothing where `end` is earlier."""
    spent = timedelta()
    for begins, ends in _from(hours, start):
        if begins >= end:
            break
        spent += min(ends, end) - begins
    return spent


def is_open(hours: WorkingHours, instant: datetime) -> bool:
    """Whether the team works at this instant. The moment of closing is no longer open."""
    return any(begins <= instant < ends for begins, ends in _around(hours, instant))


def next_opening(hours: WorkingHours, instant: datetime) -> datetime | None:
    """This instant where the team works, the next beginning where it does not; None where it never does."""
    return next((begins for begins, _ in _from(hours, instant)), None)


def _from(hours: WorkingHours, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of work from `start` on, in order, as instants; the first may have begun before and is cut.

    Wall time that a spring leaves out moves forward and may reach into the next stretch: what they share counts once.
    """
    if hours.is_never:
        return
    day = _local_day(hours, start) - timedelta(days=1)
    last = day + LONGEST_LOOK
    while day <= last:
        for begins, ends in _of_day(hours, day):
            if ends > start:
                yield max(begins, start), ends
                start = ends
        day += timedelta(days=1)


def _back_from(hours: WorkingHours, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    if hours.is_never:
        return
    day = _local_day(hours, end)
    last = day - LONGEST_LOOK
    while day >= last:
        for begins, ends in reversed(_of_day(hours, day)):
            if begins < end:
                yield begins, min(ends, end)
                end = begins
        day -= timedelta(days=1)


def _around(hours: WorkingHours, instant: datetime) -> Iterator[tuple[datetime, datetime]]:
    today = _local_day(hours, instant)
    for day in (today - timedelta(days=1), today):
        yield from _of_day(hours, day)


def _of_day(hours: WorkingHours, day: date) -> list[tuple[datetime, datetime]]:
    if day in hours.holidays:
        return []
    stretches = [
        (_instant(hours, day, begins), _instant(hours, day, ends))
        for begins, ends in hours.week[day.weekday()]
    ]
    return [(begins, ends) for begins, ends in stretches if begins < ends]  # none is left of one inside a gap


def _instant(hours: WorkingHours, day: date, minute: int) -> datetime:
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone(hours.zone)).astimezone(UTC)


def _local_day(hours: WorkingHours, instant: datetime) -> date:
    return instant.astimezone(zone(hours.zone)).date()
