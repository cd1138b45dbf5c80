"""The status page: a sum that adds up, what is overdue, and who is at work."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from app.admin.status_views import SUM, seconds
from content_library.models.audit import AuditEntry
from content_library.models.desk import EngineBeat
from content_library.models.notice import Mail
from scheduler import worker_beats
from scheduler.models import Publication, PublicationState
from tests import factories as make
from tests.app.house import text_of


@pytest.fixture
def planned(house, clock):
    """One cleared publication, due in three hours."""
    with house.database.write() as session:
        maya = session.merge(house.people["maya"])
        reviewers = {key: session.merge(p) for key, p in house.people.items()}
        post = make.make_post(session, session.merge(house.desk), maya)
        make.clear(session, post, maya, by_team(reviewers))
        page = make.page_of(session, session.merge(house.desk))
        return make.plan(session, post, page, maya, due_at=clock() + timedelta(hours=3), now=clock()).id


def by_team(people):
    return {m.team.key: person for person in people.values() for m in person.team_memberships}


def open_status(house, more=""):
    return text_of(house.client("sam").get("/settings/status" + more))


def test_every_state_is_a_term_of_the_sum_once():
    states = [state for _, group in SUM for state in group]
    assert sorted(states) == sorted(PublicationState)


def test_it_adds_up_and_says_so(house, planned):
    page = open_status(house)
    assert "It adds up" in page
    assert "1 planned" in page
    assert "Nothing is overdue" in page
    assert "No engine has ever run" in page


def test_a_publication_that_vanished_is_said(house, planned):
    with house.database.write() as session:
        session.execute(delete(Publication))
    assert "1 publications were planned and 0 are there" in open_status(house)


def test_what_is_overdue_stands_there_with_who_acts(house, planned, clock):
    clock.advance(hours=4)
    page = open_status(house)
    assert "1 publication should have gone on by now" in page
    assert "the engine" in page
    assert "58 min ago" in page or "1 h ago" in page


def test_the_watchdog_that_is_late_is_named(house, clock):
    with house.database.write() as session:
        session.add(EngineBeat(job="watch", at=clock(), engine="engine-1"))
    clock.advance(minutes=4)
    with house.database.write() as session:
        session.add(EngineBeat(job="look_ahead", at=clock(), engine="engine-1"))
    page = open_status(house)
    assert "The watchdog itself is late: nobody has counted what is overdue since 4 min ago." in page


def test_what_waits_around_it_is_counted(house, clock):
    with house.database.write() as session:
        session.add(Mail(to="x@y.example", subject="s", text="t", created_at=clock(), due_at=clock()))
    clock.advance(minutes=20)
    page = open_status(house)
    assert "1, the first for 20 min" in page
    assert "SQLite" in page and "release 202" in page and " GB" in page


def test_an_unknown_one_is_shown_with_its_age(house, planned, clock):
    with house.database.write() as session:
        session.execute(update(Publication).values(state="unknown", state_at=clock()))
    clock.advance(hours=1)
    assert "for the oldest since 1 h ago" in open_status(house)


def test_one_desk_can_be_chosen_and_an_unknown_one_is_not_found(house, planned):
    with house.database.write() as session:
        make.make_desk(session, "Garden", "garden")
    assert "1 planned" in open_status(house, "?desk=brindlemoor")
    assert "1 planned" not in open_status(house, "?desk=garden")
    assert house.client("sam").get("/settings/status?desk=nowhere").status_code == 404


def test_unsealed_entries_are_counted(house, planned):
    with house.database.read() as session:
        assert session.query(AuditEntry).count()
    assert "Entries without a seal" in open_status(house)


def test_it_asks_little_of_the_database(house, planned, count_queries):
    client = house.client("sam")
    with count_queries(house.database) as asked:
        client.get("/settings/status")
    assert len(asked) <= 30


def test_it_is_for_administrators(house):
    assert house.client("priya").get("/settings/status").status_code == 403


@pytest.mark.parametrize(("given", "said"), [(12, "12 ms"), (1449, "1.4 s"), (61_000, "1 min")])
def test_lateness_is_said_as_people_read_it(given, said):
    assert seconds(given) == said


def add_worker(house, clock, name):
    with house.database.write() as session:
        worker_beats.beat(session, name, accounts=16, busy=3, note="there", now=clock())


def test_without_workers_there_is_no_word_of_them(house):
    assert "Workers" not in open_status(house)


def test_workers_that_live_are_shown_with_what_they_do(house, clock):
    add_worker(house, clock, "there:4711")
    page = open_status(house)
    assert "1 worker sends; 0 accounts wait for one." in page
    assert "there:4711" in page
    assert "3 of 16" in page
    assert "silent" not in page


def test_a_worker_that_fell_silent_is_named(house, clock):
    add_worker(house, clock, "there:4711")
    clock.advance(minutes=2)
    page = open_status(house)
    assert "The worker there:4711 has been silent since 2 min ago: the engine sends by itself." in page
    add_worker(house, clock, "there:4712")
    assert "The worker there:4711 has been silent since 2 min ago: the others send." in open_status(house)
