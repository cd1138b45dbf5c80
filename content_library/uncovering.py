"""What was cleared under an agreement and is covered by none any more: it goes back to review.

Asked when a clause is suspended, when another version comes into force, when one runs out, and when boundaries change.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import events
from content_library.agreement_rules import uncovered
from content_library.boundary_rules import find_in_content
from content_library.clearance import drop_all, under_way
from content_library.models.desk import Desk, Team
from content_library.models.review import Review, ReviewState, Submission, SubmissionState
from content_library.models.user import User
from content_library.revisions import accounts_of


def recheck(
    session: Session, *, actor: User | None, now: datetime, why: str = "", desk_id: int | None = None
) -> int:
    """End what no agreement clears any more, of one desk or of all; returns how many.

    `why` is added to the sentence people read.
    """
    cleared = select(Review.submission_id).where(
        Review.clause_id.is_not(None), Review.state == ReviewState.CLEARED
    )
    wanted = under_way().where(Submission.id.in_(cleared))
    if desk_id is not None:
        wanted = wanted.where(Submission.desk_id == desk_id)
    fallen = 0
    for submission in session.scalars(wanted).all():
        team = _without_cover(session, submission, now=now)
        if team:
            fallen += _end(session, submission, team, actor=actor, now=now, why=why)
    return fallen


def _without_cover(session: Session, submission: Submission, *, now: datetime) -> str:
    """The name of a team whose agreement cleared this and does so no longer; or nothing."""
    desk, revision = session.get_one(Desk, submission.desk_id), submission.revision
    accounts = accounts_of(session, desk.id, revision.content["accounts"])
    findings = find_in_content(session, desk, revision.content, accounts, now=now)
    keys = _keys(submission.reviews)
    key = uncovered(session, desk.id, keys, revision.content, findings, now=now)
    return session.scalars(select(Team.name).where(Team.key == key)).one() if key else ""


def _keys(reviews: Sequence[Review]) -> list[str]:
    cleared = [r for r in reviews if r.state is ReviewState.CLEARED and r.clause_id is not None]
    return [review.team.key for review in cleared]


def _end(
    session: Session, submission: Submission, team: str, *, actor: User | None, now: datetime, why: str
) -> int:
    was_open = submission.state is SubmissionState.OPEN
    sentence = f"{team}’s agreement no longer clears it. {why}".strip()
    ended = drop_all(session, [submission], actor=actor, now=now, why=sentence)
    if ended:
        events.tell(session, events.CoverLost(submission, was_open, sentence, now))
    return ended
