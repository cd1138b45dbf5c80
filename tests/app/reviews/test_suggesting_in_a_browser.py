"""Two words, proposed by a reviewer, taken by the author with one button, and seen again as the only change."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from content_library.models.suggestion import Suggestion
from tests.app.reviews.conftest import Queue
from tests.app.reviews.test_reviewing_in_a_browser import SELECT
from tests.support.browser import assert_accessible, assert_fits_width

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]
TEXT = "Vinegar and water, twenty minutes, then rinse."


@pytest.fixture
def enter(queue: Queue, served: str) -> Callable[[BrowserContext, str], None]:
    def sign_in(context: BrowserContext, who: str) -> None:
        cookie = queue.client(who).get_cookie(queue.house.app.config["SIGN_IN_COOKIE"])
        assert cookie is not None
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": served}])

    return sign_in


def propose(page: Page, review: str) -> None:
    page.goto(review)
    page.evaluate(SELECT, "twenty minutes")
    page.keyboard.press("c")
    page.locator("#request_changes-reason").fill("Longer is safer.")
    page.locator("#request_changes-replacement").fill("half an hour")
    assert_accessible(page)
    page.get_by_role("button", name="Send back for changes").click()
    page.wait_for_url("**/reviews")


def test_a_reviewer_proposes_two_words_and_the_author_takes_them(
    queue: Queue, served: str, page: Page, enter
):
    review_id = queue.send(text=TEXT)
    post_id = queue.look(review_id, lambda r: r.submission.post_id)
    enter(page.context, "elena")
    propose(page, f"{served}/reviews/{review_id}")

    browser = page.context.browser
    assert browser is not None
    context = browser.new_context()
    enter(context, "maya")
    hers = context.new_page()
    hers.goto(f"{served}/d/{queue.house.desk.handle}/posts/{post_id}/compose")
    expect(hers.locator(".suggestion del")).to_contain_text("twenty minutes")
    expect(hers.locator(".suggestion ins")).to_contain_text("half an hour")
    assert_accessible(hers)
    hers.locator("#text").press("End")
    hers.locator("#text").press_sequentially(" Twice.")  # not kept yet when the button is pressed
    hers.get_by_role("button", name="Apply").click()
    expect(hers.locator("#flashes")).to_contain_text("The suggested words are in your text")
    expect(hers.locator("#text")).to_have_value(TEXT.replace("twenty minutes", "half an hour") + " Twice.")
    expect(hers.locator("#two-windows")).to_be_hidden()
    hers.get_by_role("button", name="Undo").click()
    expect(hers.locator("#text")).to_have_value(f"{TEXT} Twice.")
    hers.locator("#text").fill(TEXT)
    hers.get_by_role("button", name="Apply").click()
    expect(hers.locator("#text")).to_have_value(TEXT.replace("twenty minutes", "half an hour"))
    hers.locator("[data-send]").click()
    hers.wait_for_url(f"**/posts/{post_id}")
    context.close()

    page.goto(f"{served}/reviews")
    page.locator("main a[href*='/reviews/']").first.click()
    changed = page.locator(".review-changed .changed")
    expect(changed.locator("del")).to_have_count(1)
    expect(changed.locator("del")).to_contain_text("twenty minutes")
    expect(changed.locator("ins")).to_contain_text("half an hour")
    with queue.house.database.read() as session:
        (suggestion,) = session.query(Suggestion)
        assert suggestion.applied_revision.number == 2


def test_a_suggestion_fits_a_phone_with_long_words(queue: Queue, served: str, phone_page: Page, enter):
    review_id = queue.send(text="A" * 90 + " stays, " + "B" * 60 + " goes.")
    enter(phone_page.context, "elena")
    phone_page.goto(f"{served}/reviews/{review_id}")
    phone_page.locator("summary", has_text="Write a comment").click()
    form = phone_page.locator(".review-talk form").first
    form.get_by_label("Your comment").fill("Shorter?")
    form.get_by_label("Which words?").fill("B" * 60)
    form.get_by_label("Better like this").fill("C" * 120)
    form.get_by_role("button", name="Comment").click()
    expect(phone_page.locator(".suggestion ins")).to_contain_text("CCC")
    assert_fits_width(phone_page)
