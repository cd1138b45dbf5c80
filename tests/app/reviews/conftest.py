"""A house with posts in review, and its pages served on loopback for the browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from content_library.database import Database
from content_library.models.post import Post
from content_library.models.review import Review
from content_library.models.user import User
from tests import factories as make
from tests.app.house import House, database, furnish, settings_for
from tests.support import served as serving
from tests.support.clock import FrozenClock

__all__ = ["database"]


@dataclass
class Queue:
    """A house in which posts are sent to review. `review("legal")` is the id of the last one made for a team."""

    house: House
    clock: FrozenClock

    @contextmanager
    def told(self) -> Iterator["Told"]:
        with self.house.database.write() as session:
            people = {key: session.get_one(User, person.id) for key, person in self.house.people.items()}
            yield Told(session, session.merge(self.house.desk), people, self.clock())

    def client(self, key: str) -> FlaskClient:
        return self.house.client(key)

    def send(self, **content: Any) -> int:
        """A post of Maya's, sent to its teams; returns the id of the first review."""
        with self.told() as told:
            post = told.post(**content)
            return make.submit(told.session, post, told.people["maya"], now=told.now).reviews[0].id

    def look(self, review_id: int, at: Callable[[Review], Any]) -> Any:
        with self.house.database.read() as session:
            return at(session.get_one(Review, review_id))


@dataclass
class Told:
    session: Session
    desk: Any
    people: dict[str, User]
    now: Any

    def post(self, **content: Any) -> Post:
        return make.make_post(self.session, self.desk, self.people["maya"], now=self.now, **content)


@pytest.fixture
def queue(database: Database, tmp_path: Path, clock: FrozenClock) -> Queue:
    return Queue(furnish(database, settings_for(tmp_path)), clock)


@pytest.fixture
def served(queue: Queue) -> Iterator[str]:
    """The address the house is served at."""
    with serving.served(queue.house.app) as address:
        yield address
