"""The whole road, clicked: written, cleared by three teams, planned, out by itself. On a desk and in a hand."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from content_library.database import Database
from content_library.models.post import Post
from content_library.models.review import Decision, Review, ReviewState
from scheduler.models import Publication
from service_channel.models.page_post import PagePost
from tests.journeys.house import House, open_house
from tests.support.browser import DESKTOP, PHONE, window
from tests.support.databases import Databases

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]

BERLIN = ZoneInfo("Europe/Berlin")
PATIENCE_MS = 30_000
OUT_WITHIN_MS = 150_000
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"size": DESKTOP},
    "phone": {"size": PHONE, "has_touch": True, "is_mobile": True},
}


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("road")
    with open_house(databases.new_url("sqlite"), folder, prepare="demo", DESKCAST_DEMO="1") as opened:
        yield opened


@dataclass
class Crew:
    """`crew("Maya Okafor")` is a browser of hers, signed in by one click."""

    browser: Browser
    house: House
    stack: ExitStack

    def __call__(self, name: str, **options: Any) -> Page:
        context = self.stack.enter_context(window(self.browser, **{**SIZES["desktop"], **options}))
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(self.house.url)
        page.get_by_role("button", name=f"Look as {name}").click()
        page.get_by_role("main").wait_for()
        page.wait_for_load_state()  # keys are listened to once the page's scripts have run
        return page


@pytest.fixture
def crew(chromium: Browser, house: House) -> Iterator[Crew]:
    expect.set_options(timeout=PATIENCE_MS)
    with ExitStack() as stack:
        yield Crew(chromium, house, stack)


@pytest.fixture
def count(house: House) -> Iterator[Callable[..., int]]:
    """How many rows of a table there are."""
    database = Database(house.environment["DESKCAST_DATABASE_URL"])

    def counting(table: type[Any], *conditions: Any) -> int:
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    yield counting
    database.dispose()


@pytest.mark.parametrize("device", SIZES)
def test_a_post_is_clicked_the_whole_road(
    crew: Crew, house: House, device: str, count: Callable[..., int]
) -> None:
    title = f"Win a whisk by {device}"
    by_hand, size = device == "phone", SIZES[device]
    maya = crew("Maya Okafor", **size)
    begin_a_fun_promotion(maya, by_hand=by_hand)
    post_id = write(maya, title)
    send(maya)
    waiting = count(Review, Review.state == ReviewState.OPEN)
    approve(crew("Elena Costa", **size), title, lambda page: button(page, "Approve").dblclick())
    press_a = (
        (lambda page: button(page, "Approve").tap()) if by_hand else (lambda page: page.keyboard.press("a"))
    )
    approve(crew("Tom Hargreave", **size), title, press_a)
    approve(crew("Aisha Demir", **size), title, lambda page: button(page, "Approve").click())
    of_the_post = Decision.review.has(Review.submission.has(post_id=post_id))
    assert count(Decision, of_the_post) == 3
    assert count(Review, Review.state == ReviewState.OPEN) == waiting - 1, (
        "a second click decided something else"
    )
    priya = crew("Priya Raman", **size)
    plan(priya, title)
    expect(priya.locator("#publication .publication-word")).to_contain_text("Out", timeout=OUT_WITHIN_MS)
    assert count(Publication, Publication.post_id == post_id) == 1
    on_the_public_page(crew, title, size)
    assert count(PagePost, PagePost.title == title) == 1


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=re.compile(f"^{name}"))


def begin_a_fun_promotion(page: Page, *, by_hand: bool) -> None:
    if by_hand:
        page.get_by_role("navigation", name="Main, short").get_by_role("link", name="New").tap()
    else:
        page.keyboard.press("n")
    button(page, "Fun promotion").click()
    page.wait_for_url("**/compose")


def write(page: Page, title: str) -> int:
    """Type it as people do, and see it as it will look before it is sent. Returns the post's number."""
    text = f"{title}: tell us your best batter."
    page.get_by_label("Working title").fill(title)
    page.locator("[name=text]").press_sequentially(text)
    page.get_by_label("Contest rules").fill("One entry each. It ends on Friday.")
    until = datetime.now(BERLIN) + timedelta(days=3)
    page.locator("[name=valid_until]").fill(until.strftime("%Y-%m-%dT%H:%M"))
    page.locator("[name=accounts]").first.check()
    expect(page.locator("#panel")).to_contain_text(text)
    expect(page.locator("#panel")).to_contain_text("Nothing is missing.")
    expect(page.locator("#saved")).to_contain_text("Saved")
    return int(page.url.split("/posts/")[1].split("/")[0])


def send(page: Page) -> None:
    """The button names who will read it; going back afterwards shows no error."""
    to_the_teams = button(page, "Send to")
    for team in ("Marketing", "Legal", "PR"):
        expect(to_the_teams).to_contain_text(team)
    to_the_teams.click()
    page.wait_for_url(re.compile(r"/posts/\d+$"))
    expect(page.locator("main")).to_contain_text("In review")
    page.go_back()
    expect(page.get_by_label("Contest rules")).to_have_value("One entry each. It ends on Friday.")
    expect(page.locator("main")).not_to_contain_text("Something went wrong")
    page.go_forward()
    expect(page.locator("main")).to_contain_text("In review")


def approve(page: Page, title: str, decide: Callable[[Page], Any]) -> None:
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/reviews")
    page.get_by_role("link", name=title).click()
    expect(page.locator("main")).to_contain_text("tell us your best batter")
    page.wait_for_load_state()
    decide(page)
    expect(page.locator("#flashes")).to_contain_text(f"Approved “{title}”")


def plan(page: Page, title: str) -> None:
    """For the next minute, with a double click that plans it once."""
    page.goto(f"{page.url.split('/d/')[0]}/d/brindlemoor/library")
    page.get_by_role("link", name=title).first.click()
    page.get_by_role("link", name="Plan a time").click()
    due_at = (datetime.now(BERLIN) + timedelta(seconds=70)).replace(second=0)
    page.locator("[name=date]").fill(due_at.strftime("%Y-%m-%d"))
    page.locator("[name=time]").fill(due_at.strftime("%H:%M"))
    expect(page.locator(".meaning")).to_contain_text("Goes out today")
    button(page, "Plan it").dblclick()
    page.wait_for_url("**/publications/*")


def on_the_public_page(crew: Crew, title: str, size: dict[str, Any]) -> None:
    with window(crew.browser, **size) as context:
        page = context.new_page()
        page.goto(f"{crew.house.url}/p/brindlemoor")
        expect(page.get_by_text(f"{title}: tell us your best batter.")).to_have_count(1)


def test_a_planned_post_is_moved_by_the_keyboard_in_the_calendar(
    crew: Crew, house: House, count: Callable[..., int]
) -> None:
    """Shift and an arrow move the focused card by a day; one undo brings it back."""
    database = Database(house.environment["DESKCAST_DATABASE_URL"])
    wanted = Publication.post.has(Post.title == "Free sharpening in May and November")

    def wall() -> str:
        with database.read() as session:
            return session.scalars(select(Publication).where(wanted)).one().wall

    before = wall()
    page = crew("Priya Raman")
    page.goto(f"{house.url}/d/brindlemoor/calendar/week?day={before[:10]}")
    card = page.locator("[data-event]", has_text=re.compile("sharpen", re.I))
    card.first.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#calendar-said")).to_contain_text("Undo")
    assert wall()[11:] == before[11:]
    assert datetime.fromisoformat(wall()) - datetime.fromisoformat(before) == timedelta(days=1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert wall() == before
    assert count(Publication, wanted) == 1
    database.dispose()


def test_two_people_at_once_keep_both_texts(crew: Crew, house: House) -> None:
    pages = {name: crew(name) for name in ("Maya Okafor", "Jonas Weil")}
    for page in pages.values():
        page.goto(f"{house.url}/d/brindlemoor/library?q=burnt+pan")
        page.get_by_role("link", name="Three ways to clean a burnt pan").first.click()
        page.get_by_role("link", name="Edit").click()
        page.wait_for_url("**/compose")
    maya, jonas = pages.values()
    maya.locator("[name=text]").fill("Soda, and patience.")
    jonas.locator("[name=text]").fill("Salt, and a wooden spoon.")
    button(maya, "Save revision").click()
    expect(maya.locator("#flashes")).to_contain_text("saved")
    button(jonas, "Save revision").click()
    expect(jonas.get_by_role("heading", level=1)).to_contain_text("Two texts of")
    for text in ("Soda, and patience.", "Salt, and a wooden spoon."):
        expect(jonas.locator("main").get_by_text(text).first).to_be_visible()
    button(jonas, "Keep mine on top").click()
    expect(jonas.locator("main")).to_contain_text("Salt, and a wooden spoon.")
    jonas.goto(jonas.url.split("/compose")[0] + "/revisions")
    expect(jonas.locator("main")).to_contain_text("Maya Okafor")
    expect(jonas.locator("main")).to_contain_text("Jonas Weil")
