"""A house whose mails really leave: what arrives is read for its links, and the links are opened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.mail_rendering import renderer
from content_library import notifications, users
from content_library.database import Database
from content_library.mail_times import SOON
from content_library.models.decision_link import DecisionLink
from content_library.models.desk import Team
from content_library.models.post import Post
from content_library.models.user import User
from content_library.settings import Settings
from tests import factories as make
from tests.app.house import House, database, furnish, settings_for
from tests.support.clock import FrozenClock
from tests.support.served import served as serving
from tests.support.smtp import Mailbox

__all__ = ["database"]
LINK = re.compile(r"https?://[^/\s]+(/decisions/[A-Za-z0-9_-]+)")


@dataclass
class Mailing:
    """`deliver` writes and sends what is due; `path(person)` is the link in the newest mail to somebody."""

    house: House
    settings: Settings
    sink: Mailbox
    clock: FrozenClock

    @property
    def database(self) -> Database:
        return self.house.database

    def deliver(self) -> None:
        now = self.clock.advance(seconds=SOON.total_seconds())
        with self.database.write() as session:
            notifications.make_mails(session, renderer(self.settings), now=now)
        notifications.send_due(self.database, self.settings, now=now)

    def mails(self, key: str) -> list[EmailMessage]:
        return self.sink.to(self.house.people[key].email)

    def text(self, key: str) -> str:
        body = self.mails(key)[-1].get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    def html(self, key: str) -> str:
        body = self.mails(key)[-1].get_body(("html",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    def path(self, key: str) -> str:
        """The path of the one link that decides in the newest mail to somebody."""
        found = {m[1] for m in LINK.finditer(self.text(key))}
        assert len(found) == 1, found
        assert {m[1] for m in LINK.finditer(self.html(key))} == found
        return found.pop()

    def submit(self, **content: Any) -> int:
        """A post of Maya's, sent to its teams; returns its id."""
        with self.database.write() as session:
            maya = session.get_one(User, self.house.people["maya"].id)
            desk = session.merge(self.house.desk)
            post = make.make_post(session, desk, maya, now=self.clock(), **content)
            make.submit(session, post, maya, now=self.clock())
            return post.id

    def change(self, post_id: int, **content: Any) -> None:
        with self.database.write() as session:
            post, maya = session.get_one(Post, post_id), session.get_one(User, self.house.people["maya"].id)
            make.save(session, post, maya, now=self.clock(), **content)
            make.submit(session, post, maya, now=self.clock())

    def link(self) -> DecisionLink:
        """The newest link, to look at."""
        with self.database.read() as session:
            found = session.query(DecisionLink).order_by(DecisionLink.id.desc()).first()
            assert found is not None
            session.expunge(found)
            return found

    def outsider(self, team: str = "marketing") -> None:
        """Nadia Fenn of another firm, who decides for a team."""
        with self.database.write() as session:
            self.house.people["nadia"] = users.add_outsider(
                session, name="Nadia Fenn", email="nadia@law.example", teams=[team_id(session, team)],
                actor=session.get_one(User, self.house.people["sam"].id), now=self.clock(),
            )  # fmt: skip

    def browser(self) -> FlaskClient:
        """A browser of nobody’s."""
        return self.house.client()


def team_id(session: Session, key: str) -> int:
    return int(session.query(Team.id).filter_by(key=key).one()[0])


@pytest.fixture
def mailing(database: Database, tmp_path: Path, clock: FrozenClock, smtp_sink: Mailbox) -> Mailing:
    settings = settings_for(tmp_path)
    house = furnish(database, settings)
    settings = replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}")
    return Mailing(house, settings, smtp_sink, clock)


@pytest.fixture
def served(mailing: Mailing) -> Iterator[str]:
    with serving(mailing.house.app) as address:
        yield address
