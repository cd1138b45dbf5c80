"""What the scheduler does when the library has news, in the transaction that caused it."""

from sqlalchemy.orm import Session

from content_library import events, submissions
from scheduler.binding import expire_unsent, rebind_unsent, unbind_unsent, unsent_of
from scheduler.stage_changes import follow_stage


def listen() -> None:
    """Put our listeners into the library's registry. Safe to call more than once."""
    events.listen(events.Approved, _approved)
    events.listen(events.ApprovalLost, _approval_lost)
    events.listen(events.PostExpired, _post_expired)
    events.listen(events.CoverLost, _cover_lost)
    events.listen(events.StageChanged, _stage_changed)


def _approved(session: Session, news: events.Approved) -> None:
    rebind_unsent(session, news.post, news.approval, now=news.at)


def _approval_lost(session: Session, news: events.ApprovalLost) -> None:
    unbind_unsent(session, news.post, news.approval, news.why, now=news.at)


def _post_expired(session: Session, news: events.PostExpired) -> None:
    expire_unsent(session, news.post, now=news.at)


def _cover_lost(session: Session, news: events.CoverLost) -> None:
    """What somebody waits for goes back to review by itself: it was there before, or a time is planned for it."""
    if news.was_open or unsent_of(session, news.submission.post):
        submissions.send_again(session, news.submission, now=news.at, why=news.why)


def _stage_changed(session: Session, news: events.StageChanged) -> None:
    follow_stage(session, news.account, now=news.at)
