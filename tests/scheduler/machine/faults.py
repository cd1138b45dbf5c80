"""Faults sown into the scheduler, each as a context: what a machine that watches well must notice.

Each takes one guard away, or does one thing in the wrong order. `FAULTS` names them all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    gate_questions,
    mending,
    payloads,
    publishing,
    reactions,
    reconciling,
    recording,
    settling,
    transitions,
)
from scheduler.marking import Order, Ready
from scheduler.models import Part, Publication, PublicationState
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import accounts
from service_channel.networks.base import Network
from tests import factories as make

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
    real = transitions.mark

    def mark(session: Session, claims: Mapping[Claim, int], *, now: datetime, send_by_s: float) -> set[int]:
        held = select(Publication.id, Publication.fence)
        fences = {row.id: row.fence for row in session.execute(held)}
        renewed = {replace(one, fence=fences[one.publication_id]): claims[one] for one in claims}
        return real(session, renewed, now=now, send_by_s=send_by_s)

    return patch.object(transitions, "mark", mark)


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
    real = publishing.mark_all

    def marked(world: World, asked: Sequence[Ready]) -> list[Order | None]:
        @contextmanager
        def thrown_away() -> Iterator[Session]:
            with world.database.read() as session:
                yield session

        with patch.object(world.database, "write", thrown_away):
            return real(world, asked)

    return patch.object(publishing, "mark_all", marked)


@fault("another text than was approved")
def what_was_read_goes_though_something_newer_passed() -> Any:
    class Alike(str):
        __hash__ = str.__hash__

        def __eq__(self, _other: object) -> bool:
            return True

    real = gate.ask_all

    def ask(*asked: Any, **known: Any) -> dict[int, gate.Passed | gate.No]:
        return {
            one: replace(answer, payload=Alike(answer.payload)) if isinstance(answer, gate.Passed) else answer
            for one, answer in real(*asked, **known).items()
        }

    return patch.object(gate, "ask_all", ask)


@fault("given another key")
def each_try_has_another_key() -> Any:
    real = payloads.choose_envelopes

    def choose(session: Session, wanted: Mapping[int, tuple[str, Network]], *, now: datetime) -> Any:
        real(session, wanted, now=now)
        missing = Part.publication_id.in_(wanted) & Part.remote_id.is_(None)
        for part in session.scalars(select(Part).where(missing)):
            part.key = wanted[part.publication_id][1].new_key(now)
        session.flush()
        return payloads.standing_parts(session, list(wanted))

    return patch.object(payloads, "choose_envelopes", choose)


# ---- the gate ------------------------------------------------------------------


@fault("was marked")
def the_gate_is_skipped() -> Any:
    def passed(session: Session, ids: Sequence[int], **_known: Any) -> dict[int, gate.Passed]:
        since = {"hour_ago": make.NOW, "day_ago": make.NOW}  # what was sent since is not looked at
        rows = session.connection().execute(gate_questions.QUESTION, {"ids": ids, **since})
        return {
            row.id: gate.Passed(row.id, row.account_id, row.revision_id, row.network, row.payload)
            for row in rows
        }

    return patch.object(gate, "ask_all", passed)


@fault("while a hold")
def a_hold_is_ignored() -> Any:
    return patch.object(gate, "_hold", lambda _known, _row: None)


@fault("nobody has cleared")
def a_withdrawn_approval_still_passes() -> Any:
    real = gate_questions.read

    def read(session: Session, ids: Sequence[int], *, now: datetime) -> gate_questions.Known:
        known = real(session, ids, now=now)
        return replace(known, rows={one: seen(session, row) for one, row in known.rows.items()})

    def seen(session: Session, row: Any) -> Any:
        last = select(Approval).where(Approval.revision_id == row.revision_id).order_by(Approval.id.desc())
        approval = session.scalars(last).first()
        if approval is None:
            return row
        return _Seen(row, approved_hash=approval.content_hash, submission_id=approval.submission_id)

    return patch.object(gate_questions, "read", read)


@fault("approval in force for exactly its content")
def the_approved_hash_is_not_compared() -> Any:
    real = gate._unapproved

    def blind(known: gate_questions.Known, row: Any, now: datetime) -> gate.No | None:
        found = row.content_hash if row.approved_hash else None
        return real(known, _Seen(row, approved_hash=found), now)  # type: ignore[arg-type]

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
    real = gate.ask_all
    return patch.object(
        gate, "ask_all", lambda session, ids, *, now, clock_sane=True: real(session, ids, now=now)
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

    def finish(session: Session, ids: Sequence[int], *, now: datetime) -> dict[int, float]:
        sending = select(Publication.id).where(Publication.id.in_(ids), Publication.state == S.SENDING)
        return real(session, session.scalars(sending).all(), now=now)

    return _together(patch.object(recording, "finish", finish), patch.object(reconciling, "finish", finish))


@fault("the network said")
def an_answer_is_not_written_down() -> Any:
    return patch.object(recording, "close_attempts", lambda *_args, **_known: None)


@fault("again after it was sent|stands there")
def where_a_part_stands_is_not_written_down() -> Any:
    return patch.object(recording, "record_parts", lambda *_args, **_known: None)


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
