"""A desk with two writers, a lead, an auditor and reviewers, and their browsers."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select

from app import create_app
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.post import Post, PostState, Revision, WorkingCopy
from content_library.models.user import DeskRole, User
from content_library.posts import find_working_copy
from content_library.settings import load
from content_library.wall_time import wall_of
from scheduler import transitions
from scheduler.planning import WallTime, plan
from scheduler.publication_flow import Act
from tests import factories as make

HERE = "/d/brindlemoor/posts"
IN_A_MINUTE = make.NOW + timedelta(minutes=1)


class World:
    """What stands in the tables of one desk."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.desk = make.make_desk(session)
            self.page = make.page_of(session, self.desk)
            self.bluesky = make.make_account(session, self.desk)
            self.maya = make.make_user(session, "Maya Okafor", desk=self.desk)
            self.jonas = make.make_user(session, "Jonas Weil", desk=self.desk)
            self.priya = make.make_user(session, "Priya Raman", desk=self.desk, role=DeskRole.LEAD)
            self.ruth = make.make_user(session, "Ruth Adler", desk=self.desk, role=DeskRole.AUDITOR)
            self.reviewers = make.make_reviewers(session)
            self.stranger = make.make_user(
                session, "Sam Stranger", desk=make.make_desk(session, "Other", "other")
            )

    def post(self, **content: Any) -> int:
        with self.database.write() as session:
            desk, maya = session.get_one(Desk, self.desk.id), session.get_one(User, self.maya.id)
            return make.make_post(session, desk, maya, **content).id

    def save(self, post_id: int, person: User, **content: Any) -> None:
        with self.database.write() as session:
            make.save(session, session.get_one(Post, post_id), session.get_one(User, person.id), **content)

    def clear(self, post_id: int) -> None:
        with self.database.write() as session:
            people = {key: session.get_one(User, user.id) for key, user in self.reviewers.items()}
            make.clear(session, session.get_one(Post, post_id), session.get_one(User, self.maya.id), people)

    def run(
        self, post_id: int, acts: dict[str, tuple[Act, ...]], *, due_at: datetime = IN_A_MINUTE
    ) -> list[int]:
        """Plan a cleared post for one moment on accounts named by their handles, and let these acts happen there."""
        with self.database.write() as session:
            post, maya = session.get_one(Post, post_id), session.get_one(User, self.maya.id)
            named = {account.handle: account for account in session.scalars(select(Account))}
            when = WallTime(wall_of(due_at, "UTC").isoformat(), "UTC")
            planned = plan(session, post, [named[name] for name in acts], when, actor=maya, now=make.NOW)
            for publication in planned:
                for act in acts[publication.account.handle]:
                    transitions.move(session, publication, act, actor=None, now=make.NOW)
            return [publication.id for publication in planned]

    def submit(self, post_id: int) -> None:
        with self.database.write() as session:
            make.submit(session, session.get_one(Post, post_id), session.get_one(User, self.maya.id))

    def state(self, post_id: int) -> PostState:
        with self.database.read() as session:
            return session.get_one(Post, post_id).state

    def latest(self, post_id: int) -> Revision:
        with self.database.read() as session:
            found = session.get_one(Post, post_id).latest_revision_id
            assert found
            revision = session.get_one(Revision, found)
            session.expunge(revision)
            return revision

    def copy(self, post_id: int, person: User) -> WorkingCopy | None:
        with self.database.read() as session:
            found = find_working_copy(session, session.get_one(Post, post_id), actor=person)
            if found is not None:
                session.expunge(found)
            return found


@pytest.fixture
def application(database: Database, tmp_path: Path) -> Flask:
    settings = load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": database.url})
    app = create_app(settings, database)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


class Browser:
    """A person's browser without script: it fills in forms and presses their buttons."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def open(self, address: str, *, status: int = 200) -> Any:
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text[:400]
        return html.fromstring(answer.text)

    def composer(self, post_id: int) -> dict[str, Any]:
        """The composer's fields as the browser would send them."""
        return fields_of(self.open(f"{HERE}/{post_id}/compose"))

    def send(self, address: str, fields: dict[str, Any] | None = None, *, json: bool = False) -> Any:
        headers = {"Accept": "application/json"} if json else {}
        return self.client.post(address, data=fields or {}, headers=headers)


def fields_of(page: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in page.get_element_by_id("composer").form_values():
        fields[name] = value if name not in fields else [*_listed(fields[name]), value]
    return fields


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def words(page: Any) -> str:
    return " ".join(page.text_content().split())


@pytest.fixture
def maya(application: Flask, world: World) -> Browser:
    return Browser(make.client_for(application, world.maya))


@pytest.fixture
def jonas(application: Flask, world: World) -> Browser:
    return Browser(make.client_for(application, world.jonas))


@pytest.fixture
def priya(application: Flask, world: World) -> Browser:
    return Browser(make.client_for(application, world.priya))


@pytest.fixture
def ruth(application: Flask, world: World) -> Browser:
    return Browser(make.client_for(application, world.ruth))
