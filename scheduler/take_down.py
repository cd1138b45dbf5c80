"""Deleting from the networks what was taken down."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content_library import clock
from scheduler import transitions
from scheduler.models import AttemptOutcome, Part, Publication
from scheduler.payloads import parts_of
from scheduler.recording import note_attempt
from scheduler.world import World
from service_channel import accounts
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import Outcome, RemoteRef, SendResult

AGAIN = timedelta(minutes=1)


def due(session: Session, *, most: int = 20) -> list[int]:
    """Publications to be taken down that are still there; claimed for a minute."""
    now = clock.now(session)
    wanted = session.scalars(
        select(Publication.id)
        .where(
            Publication.take_down_wanted_at.is_not(None),
            Publication.take_down_wanted_at <= now,
            Publication.taken_down_at.is_(None),
        )
        .limit(most)
    ).all()
    session.execute(
        update(Publication)
        .where(Publication.id.in_(wanted))
        .values(take_down_wanted_at=now + AGAIN)
        .execution_options(synchronize_session=False)
    )
    return list(wanted)


def take_down_one(world: World, publication_id: int) -> None:
    """Delete every part that still stands, the last first."""
    with world.database.read() as session:
        publication = session.get_one(Publication, publication_id)
        access = accounts.access(session, publication.account, database=world.database, vault=world.vault)
        network = world.networks[publication.account.network]
        standing = [p for p in parts_of(session, publication_id) if p.remote_id and p.taken_down_at is None]
        refs = [(p.position, RemoteRef(p.remote_id or "", p.cid, p.url)) for p in reversed(standing)]
    for position, ref in refs:
        result = network.delete(access, ref, deadline_s=world.timing.send_deadline)
        with world.database.write() as session:
            _note(session, publication_id, position, ref, result)
        if result.outcome is not Outcome.SENT:
            return
    with world.database.write() as session:
        _done(session, publication_id)


def _note(session: Session, publication_id: int, position: int, ref: RemoteRef, result: SendResult) -> None:
    now = clock.now(session)
    note_attempt(
        session, publication_id, position, "delete", AttemptOutcome(result.outcome.value), now=now,
        status=result.status, request=result.request, response=result.response, message=result.message,
    )  # fmt: skip
    if result.outcome is Outcome.SENT:
        gone = {"taken_down_at": now}
        session.execute(
            update(Part)
            .where(Part.publication_id == publication_id, Part.position == position)
            .values(**gone)
        )
        session.execute(update(SentPart).where(SentPart.remote_id == ref.remote_id).values(**gone))


def _done(session: Session, publication_id: int) -> None:
    now = clock.now(session)
    publication = session.get_one(Publication, publication_id)
    publication.taken_down_at = now
    transitions.note(session, publication, "publication.taken_down", "Taken down", now=now)
