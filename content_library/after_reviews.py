"""Looking afterwards at what an agreement cleared: the drawn samples, and breaches that anybody of the team notes.

Two breaches suspend the clause; what it cleared and is unsent goes back to review.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.agreement_flow import SampleAct
from content_library.agreement_terms import BREACHES_THAT_SUSPEND
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.agreement import (
    Agreement,
    AgreementClause,
    AgreementVersion,
    Breach,
    Sample,
    SampleState,
)
from content_library.models.post import Post, Revision
from content_library.models.review import Review, ReviewState, Submission
from content_library.models.user import User
from content_library.notices import leads_of, notify, reviewers_of
from content_library.paging import Paged, nearest_page
from content_library.permissions import can_sign_for_team, is_author
from content_library.transitions import flush, move_sample, suspend_clause
from content_library.uncovering import recheck

MOST_COUNTED = 100
LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class Cleared:
    """A review that an agreement cleared, with its sample and breach, where there are."""

    review: Review
    sample: Sample | None
    breach: Breach | None


@dataclass(frozen=True)
class ClearedPage(Paged):
    rows: list[Cleared]


@dataclass(frozen=True)
class SamplePage(Paged):
    samples: list[Sample]


def samples_for(session: Session, person: User, *, page: int = 1, per_page: int = 25) -> SamplePage:
    """What this person's teams are to look at afterwards and they did not write, the oldest first."""
    ids = _open_for(person)
    total = session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    page = nearest_page(page, total, per_page)
    found = session.scalars(
        select(Sample)
        .where(Sample.id.in_(ids))
        .order_by(Sample.opened_at, Sample.id)
        .limit(per_page)
        .offset((page - 1) * per_page)
        .options(
            joinedload(Sample.review)
            .joinedload(Review.submission)
            .joinedload(Submission.post)
            .joinedload(Post.desk)
        )
    ).all()
    return SamplePage(total, page, per_page, list(found))


def samples_count(session: Session, person: User) -> int:
    """How many wait for this person, counted up to MOST_COUNTED."""
    return (
        session.scalar(select(func.count()).select_from(_open_for(person).limit(MOST_COUNTED).subquery()))
        or 0
    )


def _open_for(person: User) -> Select[int]:
    served = [
        and_(Sample.team_id == m.team_id, Sample.desk_id.in_([d.id for d in m.team.desks]))
        for m in person.team_memberships
        if person.is_active
    ]
    mine = or_(*served) if served else Sample.id.is_(None)
    return select(Sample.id).where(mine, Sample.state == SampleState.OPEN)


def sample_of(session: Session, review: Review) -> Sample | None:
    """The sample drawn for a review, if it was drawn."""
    return session.scalar(select(Sample).where(Sample.review_id == review.id))


def breach_of(session: Session, review: Review) -> Breach | None:
    """The breach noted for a review, if any."""
    return session.scalar(select(Breach).where(Breach.review_id == review.id))


def obstacle(_session: Session, review: Review, person: User) -> str:
    """Why this person cannot judge what the agreement cleared; empty when they can."""
    if review.clause_id is None or review.state is not ReviewState.CLEARED:
        return "No agreement cleared this."
    if not can_sign_for_team(person, review.desk_id, review.team_id):
        return f"Only {review.team.name} looks at this afterwards."
    if is_author(person, review.submission.revision):
        return "You wrote part of this text, so somebody else has to look at it."
    return ""


def find_in_order(session: Session, review: Review, note: str, *, actor: User, now: datetime) -> None:
    """The sample is as it should be. Raises PermissionDenied, TransitionNotAllowed when somebody was quicker."""
    _require(session, review, actor)
    sample = sample_of(session, review)
    if sample is None:
        raise NotFound("This post was not drawn.")
    sample.note = note.strip()[:LONGEST_NOTE]
    said = f"{review.team.name} looked at “{review.submission.post.title}” afterwards: in order"
    move_sample(session, sample, SampleAct.PASS, actor=actor, now=now, summary=said)


def note_breach(session: Session, review: Review, what: str, *, actor: User, now: datetime) -> int:
    """This should not have been cleared. The second one suspends the clause; returns how many posts fall with it.

    Raises PermissionDenied, InvalidInput at `what`, TransitionNotAllowed when it is noted already.
    """
    _require(session, review, actor)
    what = what.strip()
    if not what or len(what) > LONGEST_NOTE:
        sentence = (
            "Say what should not have been said." if not what else f"Keep it under {LONGEST_NOTE} characters."
        )
        raise InvalidInput(sentence, {"what": sentence})
    clause = _hold_clause(session, review)
    if breach_of(session, review) is not None:
        raise TransitionNotAllowed("Somebody of your team has noted this breach already.")
    session.add(Breach(clause=clause, review=review, noted_by=actor, at=now, what=what))
    flush(session)
    _close_sample(session, review, what, actor=actor, now=now)
    agreement = clause.version.agreement
    title = review.submission.post.title
    audit.record(
        session, "agreement.breach", agreement, actor=actor, now=now,
        summary=f"Breach of {review.cleared_under}: “{title}”",
        details={"review_id": review.id, "clause_id": clause.id, "what": what},
    )  # fmt: skip
    text = f"{actor.name} noted a breach of the agreement with {agreement.team.name}: “{title}”."
    _tell(session, agreement, review, text, what, but=actor, now=now)
    return _suspend_if_due(session, clause, now=now)


def _require(session: Session, review: Review, actor: User) -> None:
    sentence = obstacle(session, review, actor)
    if sentence:
        raise PermissionDenied(sentence)


def _hold_clause(session: Session, review: Review) -> AgreementClause:
    """Two breaches noted in the same moment are two."""
    flush(session)
    clause = session.scalars(
        select(AgreementClause)
        .where(AgreementClause.id == review.clause_id)
        .with_for_update(of=AgreementClause)
        .execution_options(populate_existing=True)
    ).one()
    session.expire(clause, ["breaches"])
    return clause


def _close_sample(session: Session, review: Review, what: str, *, actor: User, now: datetime) -> None:
    sample = sample_of(session, review)
    if sample is not None and sample.state is SampleState.OPEN:
        sample.note = what
        said = f"{review.team.name} looked at “{review.submission.post.title}” afterwards: a breach"
        move_sample(session, sample, SampleAct.BREACH, actor=actor, now=now, summary=said)


def _suspend_if_due(session: Session, clause: AgreementClause, *, now: datetime) -> int:
    if clause.suspended_at is not None or len(clause.breaches) < BREACHES_THAT_SUSPEND:
        return 0
    agreement = clause.version.agreement
    why = f"{len(clause.breaches)} breaches."
    suspend_clause(session, clause, actor=None, now=now, why=why)
    text = f"§{clause.number} of {agreement.named} is suspended: {why}"
    people = {*leads_of(session, agreement.desk_id), *reviewers_of(session, agreement.team_id)}
    about = {"agreement_id": agreement.id}
    notify(
        session, people, "agreement.suspended", clause, text=text, now=now, desk_id=agreement.desk_id,
        details=about,
    )  # fmt: skip
    return recheck(
        session, actor=None, now=now, why=f"§{clause.number} is suspended.", desk_id=agreement.desk_id
    )


def _tell(
    session: Session, agreement: Agreement, review: Review, text: str, what: str, *, but: User, now: datetime
) -> None:
    submission = review.submission
    people = {*leads_of(session, agreement.desk_id), *(a.id for a in submission.revision.authors)} - {but.id}
    about = {"post_id": submission.post_id, "from": but.name, "quote": what, "agreement_id": agreement.id}
    notify(session, people, "agreement.breach", review, text=text, now=now, details=about)


def breaches_on(session: Session, account_id: int, *, since: datetime) -> list[datetime]:
    """When breaches were noted in texts that were for this account."""
    rows = session.execute(
        select(Breach.at, Revision.content)
        .join(Review, Review.id == Breach.review_id)
        .join(Submission, Submission.id == Review.submission_id)
        .join(Revision, Revision.id == Submission.revision_id)
        .where(Breach.at >= since)
    )
    return [at for at, content in rows if account_id in content["accounts"]]


def cleared_under(
    session: Session, agreement: Agreement, *, page: int = 1, per_page: int = 20
) -> ClearedPage:
    """What this agreement has cleared, the newest first."""
    ids = (
        select(Review.id)
        .join(AgreementClause, AgreementClause.id == Review.clause_id)
        .join(AgreementVersion, AgreementVersion.id == AgreementClause.version_id)
        .where(AgreementVersion.agreement_id == agreement.id, Review.state == ReviewState.CLEARED)
    )
    total = session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    page = nearest_page(page, total, per_page)
    reviews = session.scalars(
        select(Review)
        .where(Review.id.in_(ids))
        .order_by(Review.decided_at.desc(), Review.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
        .options(
            joinedload(Review.submission).joinedload(Submission.post).joinedload(Post.format),
            joinedload(Review.submission).joinedload(Submission.revision),
        )
    ).all()
    samples, breaches = _by_review(session, Sample, reviews), _by_review(session, Breach, reviews)
    rows = [Cleared(review, samples.get(review.id), breaches.get(review.id)) for review in reviews]
    return ClearedPage(total, page, per_page, rows)


def _by_review(session: Session, model: type[Any], reviews: Sequence[Review]) -> dict[int, Any]:
    found = session.scalars(select(model).where(model.review_id.in_([r.id for r in reviews])))
    return {row.review_id: row for row in found}
