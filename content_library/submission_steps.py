"""The steps of a submission, shared by sending, deciding and expiring: opening, closing, approving."""

from datetime import datetime

from sqlalchemy.orm import Session

from content_library import audit, events
from content_library.models.review import Approval, ReviewState, Submission
from content_library.models.user import User
from content_library.notices import notify, reviewers_of
from content_library.review_flow import PostAct, ReviewAct, SubmissionAct
from content_library.transitions import flush, move_post, move_review, move_submission


def open_step(session: Session, submission: Submission, *, now: datetime) -> None:
    """Open the reviews of the first step that is not done yet, and tell their teams."""
    waiting = [r for r in submission.reviews if r.state is ReviewState.WAITING]
    if not waiting:
        return
    step = min(r.step for r in waiting)
    authors = [] if submission.post.desk.solo else [a.id for a in submission.revision.authors]
    for review in (r for r in waiting if r.step == step):
        move_review(session, review, ReviewAct.OPEN, actor=None, now=now)
        people = reviewers_of(session, review.team_id, but=authors)
        text = f"“{submission.post.title}” waits for {review.team.name}."
        notify(session, people, "review.open", review, text=text, now=now)


def close(
    session: Session, submission: Submission, act: SubmissionAct, *, actor: User | None, now: datetime
) -> None:
    """End a submission; the reviews that have not been decided become moot."""
    move_submission(session, submission, act, actor=actor, now=now)
    for review in submission.reviews:
        if review.state in (ReviewState.WAITING, ReviewState.OPEN, ReviewState.ASKED):
            move_review(session, review, ReviewAct.DROP, actor=actor, now=now)


def approve_submission(session: Session, submission: Submission, *, now: datetime, is_solo: bool) -> Approval:
    """Every team is there: the revision is approved, and whoever waits for it is told."""
    post = submission.post
    close(session, submission, SubmissionAct.APPROVE, actor=None, now=now)
    approval = Approval(
        post=post,
        revision=submission.revision,
        submission_id=submission.id,
        content_hash=submission.content_hash,
        is_solo=is_solo,
        approved_at=now,
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
    move_post(session, post, PostAct.APPROVE, actor=None, now=now, summary=f"“{post.title}” is approved")
    events.tell(session, events.Approved(post, approval, now))
    return approval
