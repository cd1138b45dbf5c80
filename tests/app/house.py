"""A house full of people for the tests of the settings: one desk, its people, the four teams, an administrator."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from app import create_app
from content_library.database import Database
from content_library.models.desk import Desk
from content_library.models.user import DeskRole, User
from content_library.settings import Settings, load
from content_library.sign_in import hash_password
from tests.factories import PASSWORD, client_for, make_desk, make_reviewers, make_user
from tests.support.databases import Databases, open_database

PUBLIC_URL = "http://localhost"
_TOKEN = re.compile(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"')
HASH = hash_password(PASSWORD)


def settings_for(folder: Path, **environment: str) -> Settings:
    return load(
        {
            "DESKCAST_DATA": str(folder),
            "DESKCAST_PUBLIC_URL": PUBLIC_URL,
            "DESKCAST_DEMO": "0",
            "DESKCAST_UNDO_S": "0",
            **environment,
        }
    )


@dataclass
class House:
    """`client("sam")` is a browser signed in as Sam Ito."""

    app: Flask
    database: Database
    desk: Desk
    people: dict[str, User]

    def client(self, key: str | None = None) -> FlaskClient:
        return client_for(self.app, self.people[key] if key else None)


@pytest.fixture
def database(databases: Databases, clock):
    """SQLite is enough for pages; the verbs behind them are tested on both."""
    url = databases.new_url("sqlite")
    database = open_database(url, clock=clock)
    yield database
    database.dispose()
    databases.discard(url)


@pytest.fixture
def house(database, tmp_path) -> House:
    return furnish(database, settings_for(tmp_path))


def furnish(database: Database, settings: Settings) -> House:
    with database.write() as session:
        desk = make_desk(session)
        people = {
            "sam": make_user(session, "Sam Ito", is_administrator=True, password_hash=HASH),
            "maya": make_user(session, "Maya Okafor", desk=desk, password_hash=HASH),
            "priya": make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD, password_hash=HASH),
            "ruth": make_user(session, "Ruth Adler", desk=desk, role=DeskRole.AUDITOR, password_hash=HASH),
        }
        people |= {person.name.split()[0].lower(): person for person in make_reviewers(session).values()}
    return House(create_app(settings, database), database, desk, people)


def token(answer: TestResponse) -> str:
    found = _TOKEN.search(answer.get_data(as_text=True))
    assert found, f"no form on the page: {answer.status}"
    return found[1]


def send(client: FlaskClient, page: str, action: str | None = None, **data) -> TestResponse:
    """Open a page and send a form of it, as a browser would."""
    fields = {name.rstrip("_"): value for name, value in data.items()}
    return client.post(action or page, data={"csrf_token": token(client.get(page)), **fields})


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def count_queries():
    """`with count_queries(database) as asked:` collects the statements that run meanwhile."""

    @contextmanager
    def counting(database: Database) -> Iterator[list[str]]:
        asked: list[str] = []

        def note(_connection, _cursor, statement, *_rest):
            asked.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return counting
