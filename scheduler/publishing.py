"""The life of a publication, once claimed: prepare, gate and mark, send, record. One part at a time.

Nothing is sent outside `_send`, and nothing reaches `_send` that the gate has not passed in the transaction that
marked it. Network calls are never made inside a transaction.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content_library import clock
from content_library.backoff import wait
from content_library.models.account import Account, AccountState
from content_library.notices import leads_of, notify
from scheduler import gate, payloads, points, recording, transitions
from scheduler.models import AttemptOutcome, Publication, PublicationState
from scheduler.payloads import MediaChanged, choose_envelopes, with_envelope
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import accounts
from service_channel.networks.base import (
    Access,
    Network,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    SendResult,
)
from service_channel.token_vault import CannotOpen

log = logging.getLogger(__name__)

TOLD = (
    PublicationState.FAILED,
    PublicationState.NEEDS_PERSON,
    PublicationState.MISSED,
    PublicationState.HELD,
    PublicationState.BLOCKED,
    PublicationState.EXPIRED,
)


@dataclass(frozen=True)
class Errand:
    """The next part of a claimed publication, read before anything is decided, from `payload`."""

    claim: Claim
    network: Network
    access: Access
    payload: str
    part: OutgoingPart


@dataclass(frozen=True)
class Finished:
    """All parts are there already: an answer that came late had filled in the last one."""


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
    """What is needed to prepare the next part. What cannot even be prepared is put to the gate at once."""
    with world.database.read() as session:
        found = payloads.read_claimed(session, claimed.publication_id)
        if found is None or found.fence != claimed.fence or found.state is not PublicationState.CLAIMED:
            return None
        try:
            errand = _errand(session, world, claimed, found)
        except MediaChanged as problem:
            errand = gate.No(gate.Reason.PAYLOAD, Act.BLOCK, str(problem))
        except CannotOpen as problem:
            errand = gate.No(gate.Reason.ACCOUNT, Act.BLOCK, str(problem))
    if isinstance(errand, Errand):
        return errand
    _not_begun(world, claimed, errand)
    return None


def _errand(
    session: Session, world: World, claimed: Claim, found: payloads.Claimed
) -> Errand | Finished | gate.No:
    now = clock.now(session)
    this = claimed.publication_id
    known = payloads.standing_parts(session, this)
    if payloads.is_complete(known):
        return Finished()
    network = world.networks.get(found.network)
    if found.payload is None or found.account_state is not AccountState.ACTIVE or network is None:
        answer = gate.ask(session, this, now=now, clock_sane=world.clock_sane)
        unable = gate.No(gate.Reason.ACCOUNT, Act.HOLD, f"This release cannot send to {found.network}.")
        return answer if isinstance(answer, gate.No) else unable
    access = accounts.access(session, found, database=world.database, vault=world.vault)
    part = payloads.next_part(session, this, found.desk_id, found.payload, world.media_folder, known, now=now)
    return Errand(claimed, network, access, found.payload, part)


def _not_begun(world: World, claimed: Claim, because: Finished | gate.No) -> None:
    """Finish what is there already, or do what the gate says. An account whose key is not ours is lost."""
    if isinstance(because, Finished):
        _finish(world, claimed)
        return
    with world.database.write() as session:
        now = clock.now(session)
        if because.reason is gate.Reason.ACCOUNT and because.act is Act.BLOCK:
            account = session.get_one(Account, claimed.account_id)
            accounts.lost(session, account, because.sentence, now=now)
        apply_refusal(session, claimed, because, now=now)


def _finish(world: World, claimed: Claim) -> None:
    try:
        with world.database.write() as session:
            now = clock.now(session)
            if transitions.mark(session, claimed, now=now, send_by_s=0):
                recording.finish(session, claimed.publication_id, now=now)
    except IntegrityError:
        _give_back(world, claimed)


def _prepare(world: World, errand: Errand) -> Prepared | None:
    """Media and mentions first: repeating that is harmless, and nothing is marked yet."""
    try:
        done = errand.network.prepare(errand.access, errand.part, deadline_s=world.timing.media_deadline)
    except Exception as crash:
        log.exception("publication %s could not be prepared", errand.claim.publication_id)
        done = Preparation(None, message=f"Preparing it broke off ({type(crash).__name__}).")
    points.reach("prepared")
    done = recording.readable(done)
    if done.prepared is None:
        _not_prepared(world, errand, done)
    return done.prepared


def _mark(world: World, errand: Errand) -> Order | None:
    """Ask the gate and mark, in one transaction; the attempt and the envelope are durable before anything leaves."""
    points.reach("before_mark")
    try:
        order = _marked(world, errand)
    except IntegrityError:  # another publication of this account is being sent at this moment
        _give_back(world, errand.claim)
        return None
    points.reach("marked")
    return order


def _give_back(world: World, claimed: Claim) -> None:
    with world.database.write() as session:
        transitions.give_back(session, [claimed], now=clock.now(session))


def _marked(world: World, errand: Errand) -> Order | None:
    claimed = errand.claim
    with world.database.write() as session:
        session.connection()  # SQLite waits here for its write lock, so that `now` is the moment after
        now = clock.now(session)
        answer = gate.ask(session, claimed.publication_id, now=now, clock_sane=world.clock_sane)
        if isinstance(answer, gate.No):
            apply_refusal(session, claimed, answer, now=now)
            return None
        # what was read and prepared is what passed: another revision may have been bound meanwhile
        is_same = answer.payload == errand.payload
        if not is_same or not transitions.mark(
            session, claimed, now=now, send_by_s=world.timing.send_deadline, revision_id=answer.revision_id
        ):
            transitions.give_back(session, [claimed], now=now)
            return None
        parts = choose_envelopes(session, claimed.publication_id, answer.payload, errand.network, now=now)
        part = with_envelope(errand.part, parts)
        attempt_id = recording.open_attempt(
            session, claimed.publication_id, part.index, fence=claimed.fence, now=now
        )
        return Order(errand, part, attempt_id, is_last=part.index == len(parts) - 1)


def _send(world: World, order: Order, prepared: Prepared) -> SendResult:
    """The only place from which anything leaves the house."""
    points.reach("before_send")
    try:
        result = order.errand.network.send(
            order.errand.access, order.part, prepared, deadline_s=world.timing.send_deadline
        )
    except Exception as crash:  # whatever it was, the post may be out
        log.exception("publication %s: sending broke off", order.errand.claim.publication_id)
        result = SendResult(Outcome.UNKNOWN, message=f"Sending it broke off ({type(crash).__name__}).")
    points.reach("sent")
    return recording.readable(result)


def _record(world: World, order: Order, result: SendResult) -> bool:
    """Write down how it ended, by attempt. True when there is another part to send."""
    points.reach("before_record")
    claimed = order.errand.claim
    with world.database.write() as session:
        now = clock.now(session)
        _close_attempt(session, order, result, now=now)
        more = _settled(session, world, order, result, now=now)
        if not more and result.outcome is not Outcome.SENT:
            _tell(session, claimed.publication_id, now=now)
    points.reach("recorded")
    return more


def _close_attempt(session: Session, order: Order, result: SendResult, *, now: datetime) -> None:
    recording.close_attempt(
        session, order.attempt_id, AttemptOutcome(result.outcome.value), now=now, status=result.status,
        request=result.request, response=result.response, message=result.message,
    )  # fmt: skip


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
    accounts.worked(session, claimed.account_id, now=now)
    recording.record_part(
        session, claimed.publication_id, order.part.index, result.ref, claimed.account_id, now=now
    )
    if order.is_last:
        recording.finish(session, claimed.publication_id, now=now)
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
    accounts.lost(session, session.get_one(Account, claimed.account_id), result.message, now=now)
    if not transitions.settle(
        session, claimed.publication_id, Act.RETRY, now=now, fence=claimed.fence, explanation=result.message,
        values={"leased_until": None},
    ):  # fmt: skip
        return
    session.flush()
    publication = session.get_one(Publication, claimed.publication_id, populate_existing=True)
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
        recording.note_attempt(
            session, claimed.publication_id, errand.part.index, "prepare",
            AttemptOutcome(done.outcome.value), now=now, fence=claimed.fence, status=done.status, message=done.message,
        )  # fmt: skip
        publication = session.get_one(Publication, claimed.publication_id)
        publication.tries += 1
        session.flush()
        refusal = _why_unprepared(session, world, publication, done, now=now)
        apply_refusal(session, claimed, refusal, now=now)


def _why_unprepared(
    session: Session, world: World, publication: Publication, done: Preparation, *, now: datetime
) -> gate.No:
    if done.outcome is Outcome.SIGNED_OUT:
        accounts.lost(session, publication.account, done.message, now=now)
        return gate.No(gate.Reason.ACCOUNT, Act.BLOCK, done.message)
    if done.outcome is Outcome.REFUSED:
        return gate.No(gate.Reason.PAYLOAD, Act.HOLD, done.message)
    answer = gate.ask(session, publication.id, now=now, clock_sane=world.clock_sane)
    if isinstance(answer, gate.No):  # it may be too late for another try
        return answer
    pause = timedelta(seconds=done.retry_after) if done.retry_after else wait(publication.tries)
    return gate.No(gate.Reason.RATE, Act.GIVE_BACK, done.message, now + pause)


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
    session.flush()
    publication = session.get_one(Publication, publication_id, populate_existing=True)
    if publication.state not in TOLD or publication.reason == gate.Reason.ACCOUNT:
        return  # that an account is lost is told once, not for each of its publications
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
        details=recording.told_about(publication),
    )
