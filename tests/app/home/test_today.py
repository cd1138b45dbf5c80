"""Today: where a day begins, for each who works here."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from content_library import discussion
from content_library.models.desk import Desk
from content_library.models.review import Verdict
from content_library.models.user import User
from tests import factories as make
from tests.app.house import House, send, text_of
from tests.factories import NOW
from tests.support.clock import FrozenClock

TODAY = "/d/brindlemoor/"


@pytest.fixture
def told(house: House) -> Any:
    """A session in which things happen, with its people."""

    def people(session: Any) -> dict[str, User]:
        return {key: session.get_one(User, person.id) for key, person in house.people.items()}

    return people


@pytest.mark.parametrize(
    ("who", "where"),
    [("maya", TODAY), ("ruth", TODAY), ("elena", "/reviews"), ("sam", "/settings"), (None, "/sign-in")],
)
def test_everybody_begins_where_they_work(house: House, who: str | None, where: str):
    answer = house.client(who).get("/")
    assert answer.status_code in (302, 303)
    assert answer.location.rstrip("/") == where.rstrip("/")


def test_who_is_nowhere_yet_is_told_whom_to_ask(house: House):
    with house.database.write() as session:
        house.people["kim"] = make.make_user(session, "Kim Stranger")
    assert "Ask an administrator" in text_of(house.client("kim").get("/"))


def test_another_desk_is_not_there(house: House):
    assert house.client("maya").get("/d/tern/").status_code == 404
    assert house.client("maya").get("/d/tern/today/publications").status_code == 404


def test_an_empty_desk_gets_three_first_steps(house: House):
    page = text_of(house.client("maya").get(TODAY))
    for step in ("Invite a reviewer", "See where it will stand", "Write the first post"):
        assert step in page


def test_the_steps_are_gone_with_the_first_post(house: House, told: Any):
    with house.database.write() as session:
        make.make_post(session, session.get_one(Desk, house.desk.id), told(session)["maya"])
    assert "Write the first post" not in text_of(house.client("maya").get(TODAY))


def test_a_review_waits_there_with_its_time(house: House, told: Any, clock: FrozenClock):
    with house.database.write() as session:
        people = told(session)
        post = make.make_post(session, session.get_one(Desk, house.desk.id), people["maya"])
        make.submit(session, post, people["maya"])
    clock.advance(hours=3)
    page = text_of(house.client("elena").get(TODAY))
    assert "waits 3 h for Marketing" in page
    assert "waits 3 h" not in text_of(house.client("maya").get(TODAY))


def test_a_post_sent_back_waits_for_its_owner_with_the_reason(house: House, told: Any):
    with house.database.write() as session:
        people = told(session)
        post = make.make_post(session, session.get_one(Desk, house.desk.id), people["maya"])
        submission = make.submit(session, post, people["maya"])
        make.decide(
            session, submission.reviews[0], people["elena"], Verdict.REFUSE, reason="Not ours to say."
        )
    page = text_of(house.client("maya").get(TODAY))
    assert "Not ours to say." in page
    assert "by Marketing" in page
    assert "Not ours to say." not in text_of(house.client("priya").get(TODAY))


def test_a_comment_stands_there_until_it_is_read(house: House, told: Any):
    with house.database.write() as session:
        people = told(session)
        post = make.make_post(session, session.get_one(Desk, house.desk.id), people["maya"])
        discussion.comment(session, post, "Nice kettle.", actor=people["priya"], now=NOW)
    client = house.client("maya")
    page = text_of(client.get(TODAY))
    assert "Nice kettle." in page
    action = page.split('action="/notices/', 1)[1].split('"', 1)[0]
    answer = send(client, TODAY, f"/notices/{action}", back="today")
    assert (answer.status_code, answer.location) == (303, TODAY)
    assert "Nice kettle." not in text_of(client.get(TODAY))


@pytest.fixture
def planned(house: House, told: Any) -> None:
    """A post that goes out in 45 seconds."""
    with house.database.write() as session:
        people, desk = told(session), session.get_one(Desk, house.desk.id)
        reviewers = {"marketing": people["elena"]}
        post = make.make_post(session, desk, people["maya"])
        make.clear(session, post, people["maya"], reviewers)
        make.plan(
            session, post, make.page_of(session, desk), people["maya"], due_at=NOW + timedelta(seconds=45)
        )


def test_the_next_post_is_counted_down_to_and_watched(house: House, planned: None):
    page = text_of(house.client("maya").get(TODAY))
    assert 'data-countdown="45"' in page
    assert 'hx-trigger="every 2s"' in page
    assert "Descale your kettle" in page


def test_what_is_an_hour_away_is_not_asked_for_every_second(house: House, planned: None, clock: FrozenClock):
    clock.set(NOW - timedelta(minutes=40))
    assert 'hx-trigger="look"' in text_of(house.client("maya").get(TODAY))


def test_the_part_that_changes_comes_alone(house: House, planned: None):
    part = text_of(house.client("maya").get(f"{TODAY}today/publications"))
    assert part.lstrip().startswith('<div class="stack" id="today-publications"')
    assert "<html" not in part


def test_a_look_at_today_takes_few_queries(house: House, planned: None):
    client, asked = house.client("maya"), []
    client.get(TODAY)
    event.listen(house.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    client.get(TODAY)
    assert len([s for s in asked if s != "BEGIN"]) <= 20, "\n".join(asked)


def test_every_hour_that_is_named_on_the_days_line_stands_under_its_mark(house: House, planned: None):
    page = text_of(house.client("priya").get(TODAY))
    start, width = map(int, re.search(r'viewBox="(\d+) 0 (\d+) 56"', page).groups())
    named = [int(hour) * 60 for hour in re.findall(r'<span class="num">(\d\d)</span>', page)]
    assert named == list(range(start, start + width + 1, 180))
    assert named[-1] == start + width  # the names are spread from end to end
