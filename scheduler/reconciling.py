"""After an unclear answer: is it there? And after a crash: what was left behind?

Where the network drops a second post under our key (class I for ever, class K for a while), sending again is harmless.
Until nothing can be in flight any more, "not there" only counts if the network itself has answered and sending again
is still allowed: what is planned again can be held or cancelled, and must not turn up on the network afterwards.
Elsewhere (class Q) it takes two looks, once nothing is on its way any more, to send again, and that once only. Where
nobody can look (class B) a person is asked.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from content_library import clock
from content_library.backoff import wait
from content_library.notices import leads_of, notify
from scheduler import endings, gate, observing, points, transitions
from scheduler.models import Attempt, AttemptOutcome, Part, Publication, PublicationState
from scheduler.payloads import MediaChanged, media_of, outgoing, parts_of, with_envelope
from scheduler.proofs import LOOKS_THAT_PROVE, UNCLEAR_TRIES, Tries, is_remembered, tries_of
from scheduler.publication_flow import Act
from scheduler.recording import Stands, finish, note_attempt, readable, record_parts, told_about
from scheduler.world import World
from service_channel import accounts
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import (
    Access,
    FindResult,
    Network,
    NetworkClass,
    OutgoingPart,
    Presence,
    Promise,
    RemoteRef,
)
from service_channel.token_vault import CannotOpen

log = logging.getLogger(__name__)

MOST_LOOKS = 12
LONGEST_LOOK_S = 20.0
GATEWAY_LOST = (502, 504)
_BEFORE = timedelta(minutes=2)  # how far a network's clock may be behind (publication protocol)


@dataclass(frozen=True)
class Search:
    """What to look for, and where. What was never tried follows a part that is known by now: nothing is in doubt."""

    publication_id: int
    account_id: int
    network: Network
    access: Access
    promise: Promise
    part: OutgoingPart
    is_last: bool
    was_never_tried: bool


def give_back_expired(session: Session, *, now: datetime) -> int:
    """Claims whose lease is over before anything was marked go back to planned; returns how many."""
    return sum(
        transitions.settle(session, one, Act.GIVE_BACK, now=now, values={"leased_until": None})
        for one in _expired(session, PublicationState.CLAIMED, now)
    )


def lose_expired(session: Session, *, now: datetime) -> int:
    """What was being sent when its lease ended may be out: unknown, never simply sent again; returns how many."""
    over = _expired(session, PublicationState.SENDING, now)
    for publication_id in over:
        session.execute(
            update(Attempt)
            .where(Attempt.publication_id == publication_id, Attempt.outcome == AttemptOutcome.OPEN)
            .values(
                outcome=AttemptOutcome.UNKNOWN,
                ended_at=now,
                message="The sender stopped before it could say.",
            )
        )
        transitions.settle(
            session, publication_id, Act.LOSE, now=now, reason="unknown",
            explanation="The sender stopped before it could say how it ended. Deskcast looks whether it is there.",
            values={"leased_until": None, "not_before": None},
        )  # fmt: skip
    return len(over)


def _expired(session: Session, state: PublicationState, now: datetime) -> list[int]:
    """What is in `state` though its lease is over, held until the transaction ends, so that it does not move on."""
    return list(
        session.scalars(
            select(Publication.id)
            .where(Publication.state == state, Publication.leased_until < now)
            .with_for_update(skip_locked=True)
        )
    )


def due_looks(session: Session, *, now: datetime, again_s: float = 60.0, most: int = 50) -> list[int]:
    """Unknown publications it is time to look for, set aside for `again_s`, so that two engines do not look twice."""
    due = select(Publication.id).where(*_is_due(now)).order_by(Publication.state_at).limit(most)
    rows = session.execute(
        update(Publication)
        .where(Publication.id.in_(due), *_is_due(now))
        .values(not_before=now + timedelta(seconds=again_s))
        .returning(Publication.id)
        .execution_options(synchronize_session=False)
    )
    return [row.id for row in rows]


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    again = or_(Publication.not_before.is_(None), Publication.not_before <= now)
    return Publication.state == PublicationState.UNKNOWN, again


def look(world: World, publication_id: int) -> None:
    """Look on the network for one unknown publication and settle what can be settled."""
    search = _search(world, publication_id)
    if search is None:
        return
    if search.was_never_tried:
        with world.database.write() as session:
            endings.rest_follows(session, world, publication_id, search.part.index, now=clock.now(session))
        return
    observing.on(search.network.key, search.account_id)
    found = _find(world, search)
    observing.looked(search.network.key, found.presence.value)
    points.reach("looked")
    with world.database.write() as session:
        now = clock.now(session)
        _note(session, search, found, now=now)
        _settle(session, world, search, found, now=now)


def _find(world: World, search: Search) -> FindResult:
    if not search.promise.can_read:
        return FindResult(Presence.UNREADABLE, message="This network does not show what stands there.")
    deadline = min(LONGEST_LOOK_S, world.timing.send_deadline)
    try:
        return readable(search.network.find(search.access, search.part, deadline_s=deadline))
    except Exception as crash:
        log.exception("publication %s could not be looked for", search.publication_id)
        return FindResult(Presence.UNREADABLE, message=f"Looking broke off ({type(crash).__name__}).")


def _search(world: World, publication_id: int) -> Search | None:
    with world.database.read() as session:
        publication = session.get_one(Publication, publication_id)
        if publication.state is not PublicationState.UNKNOWN:
            return None
        try:
            return _what_to_find(session, world, publication)
        except (CannotOpen, MediaChanged) as problem:
            sentence = f"It cannot be looked for: {problem}"
    with world.database.write() as session:
        _ask_a_person(session, publication_id, sentence, now=clock.now(session))
    return None


def _what_to_find(session: Session, world: World, publication: Publication) -> Search:
    """Raises CannotOpen or MediaChanged. The pictures' bytes are not needed to look."""
    assert publication.rendition is not None
    network = world.networks.get(publication.account.network)
    if network is None:
        raise CannotOpen(f"This release cannot read {publication.account.network}.")
    access = accounts.access(session, publication.account, database=world.database, vault=world.vault)
    parts = parts_of(session, publication.id)
    position = next((p.position for p in parts if p.remote_id is None), len(parts) - 1)
    payload = publication.rendition.payload
    media = media_of(session, publication.desk_id, payload, world.media_folder)
    part = with_envelope(outgoing(publication.id, payload, position, media, now=publication.due_at), parts)
    promise = network.promise(access)
    part = replace(part, taken=_known_there(session, publication.account_id, part.created_at))
    untried = tries_of(session, publication.id, position, timing=world.timing).last_send is None
    return Search(
        publication.id, publication.account_id, network, access, promise, part,
        is_last=position == len(parts) - 1, was_never_tried=untried,
    )  # fmt: skip


def _known_there(session: Session, account_id: int, since: datetime) -> frozenset[str]:
    """What is known to be other parts of ours, so that none is taken for this one."""
    rows = session.scalars(
        select(SentPart.remote_id).where(
            SentPart.account_id == account_id, SentPart.sent_at >= since - _BEFORE
        )
    )
    return frozenset(rows)


def _note(session: Session, search: Search, found: FindResult, *, now: datetime) -> None:
    outcome = {
        Presence.FOUND: AttemptOutcome.FOUND,
        Presence.ABSENT: AttemptOutcome.ABSENT,
    }.get(found.presence, AttemptOutcome.UNKNOWN)
    note_attempt(
        session, search.publication_id, search.part.index, "look", outcome, now=now, status=found.status,
        response=found.response, message=found.message,
    )  # fmt: skip


def _settle(session: Session, world: World, search: Search, found: FindResult, *, now: datetime) -> None:
    if _is_out_by_now(
        session, search
    ):  # what is in doubt now is another part of it, which is looked for next
        return
    if found.presence is Presence.FOUND:
        _found(session, world, search, found.ref, now=now)
    elif found.presence is Presence.DIFFERENT:
        said = "Something else stands under this post’s address on the network. Look there and decide."
        _ask_a_person(session, search.publication_id, found.message or said, now=now)
    elif found.presence is Presence.ABSENT and is_remembered(search.promise, search.part, now=now):
        _absent(session, world, search, now=now)
    elif found.presence is Presence.ABSENT:
        _absent_without_key(session, world, search, now=now)
    else:
        _unreadable(session, world, search, found.message, now=now)


def _found(session: Session, world: World, search: Search, ref: RemoteRef | None, *, now: datetime) -> None:
    assert ref is not None
    if _is_another(session, search, ref):
        said = "What was found there is known to be another publication of ours. Look there and decide."
        _ask_a_person(session, search.publication_id, said, now=now)
        return
    stands = Stands(search.publication_id, search.part.index, search.account_id, ref)
    record_parts(session, [stands], now=now)
    if search.is_last:
        for late_s in finish(session, [search.publication_id], now=now).values():
            observing.out(late_s)
        return
    endings.rest_follows(session, world, search.publication_id, search.part.index + 1, now=now)


def _is_out_by_now(session: Session, search: Search) -> bool:
    part = session.get(Part, (search.publication_id, search.part.index))
    return part is not None and part.remote_id is not None and not search.is_last


def _is_another(session: Session, search: Search, ref: RemoteRef) -> bool:
    known = select(SentPart.id).where(
        SentPart.account_id == search.account_id,
        SentPart.remote_id == ref.remote_id,
        or_(SentPart.publication_id != search.publication_id, SentPart.part_index != search.part.index),
    )
    return session.scalar(known.limit(1)) is not None


def _absent(session: Session, world: World, search: Search, *, now: datetime) -> None:
    """Not there. Sending again under the same key is safe; if that is no longer allowed, or nobody answered, wait until
    nothing is in flight before saying so."""
    publication = session.get_one(Publication, search.publication_id)
    tries = _tries(session, world, search)
    answered = _may_go(session, world, search, now=now) and _was_answered(tries.last_send)
    if now < tries.quiet_at and not answered:
        publication.not_before = tries.quiet_at
        session.flush()
        return
    _send_again(session, world, publication, "It is not there; sending it again under the same key.", now=now)


def _absent_without_key(session: Session, world: World, search: Search, *, now: datetime) -> None:
    """Not there, and a second post would be one more. It counts when nothing is on its way, and when seen twice."""
    publication = session.get_one(Publication, search.publication_id)
    tries = _tries(session, world, search)
    if not tries.unclear:  # a no that came late has proved it meanwhile
        _send_again(session, world, publication, "It is not there; it is sent again.", now=now)
    elif now < tries.quiet_at:
        publication.not_before = tries.quiet_at
    elif tries.absences < LOOKS_THAT_PROVE:
        publication.not_before = now + timedelta(seconds=world.timing.look_gap)
    elif tries.unclear >= UNCLEAR_TRIES:
        said = "It was sent twice without a clear answer, and does not show. Look there and decide."
        _ask_a_person(session, search.publication_id, said, now=now)
    else:
        _send_again(session, world, publication, "It is not there; it is sent once more.", now=now)
    session.flush()


def _unreadable(session: Session, world: World, search: Search, message: str, *, now: datetime) -> None:
    """Nobody can say. Where the server remembers our key, that is no matter; else look again, or ask."""
    remembered = search.promise.kind is NetworkClass.KEYED and is_remembered(
        search.promise, search.part, now=now
    )
    if remembered and _may_go(session, world, search, now=now):
        publication = session.get_one(Publication, search.publication_id)
        _send_again(session, world, publication, "Sending it again under the same key.", now=now)
    elif remembered or search.promise.can_read:
        _look_again(session, search.publication_id, message, now=now)
    else:
        tries = _tries(session, world, search)
        said = "It may have arrived, and this network shows nobody what stands there. Look there and decide."
        _ask_a_person(session, search.publication_id, said, now=now, free_at=tries.quiet_at)


def _send_again(
    session: Session, world: World, publication: Publication, said: str, *, now: datetime
) -> None:
    pause = now + wait(publication.tries, first_s=world.timing.reconcile_tick)
    transitions.settle(
        session, publication.id, Act.RETRY, now=now, reason="absent", explanation=said,
        values={"not_before": pause, "looks": 0},
    )  # fmt: skip


def _may_go(session: Session, world: World, search: Search, *, now: datetime) -> bool:
    answer = gate.ask(session, search.publication_id, now=now, clock_sane=world.clock_sane)
    return isinstance(answer, gate.Passed)


def _tries(session: Session, world: World, search: Search) -> Tries:
    return tries_of(session, search.publication_id, search.part.index, timing=world.timing)


def _was_answered(sent: Any) -> bool:
    """By the network, and not by a gateway that has lost sight of it."""
    return sent.status is not None and sent.status not in GATEWAY_LOST


def _look_again(session: Session, publication_id: int, message: str, *, now: datetime) -> None:
    publication = session.get_one(Publication, publication_id)
    publication.looks += 1
    session.flush()
    if publication.looks >= MOST_LOOKS:
        _ask_a_person(session, publication_id, f"The network cannot be read: {message}", now=now)
        return
    publication.not_before = now + wait(publication.looks)
    session.flush()


def _ask_a_person(
    session: Session, publication_id: int, sentence: str, *, now: datetime, free_at: datetime | None = None
) -> None:
    """`free_at`: before then something of it may still be on its way, so "not there" sends nothing yet."""
    if not transitions.settle(
        session, publication_id, Act.ASK, now=now, reason="unclear", explanation=sentence,
        values={"not_before": free_at},
    ):  # fmt: skip
        return
    session.flush()
    publication = session.get_one(Publication, publication_id, populate_existing=True)
    people = {*leads_of(session, publication.desk_id), publication.created_by_id or publication.post.owner_id}
    notify(
        session, people, "publication.needs_person", publication, stage=publication.state_at.isoformat(),
        text=f"“{publication.post.title}” on {publication.account.handle}: is it there? {sentence}", now=now,
        details=told_about(publication),
    )  # fmt: skip
