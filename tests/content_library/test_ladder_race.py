"""Two people at one account's ladder in the same moment: one is heard, the other is told to look again."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import ladder
from content_library.database import Database
from content_library.errors import Refusal, TransitionNotAllowed
from content_library.ladder_rules import Figures
from content_library.models.account import Account
from content_library.models.ladder import LadderStanding, LadderStep
from content_library.models.user import DeskRole, User
from tests import factories as make
from tests.factories import NOW

EARNED = Figures(published=99, decided=1, first_pass=1)
LATER = NOW + timedelta(days=40)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL, where writers do not queue up."""
    database = Database(postgres_url)
    with database.write() as session:
        desk = make.make_desk(session)
        make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
        make.make_user(session, "Sam Ito", is_administrator=True)
        make.make_reviewers(session)
        make.make_account(session, desk)
    yield database
    database.dispose()


def person(session: Session, name: str) -> User:
    return session.scalars(select(User).filter_by(name=name)).one()


def account(session: Session) -> Account:
    return session.scalars(select(Account).filter_by(network="bluesky")).one()


def switch_on(session: Session, who: str) -> None:
    ladder.switch_on(session, account(session), 1, "x", actor=person(session, who), now=NOW)


def sign(session: Session, who: str) -> None:
    ladder.sign(session, account(session), EARNED, seen=2, actor=person(session, who), now=LATER)


def meanwhile(
    database: Database, act: Callable[[Session, str], None], first: str, second: str
) -> list[Refusal]:
    """`second` tries the same while `first` has not committed yet; what became of it."""
    refusals: list[Refusal] = []

    def late() -> None:
        try:
            with database.write() as session:
                act(session, second)
        except Refusal as refusal:
            refusals.append(refusal)

    other = threading.Thread(target=late)
    with database.write() as session:
        act(session, first)
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join(10)
    assert not other.is_alive()
    return refusals


def test_two_leads_switch_it_on_and_one_of_them_did(database: Database) -> None:
    (refusal,) = meanwhile(database, switch_on, "Priya Raman", "Sam Ito")
    assert isinstance(refusal, TransitionNotAllowed)
    with database.read() as session:
        assert len(session.scalars(select(LadderStanding)).all()) == 1


def test_two_people_sign_and_the_account_rises_by_one_stage(database: Database) -> None:
    with database.write() as session:
        switch_on(session, "Priya Raman")
        ladder.ask(session, account(session), EARNED, actor=person(session, "Priya Raman"), now=LATER)
    (refusal,) = meanwhile(database, sign, "Tom Hargreave", "Aisha Demir")
    assert isinstance(refusal, TransitionNotAllowed)
    with database.read() as session:
        assert session.scalars(select(LadderStanding.stage)).one() == 2
        assert len(session.scalars(select(LadderStep)).all()) == 2
