"""The lawyer's phone: two changed words, one thumb, ten seconds to undo, “2 left”."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from content_library.database import Database
from content_library.models.post import PostState
from content_library.models.review import Decision, PendingDecision, Review, ReviewState
from tests import factories as make
from tests.app.house import furnish, settings_for
from tests.app.reviews.conftest import Queue
from tests.app.reviews.test_deciding import decide
from tests.app.reviews.test_reviewing_in_a_browser import enter
from tests.content_library.scene import CELEBRITY
from tests.support.browser import assert_accessible, assert_fits_width
from tests.support.clock import FrozenClock

__all__ = ["enter"]
pytestmark = pytest.mark.slow


@pytest.fixture
def queue(database: Database, tmp_path: Path, clock: FrozenClock) -> Queue:
    return Queue(furnish(database, settings_for(tmp_path, DESKCAST_UNDO_S="10")), clock)


def for_legal(queue: Queue, title: str, text: str) -> int:
    first = queue.send(title=title, text=text, **CELEBRITY)
    return int(queue.look(first, lambda r: next(o.id for o in r.submission.reviews if o.team.key == "legal")))


def sent_again(queue: Queue, review_id: int, text: str) -> int:
    with queue.told() as told:
        post, maya = told.session.get_one(Review, review_id).submission.post, told.people["maya"]
        make.save(told.session, post, maya, text=text, now=told.now)
        submission = make.submit(told.session, post, maya, now=told.now)
        return next(r.id for r in submission.reviews if r.team.key == "legal")


def counted(queue: Queue) -> tuple[int, int]:
    with queue.house.database.read() as session:
        return session.query(Decision).count(), session.query(PendingDecision).count()


def test_a_hurried_lawyer_on_a_phone(queue: Queue, served: str, phone_page: Page, enter):
    before = for_legal(queue, "Spare lids", "The lids fit every Fen pot ever made.")
    decide(queue, "tom", before, "request_changes", reason="Not every pot, and not ever.")
    queue.clock.advance(seconds=10)
    queue.client("tom").get("/reviews")
    lids = sent_again(queue, before, "The lids fit most Fen pots ever sold.")
    for n in (1, 2):
        queue.clock.advance(minutes=1)
        for_legal(queue, f"Another {n}", "A chef uses our bowl.")
    made = counted(queue)[0]
    enter(phone_page.context, "tom")

    phone_page.goto(f"{served}/reviews/{lids}")
    expect(phone_page.locator(".review-changed del").first).to_contain_text("every")
    expect(phone_page.locator(".review-changed ins").first).to_contain_text("most")
    phone_page.get_by_role("button", name="Approve").tap()
    flash = phone_page.locator("#flashes")
    expect(flash).to_contain_text("Approved “Spare lids”. 2 left.")
    assert_fits_width(phone_page)
    assert_accessible(phone_page)
    assert counted(queue) == (made, 1)

    undo = flash.get_by_role("button", name="Undo")
    box = undo.bounding_box()
    assert box is not None
    assert box["height"] >= 40
    undo.tap()
    phone_page.wait_for_url(f"**/reviews/{lids}")
    expect(flash).to_contain_text("Undone. “Spare lids” waits for you again.")
    assert counted(queue) == (made, 0)

    phone_page.get_by_role("button", name="Approve").tap()
    expect(flash).to_contain_text("2 left.")
    phone_page.goto(f"{served}/reviews/{lids}")
    expect(phone_page.locator(".review-bar")).to_contain_text("You pressed Approve")
    assert_fits_width(phone_page)
    assert_accessible(phone_page)
    queue.clock.advance(seconds=10)
    phone_page.reload()
    expect(phone_page.locator(".review-bar")).to_contain_text("You have decided already, for Legal.")
    assert counted(queue) == (made + 1, 0)
    assert queue.look(lids, lambda r: r.state) is ReviewState.DECIDED
    assert queue.look(lids, lambda r: r.submission.post.state) is PostState.IN_REVIEW  # PR is still to come


def test_u_undoes_and_stands_among_the_keys(queue: Queue, served: str, page: Page, enter):
    first = queue.send(title="Post 0")
    queue.send(title="Post 1")
    enter(page.context, "elena")
    page.goto(f"{served}/reviews/{first}")
    page.wait_for_load_state()
    page.keyboard.press("a")
    expect(page.locator("#flashes")).to_contain_text("Approved “Post 0”. 1 left.")
    page.wait_for_load_state()
    page.keyboard.press("?")
    expect(page.locator("#keys-list")).to_contain_text("Undo")
    page.get_by_role("button", name="Close", exact=True).click()
    page.keyboard.press("u")
    page.wait_for_url(f"**/reviews/{first}")
    assert counted(queue) == (0, 0)


def test_undo_needs_no_script(queue: Queue, served: str, chromium, enter):
    review_id = queue.send()
    context = chromium.new_context(java_script_enabled=False)
    try:
        enter(context, "elena")
        page = context.new_page()
        page.goto(f"{served}/reviews/{review_id}")
        page.get_by_role("button", name="Approve").click()
        page.get_by_role("button", name="Undo").click()
        page.wait_for_url(f"**/reviews/{review_id}")
    finally:
        context.close()
    assert counted(queue) == (0, 0)
