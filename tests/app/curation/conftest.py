"""A desk that follows feeds of a site on loopback, and its people's browsers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from content_library.database import Database
from content_library.models.feed import FeedItem, Proposal, ProposalState
from content_library.models.user import DeskRole, User
from content_library.settings import load
from tests.factories import client_for, make_desk, make_user
from tests.support import sites
from tests.support.feed_documents import items, rss
from tests.support.sites import Answer, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with sites.site() as found:
        found["/feed"] = Answer(rss(items(5)))
        yield found


@pytest.fixture
def application(database: Database, tmp_path: Path) -> Flask:
    settings = load(
        {
            "DESKCAST_DATA": str(tmp_path),
            "DESKCAST_DATABASE_URL": database.url,
            "DESKCAST_FETCH_ALLOW": "127.0.0.1:*",
        }
    )
    app = create_app(settings, database)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


class Desk:
    """What the pages of one desk did to the tables."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            desk = make_desk(session)
            other = make_desk(session, "Other desk", "other")
            self.maya = make_user(session, "Maya Okafor", desk=desk)
            self.ruth = make_user(session, "Ruth Adler", desk=desk, role=DeskRole.AUDITOR)
            self.jonas = make_user(session, "Jonas Weil", desk=other)

    def states(self) -> dict[str, ProposalState]:
        with self.database.read() as session:
            rows = session.execute(
                select(FeedItem.title, Proposal.state).join(Proposal, Proposal.item_id == FeedItem.id)
            )
            return dict(rows.all())

    def proposal_id(self, number: int) -> int:
        with self.database.read() as session:
            title = f"Story number {number} of the kitchen"
            found = select(Proposal.id).join(Proposal.item).where(FeedItem.title == title)
            return session.scalars(found).one()


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def client(application: Flask, desk: Desk) -> FlaskClient:
    """Maya's browser."""
    return client_for(application, desk.maya)


@pytest.fixture
def following(client: FlaskClient, site: Site) -> FlaskClient:
    """Maya's browser, after she made the desk follow the site's feed."""
    sent = {"url": f"{site.url}/feed", "format_key": "industry_news", "licence_note": ""}
    assert client.post("/d/brindlemoor/curation/feeds", data=sent).status_code == 303
    return client


def browser_of(application: Flask, person: User) -> FlaskClient:
    return client_for(application, person)
