"""The built-in page over its real table behind the contract of every network."""

import pytest
from sqlalchemy import func, select

from content_library.database import Database
from service_channel.models.page_post import PagePost
from service_channel.networks.base import Access
from service_channel.networks.page import Page
from service_channel.page_store import PageStore
from tests.factories import make_desk, page_of
from tests.networks.contract import AskedForOne, Contract


@pytest.fixture
def network() -> Page:
    return Page()


@pytest.fixture
def access(database: Database) -> Access:
    with database.write() as session:
        account = page_of(session, make_desk(session))
        return Access(account.id, account.handle, store=PageStore(database))


class TestPageOverItsTable(AskedForOne, Contract):
    def standing(self, access: Access) -> int:
        with access.store._database.read() as session:
            found = select(func.count()).select_from(PagePost).where(PagePost.taken_down_at.is_(None))
            return session.scalar(found) or 0
