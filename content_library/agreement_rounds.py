"""What time does to agreements: one runs out, another begins, one is to be looked at again, teams get their digest.

And what ten clean approvals suggest. Nothing is prolonged by silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from content_library.agreement_flow import AgreementAct
from content_library.agreement_rules import terms_in_force
from content_library.boundary_rules import boundaries_stamp
from content_library.models.agreement import (
    Agreement,
    AgreementClause,
    AgreementState,
    AgreementVersion,
    Sample,
    SampleState,
)
from content_library.models.desk import Desk, Setting, Team
from content_library.models.format import Format
from content_library.models.post import Post
from content_library.models.review import Decision, Review, ReviewState, Submission, Verdict
from content_library.notices import leads_of, notify, reviewers_of
from content_library.transitions import flush, move_agreement
from content_library.uncovering import recheck
from content_library.wall_time import parse_wall, resolve

SOON = timedelta(days=14)
CLEAN_APPROVALS = 10
"""From so many approvals in a row without a no, an agreement about a format is offered."""

_APPLIED = "agreements_applied"


@dataclass(frozen=True)
class Offer:
    """A team has approved so many posts of a format in a row."""

    team: Team
    format: Format
    approvals: int


def tend(session: Session, *, now: datetime) -> int:
    """One round: end what has run out, apply what has begun, remind, and send digests. Returns how many posts fell."""
    _run_out(session, now=now)
    fallen = _apply(session, now=now)
    _remind(session, now=now)
    _digest(session, now=now)
    return fallen


def _run_out(session: Session, *, now: datetime) -> None:
    over = session.scalars(
        select(AgreementVersion)
        .where(AgreementVersion.state == AgreementState.SIGNED, AgreementVersion.ends_at <= now)
        .with_for_update(skip_locked=True, of=AgreementVersion)
    ).all()
    for version in over:
        agreement = version.agreement
        version.closed_at, version.closed_why = now, "Its last day is over."
        said = f"Version {version.number} of the agreement with {agreement.team.name} has run out"
        move_agreement(session, version, AgreementAct.END, actor=None, now=now, summary=said)
        if version.number == agreement.latest_number:
            text = f"{agreement.named[0].upper()}{agreement.named[1:]} has run out."
            _tell_both(session, version, "agreement.ended", "ran out", text, now=now)


def _apply(session: Session, *, now: datetime) -> int:
    """When other agreements or boundaries are in force than at the last round, look at what they cleared."""
    in_force = _stamp(session, now=now)
    kept = session.get(Setting, _APPLIED) or Setting(key=_APPLIED, value={"in_force": ""})
    if kept.value["in_force"] == in_force:
        return 0
    kept.value = {"in_force": in_force}
    session.add(kept)
    return recheck(session, actor=None, now=now)


def _stamp(session: Session, *, now: datetime) -> str:
    """Another one whenever something about what agreements clear has changed."""
    versions, suspended = session.execute(
        select(
            func.count(func.distinct(AgreementVersion.id)),
            func.sum(case((AgreementClause.suspended_at.is_not(None), 1), else_=0)),
        )
        .join(AgreementClause, AgreementClause.version_id == AgreementVersion.id)
        .where(AgreementVersion.state == AgreementState.SIGNED, AgreementVersion.starts_at <= now)
    ).one()
    newest = session.scalar(
        select(func.max(AgreementVersion.id)).where(
            AgreementVersion.state == AgreementState.SIGNED, AgreementVersion.starts_at <= now
        )
    )
    if not newest:
        return "none"
    return f"{versions}:{suspended}:{newest}:{boundaries_stamp(session, now=now)}"


def _remind(session: Session, *, now: datetime) -> None:
    """Both sides hear once that an agreement is to be looked at again, and once that it ends soon."""
    in_force = session.scalars(
        select(AgreementVersion).where(
            AgreementVersion.state == AgreementState.SIGNED,
            AgreementVersion.starts_at <= now,
            AgreementVersion.review_on <= (now + SOON).date(),
        )
    ).all()
    for version in in_force:
        agreement = version.agreement
        between = agreement.named[0].upper() + agreement.named[1:]
        if version.number < agreement.latest_number and _is_replaced(version, now):
            continue
        if version.review_on <= now.astimezone(ZoneInfo(agreement.team.zone)).date():
            text = f"{between} is to be looked at again: is it too narrow or too wide?"
            _tell_both(session, version, "agreement.look_again", "review", text, now=now)
        if version.ends_at - SOON <= now:
            text = f"{between} ends on {version.ends_on:%d %B %Y}. Propose a new version to go on."
            _tell_both(session, version, "agreement.ends_soon", "soon", text, now=now)


def _is_replaced(version: AgreementVersion, now: datetime) -> bool:
    newer = (v for v in version.agreement.versions if v.number > version.number)
    return any(v.state is AgreementState.SIGNED and v.starts_at <= now for v in newer)


def _tell_both(
    session: Session, version: AgreementVersion, kind: str, stage: str, text: str, *, now: datetime
) -> None:
    agreement = version.agreement
    people = {*leads_of(session, agreement.desk_id), *reviewers_of(session, agreement.team_id)}
    notify(
        session, people, kind, version, stage=stage, text=text, now=now, desk_id=agreement.desk_id,
        details={"agreement_id": agreement.id},
    )  # fmt: skip


def _digest(session: Session, *, now: datetime) -> None:
    """Once a working day, when it begins for the team: what was cleared in its name since the last time."""
    waiting = session.scalars(
        select(Agreement)
        .where(Agreement.told_at < now - timedelta(hours=1))
        .with_for_update(skip_locked=True, of=Agreement)
    ).all()
    for agreement in waiting:
        opened = opening(agreement.team, now=now)
        if opened is not None and agreement.told_at < opened <= now:
            _tell_digest(session, agreement, now=now)
            agreement.told_at = now
    flush(session)


def opening(team: Team, *, now: datetime) -> datetime | None:
    """When the team's working day began or begins today, in its zone; None on a day off."""
    today = now.astimezone(ZoneInfo(team.zone)).date()
    intervals = team.hours[today.weekday()]
    if not intervals or today.isoformat() in team.holidays:
        return None
    first = min(begins for begins, _ends in intervals)
    return resolve(parse_wall(f"{today.isoformat()}T{first}"), team.zone).due_at


def _tell_digest(session: Session, agreement: Agreement, *, now: datetime) -> None:
    cleared = session.scalar(
        select(func.count(Review.id))
        .join(AgreementClause, AgreementClause.id == Review.clause_id)
        .join(AgreementVersion, AgreementVersion.id == AgreementClause.version_id)
        .where(
            AgreementVersion.agreement_id == agreement.id,
            Review.state == ReviewState.CLEARED,
            Review.decided_at >= agreement.told_at,
            Review.decided_at < now,
        )
    )
    if not cleared:
        return
    waiting = session.scalar(
        select(func.count(Sample.id)).where(
            Sample.team_id == agreement.team_id,
            Sample.desk_id == agreement.desk_id,
            Sample.state == SampleState.OPEN,
        )
    )
    posts = "1 post was" if cleared == 1 else f"{cleared} posts were"
    text = f"{posts} cleared under {agreement.team.name}’s agreement with {agreement.desk.name}."
    text += f" {waiting} to look at afterwards." if waiting else ""
    people = reviewers_of(session, agreement.team_id)
    notify(
        session, people, "agreement.digest", agreement, stage=now.date().isoformat(), text=text, now=now,
        details={"agreement_id": agreement.id},
    )  # fmt: skip


def offers(session: Session, desk: Desk, *, now: datetime) -> list[Offer]:
    """Teams that have said yes to the last ten posts of a format and have no agreement that clears it."""
    agreed = {
        (key, format_key)
        for key, terms in terms_in_force(session, desk.id, now=now).items()
        for clause in terms.clauses
        for format_key in clause.formats
    }
    teams = {team.id: team for team in desk.teams}
    formats = {f.key: f for f in session.scalars(select(Format).where(Format.is_active))}
    found = [
        Offer(teams[team_id], formats[format_key], approvals)
        for team_id, format_key, approvals in _clean_runs(session, desk.id, teams)
        if format_key in formats and (teams[team_id].key, format_key) not in agreed
    ]
    return sorted(found, key=lambda offer: (offer.team.id, offer.format.position))


def tell_offers(session: Session, *, now: datetime) -> None:
    """Both sides hear once that ten clean approvals of a format could be an agreement."""
    for desk in session.scalars(select(Desk)):
        for offer in offers(session, desk, now=now):
            text = (
                f"{offer.team.name} has approved the last {offer.approvals} posts of “{offer.format.name}” of "
                f"{desk.name}. They could be cleared beforehand."
            )
            people = {*leads_of(session, desk.id), *reviewers_of(session, offer.team.id)}
            stage = f"{offer.team.key} {offer.format.key}"
            notify(
                session, people, "agreement.offered", desk, stage=stage, text=text, now=now, desk_id=desk.id
            )


def _clean_runs(session: Session, desk_id: int, team_ids: Iterable[int]) -> list[tuple[int, str, int]]:
    """(team, format, approvals) where the newest ten decisions of a team on a format are all approvals."""
    place = func.row_number().over(
        partition_by=(Review.team_id, Post.format_key), order_by=Decision.id.desc()
    )
    lately = (
        select(Review.team_id, Post.format_key, Decision.verdict, place.label("place"))
        .join(Review, Review.id == Decision.review_id)
        .join(Submission, Submission.id == Decision.submission_id)
        .join(Post, Post.id == Submission.post_id)
        .where(
            Review.desk_id == desk_id,
            Review.team_id.in_(list(team_ids)),
            Decision.is_solo.is_(False),
            Review.state == ReviewState.DECIDED,
        )
        .subquery()
    )
    approvals = func.sum(case((lately.c.verdict == Verdict.APPROVE, 1), else_=0))
    rows = session.execute(
        select(lately.c.team_id, lately.c.format_key, approvals)
        .where(lately.c.place <= CLEAN_APPROVALS)
        .group_by(lately.c.team_id, lately.c.format_key)
        .having(and_(func.count() == CLEAN_APPROVALS, approvals == CLEAN_APPROVALS))
    )
    return [(row[0], row[1], int(row[2])) for row in rows]
