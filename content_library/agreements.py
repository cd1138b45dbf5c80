"""Agreements between a desk and a team as people make them: proposed by one side, signed by the other, ended by either.

Nothing is cleared before both have signed. Every change is another version with a reason; narrowing holds at once for
what is cleared and unsent.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from content_library.agreement_drafts import ClauseTerms, VersionTerms, midnight, problems_of
from content_library.agreement_flow import AgreementAct
from content_library.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.agreement import (
    Agreement,
    AgreementClause,
    AgreementState,
    AgreementVersion,
    Side,
)
from content_library.models.desk import Desk, Team
from content_library.models.user import User
from content_library.notices import leads_of, notify, over, reviewers_of
from content_library.permissions import can_sign_for_desk, can_sign_for_team, require
from content_library.transitions import flush, move_agreement, suspend_clause
from content_library.uncovering import recheck


@dataclass(frozen=True)
class Standing:
    """An agreement now: the version in force, one whose first day is to come, one that waits for a signature."""

    agreement: Agreement
    now: AgreementVersion | None
    next: AgreementVersion | None
    proposed: AgreementVersion | None


def agreements(session: Session, desk_id: int, *, now: datetime) -> list[Standing]:
    """Every agreement of a desk, by team."""
    found = session.scalars(
        select(Agreement)
        .where(Agreement.desk_id == desk_id)
        .order_by(Agreement.team_id)
        .options(selectinload(Agreement.versions).selectinload(AgreementVersion.clauses))
    ).all()
    return [standing(agreement, now=now) for agreement in found]


def standing(agreement: Agreement, *, now: datetime) -> Standing:
    """What of an agreement is in force, what comes, and what waits."""
    signed = [v for v in agreement.versions if v.state in (AgreementState.SIGNED, AgreementState.ENDED)]
    begun = [v for v in signed if v.starts_at <= now]
    newest = begun[-1] if begun else None
    coming = [v for v in signed if v.starts_at > now and v.state is AgreementState.SIGNED]
    waiting = [v for v in agreement.versions if v.state is AgreementState.PROPOSED]
    is_on = newest is not None and newest.state is AgreementState.SIGNED and newest.ends_at > now
    return Standing(
        agreement,
        newest if is_on else None,
        coming[-1] if coming and (newest is None or coming[-1].number > newest.number) else None,
        waiting[-1] if waiting else None,
    )


def get_agreement(session: Session, desk_id: int, agreement_id: int) -> Agreement:
    """Raises NotFound, also for another desk's."""
    found = session.scalar(
        select(Agreement)
        .where(Agreement.id == agreement_id, Agreement.desk_id == desk_id)
        .options(
            selectinload(Agreement.versions)
            .selectinload(AgreementVersion.clauses)
            .options(
                selectinload(AgreementClause.breaches), joinedload(AgreementClause.suspended_by).lazyload("*")
            )
        )
    )
    if found is None:
        raise NotFound("There is no such agreement on this desk.")
    return found


def version_of(agreement: Agreement, number: int) -> AgreementVersion:
    """Raises NotFound."""
    found = next((v for v in agreement.versions if v.number == number), None)
    if found is None:
        raise NotFound("There is no such version of this agreement.")
    return found


def side_of(actor: User, desk_id: int, team_id: int) -> Side | None:
    """For whom this person may sign; a lead who is in the team signs for the desk."""
    if can_sign_for_desk(actor, desk_id):
        return Side.DESK
    return Side.TEAM if can_sign_for_team(actor, desk_id, team_id) else None


def may_sign(actor: User, version: AgreementVersion) -> bool:
    """Whether this person may give the signature that is missing: for the other side, and they proposed it not."""
    agreement = version.agreement
    if version.state is not AgreementState.PROPOSED or version.proposed_by_id == actor.id:
        return False
    if version.proposed_for is Side.DESK:
        return can_sign_for_team(actor, agreement.desk_id, agreement.team_id)
    return can_sign_for_desk(actor, agreement.desk_id)


def propose(
    session: Session, desk: Desk, team: Team, terms: VersionTerms, *, seen: int, actor: User, now: datetime
) -> AgreementVersion:
    """The next version of the agreement of these two, signed by the actor's side. An older proposal is withdrawn.

    `seen`: the newest number the person saw, 0 for none. Raises PermissionDenied, Conflict, InvalidInput by field.
    """
    side = side_of(actor, desk.id, team.id)
    if side is None:
        raise PermissionDenied(f"Only leads of {desk.name} and people of {team.name} can propose this.")
    agreement = _hold(session, desk, team, now=now)
    if agreement.latest_number != seen:
        raise Conflict("Somebody else has proposed a version meanwhile. Read it first.")
    problems = problems_of(session, desk, team, terms, is_change=seen > 0, now=now)
    if problems:
        raise InvalidInput("The agreement was not proposed.", problems)
    for older in agreement.versions:
        if older.state is AgreementState.PROPOSED:
            _withdraw(session, older, actor=actor, now=now, why="A newer proposal came in its place.")
    version = _version(agreement, team, terms, side, actor=actor, now=now)
    session.add(version)
    flush(session)
    _note_proposal(session, version, actor=actor, now=now)
    return version


def _hold(session: Session, desk: Desk, team: Team, *, now: datetime) -> Agreement:
    """The agreement of these two, locked; made when there is none."""
    agreement = session.scalar(
        select(Agreement)
        .where(Agreement.desk_id == desk.id, Agreement.team_id == team.id)
        .with_for_update(of=Agreement)
        .execution_options(populate_existing=True)
    )
    if agreement is None:
        agreement = Agreement(desk=desk, team=team, created_at=now, told_at=now, latest_number=0)
        session.add(agreement)
        flush(session)
    return agreement


def _version(
    agreement: Agreement, team: Team, terms: VersionTerms, side: Side, *, actor: User, now: datetime
) -> AgreementVersion:
    agreement.latest_number += 1
    return AgreementVersion(
        agreement=agreement,
        number=agreement.latest_number,
        state=AgreementState.PROPOSED,
        text=terms.text.strip(),
        excluded_words=list(terms.excluded_words),
        turnaround_h=terms.turnaround_h,
        starts_on=terms.starts_on,
        review_on=terms.review_on,
        ends_on=terms.ends_on,
        starts_at=midnight(terms.starts_on, team.zone),
        ends_at=midnight(terms.ends_on + timedelta(days=1), team.zone),
        why=terms.why.strip(),
        seed=secrets.token_hex(16),
        proposed_by=actor,
        proposed_at=now,
        proposed_for=side,
        clauses=[_clause(number, clause) for number, clause in enumerate(terms.clauses, start=1)],
    )


def _clause(number: int, terms: ClauseTerms) -> AgreementClause:
    return AgreementClause(
        number=number,
        formats=sorted(set(terms.formats)),
        account_ids=sorted(set(terms.accounts)),
        topic_ids=sorted(set(terms.topics)),
        sample_percent=terms.sample_percent,
    )


def _note_proposal(session: Session, version: AgreementVersion, *, actor: User, now: datetime) -> None:
    agreement = version.agreement
    move_agreement(
        session, version, None, actor=actor, now=now,
        summary=f"Proposed version {version.number} of the agreement with {agreement.team.name}",
        details={"for": version.proposed_for, "why": version.why, **as_data(version)},
    )  # fmt: skip
    other = Side.TEAM if version.proposed_for is Side.DESK else Side.DESK
    text = f"{actor.name} proposes version {version.number} of {agreement.named}."
    _tell(session, version, _people(session, agreement, other) - {actor.id}, "agreement.proposed", text, now)


def as_data(version: AgreementVersion) -> dict[str, Any]:
    """What a version says, as the record keeps it."""
    return {
        "text": version.text,
        "excluded_words": list(version.excluded_words),
        "turnaround_h": version.turnaround_h,
        "starts_on": version.starts_on.isoformat(),
        "review_on": version.review_on.isoformat(),
        "ends_on": version.ends_on.isoformat(),
        "clauses": [
            {
                "number": clause.number,
                "formats": list(clause.formats),
                "accounts": list(clause.account_ids),
                "topics": list(clause.topic_ids),
                "sample_percent": clause.sample_percent,
            }
            for clause in version.clauses
        ],
    }


def sign(session: Session, version: AgreementVersion, *, actor: User, now: datetime) -> None:
    """The second signature: from its first day on the version holds, and what it no longer clears goes back to review.

    Raises PermissionDenied for the side that proposed it and the person who did, TransitionNotAllowed when it has moved
    on, InvalidInput when its last day is over.
    """
    agreement = version.agreement
    _lock(session, agreement)
    _require_signer(version, actor)
    if version.ends_at <= now:
        raise InvalidInput("Its last day is over. Propose a version with a later one.")
    version.signed_by, version.signed_at = actor, now
    move_agreement(
        session, version, AgreementAct.SIGN, actor=actor, now=now,
        summary=f"Signed version {version.number} of the agreement with {agreement.team.name}",
        details=as_data(version),
    )  # fmt: skip
    over(session, "agreement.proposed", [version], now=now)
    text = f"Version {version.number} of {agreement.named} is signed."
    _tell(session, version, _both(session, agreement) - {actor.id}, "agreement.signed", text, now)
    why = f"Version {version.number} of the agreement is in force now."
    recheck(session, actor=None, now=now, why=why, desk_id=agreement.desk_id)


def _require_signer(version: AgreementVersion, actor: User) -> None:
    agreement = version.agreement
    if version.proposed_by_id == actor.id:
        raise PermissionDenied("You proposed it. Somebody of the other side has to sign.")
    if version.proposed_for is Side.DESK:
        allowed = can_sign_for_team(actor, agreement.desk_id, agreement.team_id)
        require(allowed, f"Somebody of {agreement.team.name} has to sign this.")
    else:
        allowed = can_sign_for_desk(actor, agreement.desk_id)
        require(allowed, f"A lead of {agreement.desk.name} has to sign this.")


def decline(session: Session, version: AgreementVersion, why: str, *, actor: User, now: datetime) -> None:
    """The other side says no, with a reason."""
    _lock(session, version.agreement)
    _require_signer(version, actor)
    _close(session, version, AgreementAct.DECLINE, _reason(why), actor=actor, now=now, said="Declined")


def take_back(session: Session, version: AgreementVersion, *, actor: User, now: datetime) -> None:
    """The side that proposed it takes the proposal back."""
    _lock(session, version.agreement)
    mine = side_of(actor, version.agreement.desk_id, version.agreement.team_id) is version.proposed_for
    require(mine or version.proposed_by_id == actor.id, "Only the side that proposed it can take it back.")
    _withdraw(session, version, actor=actor, now=now, why="Taken back.")


def _withdraw(session: Session, version: AgreementVersion, *, actor: User, now: datetime, why: str) -> None:
    _close(session, version, AgreementAct.WITHDRAW, why, actor=actor, now=now, said="Withdrew")


def end(session: Session, version: AgreementVersion, why: str, *, actor: User, now: datetime) -> int:
    """Either side ends it at once, with a reason. Returns how many posts go back to review or lose their clearance."""
    agreement = version.agreement
    _lock(session, agreement)
    _require_party(agreement, actor)
    why = _reason(why)
    _close(session, version, AgreementAct.END, why, actor=actor, now=now, said="Ended")
    text = f"{actor.name} ended {agreement.named}: {why}"
    _tell(session, version, _both(session, agreement) - {actor.id}, "agreement.ended", text, now)
    return recheck(session, actor=actor, now=now, why=why, desk_id=agreement.desk_id)


def suspend(session: Session, clause: AgreementClause, why: str, *, actor: User, now: datetime) -> int:
    """Either side stops one clause at once, with a reason; only a new version brings it back. Returns how many fall."""
    agreement = clause.version.agreement
    _lock(session, agreement)
    _require_party(agreement, actor)
    why = _reason(why)
    if clause.version.state is not AgreementState.SIGNED:
        raise TransitionNotAllowed("Only what both sides have signed can be suspended.")
    suspend_clause(session, clause, actor=actor, now=now, why=why)
    text = f"§{clause.number} of {agreement.named} is suspended: {why}"
    _tell(session, clause, _both(session, agreement) - {actor.id}, "agreement.suspended", text, now)
    return recheck(session, actor=actor, now=now, why=why, desk_id=agreement.desk_id)


def _require_party(agreement: Agreement, actor: User) -> None:
    require(
        side_of(actor, agreement.desk_id, agreement.team_id) is not None,
        f"Only leads of {agreement.desk.name} and people of {agreement.team.name} can do this.",
    )


def _lock(session: Session, agreement: Agreement) -> None:
    flush(session)
    session.execute(select(Agreement.id).where(Agreement.id == agreement.id).with_for_update())
    for version in agreement.versions:
        session.refresh(version)


def _close(
    session: Session, version: AgreementVersion, act: AgreementAct, why: str, *, actor: User, now: datetime,
    said: str,
) -> None:  # fmt: skip
    version.closed_by, version.closed_at, version.closed_why = actor, now, why
    team = version.agreement.team.name
    move_agreement(
        session, version, act, actor=actor, now=now, details={"why": why},
        summary=f"{said} version {version.number} of the agreement with {team}",
    )  # fmt: skip
    over(session, "agreement.proposed", [version], now=now)
    if act is AgreementAct.DECLINE:
        text = f"{actor.name} declined version {version.number} of the agreement with {team}: {why}"
        _tell(session, version, {version.proposed_by_id}, "agreement.declined", text, now)


def _reason(why: str) -> str:
    why = why.strip()
    if not why:
        sentence = "Say why. The other side reads it, and it stands in the record."
        raise InvalidInput(sentence, {"why": sentence})
    return why[:1_000]


def _people(session: Session, agreement: Agreement, side: Side) -> set[int]:
    found = (
        leads_of(session, agreement.desk_id)
        if side is Side.DESK
        else reviewers_of(session, agreement.team_id)
    )
    return set(found)


def _both(session: Session, agreement: Agreement) -> set[int]:
    return _people(session, agreement, Side.DESK) | _people(session, agreement, Side.TEAM)


def _tell(session: Session, subject: Any, people: set[int], kind: str, text: str, now: datetime) -> None:
    version = subject if isinstance(subject, AgreementVersion) else subject.version
    agreement = version.agreement
    details = {"agreement_id": agreement.id, "quote": version.why if kind == "agreement.proposed" else ""}
    notify(session, people, kind, subject, text=text, now=now, desk_id=agreement.desk_id, details=details)
