"""A team's clock on a review: it runs in the team's working hours and stands while the author is asked.

Working seconds are added up at every stop, so that a clock that stood over a weekend, or whose team has changed its
hours since, never counts a second twice. A review is due when its turnaround is used up.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from content_library.models.desk import Team
from content_library.models.review import Review
from content_library.working_hours import WorkingHours, add, between, interval, subtract, week_of

REMINDED_AT = (50, 80, 100)
"""Percent of the turnaround: the team is told at half and at most of it, the leads when it is used up."""


def hours_of(team: Team) -> WorkingHours:
    """When this team works."""
    return _hours(team.zone, json.dumps(team.hours), tuple(team.holidays))


@lru_cache(maxsize=256)
def _hours(zone: str, week: str, holidays: tuple[str, ...]) -> WorkingHours:
    days = [[interval(begins, ends) for begins, ends in day] for day in json.loads(week)]
    return WorkingHours(zone, week_of(days), frozenset(map(date.fromisoformat, holidays)))


def start(review: Review, *, now: datetime) -> None:
    """The clock begins to run, or goes on after an answer."""
    review.running_since = now
    set_due(review)


def stop(review: Review, *, now: datetime) -> None:
    """The clock stands: the author is asked, or the review is over."""
    review.worked_s = worked(review, now=now)
    review.running_since = None
    set_due(review)


def worked(review: Review, *, now: datetime) -> int:
    """Working seconds this review has been with its team so far."""
    if review.running_since is None:
        return review.worked_s
    spent = between(hours_of(review.team), review.running_since, now)
    return review.worked_s + int(spent.total_seconds())


def set_due(review: Review) -> None:
    """When the answer is due and when to remind next, from what is left; neither while the clock stands."""
    review.due_at = _reached(review, 100)
    following = next((percent for percent in REMINDED_AT if percent > review.reminded), None)
    review.remind_at = _reached(review, following) if following else None


def _reached(review: Review, percent: int) -> datetime | None:
    """The instant at which so much of the turnaround is used up, if nobody decides until then."""
    if review.running_since is None:
        return None
    left = timedelta(seconds=max(0, review.turnaround_s * percent // 100 - review.worked_s))
    return add(hours_of(review.team), review.running_since, left)


@dataclass(frozen=True)
class Forecast:
    """`by`: when the last team has answered at the latest if it is sent now. `send_by`: the latest safe moment for
    the wanted time. None where a team never works."""

    by: datetime | None
    send_by: datetime | None


Asked = tuple[Team, int]
"""A team, and the working hours in which it answers."""


def forecast(steps: Sequence[Sequence[Asked]], *, now: datetime, wanted_at: datetime | None) -> Forecast:
    """Teams of a step work side by side, steps one after the other, each team in its own hours."""
    by: datetime | None = now
    for step in steps:
        by = _last([_answer(*asked, by) for asked in step]) if by else None
    send_by = wanted_at
    for step in reversed(steps):
        send_by = _first([_asked(*asked, send_by) for asked in step]) if send_by else None
    return Forecast(by, send_by)


def _answer(team: Team, hours: int, asked_at: datetime) -> datetime | None:
    return add(hours_of(team), asked_at, timedelta(hours=hours))


def _asked(team: Team, hours: int, answered_at: datetime) -> datetime | None:
    return subtract(hours_of(team), answered_at, timedelta(hours=hours))


def _last(instants: Sequence[datetime | None]) -> datetime | None:
    known = [instant for instant in instants if instant is not None]
    return max(known) if len(known) == len(instants) and known else None


def _first(instants: Sequence[datetime | None]) -> datetime | None:
    known = [instant for instant in instants if instant is not None]
    return min(known) if len(known) == len(instants) and known else None
