"""The composer in a real browser: it keeps what is typed, whatever happens, and its pages hold the longest words."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from content_library import facts
from content_library.database import Database
from content_library.facts import Naming
from content_library.models.desk import Desk
from content_library.models.post import Post, PostState
from content_library.models.user import User
from content_library.posts import autosave, working_copy
from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.posts.conftest import HERE, World
from tests.support import served
from tests.support.browser import DESKTOP, PHONE, assert_accessible, assert_fits_width, window
from tests.support.databases import Databases, open_database

expect.set_options(timeout=30_000)  # the words are there long before, unless the machine is busy
pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def database(databases: Databases, clock) -> Iterator[Database]:
    """SQLite is enough for what a browser does; the pages behind it are tested on both."""
    url = databases.new_url("sqlite")
    database = open_database(url, clock=clock)
    yield database
    database.dispose()
    databases.discard(url)


@pytest.fixture
def url(application: Flask) -> Iterator[str]:
    application.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    application.config["WTF_CSRF_ENABLED"] = True
    with served.served(application) as address:
        yield address


SignIn = Callable[[BrowserContext, User], Page]


@pytest.fixture
def sign_in(application: Flask, url: str) -> SignIn:
    def signed_in(context: BrowserContext, person: User) -> Page:
        name = application.config["SIGN_IN_COOKIE"]
        cookie = make.client_for(application, person).get_cookie(name)
        assert cookie
        context.add_cookies([{"name": name, "value": cookie.value, "url": url}])
        return context.new_page()

    return signed_in


@pytest.fixture
def composer(desktop: BrowserContext, sign_in: SignIn, world: World, url: str) -> Page:
    """Maya's composer, open on a how-to for the page and Bluesky."""
    post_id = world.post(accounts=[world.page.id, world.bluesky.id])
    page = sign_in(desktop, world.maya)
    page.goto(f"{url}{HERE}/{post_id}/compose")
    return page


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_contain_text("Saved today")


def kept_text(world: World) -> str:
    copy = world.copy(1, world.maya)
    return copy.content["text"] if copy else ""


def test_typing_is_kept_by_itself_and_previewed_while_it_is_typed(composer: Page, world: World):
    composer.get_by_role("tab", name="Bluesky").click()
    composer.locator("#text").fill("x" * 310)
    expect(composer.locator("#panel")).to_contain_text("10 over the limit of 300")
    expect(composer.get_by_role("tab", name="Bluesky")).to_have_attribute("aria-selected", "true")
    saved(composer)
    assert kept_text(world) == "x" * 310
    composer.reload()
    expect(composer.locator("#text")).to_have_value("x" * 310)


def test_deleting_the_last_missing_thing_clears_the_list(composer: Page):
    composer.locator("#title").fill("")
    expect(composer.get_by_text("Give the post a working title")).to_be_visible()
    composer.locator("#title").fill("A title")
    expect(composer.get_by_text("Nothing is missing.")).to_be_visible()


def test_a_word_brings_a_team_in_while_it_is_typed_and_takes_it_out_again(composer: Page):
    panel = composer.locator("#panel")
    send = composer.locator("[data-send]")
    composer.locator("#text").fill("Descaling it is free.")
    expect(panel).to_contain_text("“Free”: “free”.")
    expect(panel).to_contain_text("Sent now, it is answered by")
    expect(send).to_contain_text("Send to Marketing and Legal")
    panel.get_by_role("button", name="free", exact=True).click()
    assert composer.evaluate("document.getSelection().toString()") == "free"
    composer.locator("#text").fill("Descaling it is easy.")
    expect(panel).not_to_contain_text("“Free”")
    expect(send).to_have_text("Send to Marketing")


def test_what_is_said_to_a_boundary_is_kept_and_the_cursor_stays_where_it_writes(
    composer: Page, world: World
):
    composer.locator("#text").fill("The best kettle.")
    answer = composer.get_by_label("What it rests on")
    answer.press_sequentially("A test of ours in May", delay=60)
    expect(answer).to_be_focused()
    composer.wait_for_timeout(800)  # the panel has been drawn anew meanwhile
    answer.press_sequentially(" 2026", delay=60)
    expect(answer).to_have_value("A test of ours in May 2026")
    saved(composer)
    composer.reload()
    expect(composer.get_by_label("What it rests on")).to_have_value("A test of ours in May 2026")


def test_a_lost_connection_loses_no_word(composer: Page, world: World):
    composer.context.set_offline(True)
    composer.locator("#text").fill("Typed on a train.")
    expect(composer.locator("[data-saved]")).to_contain_text("Not connected")
    composer.context.set_offline(False)
    expect(composer.locator("[data-saved]")).to_contain_text("Saved today", timeout=15_000)
    assert kept_text(world) == "Typed on a train."


def test_words_of_a_page_that_was_closed_offline_are_back_when_it_is_opened_again(
    composer: Page, world: World
):
    address = composer.url
    composer.context.set_offline(True)
    composer.locator("#text").fill("Typed before the lid was shut.")
    expect(composer.locator("[data-saved]")).to_contain_text("Not connected")
    context = composer.context
    composer.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto(address)
    expect(again.locator("#text")).to_have_value("Typed before the lid was shut.")
    expect(again.locator("[data-saved]")).to_contain_text("Saved today")
    assert kept_text(world) == "Typed before the lid was shut."


def test_two_windows_are_asked_about_and_both_texts_can_be_had(composer: Page, world: World):
    other = composer.context.new_page()
    other.goto(composer.url)
    composer.locator("#text").fill("From the first window.")
    saved(composer)
    other.locator("#text").fill("From the second window.")
    expect(other.locator("#two-windows")).to_contain_text("another window")
    assert kept_text(world) == "From the first window."
    expect(other.locator("#text")).to_have_value("From the second window.")
    other.get_by_role("button", name="Keep the text of this window").click()
    saved(other)
    assert kept_text(world) == "From the second window."


def test_a_picture_is_dropped_in_described_and_previewed(composer: Page, world: World):
    picture = io.BytesIO()
    Image.new("RGB", (600, 400), "#0b5a60").save(picture, "PNG")
    composer.locator("#upload").set_input_files(
        {"name": "kettle.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    composer.get_by_label("Description for people who cannot see it").fill("A teal square")
    expect(composer.locator("#panel").get_by_alt_text("A teal square").first).to_be_visible()
    saved(composer)
    assert [m["alt"] for m in world.copy(1, world.maya).content["media"]] == ["A teal square"]
    composer.locator("#upload").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(composer.locator("#upload-wrong")).to_contain_text("cannot use this file")


def test_ctrl_s_saves_a_revision_and_ctrl_enter_sends(composer: Page, world: World):
    composer.locator("#text").fill("Lemon juice.")
    composer.keyboard.press("Control+s")
    expect(composer.get_by_text("Revision 2 saved.")).to_be_visible()
    composer.locator("#text").fill("Lemon juice, twice.")
    composer.keyboard.press("Control+Enter")
    expect(composer.get_by_text("Sent to Marketing.")).to_be_visible()
    assert world.state(1) is PostState.IN_REVIEW
    assert world.latest(1).content["text"] == "Lemon juice, twice."


def test_enter_in_a_line_keeps_and_sends_nothing(composer: Page, world: World):
    composer.locator("#title").fill("Another title")
    composer.locator("#title").press("Enter")
    saved(composer)
    assert world.state(1) is PostState.DRAFT
    assert composer.url.endswith("/compose")


def test_a_topic_is_added_where_it_is_typed(composer: Page, world: World):
    composer.locator("#new_topic").fill("Limescale")
    composer.locator("#new_topic").press("Enter")
    expect(composer.get_by_label("Limescale")).to_be_checked()
    saved(composer)
    assert len(world.copy(1, world.maya).content["topics"]) == 2


def test_the_end_of_a_session_while_typing_says_so_and_keeps_the_words(
    composer: Page, world: World, application: Flask
):
    composer.context.clear_cookies(name=application.config["SIGN_IN_COOKIE"])
    composer.locator("#text").fill("Typed after the session was over.")
    expect(composer.locator("[data-saved]")).to_contain_text("Sign in again in another tab")
    expect(composer.locator("#text")).to_have_value("Typed after the session was over.")
    assert "Typed after" in composer.evaluate("JSON.stringify({...localStorage})")


def test_a_new_post_is_one_key_and_one_click_away(
    desktop: BrowserContext, sign_in: SignIn, world: World, url: str
):
    world.post()
    page = sign_in(desktop, world.maya)
    page.goto(f"{url}/d/brindlemoor/library")
    page.keyboard.press("n")
    page.get_by_role("button", name=re.compile("Flash sale")).click()
    expect(page.get_by_label("Terms")).to_be_visible()
    expect(page.get_by_role("button", name="Send to Marketing and Legal")).to_be_visible()


def every_page(world: World, application: Flask) -> list[str]:
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    post_id = world.post(
        title=long, text=f"{long} https://a.example/{'x' * 120} نصائح للعناية",
        accounts=[world.page.id, world.bluesky.id],
        fields={"link": "https://a.example"}, format_key="faq_link", topics=[],
    )  # fmt: skip
    world.clear(post_id)
    sent = (Act.CLAIM, Act.MARK)
    out, asked = (*sent, Act.SUCCEED), (*sent, Act.LOSE, Act.ASK)
    world.run(post_id, {world.page.handle: out, world.bluesky.handle: asked})
    client = make.client_for(application, world.maya)
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "#0b5a60").save(picture, "PNG")
    picture.seek(0)
    application.config["WTF_CSRF_ENABLED"] = False
    picture_form = {"upload": (picture, "kettle.png"), "alt": long}
    assert "/media" in client.post("/d/brindlemoor/media", data=picture_form).location
    assert str(post_id) in client.post(f"{HERE}/{post_id}/comments", data={"body": long}).location
    with world.database.write() as session:
        post, maya = session.get_one(Post, post_id), session.get_one(User, world.maya.id)
        copy = working_copy(session, post, actor=maya, now=make.NOW)
        autosave(
            session,
            copy,
            {**copy.content, "text": "Mine."},
            actor=maya,
            now=make.NOW,
            seen_version=copy.version,
        )
    world.save(post_id, world.jonas, text="Theirs, and shorter.")
    here = f"{HERE}/{post_id}"
    return [
        "/d/brindlemoor/library", "/d/brindlemoor/library?q=zzz&state=draft", f"{HERE}/new", here, f"{here}/compose",
        f"{here}/revisions", f"{here}/conflict", "/d/brindlemoor/media", "/d/brindlemoor/media/1/about",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "light"), ({"width": 360, "height": 740}, "dark")]
)
def test_every_page_is_accessible_and_fits(
    chromium: Browser,
    application: Flask,
    sign_in: SignIn,
    world: World,
    url: str,
    size: dict[str, int],
    scheme: str,
):
    addresses = every_page(world, application)
    with window(chromium, size=size, color_scheme=scheme) as context:
        page = sign_in(context, world.maya)
        for address in addresses:
            answer = page.goto(url + address)
            assert answer
            assert answer.status == 200, address
            for closed in page.locator("main details:not([data-menu])").all():
                closed.evaluate("(details) => { details.open = true; }")
            assert_fits_width(page)
            assert_accessible(page)


def test_the_composer_works_without_script(
    chromium: Browser, application: Flask, sign_in: SignIn, world: World, url: str, tmp_path: Path
):
    post_id = world.post(accounts=[world.page.id])
    with window(chromium, size=DESKTOP, java_script_enabled=False) as context:
        page = sign_in(context, world.maya)
        page.goto(f"{url}{HERE}/{post_id}/compose")
        page.locator("#text").fill("Without a script.")
        page.get_by_role("button", name="Preview").click()
        expect(page.locator("#panel article")).to_contain_text("Without a script.")
        page.get_by_role("button", name="Save draft").last.click()
        expect(page.locator("#text")).to_have_value("Without a script.")
        page.get_by_role("button", name="Save revision").click()
        expect(page.get_by_text("Revision 2 saved.")).to_be_visible()
    assert world.latest(post_id).content["text"] == "Without a script."


def test_a_name_is_chosen_with_the_keyboard_while_typing(
    world: World, desktop: BrowserContext, sign_in: SignIn, url: str
):
    post_id = world.post()
    page = sign_in(desktop, world.maya)
    page.goto(f"{url}{HERE}/{post_id}")
    field = page.get_by_label("Say something")
    field.press_sequentially("Ask @pr")
    expect(page.get_by_role("option", name="Priya Raman")).to_have_attribute("aria-selected", "true")
    assert_accessible(page)
    field.press("Enter")
    expect(field).to_have_value("Ask @Priya Raman ")
    field.press_sequentially("or @")
    expect(page.get_by_role("option")).to_have_count(6)
    field.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".mention")).to_have_text("@Priya Raman")


def test_a_fact_is_inserted_where_the_cursor_stands_and_the_preview_says_its_value(
    desktop: BrowserContext, sign_in: SignIn, world: World, url: str
) -> None:
    with world.database.write() as session:
        desk, priya = session.get_one(Desk, world.desk.id), session.get_one(User, world.priya.id)
        facts.add_fact(session, desk, Naming("waiting time"), "twenty minutes", actor=priya, now=make.NOW)
    post_id = world.post(text="Wait . Rinse.", accounts=[world.page.id])
    page = sign_in(desktop, world.maya)
    page.goto(f"{url}{HERE}/{post_id}/compose")
    text = page.locator("[name=text]")
    text.evaluate("field => { field.focus(); field.setSelectionRange(5, 5); }")
    page.get_by_text("Facts to use by name").click()
    expect(page.get_by_text("{{waiting time}} twenty minutes")).to_be_hidden()
    assert_accessible(page)
    page.get_by_role("button", name="Insert").click()
    expect(text).to_have_value("Wait {{waiting time}}. Rinse.")
    expect(page.locator("#panel")).to_contain_text("Wait twenty minutes. Rinse.")
    saved(page)


def test_without_script_the_names_of_facts_can_be_copied(
    desktop: BrowserContext, sign_in: SignIn, world: World, url: str
) -> None:
    with world.database.write() as session:
        desk, priya = session.get_one(Desk, world.desk.id), session.get_one(User, world.priya.id)
        facts.add_fact(session, desk, Naming("waiting time"), "twenty minutes", actor=priya, now=make.NOW)
    post_id = world.post(accounts=[world.page.id])
    page = sign_in(desktop, world.maya)
    page.route("**/*.js", lambda route: route.abort())
    page.goto(f"{url}{HERE}/{post_id}/compose")
    page.get_by_text("Facts to use by name").click()
    expect(page.locator(".fact-names")).to_contain_text("{{waiting time}} twenty minutes")
    expect(page.get_by_role("button", name="Insert")).to_have_count(0)
