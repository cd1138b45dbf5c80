"""The gate and the mark, in one transaction: what is marked may be sent, once, under an envelope that is durable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from content_library import clock
from scheduler import endings, gate, observing, payloads, proofs, recording, transitions
from scheduler.errands import Errand
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel.networks.base import OutgoingPart, Prepared


@dataclass(frozen=True)
class Ready:
    """Prepared and not marked. `ends_at` (monotonic seconds) was taken before, so the lease outlasts the sending."""

    errand: Errand
    prepared: Prepared
    ends_at: float


@dataclass(frozen=True)
class Order:
    """Marked: this may be sent, once, as this attempt, and no later than `ends_at` (monotonic seconds)."""

    errand: Errand
    part: OutgoingPart
    attempt_id: int
    is_last: bool
    ends_at: float


@dataclass(frozen=True)
class _Going:
    """Marked, with the part as it will be sent."""

    ready: Ready
    part: OutgoingPart
    is_last: bool


def mark_all(world: World, asked: Sequence[Ready]) -> list[Order | None]:
    """An order for each that may go. What the gate refuses is moved as it says; a lost claim is left alone.

    Raises sqlalchemy's IntegrityError when another publication of an account is being sent at this moment.
    """
    with world.database.write() as session:
        session.connection()  # SQLite waits here for its write lock, so that `now` is the moment after
        now = clock.now(session)
        passed = _passed(session, world, asked, now=now)
        marked = transitions.mark(session, passed, now=now, send_by_s=world.timing.send_deadline)
        lost = [claim for claim in passed if claim.publication_id not in marked]
        transitions.give_back(session, lost, now=now)
        going = _going(session, world, [one for one in asked if _id(one) in marked], now=now)
        orders = _ordered(session, going, now=now)
    return [orders.get(_id(one)) for one in asked]


def _id(ready: Ready) -> int:
    return ready.errand.claim.publication_id


def _passed(session: Session, world: World, asked: Sequence[Ready], *, now: datetime) -> dict[Claim, int]:
    """The claims that the gate lets pass, each with the revision it has seen."""
    answers = gate.ask_all(session, [_id(one) for one in asked], now=now, clock_sane=world.clock_sane)
    passed: dict[Claim, int] = {}
    for one in asked:
        answer, claim = answers[_id(one)], one.errand.claim
        if isinstance(answer, gate.No):
            with observing.of(claim, one.errand.network.key):
                endings.apply_refusal(session, claim, answer, now=now)
        elif answer.payload == one.errand.payload:
            passed[claim] = answer.revision_id
        else:  # what was read and prepared is what passes: another revision has been bound meanwhile
            transitions.give_back(session, [claim], now=now)
    return passed


def _going(session: Session, world: World, marked: Sequence[Ready], *, now: datetime) -> list[_Going]:
    wanted = {_id(one): (one.errand.payload, one.errand.network) for one in marked}
    envelopes = payloads.choose_envelopes(session, wanted, now=now) if wanted else {}
    going = [_enveloped(session, one, envelopes[_id(one)]) for one in marked]
    return [one for one in going if _may_go(session, world, one, envelopes, now=now)]


def _enveloped(session: Session, ready: Ready, parts: Sequence[payloads.Standing]) -> _Going:
    enveloped = payloads.with_envelope(ready.errand.part, parts)
    part = payloads.keep_draft(session, _id(ready), enveloped, ready.prepared)
    return _Going(ready, part, is_last=part.index == len(parts) - 1)


def _may_go(
    session: Session, world: World, going: _Going, envelopes: Mapping[int, Sequence[payloads.Standing]], *,
    now: datetime,
) -> bool:  # fmt: skip
    """An earlier try may be out, and the server has forgotten our key by now: then it is looked for first."""
    errand = going.ready.errand
    this = errand.claim.publication_id
    if envelopes[this][going.part.index].remote_id is not None:  # a yes for it came while it was prepared
        transitions.settle(session, this, Act.PART_DONE, now=now, fence=errand.claim.fence)
        transitions.give_back(session, [errand.claim], now=now)
        return False
    if isinstance(envelopes[this][0], payloads.Chosen):  # nothing was tried under what was chosen just now
        return True
    if proofs.may_send(session, this, going.part, errand.promise, now=now, timing=world.timing):
        return True
    transitions.settle(
        session, this, Act.LOSE, now=now, fence=errand.claim.fence, reason="unknown",
        explanation="An earlier try may have arrived. Deskcast looks whether it is there.",
        values={"leased_until": None, "not_before": None},
    )  # fmt: skip
    return False


def _ordered(session: Session, going: Sequence[_Going], *, now: datetime) -> dict[int, Order]:
    trying = [recording.Trying(_id(one.ready), one.part.index, one.ready.errand.claim.fence) for one in going]
    attempts = recording.open_attempts(session, trying, now=now)
    return {
        _id(one.ready): Order(one.ready.errand, one.part, attempt_id, one.is_last, one.ready.ends_at)
        for one, attempt_id in zip(going, attempts, strict=True)
    }
