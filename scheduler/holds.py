"""Holding publications back, stopping a desk, and letting go again. Nothing is sent in the moment of letting go."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from content_library import audit
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.format import Kind
from content_library.models.user import User
from content_library.notices import leads_of, notify, over
from content_library.permissions import can_hold, can_hold_everything, require
from content_library.transitions import flush
from scheduler import stops, transitions
from scheduler.gate import Reason
from scheduler.letting_go import Released, release
from scheduler.models import Hold, HoldScope, Publication, PublicationState
from scheduler.publication_flow import Act
from scheduler.stops import STOPPABLE, Reach, reach_of

LIFTED = "hold.lifted"
STOPPED = "desk.stopped"
MAY_HOLD = "Only the desk’s leads can hold publications and let them go."
MAY_STOP_ALL = "Only administrators can stop everything on every desk and start it again."
KIND_NAMES: Mapping[Kind, str] = {
    Kind.EDU_TAINING: "edu-taining post",
    Kind.QUESTION: "question",
    Kind.PROMOTION: "promotion and service notice",
}


def open_holds(session: Session, desk_id: int) -> list[Hold]:
    """The holds in force that concern this desk, the newest first."""
    return list(
        session.scalars(
            select(Hold)
            .where(Hold.lifted_at.is_(None), or_(Hold.desk_id == desk_id, Hold.scope == HoldScope.ALL))
            .order_by(Hold.id.desc())
            .options(selectinload(Hold.created_by), selectinload(Hold.account))
        )
    )


def lifted_holds(session: Session, desk_id: int, *, most: int = 20) -> list[Hold]:
    """The last holds that were lifted, the newest first."""
    here = or_(Hold.desk_id == desk_id, Hold.scope == HoldScope.ALL)
    query = select(Hold).where(here, Hold.lifted_at.is_not(None))
    newest = query.order_by(Hold.lifted_at.desc(), Hold.id.desc()).limit(most)
    return list(session.scalars(newest.options(selectinload(Hold.created_by))))


def would_hold(session: Session, desk_id: int) -> int:
    """How many publications stopping the desk would hold now."""
    return stops.foresee(session, desk_id, Reach(HoldScope.DESK, desk_id)).held


def kept_by_stop(session: Session, desk_id: int) -> int:
    """How many publications of the desk are held because something is stopped."""
    stopped = (Publication.state == PublicationState.HELD) & (Publication.reason == Reason.STOPPED)
    query = select(func.count()).select_from(Publication).where(Publication.desk_id == desk_id, stopped)
    return session.scalar(query) or 0


def stop_of(session: Session, desk_id: int) -> Hold | None:
    """The hold that stops the whole desk, if it is stopped."""
    wanted = or_(Hold.scope == HoldScope.ALL, (Hold.scope == HoldScope.DESK) & (Hold.desk_id == desk_id))
    return session.scalar(select(Hold).where(Hold.lifted_at.is_(None), wanted).limit(1))


def get_hold(session: Session, desk_id: int, hold_id: int) -> Hold:
    """One of the desk's, or one of everything. Raises NotFound, also for another desk's."""
    here = or_(Hold.desk_id == desk_id, Hold.scope == HoldScope.ALL)
    found = session.scalar(select(Hold).where(Hold.id == hold_id, here))
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
    """Stop everything of a desk; see `stop`."""
    return stop(session, Reach(HoldScope.DESK, desk.id), reason, actor=actor, now=now)


def stop(session: Session, reach: Reach, reason: str, *, actor: User, now: datetime) -> tuple[Hold, int]:
    """Stop all that is in reach and has not begun to leave, also what is claimed; returns how many are held.

    Service notices are stopped too. Raises TransitionNotAllowed when exactly this is stopped already.
    """
    require(may_stop(actor, reach), MAY_STOP_ALL if reach.desk_id is None else MAY_HOLD)
    reason = _reason(reason)
    desks = _lock_desks(session, reach)
    if stops.same(session, reach) is not None:
        raise TransitionNotAllowed("This is stopped already. Reload the page to see by whom and why.")
    held = _hold(
        session, Hold(scope=reach.scope, desk_id=reach.desk_id, account_id=reach.account_id, kind=reach.kind,
                      reason=reason, created_by_id=actor.id, created_at=now), actor=actor, now=now,
    )  # fmt: skip
    going = _going(session, reach)
    for publication in going:
        _keep_back(session, publication, reason, Reason.STOPPED, actor=actor, now=now)
    for desk in desks:
        _tell_leads(session, held, desk, actor=actor, now=now)
    return held, len(going)


def may_stop(person: User, reach: Reach) -> bool:
    """Everything: administrators. Anything of a desk: its leads."""
    return can_hold_everything(person) if reach.desk_id is None else can_hold(person, reach.desk_id)


def _lock_desks(session: Session, reach: Reach) -> list[Desk]:
    """Two people who press at once come one after the other; the second finds what the first did."""
    query = select(Desk).order_by(Desk.id)
    if reach.desk_id is not None:
        query = query.where(Desk.id == reach.desk_id)
    return list(session.scalars(query.with_for_update(key_share=True)))


def _going(session: Session, reach: Reach) -> list[Publication]:
    """What is in reach and can still be kept back, held until the transaction ends.

    What an engine is marking at this moment is waited for, and left out.
    """
    states = (*STOPPABLE, PublicationState.SENDING)
    found = session.scalars(
        stops.with_kind(select(Publication))
        .where(reach.covers(), Publication.state.in_(states))
        .order_by(Publication.id)
        .with_for_update(of=Publication)
        .execution_options(populate_existing=True)
    )
    return [publication for publication in found if publication.state in STOPPABLE]


def _tell_leads(session: Session, held: Hold, desk: Desk, *, actor: User, now: datetime) -> None:
    """Whoever else leads the desk hears at once that something does not go out any more."""
    notify(
        session, {*leads_of(session, desk.id)} - {actor.id}, STOPPED, held, now=now, desk_id=desk.id,
        text=f"{actor.name} stopped {_said(held, desk)}.",
        details={"from": actor.name, "quote": held.reason},
    )  # fmt: skip


def _said(held: Hold, desk: Desk) -> str:
    if held.scope is HoldScope.ACCOUNT and held.account is not None:
        return f"what {desk.name} sends to {held.account.handle}"
    if held.kind is not None:
        return f"every {KIND_NAMES[held.kind]} of {desk.name}"
    return f"everything {desk.name} sends"


def lift(session: Session, hold: Hold, *, actor: User, now: datetime) -> Released:
    """Lift a hold. Each publication it kept is looked at again: it goes at its time, waits, was missed, or is over.

    What is past its time is never sent now: a person gives it a new one.
    """
    require(may_stop(actor, reach_of(hold)), MAY_STOP_ALL if hold.desk_id is None else MAY_HOLD)
    session.refresh(hold, with_for_update=True)  # two who lift at once: the second finds it lifted
    if hold.lifted_at is not None:
        raise TransitionNotAllowed("This hold was lifted already.")
    hold.lifted_at, hold.lifted_by_id = now, actor.id
    over(session, STOPPED, [hold], now=now)
    flush(session)
    released = Released.nothing()
    for publication in _kept_by(session, hold):
        release(session, publication, released, actor=actor, now=now)
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
    released = Released.nothing()
    release(session, publication, released, actor=actor, now=now)
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
        stopped = Publication.reason == Reason.STOPPED
        query = stops.with_kind(query).where(stopped, reach_of(hold).covers())
    return list(session.scalars(query.order_by(Publication.due_at)))


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > 300:
        sentence = "Say in a few words why, so that others know when to lift it."
        raise InvalidInput(sentence, {"reason": sentence})
    return reason
