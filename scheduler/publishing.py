"""The life of a publication, once claimed: prepare, gate and mark, send, record. One part at a time.

Nothing is sent outside `_send`, and nothing reaches `_send` that the gate has not passed in the transaction that
marked it. Network calls are never made inside a transaction.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content_library import clock
from content_library.backoff import wait
from content_library.models.account import Account, AccountState
from scheduler import endings, gate, observing, payloads, points, proofs, recording, transitions
from scheduler.models import AttemptOutcome, Publication, PublicationState
from scheduler.payloads import MediaChanged, choose_envelopes, keep_draft, with_envelope
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import accounts
from service_channel.networks.base import (
    Access,
    Network,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    Promise,
    SendResult,
)
from service_channel.token_vault import CannotOpen

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Errand:
    """The next part of a claimed publication, read before anything is decided, from `payload`."""

    claim: Claim
    network: Network
    access: Access
    promise: Promise
    payload: str
    part: OutgoingPart


@dataclass(frozen=True)
class Finished:
    """All parts are there already: an answer that came late had filled in the last one."""


@dataclass(frozen=True)
class Order:
    """Marked: this may be sent, once, as this attempt, and no later than `ends_at` (monotonic seconds)."""

    errand: Errand
    part: OutgoingPart
    attempt_id: int
    is_last: bool
    ends_at: float


def publish_one(world: World, claimed: Claim) -> None:
    """Everything that happens to one claimed publication."""
    points.reach("claimed")
    while (errand := _read(world, claimed)) is not None:
        prepared = _prepare(world, errand)
        if prepared is None:
            return
        order = _mark(world, errand, prepared)
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
        observing.on(found.network, claimed.account_id)
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
    part = payloads.addressed(part, lambda sha256: world.picture_address(sha256, now))
    return Errand(claimed, network, access, network.promise(access), found.payload, part)


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
        endings.apply_refusal(session, claimed, because, now=now)


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


def _mark(world: World, errand: Errand, prepared: Prepared) -> Order | None:
    """Ask the gate and mark, in one transaction; the attempt and the envelope are durable before anything leaves."""
    points.reach("before_mark")
    try:
        order = _marked(world, errand, prepared, ends_at=world.monotonic() + world.timing.send_deadline)
    except IntegrityError:  # another publication of this account is being sent at this moment
        _give_back(world, errand.claim)
        return None
    points.reach("marked")
    return order


def _give_back(world: World, claimed: Claim) -> None:
    with world.database.write() as session:
        transitions.give_back(session, [claimed], now=clock.now(session))


def _marked(world: World, errand: Errand, prepared: Prepared, *, ends_at: float) -> Order | None:
    """`ends_at` is taken before the mark, so the lease outlasts whatever is sent until then."""
    claimed = errand.claim
    with world.database.write() as session:
        session.connection()  # SQLite waits here for its write lock, so that `now` is the moment after
        now = clock.now(session)
        answer = gate.ask(session, claimed.publication_id, now=now, clock_sane=world.clock_sane)
        if isinstance(answer, gate.No):
            endings.apply_refusal(session, claimed, answer, now=now)
            return None
        # what was read and prepared is what passed: another revision may have been bound meanwhile
        is_same = answer.payload == errand.payload
        if not is_same or not transitions.mark(
            session, claimed, now=now, send_by_s=world.timing.send_deadline, revision_id=answer.revision_id
        ):
            transitions.give_back(session, [claimed], now=now)
            return None
        parts = choose_envelopes(session, claimed.publication_id, answer.payload, errand.network, now=now)
        part = keep_draft(session, claimed.publication_id, with_envelope(errand.part, parts), prepared)
        if not proofs.may_send(
            session, claimed.publication_id, part, errand.promise, now=now, timing=world.timing
        ):
            _look_first(session, claimed, now=now)
            return None
        attempt_id = recording.open_attempt(
            session, claimed.publication_id, part.index, fence=claimed.fence, now=now
        )
        return Order(errand, part, attempt_id, is_last=part.index == len(parts) - 1, ends_at=ends_at)


def _look_first(session: Session, claimed: Claim, *, now: datetime) -> None:
    """An earlier try may be out, and the server has forgotten our key by now: nothing is sent until that is known."""
    transitions.settle(
        session, claimed.publication_id, Act.LOSE, now=now, fence=claimed.fence, reason="unknown",
        explanation="An earlier try may have arrived. Deskcast looks whether it is there.",
        values={"leased_until": None, "not_before": None},
    )  # fmt: skip


def _send(world: World, order: Order, prepared: Prepared) -> SendResult:
    """The only place from which anything leaves the house."""
    points.reach("before_send")
    try:
        result = _out(world, order, prepared)
    except Exception as crash:  # whatever it was, the post may be out
        log.exception("publication %s: sending broke off", order.errand.claim.publication_id)
        result = SendResult(Outcome.UNKNOWN, message=f"Sending it broke off ({type(crash).__name__}).")
    points.reach("sent")
    return recording.readable(result)


def _out(world: World, order: Order, prepared: Prepared) -> SendResult:
    """Where we choose the identity a late sender does no harm; everywhere else it is one that cannot be late."""
    errand = order.errand
    if errand.promise.kind is NetworkClass.IDENTIFIED:
        deadline = world.timing.send_deadline
        return errand.network.send(errand.access, order.part, prepared, deadline_s=deadline)
    if world.senders is None:
        return SendResult(Outcome.NOT_SENT, message="This engine has no senders for such networks.")
    return world.senders.send(errand.network.key, errand.access, order.part, prepared, ends_at=order.ends_at)


def _record(world: World, order: Order, result: SendResult) -> bool:
    """Write down how it ended, by attempt. True when there is another part to send."""
    points.reach("before_record")
    observing.tried(order.errand.network.key, "send", result.outcome.value)
    claimed = order.errand.claim
    with world.database.write() as session:
        now = clock.now(session)
        _close_attempt(session, order, result, now=now)
        tried = endings.Tried(claimed, order.errand.promise.kind, order.part.index, order.is_last)
        more = endings.settle(session, world, tried, result, now=now)
        if not more and result.outcome is not Outcome.SENT:
            endings.tell(session, claimed.publication_id, now=now)
    points.reach("recorded")
    return more


def _close_attempt(session: Session, order: Order, result: SendResult, *, now: datetime) -> None:
    recording.close_attempt(
        session, order.attempt_id, AttemptOutcome(result.outcome.value), now=now, status=result.status,
        request=result.request, response=result.response, message=result.message,
    )  # fmt: skip


def _not_prepared(world: World, errand: Errand, done: Preparation) -> None:
    """A picture or a mention could not be brought over: nothing was marked, so nothing can be out."""
    claimed = errand.claim
    observing.tried(errand.network.key, "prepare", done.outcome.value)
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
        endings.apply_refusal(session, claimed, refusal, now=now)


def _why_unprepared(
    session: Session, world: World, publication: Publication, done: Preparation, *, now: datetime
) -> gate.No:
    signed_out = done.outcome is Outcome.SIGNED_OUT
    if signed_out and accounts.refused(session, publication.account, done.message, now=now):
        return gate.No(gate.Reason.ACCOUNT, Act.BLOCK, done.message)
    if done.outcome is Outcome.REFUSED:
        return gate.No(gate.Reason.PAYLOAD, Act.HOLD, done.message)
    answer = gate.ask(session, publication.id, now=now, clock_sane=world.clock_sane)
    if isinstance(answer, gate.No):  # it may be too late for another try
        return answer
    pause = timedelta(seconds=done.retry_after) if done.retry_after else wait(publication.tries)
    return gate.No(gate.Reason.RATE, Act.GIVE_BACK, done.message, now + pause)
