"""A desk with posts that can be planned, and the people who plan, stop and look on."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from content_library.models.account import AccountState
from content_library.models.desk import Desk
from content_library.models.post import Post
from content_library.models.user import User
from scheduler import transitions
from scheduler.models import Publication
from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.house import House, count_queries, database, house
from tests.support import served as serving

__all__ = ["count_queries", "database", "house"]
HERE = "/d/brindlemoor"


class Plan:
    """What is planned at the house's desk."""

    def __init__(self, house: House) -> None:
        self.house, self.database = house, house.database
        with self.database.write() as session:
            desk = session.get_one(Desk, house.desk.id)
            self.page_id = make.page_of(session, desk).id
            self.practice_id = make.make_account(session, desk, state=AccountState.PRACTICE).id
            make.make_user(session, "Sam Stranger", desk=make.make_desk(session, "Elsewhere", "elsewhere"))

    def client(self, key: str) -> FlaskClient:
        return self.house.client(key)

    def post(self, *, cleared: bool = True, **content: Any) -> int:
        content.setdefault("accounts", [self.page_id])
        with self.database.write() as session:
            people = {key: session.get_one(User, person.id) for key, person in self.house.people.items()}
            reviewers = {"marketing": "elena", "legal": "tom", "pr": "aisha", "product": "lukas"}
            desk = session.get_one(Desk, self.house.desk.id)
            post = make.make_post(session, desk, people["maya"], **content)
            if cleared:
                make.clear(session, post, people["maya"], {k: people[n] for k, n in reviewers.items()})
            return post.id

    def publication(
        self,
        *acts: Act,
        due_at: datetime = make.NOW + timedelta(hours=3),
        cleared: bool = True,
        **content: Any,
    ) -> int:
        """A planned publication that these acts have happened to."""
        post_id = self.post(cleared=cleared, **content)
        with self.database.write() as session:
            maya, post = session.get_one(User, self.house.people["maya"].id), session.get_one(Post, post_id)
            account = next(r.account for r in post.revisions[-1].renditions)
            publication = make.plan(session, post, account, maya, due_at=due_at)
            for act in acts:
                transitions.move(session, publication, act, actor=None, now=make.NOW)
            return publication.id

    def find(self, publication_id: int) -> Publication:
        with self.database.read() as session:
            found = session.get_one(Publication, publication_id)
            assert found.account and found.post
            session.expunge_all()
            return found


@pytest.fixture
def plan(house: House) -> Plan:
    house.app.config["WTF_CSRF_ENABLED"] = False
    return Plan(house)


@pytest.fixture
def maya(plan: Plan) -> FlaskClient:
    return plan.client("maya")


@pytest.fixture
def priya(plan: Plan) -> FlaskClient:
    return plan.client("priya")


def words(answer: Any) -> str:
    """What the page says, without its marks."""
    return " ".join(html.fromstring(answer.text).text_content().split())


@pytest.fixture
def served(house: House) -> Iterator[str]:
    """The house's application on loopback."""
    with serving.served(house.app, host="localhost") as address:
        yield address
