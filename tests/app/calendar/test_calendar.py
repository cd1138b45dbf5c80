"""The calendar: complete without script, filtered by its address, in the desk's own time."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import html

from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.calendar.conftest import HERE, Plan, words

PAGES = ("/calendar", "/calendar/week", "/calendar/agenda")


@pytest.mark.parametrize("page", PAGES)
def test_every_view_shows_time_account_state_and_first_words(plan: Plan, maya, page):
    plan.publication(title="Descale your kettle")
    answer = maya.get(HERE + page)
    assert answer.status_code == 200
    said = words(answer)
    assert "13:00" in said  # 12:00 UTC is 13:00 in Berlin
    assert "Descale your kettle" in said
    assert "Going" in answer.text
    assert "Public page" in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_calendar_says_the_next_step(plan: Plan, maya, page):
    assert "lanned" in words(maya.get(HERE + page))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=waiting", False),
        ("state=going", True),
        ("kind=promotion", False),
        ("kind=edu_taining", True),
        ("q=kettl", True),
        ("q=toaster", False),
        ("account=99999", False),
        ("account=x&kind=y&state=z", True),
    ],
)
@pytest.mark.parametrize("page", PAGES)
def test_filters_stand_in_the_address(plan: Plan, maya, page, query, found):
    plan.publication(title="Descale your kettle")
    assert ("Descale your kettle" in words(maya.get(f"{HERE}{page}?{query}"))) is found


def test_a_chip_takes_its_filter_away_and_leaves_the_others(plan: Plan, maya):
    page = html.fromstring(maya.get(f"{HERE}/calendar?month=2026-12&state=held&kind=question").text)
    [held] = [c.get("href") for c in page.find_class("chip") if "Held" in c.text_content()]
    assert "kind=question" in held
    assert "month=2026-12" in held
    assert "state" not in held


@pytest.mark.parametrize("month", ["2026-13", "x", "0001-01", "9999-12", "2026-11-31"])
def test_an_address_that_makes_no_sense_shows_today(plan: Plan, maya, month):
    assert "November 2026" in words(maya.get(f"{HERE}/calendar?month={month}"))


def test_earlier_and_later_lead_to_the_neighbours(plan: Plan, maya):
    page = html.fromstring(maya.get(f"{HERE}/calendar?month=2026-12&q=tea").text)
    assert page.xpath("//a[@rel='prev']/@href") == [f"{HERE}/calendar?month=2026-11&q=tea"]
    assert page.xpath("//a[@rel='next']/@href") == [f"{HERE}/calendar?month=2027-01&q=tea"]


def test_a_crowded_day_shows_three_and_counts_the_rest(plan: Plan, maya):
    for number in range(5):
        plan.publication(title=f"Number {number}", cleared=False)
    said = words(maya.get(f"{HERE}/calendar"))
    assert "2 more" in said
    assert "Number 2" in said
    assert "Number 3" not in said


def test_a_day_of_the_desk_has_twenty_three_hours_when_the_clocks_go_forward(plan: Plan, maya):
    late = datetime(2027, 3, 28, 21, 30, tzinfo=UTC)  # 23:30 in Berlin, which is on summer time since 02:00
    plan.publication(due_at=late, cleared=False, title="Late on Sunday")
    page = html.fromstring(maya.get(f"{HERE}/calendar?month=2027-03").text)
    [sunday] = [d for d in page.find_class("day") if d.get("aria-label") == "Sunday 28 March"]
    assert "23:30" in sunday.text_content()


def test_the_agenda_pages_through_everything_once(plan: Plan, maya):
    hours = (make.NOW + timedelta(hours=n // 2 + 1) for n in range(56))
    made = {plan.publication(cleared=False, title=f"N{n}", due_at=at) for n, at in enumerate(hours)}
    seen, address = [], f"{HERE}/calendar/agenda"
    while address:
        page = html.fromstring(maya.get(address).text)
        seen += [int(a.get("href").rpartition("/")[2]) for a in page.find_class("row-title")]
        address = next(iter(page.xpath("//nav[@class='pages']//a[@rel='next']/@href")), "")
    assert len(seen) == len(made)
    assert set(seen) == made


def test_what_needs_a_person_stands_above_the_agenda(plan: Plan, maya):
    plan.publication(Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK, title="Is it there?")
    said = words(maya.get(f"{HERE}/calendar/agenda"))
    assert "Needs you 1" in said
    assert said.index("Is it there?") < said.index("Today, Tuesday 3 November")


def test_events_are_wall_times_of_the_desk_and_know_how_to_move(plan: Plan, maya):
    publication_id = plan.publication()
    answer = maya.get(f"{HERE}/calendar/events.json?start=2026-11-01&end=2026-12-01")
    [event] = answer.json["events"]
    assert event["start"] == "2026-11-03T13:00:00"
    assert event["editable"] is True
    assert event["extendedProps"]["move"] == f"{HERE}/publications/{publication_id}/time"


def test_what_is_out_cannot_be_dragged_and_who_only_looks_on_drags_nothing(plan: Plan, maya):
    plan.publication(Act.CLAIM, Act.MARK, Act.SUCCEED)
    plan.publication(title="Another", cleared=False)
    address = f"{HERE}/calendar/events.json?start=2026-11-01&end=2026-12-01"
    assert [e["editable"] for e in maya.get(address).json["events"]] == [False, True]
    assert not any(e["editable"] for e in plan.client("ruth").get(address).json["events"])


@pytest.mark.parametrize("span", ["", "start=2026-11-01", "start=x&end=y", "start=2026-01-01&end=2026-12-01"])
def test_a_span_that_makes_no_sense_is_refused(plan: Plan, maya, span):
    answer = maya.get(f"{HERE}/calendar/events.json?{span}", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert "start=" in answer.json["message"] or "seven weeks" in answer.json["message"]


@pytest.mark.parametrize("page", [*PAGES, "/calendar/events.json?start=2026-11-01&end=2026-11-02", "/holds"])
def test_another_desks_calendar_does_not_exist(plan: Plan, maya, page):
    assert maya.get(f"/d/elsewhere{page}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_titles_are_shown_and_never_run(plan: Plan, maya, page):
    plan.publication(title='<img src=x onerror="x">', cleared=False)
    assert "<img src=x" not in maya.get(HERE + page).text


@pytest.mark.parametrize("page", [*PAGES, "/calendar/events.json?start=2026-10-26&end=2026-12-07"])
def test_a_full_month_costs_few_queries_and_little_weight(plan: Plan, maya, count_queries, page):
    for number in range(40):
        plan.publication(
            title=f"Number {number}", cleared=False, due_at=make.NOW + timedelta(hours=number * 12 + 1)
        )
    maya.get(HERE + page)
    with count_queries(plan.database) as asked:
        answer = maya.get(HERE + page)
    asked = [s for s in asked if not s.startswith(("BEGIN", "PRAGMA"))]
    assert len(asked) <= 15, "\n".join(asked)
    assert len(answer.data) < 150 * 1024


def test_a_reviewer_sees_the_calendar_without_its_levers(plan: Plan):
    plan.publication()
    said = plan.client("tom").get(f"{HERE}/calendar")
    assert said.status_code == 200
    assert "Stop this desk" not in said.text
    assert 'id="move-dialog"' not in said.text
