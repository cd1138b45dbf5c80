"""The next moment at which something fits on an account: never a burst, never into a silence."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.desk import Desk
from content_library.wall_time import resolve, wall_of
from scheduler import calm
from scheduler.calm import Calm
from scheduler.calm_times import clock_time
from scheduler.models import Publication, PublicationState

AHEAD = timedelta(minutes=15)  # so that a person can still look at what they have just set going
APART = timedelta(minutes=15)  # between two that were kept back, or the account's least gap if longer
STEP = timedelta(minutes=5)  # moments that people would choose
MOST_HOPS = 5000  # over what is planned already; quiet hours that fill the desk’s whole day never end
TAKEN = (
    PublicationState.PLANNED, PublicationState.CLAIMED, PublicationState.SENDING, PublicationState.BLOCKED,
    PublicationState.HELD, PublicationState.PUBLISHED,
)  # fmt: skip


@dataclass
class Openings:
    """What is free on the accounts of a desk. `take` keeps a moment for somebody."""

    desk: Desk
    calm: Calm
    now: datetime
    busy: dict[int, list[datetime]] = field(default_factory=dict)

    def next(
        self, account_id: int, *, apart: timedelta, after: datetime, like: datetime, in_silence: bool = False
    ) -> datetime:
        """The first fitting moment from `after` on. What was planned within the desk's hours (`like`) stays within
        them; `in_silence`: windows and quiet hours do not count, as for a service notice."""
        keeps_hours = is_open(self.desk, like)
        moment = _step(after)
        for _ in range(MOST_HOPS):
            later = moment if in_silence else self.calm.free_from(account_id, moment)
            later = next_open(self.desk, later) if keeps_hours else later
            clash = self.clash(account_id, later, apart)
            later = later if clash is None else clash + apart
            if later == moment:
                return moment
            moment = _step(later)
        return moment

    def clash(self, account_id: int, moment: datetime, apart: timedelta) -> datetime | None:
        """The last thing on the account that is nearer to a moment than `apart`."""
        times = self.busy.get(account_id, [])
        place = bisect_left(times, moment + apart)
        near = times[place - 1] if place else None
        return near if near is not None and abs(near - moment) < apart else None

    def take(self, account_id: int, moment: datetime) -> None:
        insort(self.busy.setdefault(account_id, []), moment)


def read(session: Session, desk: Desk, *, now: datetime) -> Openings:
    """What goes out on the desk's accounts from now on, and a day back."""
    rows = session.execute(
        select(Publication.account_id, Publication.due_at).where(
            Publication.desk_id == desk.id,
            Publication.state.in_(TAKEN),
            Publication.due_at > now - timedelta(days=1),
        )
    )
    found = Openings(desk, calm.read(session, desk, now=now), now)
    for row in rows:
        found.busy.setdefault(row.account_id, []).append(row.due_at)
    for times in found.busy.values():
        times.sort()
    return found


def apart(least_gap_s: int) -> timedelta:
    """How far from one another two publications of an account are suggested."""
    return max(APART, timedelta(seconds=least_gap_s))


def is_open(desk: Desk, instant: datetime) -> bool:
    """Whether the desk's people are there, Monday to Friday."""
    local = wall_of(instant, desk.zone)
    return local.weekday() < 5 and desk.opens <= f"{local:%H:%M}" < desk.closes


def next_open(desk: Desk, instant: datetime) -> datetime:
    """The instant, or when the desk opens next."""
    if is_open(desk, instant) or desk.opens >= desk.closes:
        return instant
    local = wall_of(instant, desk.zone)
    for day in _days(local):
        opening = resolve(datetime.combine(day.date(), clock_time(desk.opens)), desk.zone).due_at
        if opening >= instant and day.weekday() < 5:
            return opening
    return instant


def _days(local: datetime) -> Sequence[datetime]:
    return [local + timedelta(days=n) for n in range(5)]


def _step(moment: datetime) -> datetime:
    """The next full five minutes at or after it."""
    over = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment if not over else moment - over + STEP
