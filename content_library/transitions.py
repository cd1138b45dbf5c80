"""The only writer of the states of posts, submissions and reviews.

Each `move_…` assigns, writes the record and flushes in one act, so that a concurrent change surfaces here as a
Conflict and not at commit. Verbs that judge more than one row (are all teams there?) hold the post first.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from content_library import audit, review_clocks, standing_in
from content_library.errors import Conflict
from content_library.models.feed import Proposal, ProposalState
from content_library.models.post import Post
from content_library.models.review import Review, ReviewState, Submission
from content_library.models.user import User
from content_library.review_flow import (
    PostAct,
    ReviewAct,
    SubmissionAct,
    next_post_state,
    next_review_state,
    next_submission_state,
)

"""How rows are held: whoever only refers to them (a notice to a person, a comment on a post) need not wait."""


def hold_post(session: Session, post: Post) -> None:
    """Let nobody else move this post or its reviews until this transaction ends, and read it again.

    Two teams that approve in the same moment would each see the other still open, and nobody would approve the post.
    """
    flush(session)
    session.execute(select(Post.id).where(Post.id == post.id).with_for_update(key_share=True))
    session.refresh(post)  # apart from the lock: what is loaded with it by outer joins cannot be locked


def hold_person(session: Session, person: User) -> None:
    """Let nobody change where this person belongs until this transaction ends, and read it again.

    Always before a post is held, never after: deciding and leaving a team would wait for one another.
    """
    flush(session)  # refreshing would throw away what is not written yet
    session.execute(select(User.id).where(User.id == person.id).with_for_update(key_share=True))
    session.refresh(person)


def hold_deciders(session: Session, person: User, team_id: int, *, now: datetime) -> None:
    """Hold a person who decides and those whose place they may take in this team, in the order of their ids, and
    learn again for whom that is. Who decides and who leaves the team never pass one another."""
    standing_in.resolve(session, person, now=now)
    people = {s.person.id: s.person for s in person.stand_ins if s.team.id == team_id} | {person.id: person}
    for person_id in sorted(people):
        hold_person(session, people[person_id])
    standing_in.resolve(session, person, now=now)


def hold_submission(session: Session, submission: Submission) -> None:
    """Hold the submission's post, and read the submission, its reviews and decisions again."""
    hold_post(session, submission.post)
    session.refresh(submission)
    fresh = select(Review).where(Review.submission_id == submission.id)
    for review in session.scalars(fresh.execution_options(populate_existing=True)).unique():
        session.expire(review, ["decisions"])
    session.expire(submission, ["reviews"])


def move_post(
    session: Session,
    post: Post,
    act: PostAct,
    *,
    actor: User | None,
    now: datetime,
    summary: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Raises TransitionNotAllowed if the post has moved on, Conflict if it moves at this very moment."""
    following = next_post_state(post.state, act)
    before, post.state = post.state, following
    post.updated_at = now
    told = {**(details or {}), "from": before, "to": following}
    audit.record(session, f"post.{act}", post, actor=actor, now=now, summary=summary, details=told)
    flush(session)


def move_submission(
    session: Session, submission: Submission, act: SubmissionAct, *, actor: User | None, now: datetime
) -> None:
    """Close a submission. Raises TransitionNotAllowed if it is over already."""
    submission.state = next_submission_state(submission.state, act)
    submission.closed_at = now
    audit.record(
        session,
        f"submission.{act}",
        submission,
        actor=actor,
        now=now,
        summary=f"Submission {submission.id}: {submission.state.value.replace('_', ' ')}",
        details={"post_id": submission.post_id, "content_hash": submission.content_hash},
    )
    flush(session)


def move_review(
    session: Session, review: Review, act: ReviewAct, *, actor: User | None, now: datetime
) -> None:
    """Move one team's part. Raises TransitionNotAllowed if it is not open."""
    review.state = next_review_state(review.state, act)
    if act is ReviewAct.OPEN:
        review.opened_at, review.turnaround_s = now, review.team.turnaround_h * 3600
    turn_clock = review_clocks.start if review.state is ReviewState.OPEN else review_clocks.stop
    turn_clock(review, now=now)
    if review.asked_at is not None:
        review.stopped_s += int((now - review.asked_at).total_seconds())
    review.asked_at = now if act is ReviewAct.ASK else None
    if act in (ReviewAct.DECIDE, ReviewAct.CLEAR):
        review.decided_at = now
    audit.record(
        session,
        f"review.{act}",
        review,
        actor=actor,
        now=now,
        summary=f"{review.team.name}: {review.state.value.replace('_', ' ')}",
        details={"submission_id": review.submission_id},
    )
    flush(session)


def restore_post(session: Session, post: Post, *, actor: User | None, now: datetime) -> None:
    """Take a post out of the archive. It comes back as a draft: an old approval is not revived."""
    move_post(session, post, PostAct.RESTORE, actor=actor, now=now, summary=f"Restored “{post.title}”")


def move_proposal(
    session: Session, proposal: Proposal, state: ProposalState, *, actor: User | None, now: datetime
) -> None:
    """Accept, dismiss, snooze or bring back a proposal."""
    proposal.state = state
    proposal.decided_by_id = actor.id if actor else None
    proposal.decided_at = now
    audit.record(
        session,
        f"proposal.{state}",
        proposal,
        actor=actor,
        now=now,
        summary=f"{state.value.capitalize()} “{proposal.item.title}”",
    )
    flush(session)


def flush(session: Session) -> None:
    """Flush, and say a lost race in words."""
    try:
        session.flush()
    except StaleDataError as race:
        raise Conflict(
            "Somebody else changed this a moment ago. Nothing was overwritten: reload the page and look again."
        ) from race
