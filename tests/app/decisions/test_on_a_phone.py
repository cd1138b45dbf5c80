"""Somebody outside decides with one thumb, from the mail that really arrived."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from content_library.models.post import Post, PostState
from content_library.models.review import Decision
from tests.app.decisions.conftest import Mailing
from tests.support.browser import assert_accessible, assert_fits_width

pytestmark = pytest.mark.slow


def state_of(mailing: Mailing, post_id: int) -> PostState:
    with mailing.database.read() as session:
        return session.get_one(Post, post_id).state


def send_back(mailing: Mailing, page: Page, address: str) -> None:
    """The first mail: it reads well, but how much vinegar?"""
    page.goto(address + mailing.path("nadia"))
    page.get_by_text("Changes", exact=True).tap()
    page.locator("#request_changes-reason").fill("Say how much vinegar.")
    page.get_by_role("button", name="Send back for changes").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent back for changes. Thank you.")


def test_from_the_mail_to_the_approval_with_one_thumb(mailing: Mailing, served: str, phone_page: Page):
    mailing.outsider()
    post_id = mailing.submit()
    mailing.deliver()
    send_back(mailing, phone_page, served)
    mailing.change(post_id, text="A cup of vinegar and water, twenty minutes, rinse twice.")
    mailing.deliver()

    link = served + mailing.path("nadia")
    phone_page.goto(link)
    expect(phone_page.get_by_text("You decide as Nadia Fenn for Marketing.")).to_be_visible()
    expect(phone_page.locator(".preview-text")).to_have_text(
        "A cup of vinegar and water, twenty minutes, rinse twice."
    )
    expect(phone_page.get_by_text("Changed since Marketing decided on revision 1")).to_be_visible()
    expect(phone_page.locator(".changed ins").first).to_contain_text("A cup of vinegar")
    assert_fits_width(phone_page)
    assert_accessible(phone_page)
    approve = phone_page.get_by_role("button", name="Approve")
    box, size = approve.bounding_box(), phone_page.viewport_size
    assert box is not None
    assert size is not None
    assert box["y"] > size["height"] * 0.8
    assert box["height"] >= 44
    approve.tap()
    expect(phone_page.get_by_role("heading", level=1)).to_have_text("Approved. Thank you.")
    assert_fits_width(phone_page)
    assert_accessible(phone_page)

    assert state_of(mailing, post_id) is PostState.APPROVED
    with mailing.database.read() as session:
        last = session.query(Decision).order_by(Decision.id.desc()).first()
        assert last is not None
        assert (last.user.name, last.identified_by) == ("Nadia Fenn", "e-mail link")
    phone_page.goto(link)
    expect(phone_page.get_by_text("This link has done its work")).to_be_visible()
    expect(phone_page.get_by_role("button", name="Approve")).to_have_count(0)


def test_nothing_the_page_loads_and_nothing_it_leads_to_is_told_the_address(
    mailing: Mailing, served: str, phone_page: Page
):
    mailing.submit(text="See https://kettles.example/help")
    mailing.deliver()
    told: list[tuple[str, str]] = []
    phone_page.on("request", lambda r: told.append((r.url, r.headers.get("referer", ""))))
    phone_page.context.route("https://kettles.example/**", lambda route: route.fulfill(body="There"))
    phone_page.goto(served + mailing.path("elena"))
    phone_page.locator(".preview-text a").tap()
    phone_page.wait_for_url("https://kettles.example/help")
    away = [referer for url, referer in told if urlsplit(url).hostname == "kettles.example"]
    assert away
    assert not any(away)


def test_without_script_every_act_is_there(mailing: Mailing, served: str, chromium: Browser):
    post_id = mailing.submit()
    mailing.deliver()
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(served + mailing.path("elena"))
        page.get_by_text("Refuse", exact=True).click()
        page.locator("#refuse-reason").fill("Not ours to say.")
        page.get_by_role("button", name="Refuse this revision").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Refused. Thank you.")
    finally:
        context.close()
    assert state_of(mailing, post_id) is PostState.REFUSED
