"""A lead connects a Bluesky account in a browser: from our page to a real server's pages, and back."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.app.house import House, database, furnish, settings_for
from tests.support.pds import PASSWORD, RealPds
from tests.support.processes import free_port
from tests.support.served import served, sign_in

__all__ = ["database"]
pytestmark = [pytest.mark.browser, pytest.mark.pds, pytest.mark.slow]


@pytest.fixture
def house(database, tmp_path, pds: RealPds) -> Iterator[tuple[House, str]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    allowed = ",".join(urlsplit(one).netloc for one in (pds.url, pds.named_url, pds.directory))
    settings = settings_for(
        tmp_path,
        DESKCAST_PUBLIC_URL=url,
        DESKCAST_FETCH_ALLOW=allowed,
        DESKCAST_PLC_DIRECTORY=pds.directory,
    )
    house = furnish(database, settings)
    with served(house.app, port=port):
        yield house, url


def test_signing_in_leads_to_bluesky_and_back_with_the_account_connected(
    house: tuple[House, str], page: Page, pds: RealPds
) -> None:
    home, url = house
    page.set_default_timeout(60_000)  # both servers and the browser share a small machine
    _did, handle, _app_password = pds.create_account()
    sign_in(page.context, home.client("priya"), home.app, url)
    page.goto(f"{url}/d/{home.desk.handle}/accounts/new/bluesky")
    page.get_by_label("Handle").first.fill(pds.named_url)
    page.get_by_role("button", name="Go to Bluesky").click()
    page.wait_for_url(f"{pds.named_url}/oauth/authorize?**")
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=username]").fill(handle)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{url}/d/{home.desk.handle}/accounts")
    expect(page.get_by_text(f"Connected: {handle}")).to_be_visible()
    expect(page.get_by_text("Has to be connected again by")).to_be_visible()
