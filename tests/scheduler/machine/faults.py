"""Faults sown into the scheduler, each as a context: what a machine that watches well must notice.

Each takes one guard away, or does one thing in the wrong order. `FAULTS` names them all.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content_library import audit, clock
from content_library.models.review import Approval
from scheduler import (
    endings,
    gate,
    mending,
    payloads,
    publishing,
    reactions,
    reconciling,
    recording,
    settling,
    transitions,
)
from scheduler.models import Part, Publication, PublicationState
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import accounts
from service_channel.networks.base import Network

S = PublicationState
Fault = Callable[[], AbstractContextManager[Any]]
FAULTS: dict[str, tuple[Fault, str]] = {}


def fault(seen_as: str) -> Callable[[Fault], Fault]:
    """`seen_as`: what the witness says of it, as a pattern."""

    def sow(sown: Fault) -> Fault:
        FAULTS[sown.__name__.replace("_", " ")] = (sown, seen_as)
        return sown

    return sow


def _mark_without(column: str) -> Any:
    """The mark without its condition on a column."""
    kept = [c for c in transitions._MARK._where_criteria if getattr(c.left, "name", "") != column]
    assert len(kept) == len(transitions._MARK._where_criteria) - 1
    statement = transitions._MARK._clone()
    statement._where_criteria = tuple(kept)
    return patch.object(transitions, "_MARK", statement)


@contextmanager
def _together(*sown: AbstractContextManager[Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for one in sown:
            stack.enter_context(one)
        yield


class _Seen:
    """A row of the gate’s question, some of it seen wrongly."""

    def __init__(self, row: Any, **wrongly: Any) -> None:
        self._row, self._wrongly = row, wrongly

    def __getattr__(self, name: str) -> Any:
        return self._wrongly[name] if name in self._wrongly else getattr(self._row, name)


# ---- claiming and marking ------------------------------------------------------


@fault("lease that ends before the sending")
def the_lease_is_not_checked() -> Any:
    return _mark_without("leased_until")


@fault("claim was taken over")
def the_fence_is_not_checked() -> Any:
    return _mark_without("fence")


@fault("before its time")
def the_due_time_is_ignored() -> Any:
    real = transitions.claim

    def claim(session: Session, *, now: datetime, until: datetime, **known: Any) -> list[Claim]:
        made = real(session, now=now, until=until + timedelta(days=1), **known)
        return [replace(one, due_at=now) for one in made]

    return patch.object(transitions, "claim", claim)


@fault("claimed while it was claimed")
def what_is_claimed_is_claimed_again() -> Any:
    real = transitions.claim

    def claim(session: Session, **known: Any) -> list[Claim]:
        session.execute(update(Publication).where(Publication.state == S.CLAIMED).values(state=S.PLANNED))
        return real(session, **known)

    return patch.object(transitions, "claim", claim)


@fault("left without a mark")
def it_is_sent_before_it_is_marked() -> Any:
    """What the mark writes is thrown away until the answer is there."""
    real = publishing._marked

    def marked(world: World, errand: publishing.Errand, *known: Any, **more: Any) -> publishing.Order | None:
        @contextmanager
        def thrown_away() -> Iterator[Session]:
            with world.database.read() as session:
                yield session

        with patch.object(world.database, "write", thrown_away):
            return real(world, errand, *known, **more)

    return patch.object(publishing, "_marked", marked)


@fault("another text than was approved")
def what_was_read_goes_though_something_newer_passed() -> Any:
    class Alike(str):
        __hash__ = str.__hash__

        def __eq__(self, _other: object) -> bool:
            return True

    real = gate.ask

    def ask(*asked: Any, **known: Any) -> gate.Passed | gate.No:
        answer = real(*asked, **known)
        return replace(answer, payload=Alike(answer.payload)) if isinstance(answer, gate.Passed) else answer

    return patch.object(gate, "ask", ask)


@fault("given another key")
def each_try_has_another_key() -> Any:
    real = payloads.choose_envelopes

    def choose(
        session: Session, publication_id: int, payload: str, network: Network, *, now: datetime
    ) -> Any:
        real(session, publication_id, payload, network, now=now)
        missing = (Part.publication_id == publication_id) & Part.remote_id.is_(None)
        for part in session.scalars(select(Part).where(missing)):
            part.key = network.new_key(now)
        session.flush()
        return payloads.standing_parts(session, publication_id)

    return patch.object(publishing, "choose_envelopes", choose)


# ---- the gate ------------------------------------------------------------------


@fault("was marked")
def the_gate_is_skipped() -> Any:
    def passed(session: Session, publication_id: int, **_known: Any) -> gate.Passed:
        row = session.connection().execute(gate._QUESTION, {"publication_id": publication_id}).one()
        return gate.Passed(row.id, row.account_id, row.revision_id, row.network, row.payload)

    return patch.object(gate, "ask", passed)


@fault("while a hold")
def a_hold_is_ignored() -> Any:
    return patch.object(gate, "_hold", lambda _session, _row: None)


@fault("nobody has cleared")
def a_withdrawn_approval_still_passes() -> Any:
    real = gate._unapproved

    def blind(session: Session, row: Any, now: datetime) -> gate.No | None:
        last = select(Approval).where(Approval.revision_id == row.revision_id).order_by(Approval.id.desc())
        approval = session.scalars(last).first()
        if approval is None:
            return real(session, row, now)
        known = {"approved_hash": approval.content_hash, "submission_id": approval.submission_id}
        return real(session, _Seen(row, **known), now)  # type: ignore[arg-type]

    return patch.object(gate, "_unapproved", blind)


@fault("approval in force for exactly its content")
def the_approved_hash_is_not_compared() -> Any:
    real = gate._unapproved

    def blind(session: Session, row: Any, now: datetime) -> gate.No | None:
        found = row.content_hash if row.approved_hash else None
        return real(session, _Seen(row, approved_hash=found), now)  # type: ignore[arg-type]

    return patch.object(gate, "_unapproved", blind)


@fault("payload that is not the one it was bound to")
def the_payload_is_not_compared() -> Any:
    return patch.object(gate, "_changed", lambda _row: None)


@fault("after its grace")
def the_grace_is_ignored() -> Any:
    return patch.object(gate, "_too_late", lambda _row, _now: None)


@fault("has signed it out")
def a_lost_account_is_ignored() -> Any:
    return patch.object(accounts, "lost", lambda *_args, **_known: None)


@fault("asked to wait")
def a_network_that_asks_to_wait_is_ignored() -> Any:
    return patch.object(accounts, "wait_until", lambda *_args: None)


@fault("clock that cannot be trusted")
def a_clock_that_jumped_is_trusted() -> Any:
    real = gate.ask
    return patch.object(
        gate, "ask", lambda session, this, *, now, clock_sane=True: real(session, this, now=now)
    )


# ---- after the answer, or without one ------------------------------------------


@fault("nobody had looked|stands there")
def an_unclear_answer_is_taken_for_not_sent() -> Any:
    return patch.object(endings, "_unknown", endings._not_sent)


@fault("nobody had looked|stands there")
def a_lost_sending_is_simply_planned_again() -> Any:
    def again(session: Session, *, now: datetime) -> int:
        over = reconciling._expired(session, S.SENDING, now)
        for publication_id in over:
            transitions.settle(session, publication_id, Act.RETRY, now=now, values={"leased_until": None})
        return len(over)

    return patch.object(reconciling, "lose_expired", again)


@fault("still open")
def a_lost_claim_is_forgotten() -> Any:
    return patch.object(reconciling, "give_back_expired", lambda _session, *, now: 0)


@fault("nobody had looked|stands there")
def it_is_sent_again_without_looking() -> Any:
    def again(world: World, publication_id: int) -> None:
        with world.database.write() as session:
            now = clock.now(session)
            transitions.settle(session, publication_id, Act.RETRY, now=now, reason="absent")

    return patch.object(reconciling, "look", again)


@fault("nobody had looked|stands there")
def anybody_answers_at_any_time() -> Any:
    return patch.object(settling, "_check_asked", lambda _publication: None)


@fault("still open")
def a_late_yes_does_not_count() -> Any:
    real = recording.finish

    def finish(session: Session, publication_id: int, *, now: datetime) -> bool:
        state = session.scalar(select(Publication.state).where(Publication.id == publication_id))
        return state is S.SENDING and real(session, publication_id, now=now)

    return _together(patch.object(recording, "finish", finish), patch.object(reconciling, "finish", finish))


@fault("the network said")
def an_answer_is_not_written_down() -> Any:
    return patch.object(recording, "close_attempt", lambda *_args, **_known: None)


@fault("again after it was sent|stands there")
def where_a_part_stands_is_not_written_down() -> Any:
    return patch.object(recording, "record_part", lambda *_args, **_known: None)


# ---- people --------------------------------------------------------------------


@fault("nobody has cleared")
def a_withdrawal_is_not_heard() -> Any:
    """Neither when it is made nor at the gate."""
    deaf = patch.object(reactions, "unbind_unsent", lambda *_args, **_known: None)
    return _together(deaf, a_withdrawn_approval_still_passes())


# ---- the record, and what waits ------------------------------------------------


@fault("the record says|is recorded as")
def what_engines_do_is_not_recorded() -> Any:
    return patch.object(audit, "record_quickly", lambda *_args, **_known: None)


@fault("still open")
def what_waits_past_its_time_is_never_missed() -> Any:
    return patch.object(mending, "miss_blocked", lambda _session, *, now: 0)


@fault("still open")
def what_is_never_cleared_is_never_over() -> Any:
    return patch.object(mending, "expire_uncleared", lambda _session, *, now: 0)
