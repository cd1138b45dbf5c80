"""Choosing several with the keys or a thumb, reading all of them, deciding once."""

import pytest
from playwright.sync_api import Page, expect

from content_library.models.review import Decision
from tests.app.reviews.conftest import Queue
from tests.app.reviews.test_reviewing_in_a_browser import enter
from tests.support.browser import assert_accessible, assert_fits_width

__all__ = ["enter"]
pytestmark = pytest.mark.slow


def decided(queue: Queue) -> list[int]:
    with queue.house.database.read() as session:
        return sorted(d.review_id for d in session.query(Decision))


def test_three_chosen_by_key_and_two_of_them_approved(queue: Queue, served: str, page: Page, enter):
    ids = [queue.send(title=f"Post {n}") for n in range(4)]
    enter(page.context, "elena")
    page.goto(f"{served}/reviews")
    page.wait_for_load_state()
    for _ in range(3):
        page.keyboard.press("x")
    expect(page.locator("[data-bulk-count]")).to_have_text("3")
    page.keyboard.press("?")
    for words in ("Choose this row", "Look at these and decide", "Start with the first"):
        expect(page.locator("#keys-list")).to_contain_text(words)
    page.get_by_role("button", name="Close", exact=True).click()
    assert_accessible(page)
    page.keyboard.press("d")
    page.wait_for_url("**/reviews/chosen?**")
    page.wait_for_load_state()
    assert_accessible(page)
    page.get_by_role("checkbox", name="Post 1").uncheck()
    expect(page.get_by_role("button", name="Approve the 2 ticked")).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("a")
    expect(page.locator("#flashes")).to_contain_text("Approved 2.")
    assert decided(queue) == [ids[0], ids[2]]


def test_all_of_the_page_on_a_phone_go_back_with_one_reason(
    queue: Queue, served: str, phone_page: Page, enter
):
    ids = [queue.send(title=f"Post {n}", text="Vinegar and water. " * 20) for n in range(2)]
    enter(phone_page.context, "elena")
    phone_page.goto(f"{served}/reviews")
    phone_page.get_by_text("Choose all on this page").tap()
    phone_page.get_by_role("button", name="Look at these and decide").tap()
    phone_page.wait_for_url("**/reviews/chosen?**")
    assert_fits_width(phone_page)
    assert_accessible(phone_page)
    phone_page.get_by_text("Changes", exact=True).tap()
    phone_page.get_by_label("What has to change in all that are ticked?").fill("Say how much.")
    phone_page.get_by_role("button", name="Send back for changes").tap()
    expect(phone_page.locator("#flashes")).to_contain_text("Sent back 2.")
    assert decided(queue) == ids


def test_several_are_decided_on_without_script(queue: Queue, served: str, chromium, enter):
    ids = [queue.send(title=f"Post {n}") for n in range(2)]
    context = chromium.new_context(java_script_enabled=False)
    try:
        enter(context, "elena")
        page = context.new_page()
        page.goto(f"{served}/reviews")
        page.get_by_role("checkbox", name="Choose “Post 1”").check()
        page.get_by_role("button", name="Look at these and decide").click()
        page.get_by_role("button", name="Approve the ticked").click()
        page.wait_for_url("**/reviews")
    finally:
        context.close()
    assert decided(queue) == ids[1:]
