"""Reminders as a review's time is used up, and what the leads are told then. Nothing is approved by silence."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.review import Review, ReviewState
from content_library.notices import leads_of, notify, reviewers_of
from content_library.review_clocks import REMINDED_AT, set_due, worked
from content_library.standing_in import stand_ins_in
from content_library.submission_steps import about
from content_library.transitions import flush


def remind(session: Session, *, now: datetime, most: int = 200) -> int:
    """Tell the teams whose time is half or mostly used up, and the leads where it is over. Returns how many."""
    due = session.scalars(
        select(Review)
        .where(Review.state == ReviewState.OPEN, Review.remind_at <= now)
        .order_by(Review.remind_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=Review)
    ).all()
    for review in due:
        _remind(session, review, now=now)
    return len(due)


def _remind(session: Session, review: Review, *, now: datetime) -> None:
    """One reminder for the latest stage that is reached; earlier ones that nobody heard are left out."""
    used = worked(review, now=now)
    reached = [p for p in REMINDED_AT if p > review.reminded and used >= review.turnaround_s * p // 100]
    if reached:
        review.reminded = reached[-1]
        _tell(session, review, reached[-1], now=now)
    set_due(review)
    flush(session)


def _tell(session: Session, review: Review, stage: int, *, now: datetime) -> None:
    submission = review.submission
    post, told = submission.post, about(submission)
    authors = [] if post.desk.solo else [author.id for author in submission.revision.authors]
    people = reviewers_of(session, review.team_id, but=authors)
    people += stand_ins_in(session, review.team_id, now=now, but=authors)
    if stage < 100:
        text = f"“{post.title}” still waits for {review.team.name}: {stage} % of the time is used up."
        notify(
            session, people, "review.reminder", review, stage=f"{stage} %", text=text, now=now, details=told
        )
        return
    text = f"“{post.title}” should have been answered by {review.team.name} by now."
    everybody = {*people, *leads_of(session, post.desk_id), submission.submitted_by_id}
    notify(session, everybody, "review.overdue", review, stage="100 %", text=text, now=now, details=told)
