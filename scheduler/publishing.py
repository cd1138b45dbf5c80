"""The life of a publication, once claimed: prepare, gate and mark, send, record. One part at a time.

Nothing is sent outside `_send`, and nothing reaches `_send` that the gate has not passed in the transaction that
marked it. Network calls are never made inside a transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from content_library import clock
from content_library.backoff import wait
from content_library.models.account import Account
from content_library.notices import leads_of, notify
from scheduler import gate, points, transitions
from scheduler.models import Attempt, AttemptOutcome, Part, Publication, PublicationState
from scheduler.payloads import (
    MediaChanged,
    check_media,
    choose_envelopes,
    media_of,
    outgoing,
    parts_of,
    with_envelope,
)
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import accounts
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import (
    Access,
    Network,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    RemoteRef,
    SendResult,
)
from service_channel.token_vault import CannotOpen

TOLD = (
    PublicationState.FAILED,
    PublicationState.NEEDS_PERSON,
    PublicationState.MISSED,
    PublicationState.HELD,
)


@dataclass(frozen=True)
class Errand:
    """The next part of a claimed publication, read before anything is decided. `part` is None when all are there."""

    claim: Claim
    network: Network
    access: Access
    part: OutgoingPart | None


@dataclass(frozen=True)
class Order:
    """Marked: this may be sent, once, as this attempt."""

    errand: Errand
    part: OutgoingPart
    attempt_id: int
    is_last: bool


def publish_one(world: World, claimed: Claim) -> None:
    """Everything that happens to one claimed publication."""
    points.reach("claimed")
    while (errand := _read(world, claimed)) is not None:
        prepared = _prepare(world, errand)
        if prepared is None:
            return
        order = _mark(world, errand)
        if order is None:
            return
        result = _send(world, order, prepared)
        if not _record(world, order, result):
            return


def _read(world: World, claimed: Claim) -> Errand | None:
    with world.database.read() as session:
        publication = session.get_one(Publication, claimed.publication_id)
        if publication.fence != claimed.fence or publication.state is not PublicationState.CLAIMED:
            return None
        now = clock.now(session)
        refusal = gate.ask(session, publication.id, now=now, clock_sane=world.clock_sane)
        if isinstance(refusal, gate.Passed):
            return _errand(session, world, claimed, publication, refusal, now=now)
    _refuse(world, claimed, refusal)
    return None


def _errand(
    session: Session,
    world: World,
    claimed: Claim,
    publication: Publication,
    passed: gate.Passed,
    *,
    now: datetime,
) -> Errand | None:
    network = world.networks.get(passed.network)
    try:
        if network is None:
            raise CannotOpen(f"this release cannot send to {passed.network}")
        access = accounts.access(session, publication.account, database=world.database, vault=world.vault)
        part = _next_part(session, world, publication, passed.payload, now=now)
    except (CannotOpen, MediaChanged) as problem:
        reason = gate.Reason.PAYLOAD if isinstance(problem, MediaChanged) else gate.Reason.ACCOUNT
        session.rollback()
        _refuse(world, claimed, gate.No(reason, Act.BLOCK, str(problem)))
        return None
    return Errand(claimed, network, access, part)


def _next_part(
    session: Session, world: World, publication: Publication, payload: str, *, now: datetime
) -> OutgoingPart | None:
    """The first part that is not out yet, its pictures checked byte by byte."""
    known = parts_of(session, publication.id)
    position = next((p.position for p in known if p.remote_id is None), None if known else 0)
    if position is None:
        return None
    media = media_of(session, publication.desk_id, payload, world.media_folder)
    check_media(media)
    return outgoing(publication.id, payload, position, media, now=now)


def _prepare(world: World, errand: Errand) -> Prepared | None:
    """Media and mentions first: repeating that is harmless, and nothing is marked yet."""
    if errand.part is None:
        return Prepared()
    done = errand.network.prepare(errand.access, errand.part, deadline_s=world.timing.media_deadline)
    points.reach("prepared")
    if done.prepared is None:
        _not_prepared(world, errand, done)
    return done.prepared


def _mark(world: World, errand: Errand) -> Order | None:
    """Ask the gate and mark, in one transaction; the attempt and the envelope are durable before anything leaves."""
    points.reach("before_mark")
    claimed = errand.claim
    with world.database.write() as session:
        now = clock.now(session)
        answer = gate.ask(session, claimed.publication_id, now=now, clock_sane=world.clock_sane)
        if isinstance(answer, gate.No):
            apply_refusal(session, claimed, answer, now=now)
            return None
        if not transitions.mark(session, claimed, now=now, send_by_s=world.timing.send_deadline):
            transitions.give_back(session, [claimed], now=now)
            return None
        parts = choose_envelopes(session, claimed.publication_id, answer.payload, errand.network, now=now)
        if errand.part is None:  # an answer that came late had filled in the last part
            finish(session, claimed.publication_id, parts, now=now)
            return None
        part = with_envelope(errand.part, parts)
        attempt = _open_attempt(session, claimed, part, now=now)
        order = Order(errand, part, attempt.id, is_last=part.index == len(parts) - 1)
    points.reach("marked")
    return order


def _open_attempt(session: Session, claimed: Claim, part: OutgoingPart, *, now: datetime) -> Attempt:
    attempt = Attempt(
        publication_id=claimed.publication_id,
        position=part.index,
        fence=claimed.fence,
        act="send",
        outcome=AttemptOutcome.OPEN,
        started_at=now,
    )
    session.add(attempt)
    session.flush()
    return attempt


def _send(world: World, order: Order, prepared: Prepared) -> SendResult:
    """The only place from which anything leaves the house."""
    points.reach("before_send")
    try:
        result = order.errand.network.send(
            order.errand.access, order.part, prepared, deadline_s=world.timing.send_deadline
        )
    except Exception as crash:  # whatever it was, the post may be out
        result = SendResult(Outcome.UNKNOWN, message=f"{type(crash).__name__}: {crash}")
    points.reach("sent")
    return result


def _record(world: World, order: Order, result: SendResult) -> bool:
    """Write down how it ended, by attempt. True when there is another part to send."""
    points.reach("before_record")
    claimed = order.errand.claim
    with world.database.write() as session:
        now = clock.now(session)
        _close_attempt(session, order, result, now=now)
        more = _settled(session, world, order, result, now=now)
        if not more:
            _tell(session, claimed.publication_id, now=now)
    points.reach("recorded")
    return more


def _close_attempt(session: Session, order: Order, result: SendResult, *, now: datetime) -> None:
    session.execute(
        update(Attempt)
        .where(Attempt.id == order.attempt_id)
        .values(
            outcome=AttemptOutcome(result.outcome.value),
            ended_at=now,
            status=result.status,
            request=dict(result.request),
            response=dict(result.response),
            message=result.message,
        )
    )


def _settled(session: Session, world: World, order: Order, result: SendResult, *, now: datetime) -> bool:
    if result.outcome is Outcome.SENT:
        return _sent(session, world, order, result, now=now)
    {
        Outcome.NOT_SENT: _not_sent,
        Outcome.SIGNED_OUT: _signed_out,
        Outcome.REFUSED: _refused,
        Outcome.UNKNOWN: _unknown,
    }[result.outcome](session, order.errand.claim, result, now=now)
    return False


def _sent(session: Session, world: World, order: Order, result: SendResult, *, now: datetime) -> bool:
    """A yes always counts, also when the lease is over."""
    claimed = order.errand.claim
    assert result.ref is not None
    record_part(session, claimed.publication_id, order.part.index, result.ref, claimed.account_id, now=now)
    if order.is_last:
        finish(session, claimed.publication_id, parts_of(session, claimed.publication_id), now=now)
        return False
    lease = now + timedelta(seconds=world.timing.lease)
    return transitions.settle(
        session,
        claimed.publication_id,
        Act.PART_DONE,
        now=now,
        fence=claimed.fence,
        values={"leased_until": lease},
    )


def record_part(
    session: Session, publication_id: int, position: int, ref: RemoteRef, account_id: int, *, now: datetime
) -> None:
    """Keep where a part stands. Telling it twice changes nothing."""
    done = session.execute(
        update(Part)
        .where(Part.publication_id == publication_id, Part.position == position, Part.remote_id.is_(None))
        .values(remote_id=ref.remote_id, cid=ref.cid, url=ref.url, sent_at=now)
        .execution_options(synchronize_session="fetch")
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        return
    publication = session.get_one(Publication, publication_id)
    session.add(
        SentPart(
            account_id=account_id,
            remote_id=ref.remote_id,
            url=ref.url,
            publication_id=publication_id,
            revision_id=publication.revision_id,
            part_index=position,
            sent_at=now,
        )
    )
    session.flush()


def finish(session: Session, publication_id: int, parts: list[Part], *, now: datetime) -> bool:
    """All parts are out: published."""
    session.expire_all()
    first = parts_of(session, publication_id)[0]
    values: Mapping[str, Any] = {"url": first.url, "leased_until": None, "first_sent_at": first.sent_at}
    return transitions.settle(session, publication_id, Act.SUCCEED, now=now, values=values)


def _not_sent(session: Session, claimed: Claim, result: SendResult, *, now: datetime) -> None:
    """Proved: nothing is there. Later again, as the network asks or after a pause that doubles."""
    publication = session.get_one(Publication, claimed.publication_id)
    pause = timedelta(seconds=result.retry_after) if result.retry_after else wait(publication.tries)
    if result.retry_after:
        accounts.wait_until(session, publication.account, now + pause)
    transitions.settle(
        session, claimed.publication_id, Act.RETRY, now=now, fence=claimed.fence, reason="retry",
        explanation=result.message, values={"not_before": now + pause, "leased_until": None},
    )  # fmt: skip


def _signed_out(session: Session, claimed: Claim, result: SendResult, *, now: datetime) -> None:
    """Proved: nothing is there, and nothing will be until a person connects the account again."""
    if not transitions.settle(
        session, claimed.publication_id, Act.RETRY, now=now, fence=claimed.fence, explanation=result.message
    ):
        return
    session.expire_all()
    publication = session.get_one(Publication, claimed.publication_id)
    accounts.lost(session, session.get_one(Account, claimed.account_id), result.message, now=now)
    transitions.move(
        session,
        publication,
        Act.BLOCK,
        actor=None,
        now=now,
        reason=gate.Reason.ACCOUNT,
        explanation=result.message,
    )


def _refused(session: Session, claimed: Claim, result: SendResult, *, now: datetime) -> None:
    transitions.settle(
        session, claimed.publication_id, Act.FAIL, now=now, fence=claimed.fence, reason="refused",
        explanation=result.message, values={"leased_until": None},
    )  # fmt: skip


def _unknown(session: Session, claimed: Claim, result: SendResult, *, now: datetime) -> None:
    transitions.settle(
        session, claimed.publication_id, Act.LOSE, now=now, fence=claimed.fence, reason="unknown",
        explanation=result.message or "No clear answer came back. Deskcast looks whether it is there.",
        values={"leased_until": None, "not_before": None},
    )  # fmt: skip


def _not_prepared(world: World, errand: Errand, done: Preparation) -> None:
    """A picture or a mention could not be brought over: nothing was marked, so nothing can be out."""
    claimed = errand.claim
    with world.database.write() as session:
        now = clock.now(session)
        session.add(
            Attempt(
                publication_id=claimed.publication_id, position=errand.part.index if errand.part else 0,
                fence=claimed.fence, act="prepare", outcome=AttemptOutcome(done.outcome.value), started_at=now,
                ended_at=now, status=done.status, message=done.message,
            )
        )  # fmt: skip
        publication = session.get_one(Publication, claimed.publication_id)
        publication.tries += 1
        session.flush()
        apply_refusal(session, claimed, _why_unprepared(session, publication, done, now=now), now=now)


def _why_unprepared(
    session: Session, publication: Publication, done: Preparation, *, now: datetime
) -> gate.No:
    if done.outcome is Outcome.SIGNED_OUT:
        accounts.lost(session, publication.account, done.message, now=now)
        return gate.No(gate.Reason.ACCOUNT, Act.BLOCK, done.message)
    if done.outcome is Outcome.REFUSED:
        return gate.No(gate.Reason.PAYLOAD, Act.HOLD, done.message)
    pause = timedelta(seconds=done.retry_after) if done.retry_after else wait(publication.tries)
    return gate.No(gate.Reason.RATE, Act.GIVE_BACK, done.message, now + pause)


def _refuse(world: World, claimed: Claim, refusal: gate.No) -> None:
    with world.database.write() as session:
        apply_refusal(session, claimed, refusal, now=clock.now(session))


def apply_refusal(session: Session, claimed: Claim, refusal: gate.No, *, now: datetime) -> None:
    """Do what the gate says: hold, block, miss, expire, or give back for later."""
    values: dict[str, Any] = {"leased_until": None}
    if refusal.act is Act.GIVE_BACK:
        values["not_before"] = refusal.not_before
    moved = transitions.settle(
        session, claimed.publication_id, refusal.act, now=now, fence=claimed.fence, reason=refusal.reason,
        explanation=refusal.sentence, values=values,
    )  # fmt: skip
    if moved:
        _tell(session, claimed.publication_id, now=now)


def _tell(session: Session, publication_id: int, *, now: datetime) -> None:
    """Tell the planner and the leads what needs them."""
    session.expire_all()
    publication = session.get_one(Publication, publication_id)
    if publication.state not in TOLD:
        return
    people = {*leads_of(session, publication.desk_id), publication.created_by_id or publication.post.owner_id}
    text = f"“{publication.post.title}” on {publication.account.handle}: {publication.explanation}"
    stage = f"{publication.state.value} {publication.state_at.isoformat()}"
    notify(
        session,
        people,
        f"publication.{publication.state.value}",
        publication,
        stage=stage,
        text=text,
        now=now,
    )
