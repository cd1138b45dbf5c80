"""Triage by keyboard in a real browser, and the pages for everybody's eyes and widths."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, expect

from content_library.models.feed import ProposalState
from tests.app.curation.conftest import Desk
from tests.support import served
from tests.support.browser import assert_accessible, assert_fits_width

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]
PAGE = "/d/brindlemoor/curation"


@pytest.fixture
def url(application: Flask, following: FlaskClient, desktop: BrowserContext) -> Iterator[str]:
    with served.served(application) as address:
        served.sign_in(desktop, following, application, address)
        yield address


def current(page: Page) -> str:
    return page.locator("article.is-current h2").inner_text()


def test_stories_are_walked_through_and_decided_on_by_keyboard(
    application: Flask, desktop: BrowserContext, url: str, desk: Desk
):
    application.config["WTF_CSRF_ENABLED"] = True
    page = desktop.new_page()
    page.goto(url + PAGE)
    assert current(page) == "Story number 5 of the kitchen"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert current(page) == "Story number 4 of the kitchen"
    page.keyboard.press("d")
    expect(page.locator("article")).to_have_count(4)
    assert current(page) == "Story number 3 of the kitchen"
    page.keyboard.press("a")
    expect(page.locator("article")).to_have_count(3)
    assert current(page) == "Story number 2 of the kitchen"
    page.keyboard.press("s")
    expect(page.locator("article")).to_have_count(2)
    states = desk.states()
    assert [states[f"Story number {n} of the kitchen"] for n in (4, 3, 2)] == [
        ProposalState.DISMISSED,
        ProposalState.ACCEPTED,
        ProposalState.SNOOZED,
    ]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("article")).to_have_count(3)


def test_only_the_current_story_shows_what_can_be_done_and_a_click_makes_one_current(
    desktop: BrowserContext, url: str
):
    page = desktop.new_page()
    page.goto(url + PAGE)
    expect(page.get_by_role("button", name="Make a draft", exact=True)).to_have_count(1)
    page.get_by_role("heading", name="Story number 2 of the kitchen").click()
    assert current(page) == "Story number 2 of the kitchen"
    page.get_by_role("checkbox", name="Choose “Story number 1 of the kitchen”").check()
    page.get_by_role("button", name="Dismiss all chosen").click()
    expect(page.locator("article")).to_have_count(4)


def test_without_script_everything_can_still_be_done(
    chromium, application: Flask, following: FlaskClient, url: str, desk: Desk
):
    context = chromium.new_context(java_script_enabled=False)
    served.sign_in(context, following, application, url)
    page = context.new_page()
    page.goto(url + PAGE)
    page.locator("article").nth(1).get_by_role("button", name="Dismiss").click()
    expect(page.locator("article")).to_have_count(4)
    context.close()
    assert desk.states()["Story number 4 of the kitchen"] is ProposalState.DISMISSED


@pytest.mark.parametrize("path", ["", "?view=dismissed", "?q=nothing", "/feeds", "/feeds/1"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_is_accessible_and_fits(desktop: BrowserContext, url: str, path: str, width: int):
    page = desktop.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(url + PAGE + path)
    assert_accessible(page)
    assert_fits_width(page)
