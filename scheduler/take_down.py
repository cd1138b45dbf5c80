"""Deleting from the networks what was taken down. What cannot be deleted becomes a person's errand, in words."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from content_library import clock
from content_library.backoff import wait
from content_library.notices import leads_of, notify
from scheduler import observing, transitions
from scheduler.models import Attempt, AttemptOutcome, Part, Publication
from scheduler.payloads import parts_of
from scheduler.publication_flow import SEEN
from scheduler.recording import note_attempt, readable
from scheduler.world import World
from service_channel import accounts
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import Access, Network, Outcome, RemoteRef, SendResult
from service_channel.token_vault import CannotOpen

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=1)
LEFT_THERE = "publication.left_there"
TRIES_ALONE = 3
"""From then on a person is asked to do it; Deskcast goes on trying."""


def due(session: Session, *, most: int = 20) -> list[int]:
    """Publications to be taken down that are still there, set aside for a minute."""
    now = clock.now(session)
    wanted = session.scalars(
        select(Publication.id)
        .where(
            Publication.take_down_wanted_at.is_not(None),
            Publication.take_down_wanted_at <= now,
            Publication.taken_down_at.is_(None),
        )
        .order_by(Publication.take_down_wanted_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for publication_id in wanted:
        _again_at(session, publication_id, now + AGAIN)
    return list(wanted)


def take_down_one(world: World, publication_id: int) -> None:
    """Delete every part that still stands, the last first."""
    with world.database.read() as session:
        refs = _standing(session, publication_id)
        try:
            network, access = _way_in(session, world, publication_id)
        except CannotOpen as problem:
            network, sentence = None, str(problem)
    if network is None:
        with world.database.write() as session:
            _put_off(session, publication_id, sentence)
        return
    for position, ref in refs:
        result = _delete(world, network, access, ref)
        observing.tried(network.key, "delete", result.outcome.value)
        with world.database.write() as session:
            _note(session, publication_id, position, result)
        if result.outcome is not Outcome.SENT:
            return
    with world.database.write() as session:
        _done(session, publication_id)


def _standing(session: Session, publication_id: int) -> list[tuple[int, RemoteRef]]:
    parts = [p for p in parts_of(session, publication_id) if p.remote_id and p.taken_down_at is None]
    return [(p.position, RemoteRef(p.remote_id or "", p.cid, p.url)) for p in reversed(parts)]


def _way_in(session: Session, world: World, publication_id: int) -> tuple[Network, Access]:
    """Raises CannotOpen."""
    account = session.get_one(Publication, publication_id).account
    network = world.networks.get(account.network)
    if network is None:
        raise CannotOpen(f"This release cannot reach {account.network}.")
    return network, accounts.access(session, account, database=world.database, vault=world.vault)


def _delete(world: World, network: Network, access: Access, ref: RemoteRef) -> SendResult:
    try:
        return readable(network.delete(access, ref, deadline_s=world.timing.send_deadline))
    except Exception as crash:
        log.exception("%s could not be deleted", ref.remote_id)
        return SendResult(Outcome.UNKNOWN, message=f"Deleting broke off ({type(crash).__name__}).")


def _note(session: Session, publication_id: int, position: int, result: SendResult) -> None:
    now = clock.now(session)
    note_attempt(
        session, publication_id, position, "delete", AttemptOutcome(result.outcome.value), now=now,
        status=result.status, request=result.request, response=result.response, message=result.message,
    )  # fmt: skip
    if result.outcome is not Outcome.SENT:
        _put_off(session, publication_id, result.message or "The network gave no clear answer.")
        return
    for table, place in ((Part, Part.position), (SentPart, SentPart.part_index)):
        session.execute(
            update(table)
            .where(table.publication_id == publication_id, place == position)
            .values(taken_down_at=now)
        )


def _put_off(session: Session, publication_id: int, problem: str) -> None:
    """Try again later, and after a few times ask the leads to do it on the network itself."""
    now = clock.now(session)
    failed = _failures(session, publication_id)
    _again_at(session, publication_id, now + wait(failed, first_s=AGAIN.total_seconds()))
    if failed >= TRIES_ALONE:
        _ask_a_person(session, session.get_one(Publication, publication_id), problem, now=now)


def _failures(session: Session, publication_id: int) -> int:
    deletions = select(func.count()).where(
        Attempt.publication_id == publication_id,
        Attempt.act == "delete",
        Attempt.outcome != AttemptOutcome.SENT,
    )
    return (
        session.scalar(deletions) or TRIES_ALONE
    )  # none was made: the way in is missing, and waiting does not help


def _again_at(session: Session, publication_id: int, instant: datetime) -> None:
    session.execute(
        update(Publication)
        .where(Publication.id == publication_id, Publication.taken_down_at.is_(None))
        .values(take_down_wanted_at=instant)
        .execution_options(synchronize_session=False)
    )


def _ask_a_person(session: Session, publication: Publication, problem: str, *, now: datetime) -> None:
    text = (
        f"“{publication.post.title}” still stands on {publication.account.handle}: {problem} "
        f"Take it down there yourself: {_address(session, publication)}"
    )
    people = leads_of(session, publication.desk_id)
    notify(session, people, "publication.take_down", publication, text=text, now=now)


def _address(session: Session, publication: Publication) -> str:
    """Where it stands; of what is half out, where its beginning does."""
    of_parts = (
        part.url for part in parts_of(session, publication.id) if part.remote_id and not part.taken_down_at
    )
    return publication.url or next(of_parts, "")


def _done(session: Session, publication_id: int) -> None:
    now = clock.now(session)
    publication = session.get_one(Publication, publication_id)
    if publication.taken_down_at is not None:
        return
    publication.taken_down_at = now
    if not _is_more_there(session, publication):
        transitions.note(session, publication, "publication.taken_down", "Taken down", now=now)
        return
    publication.explanation = (
        "What a person saw there stands where only they know: take that down on the network."
    )
    transitions.note(
        session, publication, "publication.taken_down", "Taken down, except what a person saw there", now=now
    )
    people = leads_of(session, publication.desk_id)
    text = f"“{publication.post.title}” on {publication.account.handle}: {publication.explanation} {publication.url}"
    notify(session, people, LEFT_THERE, publication, text=text.strip(), now=now)


def _is_more_there(session: Session, publication: Publication) -> bool:
    """Whether a person saw a part there of which Deskcast knows no address."""
    unknown = any(part.remote_id is None for part in parts_of(session, publication.id))
    return publication.reason == SEEN and unknown
