"""A fact changes in the very moment in which a text that uses it is approved, sent or saved: the old value loses."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import facts
from content_library.database import Database
from content_library.errors import Refusal
from content_library.fact_values import outdated
from content_library.facts import Naming
from content_library.models.fact import Fact
from content_library.models.post import Post, Revision
from content_library.models.review import Approval, Review, Submission, SubmissionState
from content_library.models.user import User
from tests import factories as make
from tests.content_library.scene import make_scene
from tests.factories import NOW

Act = Callable[[Session], object]


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL, where writers do not queue up."""
    database = Database(postgres_url)
    yield database
    database.dispose()


@pytest.fixture
def people(database: Database) -> dict[str, int]:
    """A post that uses a fact, sent to one team, and everybody's id."""
    with database.write() as session:
        scene = make_scene(session)
        facts.add_fact(session, scene.desk, Naming("wait"), "an hour", actor=scene.priya, now=NOW)
        scene.submit(scene.post(text="Wait {{wait}}."))
        return {"maya": scene.maya.id, "priya": scene.priya.id, "elena": scene.reviewers["marketing"].id}


def one(session: Session, model: type) -> object:
    return session.scalars(select(model)).one()


def changed(people: dict[str, int]) -> Act:
    return lambda session: facts.change_fact(
        session, one(session, Fact), "two hours", why="Hard water.", seen=1,
        actor=session.get_one(User, people["priya"]), now=NOW,
    )  # fmt: skip


def approved(people: dict[str, int]) -> Act:
    return lambda session: make.decide(session, one(session, Review), session.get_one(User, people["elena"]))


def saved_and_sent(people: dict[str, int]) -> Act:
    def act(session: Session) -> None:
        post, maya = one(session, Post), session.get_one(User, people["maya"])
        make.save(session, post, maya, text="Please wait {{wait}}.")
        make.submit(session, post, maya)

    return act


def one_waits_for_the_other(database: Database, first: Act, second: Act) -> None:
    """`second` begins when `first` has acted and has not committed."""

    def late() -> None:
        try:
            with database.write() as session:
                second(session)
        except Refusal:
            pass

    waiting = threading.Thread(target=late)
    with database.write() as session:
        first(session)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive(), "nobody held anything"
    waiting.join(20)
    assert not waiting.is_alive()


@pytest.mark.network
@pytest.mark.parametrize("act", [approved, saved_and_sent])
@pytest.mark.parametrize("change_comes", ["first", "second"])
def test_the_old_value_is_neither_approved_nor_in_review_afterwards(
    database: Database, people: dict[str, int], act: Callable[[dict[str, int]], Act], change_comes: str
) -> None:
    acts = (changed(people), act(people))
    one_waits_for_the_other(database, *(acts if change_comes == "first" else acts[::-1]))
    with database.read() as session:
        assert one(session, Fact).latest_number == 2  # type: ignore[attr-defined]
        resting = [
            *session.scalars(select(Approval.revision_id).where(Approval.withdrawn_at.is_(None))),
            *session.scalars(select(Submission.revision_id).where(Submission.state == SubmissionState.OPEN)),
        ]
        for revision_id in resting:
            assert outdated(session, session.get_one(Revision, revision_id)) == []
