"""The only writer of the states of posts, submissions, reviews and suggestions.

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
from content_library.agreement_flow import AgreementAct, SampleAct, next_agreement_state, next_sample_state
from content_library.errors import Conflict, TransitionNotAllowed
from content_library.models.agreement import AgreementClause, AgreementVersion, Sample
from content_library.models.feed import Proposal, ProposalState
from content_library.models.post import Post
from content_library.models.review import Review, ReviewState, Submission
from content_library.models.suggestion import Suggestion, SuggestionState
from content_library.models.user import User
from content_library.review_flow import (
    PostAct,
    ReviewAct,
    SubmissionAct,
    SuggestionAct,
    next_post_state,
    next_review_state,
    next_submission_state,
    next_suggestion_state,
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
        review.opened_at = now
        review.turnaround_s = review.turnaround_s or review.team.turnaround_h * 3600
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
        summary=f"{review.team.name}: {review.state.value.replace('_', ' ')}{_under(review, act)}",
        details={"submission_id": review.submission_id, "clause_id": review.clause_id},
    )
    flush(session)


def _under(review: Review, act: ReviewAct) -> str:
    cleared = act is ReviewAct.CLEAR and review.cleared_under
    return f" under agreement {review.cleared_under}" if cleared else ""


def move_agreement(
    session: Session, version: AgreementVersion, act: AgreementAct | None, *, actor: User | None, now: datetime,
    summary: str, details: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Sign, decline, withdraw or end one version; without an act it has just been proposed.

    Raises TransitionNotAllowed if it has moved on.
    """
    before = version.state
    if act is not None:
        version.state = next_agreement_state(before, act)
    about = {"number": version.number, "from": before, "to": version.state, **(details or {})}
    verb = f"agreement.{act or 'propose'}"
    audit.record(session, verb, version.agreement, actor=actor, now=now, summary=summary, details=about)
    flush(session)


def suspend_clause(
    session: Session, clause: AgreementClause, *, actor: User | None, now: datetime, why: str
) -> None:
    """Stop one clause; it clears nothing from now on. Raises TransitionNotAllowed if it is suspended already."""
    agreement = clause.version.agreement
    if clause.suspended_at is not None:
        raise TransitionNotAllowed(f"§{clause.number} is suspended already.")
    clause.suspended_at, clause.suspended_by_id, clause.suspended_why = now, actor.id if actor else None, why
    said = f"Suspended §{clause.number} of the agreement with {agreement.team.name}: {why}"
    about = {"number": clause.version.number, "clause": clause.number, "why": why}
    audit.record(session, "agreement.suspend", agreement, actor=actor, now=now, summary=said, details=about)
    flush(session)


def move_sample(
    session: Session, sample: Sample, act: SampleAct, *, actor: User, now: datetime, summary: str
) -> None:
    """What a team found afterwards. Raises TransitionNotAllowed if somebody looked at it already."""
    sample.state = next_sample_state(sample.state, act)
    sample.decided_at, sample.decided_by_id = now, actor.id
    about = {"review_id": sample.review_id, "note": sample.note}
    audit.record(session, f"sample.{act}", sample, actor=actor, now=now, summary=summary, details=about)
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


def start_suggestion(session: Session, suggestion: Suggestion, *, now: datetime) -> None:
    """A suggestion begins open."""
    suggestion.state = SuggestionState.OPEN
    session.add(suggestion)
    flush(session)
    _record_suggestion(session, suggestion, "propose", actor=suggestion.user, now=now)


def move_suggestion(
    session: Session, suggestion: Suggestion, act: SuggestionAct, *, actor: User | None, now: datetime
) -> None:
    """Apply, take back, decline or outdate. Raises TransitionNotAllowed if somebody has answered it already."""
    suggestion.state = next_suggestion_state(suggestion.state, act)
    is_open = suggestion.state is SuggestionState.OPEN
    suggestion.closed_at = None if is_open else now
    suggestion.closed_by_id = actor.id if actor and not is_open else None
    flush(session)
    _record_suggestion(session, suggestion, act, actor=actor, now=now)


def _record_suggestion(
    session: Session, suggestion: Suggestion, act: str, *, actor: User | None, now: datetime
) -> None:
    audit.record(
        session,
        f"suggestion.{act}",
        suggestion,
        actor=actor,
        now=now,
        summary=f"Suggested words for “{suggestion.post.title}”: {suggestion.state.value}",
        details={
            "post_id": suggestion.post_id,
            "revision_id": suggestion.revision_id,
            "quote": suggestion.quote,
            "replacement": suggestion.replacement,
            "why": suggestion.why,
        },
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
