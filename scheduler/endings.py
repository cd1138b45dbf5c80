"""How a try ended, or why there was none, and what follows for the publication and its people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from content_library.backoff import wait
from content_library.models.account import Account
from content_library.notices import leads_of, notify
from scheduler import gate, observing, recording, transitions
from scheduler.models import Publication, PublicationState
from scheduler.proofs import tries_of
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import accounts, allowances
from service_channel.networks.base import NetworkClass, Outcome, SendResult

TOLD = (
    PublicationState.FAILED,
    PublicationState.NEEDS_PERSON,
    PublicationState.MISSED,
    PublicationState.HELD,
    PublicationState.BLOCKED,
    PublicationState.EXPIRED,
)


@dataclass(frozen=True)
class Tried:
    """One try of one part."""

    claim: Claim
    kind: NetworkClass
    position: int
    is_last: bool


def settle(session: Session, world: World, tried: Tried, result: SendResult, *, now: datetime) -> bool:
    """What follows from how a try ended. True when another part of the thread is to be sent."""
    allowances.heard(session, tried.claim.account_id, result.response, now=now)
    if result.outcome is Outcome.SENT:
        return _sent(session, world, tried, result, now=now)
    if _earlier_may_be_out(session, world, tried):
        _still_unknown(session, tried.claim, result, now=now)
        return False
    {
        Outcome.NOT_SENT: _not_sent,
        Outcome.SIGNED_OUT: _signed_out,
        Outcome.REFUSED: _refused,
        Outcome.UNKNOWN: _unknown,
    }[result.outcome](session, tried.claim, result, now=now)
    return False


def _sent(session: Session, world: World, tried: Tried, result: SendResult, *, now: datetime) -> bool:
    """A yes always counts, also when the lease is over."""
    claimed = tried.claim
    assert result.ref is not None
    accounts.worked(session, claimed.account_id, now=now)
    recording.record_part(
        session, claimed.publication_id, tried.position, result.ref, claimed.account_id, now=now
    )
    if tried.is_last:
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


def _earlier_may_be_out(session: Session, world: World, tried: Tried) -> bool:
    """That this try is proved not to be there says nothing of one before it."""
    if tried.kind is NetworkClass.IDENTIFIED:
        return False
    return tries_of(session, tried.claim.publication_id, tried.position, timing=world.timing).may_be_out


def _still_unknown(session: Session, claimed: Claim, result: SendResult, *, now: datetime) -> None:
    publication = session.get_one(Publication, claimed.publication_id)
    if result.outcome is Outcome.SIGNED_OUT:
        accounts.refused(session, publication.account, result.message, now=now)
    pause = timedelta(seconds=result.retry_after) if result.retry_after else wait(publication.tries)
    later = None if result.outcome is Outcome.UNKNOWN else now + pause
    transitions.settle(
        session, claimed.publication_id, Act.LOSE, now=now, fence=claimed.fence, reason="unknown",
        explanation=f"{result.message} An earlier try may have arrived. Deskcast looks whether it is there.".strip(),
        values={"leased_until": None, "not_before": later},
    )  # fmt: skip


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
    """Proved: nothing is there, and nothing will be until the token is renewed, or a person connects again."""
    is_lost = accounts.refused(session, session.get_one(Account, claimed.account_id), result.message, now=now)
    if (
        not transitions.settle(
            session, claimed.publication_id, Act.RETRY, now=now, fence=claimed.fence, explanation=result.message,
            values={"leased_until": None},
        )
        or not is_lost
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


def apply_refusal(session: Session, claimed: Claim, refusal: gate.No, *, now: datetime) -> None:
    """Do what the gate says: hold, block, miss, expire, or give back for later."""
    observing.refused(refusal.reason.value, refusal.act.value)
    values: dict[str, Any] = {"leased_until": None}
    if refusal.act is Act.GIVE_BACK:
        values["not_before"] = refusal.not_before
    moved = transitions.settle(
        session, claimed.publication_id, refusal.act, now=now, fence=claimed.fence, reason=refusal.reason,
        explanation=refusal.sentence, values=values,
    )  # fmt: skip
    if moved:
        tell(session, claimed.publication_id, now=now)


def tell(session: Session, publication_id: int, *, now: datetime) -> None:
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
