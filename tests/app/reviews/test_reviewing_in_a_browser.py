"""Reviewing with hands: by keyboard, by marking words, by one thumb."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from content_library.models.review import Decision, ReviewState
from tests.app.reviews.conftest import Queue
from tests.support.browser import assert_accessible, assert_fits_width

pytestmark = pytest.mark.slow
SELECT = """words => {
  const node = [...document.querySelectorAll("[data-quote-from] .preview-text")].find((e) => e.checkVisibility());
  const text = [...node.childNodes].find((n) => n.textContent.includes(words));
  const range = document.createRange();
  range.setStart(text, text.textContent.indexOf(words));
  range.setEnd(text, text.textContent.indexOf(words) + words.length);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


@pytest.fixture
def enter(queue: Queue, served: str) -> Callable[[BrowserContext, str], None]:
    def sign_in(context: BrowserContext, who: str) -> None:
        cookie = queue.client(who).get_cookie(queue.house.app.config["SIGN_IN_COOKIE"])
        assert cookie is not None
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": served}])

    return sign_in


def test_three_reviews_by_keyboard(queue: Queue, served: str, page: Page, enter):
    ids = [queue.send(title=f"Post {n}") for n in range(3)]
    enter(page.context, "elena")
    page.goto(f"{served}/reviews")
    assert_accessible(page)
    page.keyboard.press("j")
    page.wait_for_url(f"**/reviews/{ids[0]}")
    assert_accessible(page)
    page.keyboard.press("a")
    expect(page.locator("#flashes")).to_contain_text("Approved “Post 0”. 2 left.")
    page.wait_for_load_state()  # keys are listened to once the page's scripts have run
    page.keyboard.press("c")
    expect(page.locator("#request_changes-reason")).to_be_focused()
    page.keyboard.type("Say how much.")
    assert_accessible(page)
    page.get_by_role("button", name="Send back for changes").click()
    expect(page.locator("#flashes")).to_contain_text("1 left.")
    page.wait_for_load_state()
    page.keyboard.press("r")
    page.keyboard.type("Not ours to say.")
    page.get_by_role("button", name="Refuse this revision").click()
    expect(page.get_by_text("Nothing waits for you").first).to_be_visible()
    states = [queue.look(i, lambda r: r.submission.state.value) for i in ids]
    assert states == ["approved", "changes_requested", "refused"]


def test_marked_words_become_the_place(queue: Queue, served: str, page: Page, enter):
    review_id = queue.send(text="Vinegar and water, twenty minutes.")
    enter(page.context, "elena")
    page.goto(f"{served}/reviews/{review_id}")
    page.evaluate(SELECT, "twenty minutes")
    page.keyboard.press("c")
    expect(page.locator("#request_changes-quote")).to_have_value("twenty minutes")
    page.locator("#request_changes-reason").fill("Longer.")
    page.get_by_role("button", name="Send back for changes").click()
    page.wait_for_url("**/reviews")
    assert queue.look(review_id, lambda r: r.decisions[0].place["quote"]) == "twenty minutes"


def test_a_double_click_on_approve_is_one_decision(queue: Queue, served: str, page: Page, enter):
    review_id = queue.send()
    enter(page.context, "elena")
    page.goto(f"{served}/reviews/{review_id}")
    page.get_by_role("button", name="Approve").dblclick()
    page.wait_for_url("**/reviews")
    with queue.house.database.read() as session:
        assert session.query(Decision).count() == 1


def test_one_thumb_is_enough_on_a_phone(queue: Queue, served: str, phone_page: Page, enter):
    review_id = queue.send()
    enter(phone_page.context, "elena")
    for path in ("/reviews", f"/reviews/{review_id}", "/d/brindlemoor/", "/notices"):
        phone_page.goto(served + path)
        assert_fits_width(phone_page)
        assert_accessible(phone_page)
    phone_page.goto(f"{served}/reviews/{review_id}")
    approve = phone_page.get_by_role("button", name="Approve")
    box = approve.bounding_box()
    assert box is not None
    assert box["y"] > phone_page.viewport_size["height"] * 0.7
    assert box["height"] >= 44
    approve.tap()
    phone_page.wait_for_url("**/reviews")
    assert queue.look(review_id, lambda r: r.state) is ReviewState.DECIDED


def test_everything_works_without_script(queue: Queue, served: str, chromium, enter):
    review_id = queue.send()
    context = chromium.new_context(java_script_enabled=False)
    try:
        enter(context, "elena")
        page = context.new_page()
        page.goto(f"{served}/reviews/{review_id}")
        page.get_by_text("Request changes").click()
        page.locator("#request_changes-reason").fill("Longer.")
        page.locator("#request_changes-quote").fill("twenty minutes")
        page.get_by_role("button", name="Send back for changes").click()
        page.wait_for_url("**/reviews")
    finally:
        context.close()
    assert queue.look(review_id, lambda r: r.decisions[0].reason) == "Longer."
