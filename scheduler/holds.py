"""Holding publications back, stopping a desk, and letting go again. Nothing is sent in the moment of letting go."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload

from content_library import audit
from content_library.approvals import approval_in_force
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.notices import leads_of, notify, over
from content_library.permissions import can_hold, require
from content_library.transitions import flush
from scheduler import transitions
from scheduler.binding import WAITS, bind, let_go
from scheduler.gate import Reason
from scheduler.models import Hold, HoldScope, Publication, PublicationState
from scheduler.publication_flow import Act

STOPPABLE = (PublicationState.PLANNED, PublicationState.CLAIMED)
LIFTED = "hold.lifted"
STOPPED = "desk.stopped"
MAY_HOLD = "Only the desk’s leads can hold publications and let them go."


@dataclass(frozen=True)
class Released:
    """What became of what a hold kept back."""

    going: list[Publication]
    waiting: list[Publication]
    missed: list[Publication]
    expired: list[Publication]
    held: list[Publication]  # something else keeps them back


def open_holds(session: Session, desk_id: int) -> list[Hold]:
    """The holds in force that concern this desk, the newest first."""
    return list(
        session.scalars(
            select(Hold)
            .where(Hold.lifted_at.is_(None), or_(Hold.desk_id == desk_id, Hold.scope == HoldScope.ALL))
            .order_by(Hold.id.desc())
            .options(selectinload(Hold.created_by))
        )
    )


def lifted_holds(session: Session, desk_id: int, *, most: int = 20) -> list[Hold]:
    """The last holds that were lifted, the newest first."""
    query = select(Hold).where(Hold.desk_id == desk_id, Hold.lifted_at.is_not(None))
    newest = query.order_by(Hold.lifted_at.desc(), Hold.id.desc()).limit(most)
    return list(session.scalars(newest.options(selectinload(Hold.created_by))))


def would_hold(session: Session, desk_id: int) -> int:
    """How many publications stopping the desk would hold now."""
    return _count(session, desk_id, Publication.state.in_(STOPPABLE))


def kept_by_stop(session: Session, desk_id: int) -> int:
    """How many publications the desk's stop keeps back now."""
    stopped = (Publication.state == PublicationState.HELD) & (Publication.reason == Reason.STOPPED)
    return _count(session, desk_id, stopped)


def _count(session: Session, desk_id: int, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(Publication).where(Publication.desk_id == desk_id, condition)
    return session.scalar(query) or 0


def stop_of(session: Session, desk_id: int) -> Hold | None:
    """The hold that stops the whole desk, if it is stopped."""
    wanted = or_(Hold.scope == HoldScope.ALL, (Hold.scope == HoldScope.DESK) & (Hold.desk_id == desk_id))
    return session.scalar(select(Hold).where(Hold.lifted_at.is_(None), wanted).limit(1))


def get_hold(session: Session, desk_id: int, hold_id: int) -> Hold:
    """Raises NotFound, also for another desk's."""
    found = session.scalar(select(Hold).where(Hold.id == hold_id, Hold.desk_id == desk_id))
    if found is None:
        raise NotFound("There is no such hold on this desk.")
    return found


def hold_publication(
    session: Session, publication: Publication, reason: str, *, actor: User, now: datetime
) -> Hold:
    """Keep one publication back. Raises TransitionNotAllowed when it is on its way already."""
    require(can_hold(actor, publication.desk_id), MAY_HOLD)
    reason = _reason(reason)
    held = _hold(
        session, Hold(scope=HoldScope.PUBLICATION, desk_id=publication.desk_id, publication_id=publication.id,
                      reason=reason, created_by_id=actor.id, created_at=now), actor=actor, now=now,
    )  # fmt: skip
    _keep_back(session, publication, reason, Reason.HOLD, actor=actor, now=now)
    return held


def stop_desk(session: Session, desk: Desk, reason: str, *, actor: User, now: datetime) -> tuple[Hold, int]:
    """Stop everything of a desk that has not begun to leave, also what is claimed; returns how many are held."""
    require(can_hold(actor, desk.id), MAY_HOLD)
    reason = _reason(reason)
    if stop_of(session, desk.id) is not None:
        raise TransitionNotAllowed("This desk is stopped already.")
    held = _hold(
        session, Hold(scope=HoldScope.DESK, desk_id=desk.id, reason=reason, created_by_id=actor.id, created_at=now),
        actor=actor, now=now,
    )  # fmt: skip
    found = session.scalars(
        select(Publication)
        .where(
            Publication.desk_id == desk.id,
            Publication.state.in_((*STOPPABLE, PublicationState.SENDING)),
        )
        .order_by(Publication.id)
        .with_for_update()  # what an engine is marking at this moment is waited for, and left out
        .execution_options(populate_existing=True)
    )
    going = [publication for publication in found if publication.state in STOPPABLE]
    for publication in going:
        _keep_back(session, publication, reason, Reason.STOPPED, actor=actor, now=now)
    _tell_leads(session, held, desk, actor=actor, now=now)
    return held, len(going)


def _tell_leads(session: Session, held: Hold, desk: Desk, *, actor: User, now: datetime) -> None:
    """Whoever else leads the desk hears at once that nothing goes out any more."""
    notify(
        session, {*leads_of(session, desk.id)} - {actor.id}, STOPPED, held, now=now,
        text=f"{actor.name} stopped everything {desk.name} sends.",
        details={"from": actor.name, "quote": held.reason},
    )  # fmt: skip


def lift(session: Session, hold: Hold, *, actor: User, now: datetime) -> Released:
    """Lift a hold. Each publication it kept is looked at again: it goes at its time, waits, was missed, or is over.

    What is past its time is never sent now: a person gives it a new one.
    """
    assert hold.desk_id is not None
    require(can_hold(actor, hold.desk_id), MAY_HOLD)
    if hold.lifted_at is not None:
        raise TransitionNotAllowed("This hold was lifted already.")
    hold.lifted_at, hold.lifted_by_id = now, actor.id
    over(session, STOPPED, [hold], now=now)
    flush(session)
    released = Released([], [], [], [], [])
    for publication in _kept_by(session, hold):
        _release(session, publication, released, actor=actor, now=now)
    _record_lift(session, hold, released, actor=actor, now=now)
    return released


def _record_lift(session: Session, hold: Hold, released: Released, *, actor: User, now: datetime) -> None:
    """What became of each stands in the record, and is where the page after lifting reads it."""
    became = {name: [p.id for p in publications] for name, publications in vars(released).items()}
    audit.record(
        session, LIFTED, hold, actor=actor, now=now, summary=f"Lifted: {hold.reason}", details=became
    )
    flush(session)


def became_of(session: Session, hold: Hold) -> dict[str, list[int]]:
    """Publications by what became of them when a hold was lifted: going, waiting, missed, expired, held."""
    entry = session.scalar(
        select(AuditEntry)
        .where(AuditEntry.subject_type == "hold", AuditEntry.subject_id == hold.id, AuditEntry.verb == LIFTED)
        .options(selectinload(AuditEntry.payload))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    return dict(entry.payload.details) if entry and entry.payload else {}


def release_publication(
    session: Session, publication: Publication, *, actor: User, now: datetime
) -> Released:
    """Let one held publication go: lifts its own hold. A stopped desk has to be started first."""
    require(can_hold(actor, publication.desk_id), MAY_HOLD)
    if stop_of(session, publication.desk_id) is not None:
        raise TransitionNotAllowed("The whole desk is stopped. Start it again first.")
    if publication.state is not PublicationState.HELD:
        transitions.refuse(publication)
    own = select(Hold).where(Hold.publication_id == publication.id, Hold.lifted_at.is_(None))
    holds = session.scalars(own).all()
    for hold in holds:
        hold.lifted_at, hold.lifted_by_id = now, actor.id
    flush(session)
    released = Released([], [], [], [], [])
    _release(session, publication, released, actor=actor, now=now)
    for hold in holds:
        _record_lift(session, hold, released, actor=actor, now=now)
    return released


def _hold(session: Session, hold: Hold, *, actor: User, now: datetime) -> Hold:
    session.add(hold)
    flush(session)
    audit.record(session, "hold.placed", hold, actor=actor, now=now, summary=f"Held: {hold.reason}")
    return hold


def _keep_back(
    session: Session, publication: Publication, reason: str, code: Reason, *, actor: User, now: datetime
) -> None:
    transitions.move(
        session, publication, Act.HOLD, actor=actor, now=now, reason=code, explanation=f"Held: {reason}"
    )


def _kept_by(session: Session, hold: Hold) -> list[Publication]:
    query = select(Publication).where(Publication.state == PublicationState.HELD)
    if hold.scope is HoldScope.PUBLICATION:
        query = query.where(Publication.id == hold.publication_id)
    else:
        query = query.where(Publication.desk_id == hold.desk_id, Publication.reason == Reason.STOPPED)
        if hold.scope is HoldScope.ACCOUNT:
            query = query.where(Publication.account_id == hold.account_id)
    return list(session.scalars(query.order_by(Publication.due_at)))


def _release(
    session: Session, publication: Publication, released: Released, *, actor: User, now: datetime
) -> None:
    if publication.ends_at is not None and publication.ends_at <= now:
        _end(session, publication, Act.EXPIRE, "Its offer ended while it was held.", actor=actor, now=now)
        released.expired.append(publication)
        return
    if not bind(session, publication, approval_in_force(session, publication.post, now=now)):
        _end(session, publication, Act.BLOCK, WAITS, actor=actor, now=now)
    elif publication.due_at <= now:
        transitions.move(session, publication, Act.RELEASE, actor=actor, now=now, reason="released")
        sentence = "Its time passed while it was held. Give it a new one."
        _end(session, publication, Act.MISS, sentence, actor=actor, now=now)
    else:
        let_go(session, publication, actor=actor, now=now, reason="released")
    {
        PublicationState.PLANNED: released.going,
        PublicationState.BLOCKED: released.waiting,
        PublicationState.MISSED: released.missed,
        PublicationState.HELD: released.held,
    }[publication.state].append(publication)


def _end(
    session: Session, publication: Publication, act: Act, sentence: str, *, actor: User, now: datetime
) -> None:
    reason = {Act.EXPIRE: Reason.OVER, Act.BLOCK: Reason.APPROVAL, Act.MISS: Reason.LATE}[act]
    transitions.move(session, publication, act, actor=actor, now=now, reason=reason, explanation=sentence)


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > 300:
        sentence = "Say in a few words why, so that others know when to lift it."
        raise InvalidInput(sentence, {"reason": sentence})
    return reason
