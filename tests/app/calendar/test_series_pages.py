"""A series on screen: its next dates are shown before anything is saved, and what it planned follows its changes."""

import pytest
from lxml import html
from sqlalchemy import select

from content_library.models.post import Post
from scheduler.models import Publication, PublicationState
from tests.app.calendar.conftest import HERE, Plan, words

S = PublicationState


@pytest.fixture
def post_id(plan: Plan) -> int:
    made = plan.post(title="Clean the filter")
    with plan.database.write() as session:
        session.get_one(Post, made).is_evergreen = True
    return made


def terms(plan: Plan, **changed):
    return {
        "every": "week", "weekdays": "2", "month_day": "0", "starts_on": "2026-11-04", "time": "10:00",
        "zone": "Europe/Berlin", "ends_on": "", "count": "3", "accounts": plan.page_id,
    } | changed  # fmt: skip


def shown(answer) -> str:
    return html.fromstring(answer.text).xpath("string(//input[@name='shown']/@value)")


def start(plan: Plan, client, post_id: int, **changed):
    address, asked = f"{HERE}/posts/{post_id}/series", terms(plan, **changed)
    first = client.post(address, data=asked)
    return client.post(address, data=asked | {"shown": shown(first)})


def walls(plan: Plan, *states: PublicationState) -> list[str]:
    with plan.database.read() as session:
        query = select(Publication.wall).where(Publication.state.in_(states or (S.PLANNED,)))
        return sorted(session.scalars(query))


def test_the_next_dates_are_shown_before_anything_is_saved(plan: Plan, post_id: int, maya):
    first = maya.post(f"{HERE}/posts/{post_id}/series", data=terms(plan))
    assert first.status_code == 422
    assert "Wednesday 4 November 2026, 10:00" in words(first)
    assert walls(plan) == []
    answer = start(plan, maya, post_id)
    assert answer.status_code == 303
    assert walls(plan) == [f"2026-11-{day}T10:00:00" for day in ("04", "11", "18")]
    assert "Every week: Wednesday, 10:00, Berlin" in words(maya.get(answer.location))


def test_a_date_on_which_the_clocks_change_says_so(plan: Plan, maya):
    asked = terms(plan, every="day", starts_on="2027-03-28", time="02:30")
    asked.pop("accounts")
    said = words(maya.get(f"{HERE}/series/dates", query_string=asked))
    assert "Sunday 28 March 2027, 03:30 The clocks go forward that day and 02:30 does not exist" in said


def test_what_makes_no_series_is_said_and_kept(plan: Plan, post_id: int, maya):
    answer = maya.post(f"{HERE}/posts/{post_id}/series", data=terms(plan, ends_on="2026-10-01", count=""))
    assert answer.status_code == 422
    assert "It has to end after it begins." in words(answer)
    nobody = start(plan, maya, post_id, accounts=[])
    assert "Choose at least one account." in words(nobody)


def test_a_series_is_listed_changed_paused_resumed_and_ended(plan: Plan, post_id: int, maya):
    link = start(plan, maya, post_id).location
    assert "Clean the filter Every week: Wednesday, 10:00, Berlin" in words(maya.get(f"{HERE}/series"))
    asked = terms(plan, time="15:00", seen="1")
    told = shown(maya.post(link, data=asked))
    assert maya.post(link, data=asked | {"shown": told}).status_code == 303
    assert [w[11:16] for w in walls(plan)] == ["15:00"] * 3
    assert maya.post(link, data=asked | {"shown": told}).status_code == 409
    maya.post(f"{link}/pause")
    assert walls(plan) == []
    assert "This series is paused" in words(maya.get(link))
    maya.post(f"{link}/resume")
    assert len(walls(plan)) == 3
    maya.post(f"{link}/end")
    assert walls(plan) == []
    assert "This series has ended" in words(maya.get(link))
    assert maya.post(f"{link}/end").status_code == 409


def test_the_planning_page_of_an_evergreen_post_leads_there(plan: Plan, post_id: int, maya):
    assert "Again and again" in words(maya.get(f"{HERE}/posts/{post_id}/plan"))
    assert "Again and again" not in words(maya.get(f"{HERE}/posts/{plan.post(title='Once')}/plan"))


def test_a_post_that_is_not_evergreen_says_what_is_missing(plan: Plan, maya):
    answer = maya.get(f"{HERE}/posts/{plan.post(title='Once')}/series")
    assert "Mark it as evergreen first." in words(answer)
    assert html.fromstring(answer.text).xpath("//form[@id='series-form']") == []


def test_auditors_read_series_and_those_of_another_desk_are_not_found(plan: Plan, post_id: int, maya):
    link = start(plan, maya, post_id).location
    ruth, sam = plan.client("ruth"), plan.client("sam")
    assert html.fromstring(ruth.get(link).text).xpath("//main//form") == []
    assert ruth.post(f"{link}/end").status_code == 403
    assert sam.get(link.replace("brindlemoor", "elsewhere")).status_code == 404
