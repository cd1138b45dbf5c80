"""The steps of a submission, shared by sending, deciding and expiring: opening, closing, approving."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from content_library import audit, events
from content_library.agreement_terms import is_sampled
from content_library.approvals import approvals_in_force, withdraw
from content_library.models.agreement import Sample, SampleState
from content_library.models.format import Format
from content_library.models.review import Approval, Review, ReviewState, Submission
from content_library.models.user import User
from content_library.notices import OF_AN_OPEN_REVIEW, leads_of, notify, over, reviewers_of
from content_library.offer_window import window
from content_library.review_flow import PostAct, ReviewAct, SubmissionAct
from content_library.standing_in import stand_ins_in
from content_library.transitions import flush, move_post, move_review, move_submission

UNDECIDED = (ReviewState.WAITING, ReviewState.OPEN, ReviewState.ASKED)


def open_step(session: Session, submission: Submission, *, now: datetime) -> None:
    """Open the reviews of the first step that is not done yet, and tell their teams."""
    waiting = [r for r in submission.reviews if r.state is ReviewState.WAITING]
    if not waiting:
        return
    step = min(r.step for r in waiting)
    for review in (r for r in waiting if r.step == step):
        move_review(session, review, ReviewAct.OPEN, actor=None, now=now)
        _tell_team(session, submission, review, now=now)


def _tell_team(session: Session, submission: Submission, review: Review, *, now: datetime) -> None:
    """Tell who may decide; when they are too few, tell the desk's leads, or the post would wait forever."""
    post = submission.post
    authors = [] if post.desk.solo else [a.id for a in submission.revision.authors]
    people = reviewers_of(session, review.team_id, but=authors)
    told = about(submission)
    text = f"“{post.title}” waits for {review.team.name}."
    told_too = stand_ins_in(session, review.team_id, now=now, but=authors)
    notify(session, [*people, *told_too], "review.open", review, text=text, now=now, details=told)
    if len(people) < review.quorum:
        leads = leads_of(session, post.desk_id)
        notify(
            session, leads, "review.nobody", review, text=_too_few(submission, review), now=now, details=told
        )


def _too_few(submission: Submission, review: Review) -> str:
    needed = "nobody" if review.quorum == 1 else f"fewer than {review.quorum} people"
    return (
        f"“{submission.post.title}” waits for {review.team.name}, where {needed} may decide on it. "
        "Ask an administrator to add somebody who did not write it."
    )


def about(submission: Submission) -> dict[str, Any]:
    """What a notice about a submission carries for its mail."""
    wanted = submission.wanted_at
    return {
        "post_id": submission.post_id,
        "from": submission.submitted_by.name,
        "quote": submission.note,
        "excerpt": submission.post.excerpt,
        "wanted_at": wanted.isoformat() if wanted else None,
    }


def close(
    session: Session, submission: Submission, act: SubmissionAct, *, actor: User | None, now: datetime
) -> None:
    """End a submission; the reviews that have not been decided become moot."""
    move_submission(session, submission, act, actor=actor, now=now)
    undecided = [r for r in submission.reviews if r.state in UNDECIDED]
    for review in undecided:
        move_review(session, review, ReviewAct.DROP, actor=actor, now=now)
    over(session, OF_AN_OPEN_REVIEW, undecided, now=now)


def approve_submission(session: Session, submission: Submission, *, now: datetime, is_solo: bool) -> Approval:
    """Every team is there: the revision is approved, and whoever waits for it is told."""
    post = submission.post
    close(session, submission, SubmissionAct.APPROVE, actor=None, now=now)
    _end_lapsed(session, submission, now=now)
    approval = Approval(
        post=post,
        revision=submission.revision,
        submission_id=submission.id,
        content_hash=submission.content_hash,
        is_solo=is_solo,
        approved_at=now,
        valid_until=_last_moment(session, submission),
    )
    session.add(approval)
    flush(session)
    audit.record(
        session,
        "approval.given",
        approval,
        actor=None,
        now=now,
        desk_id=post.desk_id,
        summary=f"“{post.title}” is cleared" + (" (solo mode)" if is_solo else ""),
        details={
            "post_id": post.id,
            "revision_id": approval.revision_id,
            "content_hash": approval.content_hash,
        },
    )
    _draw_samples(session, submission, now=now)
    move_post(session, post, PostAct.APPROVE, actor=None, now=now, summary=f"“{post.title}” is approved")
    events.tell(session, events.Approved(post, approval, now))
    return approval


def _draw_samples(session: Session, submission: Submission, *, now: datetime) -> None:
    """Some of what an agreement clears is looked at afterwards: which, its text decides."""
    for review in submission.reviews:
        clause = review.clause
        if review.state is not ReviewState.CLEARED or clause is None:
            continue
        drawn = is_sampled(
            submission.content_hash, seed=clause.version.seed, number=clause.version.number,
            clause=clause.number, percent=clause.sample_percent,
        )  # fmt: skip
        if drawn:
            team_id, desk_id = review.team_id, review.desk_id
            session.add(
                Sample(review=review, desk_id=desk_id, team_id=team_id, state=SampleState.OPEN, opened_at=now)
            )


def _last_moment(session: Session, submission: Submission) -> datetime | None:
    """An approval holds for as long as what was approved says it may go out."""
    content = submission.revision.content
    format_ = session.get_one(Format, content["format"])
    return window(content, format_.fields, submission.post.desk.zone).until


def _end_lapsed(session: Session, submission: Submission, *, now: datetime) -> None:
    """An approval of this revision that has run out makes room: only one is in force."""
    for before in approvals_in_force(session, submission.post):
        if before.revision_id == submission.revision_id:
            withdraw(session, submission.post, before, actor=None, now=now, why="It had run out.")
