"""How boundaries are used: how often submissions touched them, and whether people went on over a warning.

Nobody can submit over a warning without a reason, so every submission that touches one has gone on. What counts is what
became of the post: did its newest submission still carry the words, or were they taken out on the way? Words that
somebody takes out while typing are not kept anywhere and cannot be counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session, aliased

from content_library.boundaries.rules import Severity
from content_library.models.boundary import BoundaryVersion, SubmittedFinding
from content_library.models.review import Submission

LOOKED_BACK = timedelta(days=90)
OVERRIDDEN_SHARE = 0.5
OVERRIDDEN_ENOUGH = 5
"""From so many warned posts on, and when more than half of them go on anyway, a rule is listed for its owner."""


@dataclass(frozen=True)
class Use:
    """`touched`: submissions. `warned`: posts that were submitted over the warning; `overridden`: those of them whose
    newest submission still is."""

    touched: int
    warned: int
    overridden: int

    @property
    def is_mostly_overridden(self) -> bool:
        return self.warned >= OVERRIDDEN_ENOUGH and self.overridden > OVERRIDDEN_SHARE * self.warned


def uses(session: Session, desk_id: int, *, now: datetime) -> dict[int, Use]:
    """Boundary id → its use on this desk in the last 90 days. Warnings are those of the version in force: who has
    narrowed a rule begins to count anew."""
    newer = aliased(BoundaryVersion)
    newest = select(func.max(newer.number)).where(
        newer.boundary_id == BoundaryVersion.boundary_id, newer.effective_at <= now
    )
    in_force = and_(BoundaryVersion.is_on, BoundaryVersion.number == newest.scalar_subquery())
    return _uses(session, [_of_desk(desk_id), SubmittedFinding.at >= now - LOOKED_BACK], in_force)


def uses_between(
    session: Session,
    desk_id: int,
    submissions: Sequence[ColumnElement[bool]],
    since: datetime,
    until: datetime,
) -> dict[int, Use]:
    """Boundary id → its use in these submissions of a desk in a period, by the versions of their day."""
    within = [SubmittedFinding.at >= since, SubmittedFinding.at < until]
    return _uses(session, [_of_desk(desk_id), *within, *submissions], true())


def _of_desk(desk_id: int) -> ColumnElement[bool]:
    """Adding nothing keeps SQLite from beginning with every submission the desk ever had."""
    return (Submission.desk_id + 0) == desk_id


def _uses(
    session: Session, conditions: Sequence[ColumnElement[bool]], versions: ColumnElement[bool]
) -> dict[int, Use]:
    found = SubmittedFinding
    warned = and_(BoundaryVersion.severity == Severity.WARN, found.reason != "", versions)
    per_post = (
        select(
            found.boundary_id,
            Submission.post_id,
            func.count().label("touched"),
            func.max(case((warned, found.submission_id))).label("warned_last"),
        )
        .join(Submission, Submission.id == found.submission_id)
        .join(BoundaryVersion, BoundaryVersion.id == found.version_id)
        .where(*conditions)
        .group_by(found.boundary_id, Submission.post_id)
        .subquery()
    )
    return {row[0]: Use(*map(int, row[1:])) for row in session.execute(_counted(per_post))}


def _counted(per_post: Any) -> Any:
    """Boundary, submissions that touched it, posts that were warned, posts whose newest submission still was."""
    other = aliased(Submission)
    newest = select(func.max(other.id)).where(other.post_id == per_post.c.post_id).scalar_subquery()
    stayed = case((per_post.c.warned_last == newest, 1), else_=0).label("stayed")
    one = select(per_post.c.boundary_id, per_post.c.touched, per_post.c.warned_last, stayed).subquery()
    return select(
        one.c.boundary_id, func.sum(one.c.touched), func.count(one.c.warned_last), func.sum(one.c.stayed)
    ).group_by(one.c.boundary_id)


def mostly_overridden(used: Mapping[int, Use]) -> list[int]:
    """The boundaries that people mostly go on over, the worst first."""
    ids = [boundary_id for boundary_id, use in used.items() if use.is_mostly_overridden]
    return sorted(ids, key=lambda i: (-used[i].overridden / used[i].warned, -used[i].warned, i))
