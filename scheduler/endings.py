"""How a try ended, or why there was none, and what follows for the publication and its people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.backoff import wait
from content_library.models.account import Account
from content_library.notices import leads_of, notify
from scheduler import gate, observing, recording, transitions
from scheduler.models import Part, Publication, PublicationState
from scheduler.proofs import tries_of
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import connection_health
from service_channel.networks.base import NetworkClass, Outcome, SendResult

TOLD = (
    PublicationState.FAILED,
    PublicationState.NEEDS_PERSON,
    PublicationState.MISSED,
    PublicationState.HELD,
    PublicationState.BLOCKED,
    PublicationState.EXPIRED,
)
IN_DOUBT = (PublicationState.UNKNOWN, PublicationState.NEEDS_PERSON)


@dataclass(frozen=True)
class Tried:
    """One try of one part, and what came of it."""

    claim: Claim
    kind: NetworkClass
    position: int
    is_last: bool
    result: SendResult


@dataclass(frozen=True)
class Ended:
    """Whether another part of the thread is to be sent; for what is published now, its lateness in seconds."""

    more: bool = False
    late_s: float | None = None


def sent(session: Session, world: World, tries: Sequence[Tried], *, now: datetime) -> dict[int, Ended]:
    """What follows where the network said yes, by publication. A yes always counts, also when the lease is over."""
    if not tries:
        return {}
    connection_health.worked(session, {one.claim.account_id for one in tries}, now=now)
    recording.record_parts(session, [_standing(one) for one in tries], now=now)
    out = recording.finish(session, [one.claim.publication_id for one in tries if one.is_last], now=now)
    _came_late(session, [one for one in tries if one.claim.publication_id not in out], now=now)
    return {
        one.claim.publication_id: Ended(late_s=out.get(one.claim.publication_id))
        if one.is_last
        else Ended(more=_goes_on(session, world, one, now=now))
        for one in tries
    }


def _came_late(session: Session, tries: Sequence[Tried], *, now: datetime) -> None:
    """A yes can come when others have decided without it: then it stands there, and they have to know."""
    for tried in tries:
        this = tried.claim.publication_id
        if (
            tried.is_last
        ):  # kept back or missed with nothing left to send: it is published as soon as it is claimed
            transitions.settle(
                session, this, Act.RELEASE, now=now, reason="found",
                explanation="It is out: the network’s yes came late.", values={"not_before": None},
            )  # fmt: skip
    over = select(Publication).where(
        Publication.id.in_([one.claim.publication_id for one in tries]), Publication.state.in_(_DECIDED)
    )
    found = session.scalars(over.execution_options(populate_existing=True)).all() if tries else ()
    for publication in found:
        if publication.take_down_wanted_at is not None:  # and so is this part
            publication.take_down_wanted_at, publication.taken_down_at = now, None
            continue
        text = (
            f"“{publication.post.title}” is on {publication.account.handle} although it {_DECIDED[publication.state]}: "
            "the network’s yes came late. Take it down from its page, or let it stand."
        )
        notify(session, _people(session, publication), "publication.take_down", publication, stage="late yes",
               text=text, now=now)  # fmt: skip


_DECIDED: Mapping[PublicationState, str] = {
    PublicationState.CANCELLED: "was cancelled",
    PublicationState.EXPIRED: "had expired",
    PublicationState.FAILED: "counted as failed",
}


def _people(session: Session, publication: Publication) -> set[int]:
    return {*leads_of(session, publication.desk_id), publication.created_by_id or publication.post.owner_id}


def _standing(tried: Tried) -> recording.Stands:
    assert tried.result.ref is not None
    return recording.Stands(
        tried.claim.publication_id, tried.position, tried.claim.account_id, tried.result.ref
    )


def _goes_on(session: Session, world: World, tried: Tried, *, now: datetime) -> bool:
    this, fence = tried.claim.publication_id, tried.claim.fence
    values = {"leased_until": now + timedelta(seconds=world.timing.lease)}
    if transitions.settle(session, this, Act.PART_DONE, now=now, fence=fence, values=values):
        return True
    rest_follows(session, world, this, tried.position + 1, now=now)
    return False


def rest_follows(
    session: Session, world: World, publication_id: int, position: int, *, now: datetime
) -> None:
    """What was in doubt is known to be out, and the part at `position` was never tried: it goes in its turn.

    A yes that comes when its lease is over leads here: nobody has to look for that part any more, or to be asked.
    """
    doubtful = select(Publication.state).where(Publication.id == publication_id)
    if session.scalar(doubtful.with_for_update(key_share=True)) not in IN_DOUBT:
        return
    if tries_of(session, publication_id, position, timing=world.timing).last_send is None:
        _rest_follows(session, publication_id, now=now)


def _rest_follows(session: Session, publication_id: int, *, now: datetime, fence: int | None = None) -> None:
    transitions.settle(
        session, publication_id, Act.RETRY, now=now, fence=fence, reason="found",
        explanation="Found on the network; the rest of the thread follows.",
        values={"not_before": None, "looks": 0, "leased_until": None},
    )  # fmt: skip


def not_sent(session: Session, world: World, tried: Tried, *, now: datetime) -> None:
    """What follows from anything but a yes, and who is told."""
    if _is_known_to_be_out(session, tried):  # an earlier try of it got its yes while this one was under way
        _rest_follows(session, tried.claim.publication_id, now=now, fence=tried.claim.fence)
    elif _earlier_may_be_out(session, world, tried):
        _still_unknown(session, tried.claim, tried.result, now=now)
    else:
        {
            Outcome.NOT_SENT: _not_sent,
            Outcome.SIGNED_OUT: _signed_out,
            Outcome.REFUSED: _refused,
            Outcome.UNKNOWN: _unknown,
        }[tried.result.outcome](session, tried.claim, tried.result, now=now)
    tell(session, tried.claim.publication_id, now=now)


def _is_known_to_be_out(session: Session, tried: Tried) -> bool:
    part = session.get(Part, (tried.claim.publication_id, tried.position), populate_existing=True)
    return part is not None and part.remote_id is not None


def _earlier_may_be_out(session: Session, world: World, tried: Tried) -> bool:
    """That this try is proved not to be there says nothing of one before it."""
    if tried.kind is NetworkClass.IDENTIFIED:
        return False
    return tries_of(session, tried.claim.publication_id, tried.position, timing=world.timing).may_be_out


def _still_unknown(session: Session, claimed: Claim, result: SendResult, *, now: datetime) -> None:
    publication = session.get_one(Publication, claimed.publication_id)
    if result.outcome is Outcome.SIGNED_OUT:
        connection_health.refused(
            session, publication.account, result.message, now=now, since=publication.state_at
        )
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
        connection_health.wait_until(session, publication.account, now + pause)
    transitions.settle(
        session, claimed.publication_id, Act.RETRY, now=now, fence=claimed.fence, reason="retry",
        explanation=result.message, values={"not_before": now + pause, "leased_until": None},
    )  # fmt: skip


def _signed_out(session: Session, claimed: Claim, result: SendResult, *, now: datetime) -> None:
    """Proved: nothing is there, and nothing will be until the token is renewed, or a person connects again."""
    marked_at = session.get_one(Publication, claimed.publication_id).state_at
    account = session.get_one(Account, claimed.account_id)
    is_lost = connection_health.refused(session, account, result.message, now=now, since=marked_at)
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
    people = _people(session, publication)
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
