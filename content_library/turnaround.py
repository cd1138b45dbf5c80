"""How long teams usually take to answer, in their own working time: read at every pause in typing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.review import Review, ReviewState
from content_library.percentiles import nearest_rank

LOOKED_BACK = timedelta(days=90)
ENOUGH = 5
"""Fewer answers than these say nothing about a team."""

MOST_LOOKED_AT = 2_000
KEPT_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Usual:
    """Working time from opening to the answer, without the time the author was asked; over `answers` of them."""

    median: timedelta
    p90: timedelta
    answers: int


def usual_turnaround(session: Session, team_ids: Iterable[int], now: datetime) -> Mapping[int, Usual | None]:
    """Team → how long its answers of the last 90 days took (the newest 2,000 of them); None where they are too few.

    A process keeps what it has read for some minutes.
    """
    kept = _KEPT.setdefault(session.get_bind(), {})
    found: dict[int, Usual | None] = {}
    for team_id in set(team_ids):
        known = kept.get(team_id)
        if known is None or not known[0] <= now < known[0] + KEPT_FOR:
            known = kept[team_id] = (now, _read(session, team_id, now=now))
        found[team_id] = known[1]
    return found


_KEPT: WeakKeyDictionary[Any, dict[int, tuple[datetime, Usual | None]]] = WeakKeyDictionary()


def _read(session: Session, team_id: int, *, now: datetime) -> Usual | None:
    seconds = session.scalars(
        select(Review.worked_s)
        .where(
            Review.team_id == team_id,
            Review.decided_at >= now - LOOKED_BACK,
            Review.state == ReviewState.DECIDED,
            Review.turnaround_s > 0,  # what was answered before there were clocks has no working time
        )
        .order_by(Review.decided_at.desc())
        .limit(MOST_LOOKED_AT)
    ).all()
    median, p90 = nearest_rank(seconds, 50), nearest_rank(seconds, 90)
    if median is None or p90 is None or len(seconds) < ENOUGH:
        return None
    return Usual(timedelta(seconds=median), timedelta(seconds=p90), len(seconds))
