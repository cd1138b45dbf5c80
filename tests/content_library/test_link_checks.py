"""When a link is looked at, and when it counts as dead: never for one hiccup, at once when the page says it is gone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from content_library import link_checks
from content_library.database import Database
from content_library.link_checks import LinkState
from content_library.models.feed import LinkCheck
from content_library.web_fetch import Fetcher
from tests.support import sites
from tests.support.clock import FrozenClock
from tests.support.sites import Answer, Site

pytestmark = pytest.mark.network


@pytest.fixture
def site() -> Iterator[Site]:
    with sites.site() as found:
        yield found


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with sites.fetcher() as found:
        yield found


def watch(database: Database, *urls: str) -> None:
    with database.write() as session:
        link_checks.watch(session, urls, database.clock())


def state(database: Database, url: str) -> LinkState:
    with database.read() as session:
        return link_checks.states(session, [url])[url]


def check(database: Database, fetcher: Fetcher) -> int:
    return link_checks.check_due(database, fetcher, database.clock())


def test_a_new_link_is_unknown_until_it_was_looked_at(database: Database, site: Site, fetcher: Fetcher):
    url = f"{site.url}/terms"
    site["/terms"] = Answer(b"Terms")
    watch(database, url)
    assert state(database, url) is LinkState.UNKNOWN
    assert check(database, fetcher) == 1
    assert state(database, url) is LinkState.OK


def test_a_link_that_was_never_watched_is_unknown(database: Database):
    assert state(database, "https://example.org/never") is LinkState.UNKNOWN


def test_watching_again_adds_nothing(database: Database):
    watch(database, "https://example.org/a", "https://example.org/b")
    watch(database, "https://example.org/b", "https://example.org/c", "x" * 3000, "")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LinkCheck)) == 3


def test_a_good_link_is_looked_at_once_a_day(
    database: Database, site: Site, fetcher: Fetcher, clock: FrozenClock
):
    site["/terms"] = Answer(b"Terms")
    watch(database, f"{site.url}/terms")
    check(database, fetcher)
    clock.advance(hours=23)
    assert check(database, fetcher) == 0
    clock.advance(hours=1)
    assert check(database, fetcher) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_dead_at_once(database: Database, site: Site, fetcher: Fetcher, status: int):
    url = f"{site.url}/gone"
    site["/gone"] = Answer(status=status)
    watch(database, url)
    check(database, fetcher)
    assert state(database, url) is LinkState.DEAD
    with database.read() as session:
        assert f"the site answers {status}" in session.scalars(select(LinkCheck.error)).one()


def test_one_failure_changes_nothing_and_a_second_one_counts(
    database: Database, site: Site, fetcher: Fetcher, clock: FrozenClock
):
    url = f"{site.url}/terms"
    site["/terms"] = Answer(b"Terms")
    watch(database, url)
    check(database, fetcher)
    site["/terms"] = Answer(status=503)
    clock.advance(hours=24)
    check(database, fetcher)
    assert state(database, url) is LinkState.OK
    clock.advance(minutes=15)
    check(database, fetcher)
    assert state(database, url) is LinkState.DEAD


def test_two_failures_within_five_minutes_are_one(
    database: Database, site: Site, fetcher: Fetcher, clock: FrozenClock
):
    url = f"{site.url}/terms"
    site["/terms"] = Answer(status=503)
    watch(database, url)
    check(database, fetcher)
    clock.advance(minutes=4)
    with database.write() as session:
        session.scalars(select(LinkCheck)).one().due_at = clock()
    check(database, fetcher)
    assert state(database, url) is LinkState.UNKNOWN


def test_a_link_that_works_again_is_alive_at_once(
    database: Database, site: Site, fetcher: Fetcher, clock: FrozenClock
):
    url = f"{site.url}/terms"
    watch(database, url)
    check(database, fetcher)
    assert state(database, url) is LinkState.DEAD
    site["/terms"] = Answer(b"Terms")
    clock.advance(minutes=15)
    check(database, fetcher)
    assert state(database, url) is LinkState.OK


def test_a_failing_link_is_asked_ever_less_often(
    database: Database, site: Site, fetcher: Fetcher, clock: FrozenClock
):
    site["/terms"] = Answer(status=500)
    watch(database, f"{site.url}/terms")
    waits = []
    for _ in range(9):
        check(database, fetcher)
        with database.read() as session:
            due_at = session.scalars(select(LinkCheck.due_at)).one()
        waits.append(round((due_at - clock()).total_seconds() / 60))
        clock.set(due_at)
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


def test_a_site_that_does_not_like_programs_is_alive(database: Database, site: Site, fetcher: Fetcher):
    url = f"{site.url}/guarded"
    site["/guarded"] = Answer(status=403)
    watch(database, url)
    check(database, fetcher)
    assert state(database, url) is LinkState.OK


def test_what_is_being_looked_at_is_not_taken_twice(database: Database, clock: FrozenClock):
    watch(database, "https://example.org/a")
    with database.write() as session:
        assert list(link_checks._claim(session, clock(), 10).values()) == ["https://example.org/a"]
    with database.write() as session:
        assert link_checks._claim(session, clock(), 10) == {}


def test_links_that_stand_in_nothing_planned_are_left_alone_after_two_months(
    database: Database, site: Site, fetcher: Fetcher, clock: FrozenClock
):
    watch(database, f"{site.url}/terms")
    clock.advance(days=61)
    assert check(database, fetcher) == 0
    watch(database, f"{site.url}/terms")
    assert check(database, fetcher) == 1
