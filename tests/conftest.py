"""The test bed: what a test asks for by name, and the walls around all of them.

`--database=sqlite` runs the tests that are written for both databases on SQLite alone.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session

from content_library.database import Database
from tests.support import browser as browsers
from tests.support import sockets
from tests.support.clock import FrozenClock
from tests.support.databases import KINDS, Databases, Kind, open_database
from tests.support.openid import OpenIDProvider, openid_server
from tests.support.pds import RealPds
from tests.support.postgres import PostgresServer
from tests.support.smtp import Mailbox, mail_server

NEED_THE_BROWSER = {"chromium", "page", "phone_page", "desktop", "phone"}
NEED_LOOPBACK = {"smtp_sink", "openid_provider"}
OPEN_SOCKETS = ("network", "browser", "pds")

hypothesis.settings.register_profile("quick", max_examples=20, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=(*KINDS, "both"), default="both", help="where database tests run")


def pytest_configure(config: pytest.Config) -> None:
    sockets.install()
    for name in [name for name in os.environ if name.startswith("DESKCAST_")]:
        if not name.startswith("DESKCAST_TEST_"):
            del os.environ[name]  # the developer's own settings are not the tests'


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("database")
        kinds = KINDS if chosen == "both" else (chosen,)
        alone = metafunc.definition.get_closest_marker("on")
        metafunc.parametrize("database_kind", [kind for kind in kinds if not alone or kind in alone.args])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what follows from the fixtures, keep what shares a costly server on one worker, longest first."""
    for item in items:
        _mark(item, set(getattr(item, "fixturenames", ())))
    items.sort(key=_order)


def _mark(item: pytest.Item, fixtures: set[str]) -> None:
    if fixtures & NEED_THE_BROWSER:
        item.add_marker("browser")
    if fixtures & NEED_LOOPBACK:
        item.add_marker("network")
    if "pds" in fixtures:
        item.add_marker("pds")
    if item.get_closest_marker("pds"):
        item.add_marker(pytest.mark.xdist_group("pds"))
    elif item.get_closest_marker("browser"):
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


def _order(item: pytest.Item) -> int:
    for rank, marker in enumerate(("pds", "browser", "slow")):
        if item.get_closest_marker(marker):
            return rank
    return 3


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    if _may_open_sockets(item):
        return (yield)
    with sockets.closed():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    if _may_open_sockets(item):
        return (yield)
    with sockets.closed():
        return (yield)


def _may_open_sockets(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(marker) for marker in OPEN_SOCKETS)


@pytest.fixture
def clock() -> FrozenClock:
    """Tuesday 3 November 2026, 09:00 UTC, until the test moves it."""
    return FrozenClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Makes databases; see `tests.support.databases`. Starts PostgreSQL when one is asked for."""
    with tempfile.TemporaryDirectory(prefix="deskcast-tests-") as folder:
        yield Databases(Path(folder), lambda: request.getfixturevalue("postgres_server"))


@pytest.fixture
def postgres_url(databases: Databases) -> str:
    """A migrated, empty PostgreSQL database."""
    return databases.shared_url("postgresql")


@pytest.fixture
def database_url(database_kind: Kind, databases: Databases) -> Iterator[str]:
    """A migrated, empty database of the test's own, for tests that start processes on it; once for each kind."""
    url = databases.new_url(database_kind)
    yield url
    databases.discard(url)


@pytest.fixture
def database(database_kind: Kind, databases: Databases, clock: FrozenClock) -> Iterator[Database]:
    """A migrated, empty database whose time is `clock`; the test runs once for each kind."""
    url = databases.shared_url(database_kind)
    database = open_database(url, clock=clock)
    yield database
    database.dispose()
    databases.discard(url)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One writing session on `database`; what the test does not commit is thrown away."""
    session = database.session(writing=True)
    yield session
    session.rollback()
    session.close()


@pytest.fixture
def smtp_sink() -> Iterator[Mailbox]:
    """A mail server; what arrives is in `.messages`."""
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def openid_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIDProvider]:
    """An OpenID Connect provider; `.knows("anna", email=…)` adds a person."""
    with openid_server(tmp_path_factory.mktemp("openid")) as provider:
        yield provider


@pytest.fixture(scope="session")
def pds() -> Iterator[RealPds]:
    """A real Bluesky server."""
    with RealPds() as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A module's Chromium. Not a session's: while Playwright runs, nothing else here may use asyncio."""
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def desktop(chromium: Browser) -> Iterator[BrowserContext]:
    with browsers.window(chromium, size=browsers.DESKTOP) as context:
        yield context


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    with browsers.window(chromium, size=browsers.PHONE, has_touch=True, is_mobile=True) as context:
        yield context


@pytest.fixture
def page(desktop: BrowserContext) -> Page:
    """A page at desktop width."""
    return desktop.new_page()


@pytest.fixture
def phone_page(phone: BrowserContext) -> Page:
    """A page at phone width."""
    return phone.new_page()
