"""A team's part: the queue, the decision, the discussion."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from content_library import audit
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.desk import Desk
from content_library.models.post import Post, Revision, revision_authors
from content_library.models.review import (
    Comment,
    Decision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.user import User
from content_library.notices import notify
from content_library.permissions import can_comment, is_author, require, team_ids_for
from content_library.review_flow import PostAct, ReviewAct, SubmissionAct
from content_library.submission_steps import approve_submission, close, open_step
from content_library.transitions import flush, move_post, move_review

LONGEST_REASON = 4_000


@dataclass(frozen=True)
class QueuePage:
    reviews: list[Review]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))


def queue(
    session: Session, person: User, *, desk_id: int | None = None, page: int = 1, per_page: int = 25
) -> QueuePage:
    """What waits for this person: open reviews of their teams on posts they did not write, oldest first."""
    conditions = _waiting_for(person, desk_id)
    total = session.scalar(select(func.count()).select_from(Review).where(*conditions)) or 0
    page = min(max(page, 1), max(1, -(-total // per_page)))
    reviews = session.scalars(
        select(Review)
        .where(*conditions)
        .order_by(Review.opened_at, Review.id)
        .limit(per_page)
        .offset((page - 1) * per_page)
        .options(
            selectinload(Review.submission).selectinload(Submission.post).selectinload(Post.format),
            selectinload(Review.submission).selectinload(Submission.submitted_by),
            selectinload(Review.decisions),
        )
    )
    return QueuePage(list(reviews), total, page, per_page)


def waiting_count(session: Session, person: User, *, desk_id: int | None = None) -> int:
    """How many reviews wait for this person."""
    return session.scalar(select(func.count()).select_from(Review).where(*_waiting_for(person, desk_id))) or 0


def next_in_queue(session: Session, person: User, *, after: Review) -> Review | None:
    """The review to show after this one: the next in line, else the first."""
    waiting = (
        select(Review)
        .where(*_waiting_for(person, None), Review.id != after.id)
        .order_by(Review.opened_at, Review.id)
    )
    later = (
        session.scalar(waiting.where(Review.opened_at >= after.opened_at).limit(1))
        if after.opened_at
        else None
    )
    return later or session.scalar(waiting.limit(1))


def _waiting_for(person: User, desk_id: int | None) -> list[Any]:
    teams = {m.team_id for m in person.team_memberships} if person.is_active else set()
    served = {desk.id for m in person.team_memberships for desk in m.team.desks}
    wanted = served & {desk_id} if desk_id is not None else served
    already = select(Decision.submission_id).where(Decision.user_id == person.id)
    own = (
        select(Submission.id)
        .join(revision_authors, revision_authors.c.revision_id == Submission.revision_id)
        .join(Desk, Desk.id == Submission.desk_id)
        .where(
            Submission.state == SubmissionState.OPEN,
            revision_authors.c.user_id == person.id,
            Desk.solo.is_(False),
        )
    )
    return [
        Review.team_id.in_(teams),
        Review.state.in_((ReviewState.OPEN, ReviewState.ASKED)),
        Review.desk_id.in_(wanted),
        Review.submission_id.not_in(already),
        Review.submission_id.not_in(own),
    ]


def get_review(session: Session, person: User, review_id: int) -> Review:
    """A review of one of this person's teams, or of a desk they belong to. Raises NotFound otherwise."""
    review = session.get(Review, review_id)
    if review is None or not _may_see(person, review):
        raise NotFound("There is no such review for you.")
    return review


def _may_see(person: User, review: Review) -> bool:
    on_desk = any(m.desk_id == review.desk_id for m in person.desk_memberships)
    return person.is_active and (
        on_desk or bool(team_ids_for(person, review.desk_id)) or person.is_administrator
    )


def decide(
    session: Session,
    review: Review,
    verdict: Verdict,
    *,
    actor: User,
    now: datetime,
    seen_revision_id: int,
    seen_hash: str,
    reason: str = "",
    place: Mapping[str, str] | None = None,
    identified_by: str = "password",
) -> Decision:
    """One person's decision, on the revision and hash they saw.

    Raises PermissionDenied for people outside the team and for authors, TransitionNotAllowed when the review is
    over, another revision is in review or the person has decided already, InvalidInput when a no has no reason.
    """
    submission = review.submission
    desk = session.get_one(Desk, review.desk_id)
    _check_decidable(session, review, actor=actor, desk=desk, seen=(seen_revision_id, seen_hash))
    reason = _reason(verdict, reason)
    solo = is_author(actor, submission.revision)
    decision = Decision(
        review=review,
        submission_id=submission.id,
        user_id=actor.id,
        revision_id=submission.revision_id,
        content_hash=submission.content_hash,
        verdict=verdict,
        reason=reason,
        place=dict(place) if place else None,
        is_solo=solo,
        identified_by=identified_by,
        at=now,
    )
    session.add(decision)
    flush(session)
    _record(session, decision, review, actor=actor, now=now)
    _settle(session, review, verdict, actor=actor, now=now)
    return decision


def _check_decidable(
    session: Session, review: Review, *, actor: User, desk: Desk, seen: tuple[int, str]
) -> None:
    submission = review.submission
    require(
        review.team_id in team_ids_for(actor, desk.id),
        f"Only {review.team.name} can decide on this part of the review.",
    )
    if is_author(actor, submission.revision) and not desk.solo:
        raise PermissionDenied("You wrote part of this text, so somebody else has to decide on it.")
    if submission.state is not SubmissionState.OPEN or review.state not in (
        ReviewState.OPEN,
        ReviewState.ASKED,
    ):
        raise TransitionNotAllowed("This review has moved on. Reload the page to see what became of it.")
    if seen != (submission.revision_id, submission.content_hash):
        raise TransitionNotAllowed(
            "The text has changed since you opened this page. Read the new revision first."
        )
    decided = select(Decision.id).where(Decision.submission_id == submission.id, Decision.user_id == actor.id)
    if session.scalar(decided) is not None:
        raise TransitionNotAllowed("You have decided on this submission already. One person counts once.")


def _reason(verdict: Verdict, reason: str) -> str:
    reason = reason.strip()
    if verdict is not Verdict.APPROVE and not reason:
        sentence = "Say why, so that the author knows what to do."
        raise InvalidInput(sentence, {"reason": sentence})
    if len(reason) > LONGEST_REASON:
        sentence = f"Keep the reason under {LONGEST_REASON} characters."
        raise InvalidInput(sentence, {"reason": sentence})
    return reason


def _record(session: Session, decision: Decision, review: Review, *, actor: User, now: datetime) -> None:
    audit.record(
        session,
        f"decision.{decision.verdict}",
        review,
        actor=actor,
        now=now,
        summary=f"{review.team.name}: {decision.verdict.value.replace('_', ' ')} “{review.submission.post.title}”",
        details={
            "decision_id": decision.id,
            "revision_id": decision.revision_id,
            "content_hash": decision.content_hash,
            "reason": decision.reason,
            "identified_by": decision.identified_by,
            "solo": decision.is_solo,
        },
    )


def _settle(session: Session, review: Review, verdict: Verdict, *, actor: User, now: datetime) -> None:
    if verdict is Verdict.APPROVE:
        _approved(session, review, actor=actor, now=now)
    else:
        _stopped(session, review, verdict, actor=actor, now=now)


def _approved(session: Session, review: Review, *, actor: User, now: datetime) -> None:
    session.refresh(review, ["decisions"])
    given = [d for d in review.decisions if d.verdict is Verdict.APPROVE]
    if len(given) < review.quorum:
        return
    move_review(session, review, ReviewAct.DECIDE, actor=actor, now=now)
    submission = review.submission
    open_now = [r for r in submission.reviews if r.state in (ReviewState.OPEN, ReviewState.ASKED)]
    if open_now:
        return
    if any(r.state is ReviewState.WAITING for r in submission.reviews):
        open_step(session, submission, now=now)
        return
    solo = any(d.is_solo for r in submission.reviews for d in r.decisions)
    approve_submission(session, submission, now=now, is_solo=solo)
    _tell_authors(session, submission, "post.approved", f"“{submission.post.title}” is approved.", now=now)


def _stopped(session: Session, review: Review, verdict: Verdict, *, actor: User, now: datetime) -> None:
    submission, post = review.submission, review.submission.post
    move_review(session, review, ReviewAct.DECIDE, actor=actor, now=now)
    refused = verdict is Verdict.REFUSE
    act = SubmissionAct.REFUSE if refused else SubmissionAct.REQUEST_CHANGES
    close(session, submission, act, actor=actor, now=now)
    said = (
        f"{review.team.name} refused “{post.title}”"
        if refused
        else f"{review.team.name} asks for changes to “{post.title}”"
    )
    move_post(
        session,
        post,
        PostAct.REFUSE if refused else PostAct.REQUEST_CHANGES,
        actor=actor,
        now=now,
        summary=said,
    )
    _tell_authors(session, submission, "post.sent_back", f"{said}.", now=now)


def _tell_authors(session: Session, submission: Submission, kind: str, text: str, *, now: datetime) -> None:
    people = {a.id for a in submission.revision.authors} | {submission.submitted_by_id}
    notify(session, people, kind, submission.post, stage=f"submission {submission.id}", text=text, now=now)


def comment(
    session: Session,
    post: Post,
    body: str,
    *,
    actor: User,
    now: datetime,
    revision: Revision | None = None,
    place: Mapping[str, str] | None = None,
) -> Comment:
    """Say something beside a post. It never changes a clearance."""
    require(can_comment(actor, post), "Only people of this desk and its reviewers can comment here.")
    body = body.strip()
    if not body or len(body) > LONGEST_REASON:
        sentence = (
            "Write a comment first." if not body else f"Keep the comment under {LONGEST_REASON} characters."
        )
        raise InvalidInput(sentence, {"body": sentence})
    said = Comment(
        post_id=post.id,
        revision=revision,
        user_id=actor.id,
        body=body,
        place=dict(place) if place else None,
        at=now,
    )
    session.add(said)
    flush(session)
    audit.record(
        session, "comment.added", said, actor=actor, now=now, desk_id=post.desk_id,
        summary=f"Comment on “{post.title}”", details={"post_id": post.id, "body": body},
    )  # fmt: skip
    people = {post.owner_id, *(c.user_id for c in comments(session, post))} - {actor.id}
    notify(session, people, "comment.added", said, text=f"{actor.name} commented on “{post.title}”.", now=now)
    return said


def comments(session: Session, post: Post) -> list[Comment]:
    """The discussion of a post, oldest first."""
    return list(
        session.scalars(
            select(Comment)
            .where(Comment.post_id == post.id)
            .order_by(Comment.id)
            .options(selectinload(Comment.user), selectinload(Comment.revision))
        )
    )


def last_decided_revision(session: Session, person: User, post: Post) -> Revision | None:
    """The revision this person's teams decided on last, to show only what changed since."""
    teams = {m.team_id for m in person.team_memberships}
    return session.scalar(
        select(Revision)
        .join(Decision, Decision.revision_id == Revision.id)
        .join(Review, Review.id == Decision.review_id)
        .where(Revision.post_id == post.id, Review.team_id.in_(teams))
        .order_by(Decision.id.desc())
        .limit(1)
    )
