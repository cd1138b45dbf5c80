"""No page of Deskcast shuts anybody out or scrolls sideways. The list of pages is made from the URL map."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app import create_app
from content_library import users
from content_library.database import Database
from tests.browser.demo_desk import DemoDesk, open_desk, settings_for
from tests.browser.every_page import NO_PAGES, NOBODY, PAGES, Visit
from tests.browser.first_person import set_up
from tests.support.browser import assert_accessible, assert_fits_width, window
from tests.support.databases import Databases
from tests.support.served import served

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 740}
IN_THE_DARK = (
    "home.today",
    "library.index",
    "posts.compose",
    "reviews.show",
    "calendar.week",
    "reports.index",
)
EMPTY = (
    "",
    "library",
    "media",
    "calendar",
    "calendar/agenda",
    "curation",
    "accounts",
    "ladder",
    "record",
    "reports",
    "posts/new",
    "holds",
)
VISITS = [(endpoint, visit) for endpoint, visits in PAGES.items() for visit in visits]


@pytest.fixture(scope="module")
def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDesk]:
    with open_desk(databases.new_url("sqlite"), tmp_path_factory.mktemp("demo")) as opened:
        yield opened


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with window(chromium, size=WIDE) as opened:
        yield opened


def stands_up(page: Page, url: str, *, status: int = 200) -> None:
    """The page, at both widths, is open to everybody and fits."""
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    answer = page.goto(url, wait_until="load")
    assert answer is not None and answer.status == status, f"{url}: {answer and answer.status}"
    assert page.url.split("?")[0] == url.split("?")[0], f"{url} led on to {page.url}"
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert_fits_width(page)
        assert_accessible(page)


def test_every_address_that_can_be_opened_is_a_page_below_or_said_to_be_none(
    databases: Databases, tmp_path: Path
) -> None:
    app = create_app(settings_for(databases.new_url("sqlite"), tmp_path, is_demo=False))
    opened = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    unknown = sorted(opened - PAGES.keys() - NO_PAGES.keys())
    assert not unknown, (
        f"Nobody looks at {', '.join(unknown)} in Chromium yet. Add each to PAGES in tests/browser/every_page.py, "
        "with a person who may see it; or to NO_PAGES, with what it is instead."
    )
    gone = sorted((PAGES.keys() | NO_PAGES.keys()) - opened)
    assert not gone, (
        f"There is no address any more for {', '.join(gone)}: take it out of tests/browser/every_page.py."
    )


@pytest.mark.parametrize(
    ("endpoint", "visit"),
    VISITS,
    ids=[f"{e}-{v.person or 'nobody'}-{'-'.join(v.values.values())}" for e, v in VISITS],
)
def test_every_page_is_open_to_everybody_and_fits(
    desk: DemoDesk, context: BrowserContext, endpoint: str, visit: Visit
) -> None:
    desk.enter(context, visit.person)
    page = context.new_page()
    stands_up(page, desk.url + desk.path_of(endpoint, visit.values, visit.more))
    page.close()


@pytest.mark.parametrize("endpoint", IN_THE_DARK)
def test_main_pages_can_be_read_in_the_dark(chromium: Browser, desk: DemoDesk, endpoint: str) -> None:
    visit = PAGES[endpoint][0]
    with window(chromium, size=WIDE, color_scheme="dark") as dark:
        desk.enter(dark, visit.person)
        page = dark.new_page()
        stands_up(page, desk.url + desk.path_of(endpoint, visit.values, visit.more))


@pytest.mark.parametrize(
    ("person", "path", "status"),
    [
        ("maya", "/d/brindlemoor/posts/999999", 404),
        ("maya", "/d/elsewhere/", 404),
        (NOBODY, "/no/such/page", 404),
        (NOBODY, "/p/nobody", 404),
        (NOBODY, "/set-up/used", 404),
        ("maya", "/settings", 403),
        ("ruth", "/d/brindlemoor/posts/new", 403),
    ],
)
def test_pages_that_say_no_are_open_to_everybody_and_fit(
    desk: DemoDesk, context: BrowserContext, person: str, path: str, status: int
) -> None:
    desk.enter(context, person)
    page = context.new_page()
    stands_up(page, desk.url + path, status=status)
    page.close()


@pytest.fixture(scope="module")
def new_desk(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, context: BrowserContext
) -> Iterator[str]:
    """The address of an installation a minute after it was set up, its administrator signed in."""
    settings = settings_for(databases.new_url("sqlite"), tmp_path_factory.mktemp("empty"), is_demo=False)
    database = Database(settings.database_url)
    with database.write() as session:
        secret = users.set_up_secret(session)
    with served(create_app(settings, database)) as url:
        context.clear_cookies()
        page = context.new_page()
        page.goto(f"{url}/set-up/{secret}")
        set_up(page)
        page.close()
        yield url
    database.dispose()


@pytest.mark.parametrize("path", EMPTY)
def test_a_desk_without_anything_says_what_to_do(new_desk: str, context: BrowserContext, path: str) -> None:
    page = context.new_page()
    stands_up(page, f"{new_desk}/d/winter/{path}")
    page.close()


@pytest.mark.parametrize("path", ["/reviews", "/notices", "/p/winter"])
def test_an_empty_queue_and_an_empty_page_say_so(new_desk: str, context: BrowserContext, path: str) -> None:
    page = context.new_page()
    stands_up(page, new_desk + path)
    page.close()
