"""The life of a publication, once claimed: prepare, gate and mark, send, record. One part at a time.

Nothing is sent outside `_send`, and nothing reaches `_send` that the gate has not passed in the transaction that
marked it. Network calls are never made inside a transaction.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content_library import clock
from content_library.backoff import wait
from content_library.models.account import Account
from scheduler import endings, gate, observing, points, recording, transitions
from scheduler.endings import Ended, Tried
from scheduler.errands import Errand, Finished, next_errand
from scheduler.marking import Order, Ready, mark_all
from scheduler.models import AttemptOutcome, Publication
from scheduler.publication_flow import Act
from scheduler.recording import Answered
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import allowances, connection_health
from service_channel.networks.base import NetworkClass, Outcome, Preparation, Prepared, SendResult

log = logging.getLogger(__name__)


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
    found = next_errand(world, claimed)
    if isinstance(found, Finished):
        _finish(world, claimed, found)
        return None
    if isinstance(found, gate.No):
        _not_begun(world, claimed, found)
        return None
    return found


def _not_begun(world: World, claimed: Claim, because: gate.No) -> None:
    """Do what the gate says. An account whose key is not ours is lost."""
    with world.database.write() as session:
        now = clock.now(session)
        if because.reason is gate.Reason.ACCOUNT and because.act is Act.BLOCK:
            account = session.get_one(Account, claimed.account_id)
            connection_health.lost(session, account, because.sentence, now=now)
        endings.apply_refusal(session, claimed, because, now=now)


def _finish(world: World, claimed: Claim, found: Finished) -> None:
    late: dict[int, float] = {}
    try:
        with world.database.write() as session:
            now = clock.now(session)
            if transitions.mark(session, {claimed: found.revision_id}, now=now, send_by_s=0):
                late = recording.finish(session, [claimed.publication_id], now=now)
    except IntegrityError:
        _give_back(world, claimed)
    for late_s in late.values():
        observing.out(late_s)


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
    ready = Ready(errand, prepared, ends_at=world.monotonic() + world.timing.send_deadline)
    try:
        order: Order | None = world.marks.ask(partial(mark_all, world), ready)
    except IntegrityError:  # another publication of this account is being sent at this moment
        _give_back(world, errand.claim)
        return None
    if order is not None:
        points.reach("marked")
    return order


def _give_back(world: World, claimed: Claim) -> None:
    with world.database.write() as session:
        transitions.give_back(session, [claimed], now=clock.now(session))


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
        left = order.ends_at - world.monotonic()
        if left <= 0:
            return SendResult(Outcome.NOT_SENT, message="It was too late for its turn; it was not sent.")
        return errand.network.send(errand.access, order.part, prepared, deadline_s=left)
    if world.senders is None:
        return SendResult(Outcome.NOT_SENT, message="This engine has no senders for such networks.")
    return world.senders.send(errand.network.key, errand.access, order.part, prepared, ends_at=order.ends_at)


def _record(world: World, order: Order, result: SendResult) -> bool:
    """Write down how it ended, by attempt. True when there is another part to send."""
    points.reach("before_record")
    observing.tried(order.errand.network.key, "send", result.outcome.value)
    ended: Ended = world.records.ask(partial(_record_all, world), (order, result))
    if ended.late_s is not None:
        observing.out(ended.late_s)
    points.reach("recorded")
    return ended.more


def _record_all(world: World, answers: Sequence[tuple[Order, SendResult]]) -> list[Ended]:
    tries = [_tried(order, result) for order, result in answers]
    with world.database.write() as session:
        now = clock.now(session)
        answered = [Answered(order.attempt_id, result) for order, result in answers]
        recording.close_attempts(session, answered, now=now)
        for tried in tries:
            allowances.heard(session, tried.claim.account_id, tried.result.response, now=now)
        out = [tried for tried in tries if tried.result.outcome is Outcome.SENT]
        ended = endings.sent(session, world, out, now=now)
        for (order, _), tried in zip(answers, tries, strict=True):
            if tried.result.outcome is not Outcome.SENT:
                with observing.of(tried.claim, order.errand.network.key):
                    endings.not_sent(session, world, tried, now=now)
    return [ended.get(tried.claim.publication_id, Ended()) for tried in tries]


def _tried(order: Order, result: SendResult) -> Tried:
    errand = order.errand
    return Tried(errand.claim, errand.promise.kind, order.part.index, order.is_last, result)


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
    if signed_out and connection_health.refused(session, publication.account, done.message, now=now):
        return gate.No(gate.Reason.ACCOUNT, Act.BLOCK, done.message)
    if done.outcome is Outcome.REFUSED:
        return gate.No(gate.Reason.PAYLOAD, Act.HOLD, done.message)
    answer = gate.ask(session, publication.id, now=now, clock_sane=world.clock_sane)
    if isinstance(answer, gate.No):  # it may be too late for another try
        return answer
    pause = timedelta(seconds=done.retry_after) if done.retry_after else wait(publication.tries)
    return gate.No(gate.Reason.RATE, Act.GIVE_BACK, done.message, now + pause)
