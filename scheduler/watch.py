"""What should have happened by now and has not: every state that is not an end has an age limit.

Some limits are the engine's (it should have sent, looked, missed or expired), some are people's (they were asked).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from content_library.database import UtcDateTime
from content_library.models.desk import EngineBeat
from content_library.percentiles import nearest_rank
from content_library.settings import Timing
from scheduler.models import Publication
from scheduler.models import PublicationState as S

SLACK = timedelta(minutes=2)
LOOKING = timedelta(hours=3)
"""Twelve looks with their pauses are over in less than two hours; then a person is asked."""
TENDING = timedelta(minutes=10)
"""Housekeeping has missed or expired by then what waits past its grace."""
ANSWERING = timedelta(days=1)
DECIDING = timedelta(days=7)
WATCHDOG = "watch"
STARTED = "start"
"""The beats of the watchdog itself, and of an engine's start."""
_A_DAY = timedelta(days=1)
_MOST_MEASURED = 20_000


class Whose(StrEnum):
    ENGINE = "engine"
    PEOPLE = "people"


@dataclass(frozen=True)
class Overdue:
    """So many publications are past the age limit of their state; the first has been since `since`."""

    state: S
    whose: Whose
    count: int
    since: datetime


@dataclass(frozen=True)
class Lateness:
    """Of what was due in the last day and went out: how many, and how late, in milliseconds. Early counts as 0."""

    count: int = 0
    p50_ms: int = 0
    p95_ms: int = 0


@dataclass(frozen=True)
class Beat:
    """When a job last finished; older than `limit` is late. `at` is None: not since an engine started."""

    job: str
    at: datetime | None
    engine: str
    limit: timedelta
    is_late: bool


def overdue(session: Session, *, now: datetime, timing: Timing, desk_id: int | None = None) -> list[Overdue]:
    """What is past its age limit, the engine's first; one statement, which reads only what is late."""
    here = [Publication.desk_id == desk_id] if desk_id is not None else []
    parts = [_late(*limit, here) for limit in _limits(now, timing)]
    rows: Sequence[Any] = session.execute(union_all(*parts)).all()
    return [Overdue(S(r.state), Whose(r.whose), r.count, r.since) for r in rows if r.count]


def overdue_by_desk(session: Session, *, now: datetime, timing: Timing) -> dict[int, list[Overdue]]:
    """The same, desk by desk; desks where nothing is late are left out."""
    parts = [
        _late(*limit, []).add_columns(Publication.desk_id).group_by(Publication.desk_id)
        for limit in _limits(now, timing)
    ]
    found: dict[int, list[Overdue]] = {}
    rows: Sequence[Any] = session.execute(union_all(*parts)).all()
    for row in rows:
        found.setdefault(row.desk_id, []).append(
            Overdue(S(row.state), Whose(row.whose), row.count, row.since)
        )
    return found


def of_engine(found: Sequence[Overdue]) -> int:
    """How many of them the engine should have seen to."""
    return sum(one.count for one in found if one.whose is Whose.ENGINE)


_Limit = tuple[S, Whose, Any, Sequence[ColumnElement[bool]]]


def _limits(now: datetime, timing: Timing) -> list[_Limit]:
    """Each: a state, who is to act, since when it waits, and what makes it late. `due_at` is there for the index."""
    sent_by = now - timedelta(seconds=timing.lease) - SLACK
    due, retry = Publication.due_at, Publication.not_before
    late = [due < now - SLACK, or_(retry.is_(None), retry < now - SLACK)]
    return [
        (S.PLANNED, Whose.ENGINE, due, late),
        (S.CLAIMED, Whose.ENGINE, due, late),
        (S.SENDING, Whose.ENGINE, Publication.state_at, [Publication.state_at < sent_by]),
        (S.UNKNOWN, Whose.ENGINE, Publication.state_at, [Publication.state_at < now - LOOKING]),
        (S.BLOCKED, Whose.ENGINE, Publication.late_at, [due < now - TENDING, Publication.late_at < now - TENDING]),
        (S.NEEDS_PERSON, Whose.PEOPLE, Publication.state_at, [Publication.state_at < now - ANSWERING]),
        (S.HELD, Whose.PEOPLE, due, [due < now - DECIDING]),
        (S.MISSED, Whose.PEOPLE, due, [due < now - DECIDING]),
    ]  # fmt: skip


def _late(
    state: S,
    whose: Whose,
    since: Any,
    conditions: Sequence[ColumnElement[bool]],
    here: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    return select(
        literal(state.value).label("state"),
        literal(whose.value).label("whose"),
        func.count().label("count"),
        func.min(since, type_=UtcDateTime()).label("since"),
    ).where(Publication.state == state, *conditions, *here)


def oldest_unknown(session: Session, desk_id: int | None = None) -> datetime | None:
    """Since when the one that is looked for longest has been unknown."""
    here = [Publication.desk_id == desk_id] if desk_id is not None else []
    query = select(func.min(Publication.state_at, type_=UtcDateTime()))
    return session.scalar(query.where(Publication.state == S.UNKNOWN, *here))


def lateness(session: Session, *, now: datetime, desk_id: int | None = None) -> Lateness:
    """How late the last day was."""
    here = [Publication.desk_id == desk_id] if desk_id is not None else []
    rows = session.execute(
        select(Publication.due_at, Publication.published_at)
        .where(
            Publication.state == S.PUBLISHED, Publication.due_at >= now - _A_DAY, Publication.due_at <= now, *here
        )
        .order_by(Publication.due_at.desc())
        .limit(_MOST_MEASURED)
    )  # fmt: skip
    late = [max(0, round((out - due).total_seconds() * 1000)) for due, out in rows if out is not None]
    p50, p95 = nearest_rank(late, 50), nearest_rank(late, 95)
    return Lateness(len(late), p50 or 0, p95 or 0)


def beats(session: Session, limits: dict[str, float], *, now: datetime) -> list[Beat]:
    """The jobs of the timetable and when each last finished. `limits`: job → seconds after which it is late.

    A job that has not finished since the engine started is late when the start is longer ago than its limit.
    """
    kept = {beat.job: beat for beat in session.scalars(select(EngineBeat))}
    started = kept.get(STARTED)
    found = []
    for job, limit_s in limits.items():
        beat = kept.get(job)
        last = beat or started
        limit = timedelta(seconds=limit_s)
        is_late = last is not None and now - last.at > limit
        found.append(Beat(job, beat.at if beat else None, beat.engine if beat else "", limit, is_late))
    return found
