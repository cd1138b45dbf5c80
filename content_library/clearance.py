"""What still rests on whom: when a reviewer leaves a team, approvals that no longer have their quorum end.

Sits beside the approvals, below use cases. The same on every path: leaving, another role, a team that stops
serving a desk, solo mode switched off, a format that asks for more.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, selectinload

from content_library.approvals import approval_in_force, withdraw
from content_library.models.fact import FactUse
from content_library.models.post import Post
from content_library.models.review import (
    Approval,
    Decision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.user import User
from content_library.notices import notify
from content_library.permissions import still_counts
from content_library.review_flow import PostAct, SubmissionAct
from content_library.submission_steps import close
from content_library.transitions import hold_submission, move_post
from content_library.workflow import PlannedReview

_SETTLED = (ReviewState.DECIDED, ReviewState.CLEARED)


def resting_on(session: Session, user: User) -> list[Submission]:
    """Submissions this person approved, or somebody in their place, that are open or whose approval is in force."""
    approved = select(Decision.submission_id).where(
        or_(Decision.user_id == user.id, Decision.for_user_id == user.id), Decision.verdict == Verdict.APPROVE
    )
    return list(session.scalars(under_way().where(Submission.id.in_(approved))))


def resting_on_team(session: Session, team_id: int, desk_ids: Iterable[int]) -> list[Submission]:
    """Submissions of these desks that are open or in force and that this team has cleared."""
    cleared = select(Review.submission_id).where(Review.team_id == team_id, Review.state.in_(_SETTLED))
    query = under_way().where(Submission.id.in_(cleared), Submission.desk_id.in_(list(desk_ids)))
    return list(session.scalars(query))


def cleared_alone(session: Session, desk_id: int) -> list[Submission]:
    """Submissions of a desk that somebody cleared for themselves, open or in force."""
    alone = select(Decision.submission_id).where(Decision.is_solo)
    query = under_way().where(Submission.desk_id == desk_id, Submission.id.in_(alone))
    return list(session.scalars(query))


def of_format(session: Session, format_key: str) -> list[Submission]:
    """Submissions of posts of a format that are open or in force."""
    query = under_way().join(Post, Post.id == Submission.post_id).where(Post.format_key == format_key)
    return list(session.scalars(query))


def under_way() -> Select[Submission]:
    """Submissions that are open or whose approval is in force, with what is judged of them."""
    in_force = select(Approval.submission_id).where(Approval.withdrawn_at.is_(None))
    return (
        select(Submission)
        .where((Submission.state == SubmissionState.OPEN) | Submission.id.in_(in_force))
        .options(
            selectinload(Submission.reviews).selectinload(Review.decisions).selectinload(Decision.user),
            selectinload(Submission.post).selectinload(Post.desk),
        )
        .order_by(Submission.post_id, Submission.id)
    )


def of_fact(session: Session, fact_id: int, before: int) -> list[Submission]:
    """Submissions that are open or in force and say what a fact said before its version `before`."""
    used = select(FactUse.revision_id).where(FactUse.fact_id == fact_id, FactUse.number < before)
    return list(session.scalars(under_way().where(Submission.revision_id.in_(used))))


def would_fall(submissions: Iterable[Submission], *, without: User) -> int:
    """How many of these would lose their clearance if this person did not count."""
    return sum(not is_supported(submission, but=without) for submission in submissions)


def drop_unsupported(
    session: Session,
    submissions: Iterable[Submission],
    *,
    actor: User | None,
    now: datetime,
    why: str,
    required: Sequence[PlannedReview] = (),
) -> int:
    """End the approvals that lack their quorum now, and take open submissions back; returns how many.

    `required`: what a format asks for now, where that is stricter than it was.
    """
    dropped = 0
    for submission in _in_order(submissions):
        hold_submission(session, submission)
        if not (is_supported(submission) and _has_all(submission, required)):
            dropped += _drop(session, submission, actor=actor, now=now, why=why)
    return dropped


def drop_all(
    session: Session, submissions: Iterable[Submission], *, actor: User | None, now: datetime, why: str
) -> int:
    """End all of these clearances; returns how many."""
    dropped = 0
    for submission in _in_order(submissions):
        hold_submission(session, submission)
        dropped += _drop(session, submission, actor=actor, now=now, why=why)
    return dropped


def _in_order(submissions: Iterable[Submission]) -> list[Submission]:
    return sorted(submissions, key=lambda s: (s.post_id, s.id))


def _drop(session: Session, submission: Submission, *, actor: User | None, now: datetime, why: str) -> int:
    if submission.state is SubmissionState.OPEN:
        return _take_back(session, submission, actor=actor, now=now, why=why)
    return _withdraw(session, submission, actor=actor, now=now, why=why)


def is_supported(submission: Submission, *, but: User | None = None) -> bool:
    """Whether every team that has cleared this still stands behind it with enough of its people."""
    settled = [review for review in submission.reviews if review.state in _SETTLED]
    return all(_has_quorum(review, submission, but) for review in settled)


def _has_all(submission: Submission, required: Sequence[PlannedReview]) -> bool:
    """Whether each team that is asked for now is part of it, with at least as many people."""
    quorums = {review.team.key: review.quorum for review in submission.reviews}
    return all(quorums.get(part.team_key, 0) >= part.quorum for part in required)


def _has_quorum(review: Review, submission: Submission, but: User | None) -> bool:
    if review.state is ReviewState.CLEARED:
        return _is_still_cleared(review, submission, but)
    standing = {
        d.counts_for.id for d in review.decisions if d.verdict is Verdict.APPROVE and _counts(d, review, but)
    }
    return len(standing) >= review.quorum


def _is_still_cleared(review: Review, submission: Submission, but: User | None) -> bool:
    """Under an agreement: its team still clears for the desk. In solo mode: somebody who cleared several teams at once
    is still in this one."""
    if review.clause_id is not None:
        return any(desk.id == review.desk_id for desk in review.team.desks)
    solo = [d for r in submission.reviews for d in r.decisions if d.is_solo and d.verdict is Verdict.APPROVE]
    return not solo or any(_counts(d, review, but) for d in solo)


def _counts(decision: Decision, review: Review, but: User | None) -> bool:
    if but is not None and but.id in (decision.user_id, decision.for_user_id):
        return False
    return still_counts(decision, review)


def _take_back(
    session: Session, submission: Submission, *, actor: User | None, now: datetime, why: str
) -> int:
    post = submission.post
    close(session, submission, SubmissionAct.WITHDRAW, actor=actor, now=now)
    approved = approval_in_force(session, post, now=now) is not None
    act = PostAct.WITHDRAW_TO_APPROVED if approved else PostAct.WITHDRAW
    move_post(session, post, act, actor=actor, now=now, summary=f"“{post.title}” left review: {why}")
    text = f"“{post.title}” has to be submitted again: {why}"
    _tell(session, submission, "post.taken_back", text, now=now)
    return 1


def _withdraw(
    session: Session, submission: Submission, *, actor: User | None, now: datetime, why: str
) -> int:
    approval = session.scalar(
        select(Approval).where(Approval.submission_id == submission.id, Approval.withdrawn_at.is_(None))
    )
    if approval is None:
        return 0
    withdraw(session, submission.post, approval, actor=actor, now=now, why=why)
    text = f"“{submission.post.title}” has lost its approval: {why}"
    _tell(session, submission, "approval.lost", text, now=now)
    return 1


def _tell(session: Session, submission: Submission, kind: str, text: str, *, now: datetime) -> None:
    people = {author.id for author in submission.revision.authors} | {submission.submitted_by_id}
    notify(session, people, kind, submission.post, stage=f"submission {submission.id}", text=text, now=now)
