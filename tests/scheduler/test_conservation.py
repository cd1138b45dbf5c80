"""Nothing vanishes: the record says how many were planned, and as many stand in the table."""

from datetime import timedelta

from sqlalchemy import delete, func, select

from content_library import sealing
from content_library.database import Database
from scheduler import agenda, conservation
from scheduler.conservation import Sum
from scheduler.models import Publication
from scheduler.planning import cancel
from tests import factories as make
from tests.scheduler.scene import NOW, a_scene
from tests.support.clock import FrozenClock

LATER = NOW + timedelta(minutes=10)


def plan(database: Database) -> tuple[int, int]:
    with database.write() as session:
        scene = a_scene(session)
        scene.clear()
        return scene.plan().id, scene.desk.id


def balance(database: Database, desk_id: int | None = None) -> Sum:
    with database.read() as session:
        counts = agenda.counts(session, desk_id)
        return conservation.balance(session, sum(counts.values()), desk_id)


def seal(database: Database, clock: FrozenClock) -> None:
    clock.advance(minutes=1)
    with database.write() as session:
        sealing.seal(session, key="k", now=clock())


def test_what_was_planned_is_there_sealed_or_not(database: Database, clock: FrozenClock) -> None:
    _, desk_id = plan(database)
    assert balance(database) == balance(database, desk_id) == Sum(1, 1)
    assert balance(database, desk_id + 1) == Sum(0, 0)
    seal(database, clock)
    assert conservation.keep_book(database, now=LATER) == Sum(1, 1)
    assert conservation.keep_book(database, now=LATER) == Sum(1, 1), "counting on counts nothing twice"
    assert balance(database, desk_id) == Sum(1, 1)


def test_a_publication_that_ends_still_counts(database: Database) -> None:
    publication_id, _ = plan(database)
    with database.write() as session:
        publication = session.get_one(Publication, publication_id)
        cancel(
            session, publication, actor=make.make_user(session, "Lea", desk=publication.post.desk), now=NOW
        )
    assert balance(database).adds_up


def test_one_that_vanishes_is_noticed_and_said(database: Database, clock: FrozenClock) -> None:
    publication_id, _ = plan(database)
    seal(database, clock)
    conservation.keep_book(database, now=LATER)
    with database.write() as session:
        session.execute(delete(Publication).where(Publication.id == publication_id))
    found = conservation.keep_book(database, now=LATER)
    assert (found, found.adds_up) == (Sum(1, 0), False)
    with database.read() as session:
        book = conservation.read_book(session)
        assert (book.missing, book.checked_at) == (1, LATER)


def test_both_books_are_read_of_one_moment(database: Database):
    with database.snapshot() as session:
        standing = select(func.count()).select_from(Publication)
        assert session.scalar(standing) == 0
        plan(database)
        assert session.scalar(standing) == 0
        assert conservation.balance(session, 0) == Sum(0, 0)
    assert balance(database) == Sum(1, 1)
