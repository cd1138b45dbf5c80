"""An agent's first day: from the invitation to a how-to in review, learning on the way what brings Legal in."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from content_library import users
from content_library.memberships import Place
from content_library.models.desk import Desk
from content_library.models.post import Post, PostState
from content_library.models.user import DeskRole, User
from tests.browser.demo_desk import DemoDesk, open_desk
from tests.support.browser import DESKTOP, window
from tests.support.databases import Databases

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
PASSWORD = "kettle ladder orbit seven"


@pytest.fixture
def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDesk]:
    with open_desk(databases.new_url("sqlite"), tmp_path_factory.mktemp("first-day")) as opened:
        yield opened


@pytest.fixture
def secret(desk: DemoDesk) -> str:
    """What Sam's invitation to Ida Berg holds."""
    with desk.database.write() as session:
        sam = session.scalars(select(User).filter_by(email="sam@brindlemoor.example")).one()
        home = session.scalars(select(Desk)).one()
        place = Place(False, {home.id: DeskRole.AGENT}, set())
        invited = users.invite(
            session, name="Ida Berg", email="ida@brindlemoor.example", place=place, actor=sam,
            now=datetime.now(UTC), zone=home.zone,
        )  # fmt: skip
        return invited.secret


@pytest.fixture
def ida(chromium: Browser) -> Iterator[Page]:
    with window(chromium, size=DESKTOP) as context:
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield context.new_page()


def test_she_joins_writes_learns_what_legal_wants_to_see_and_sends(
    desk: DemoDesk, secret: str, ida: Page
) -> None:
    ida.goto(f"{desk.url}/invitation/{secret}")
    ida.get_by_label("Password").fill(PASSWORD)
    ida.get_by_role("main").get_by_role("button").first.click()
    ida.wait_for_url("**/d/brindlemoor/")
    expect(ida.get_by_role("heading", level=1)).to_be_visible()

    ida.get_by_role("link", name="New post").click()
    ida.get_by_role("button", name="How-to").click()
    ida.wait_for_url("**/compose")
    ida.get_by_label("Working title").fill("Sharpen a knife on a plate")
    text = ida.locator("[name=text]")
    text.fill("Turn a plate over and use its rough ring. It is free.")
    ida.locator("[name=accounts]").first.check()
    panel = ida.get_by_role("region", name="Who clears it")
    expect(panel).to_contain_text("Legal")
    expect(panel).to_contain_text("Without these words it is not asked.")
    text.fill("Turn a plate over and use its rough ring.")
    expect(panel).not_to_contain_text("Legal")
    expect(ida.locator("#panel")).to_contain_text("Before it can be sent")

    ida.get_by_text("More: topics").click()
    ida.get_by_role("checkbox", name="Knives").check()
    expect(ida.locator("#panel")).to_contain_text("Nothing is missing.")
    ida.get_by_role("button", name="Send to Marketing").click()
    expect(ida.get_by_text("Sent to Marketing.")).to_be_visible()
    with desk.database.read() as session:
        post = session.scalars(select(Post).filter_by(title="Sharpen a knife on a plate")).one()
        assert post.state is PostState.IN_REVIEW
        assert post.owner.name == "Ida Berg"
