"""Windows and quiet hours on screen: listed, said before something is planned into them, shown as bands."""

from datetime import timedelta

import pytest
from lxml import html

from scheduler.models import PublicationState
from tests import factories as make
from tests.app.calendar.conftest import HERE, Plan, words

S = PublicationState
WINDOW = {
    "name": "Staff meeting", "from_day": "2026-11-05", "from_time": "12:00", "to_day": "2026-11-05",
    "to_time": "14:00", "zone": "Europe/Berlin", "reason": "Nobody answers",
}  # fmt: skip


def add(client, **changed):
    return client.post(f"{HERE}/windows", data=WINDOW | changed)


def when(plan: Plan, time: str, **more):
    return {"date": "2026-11-05", "time": time, "zone": "Europe/Berlin", "accounts": plan.page_id, **more}


def understood(answer) -> str:
    return html.fromstring(answer.text).xpath("string(//input[@name='understood']/@value)")


def test_a_window_is_added_listed_and_says_what_it_holds(plan: Plan, priya):
    inside = plan.publication(due_at=make.NOW + timedelta(days=2, hours=3))
    answer = add(priya)
    said = words(priya.get(answer.location))
    assert "“Staff meeting” stands. 1 held." in said
    assert "Nobody answers" in said
    assert plan.find(inside).state is S.HELD


def test_a_window_that_ends_before_it_begins_is_refused_at_its_day(plan: Plan, priya):
    answer = add(priya, to_time="11:00")
    assert answer.status_code == 422
    assert "It has to end after it begins." in words(answer)
    assert html.fromstring(answer.text).xpath("string(//input[@name='name']/@value)") == "Staff meeting"


def test_planning_into_a_window_is_said_before_it_is_saved_and_offers_the_moment_after(
    plan: Plan, priya, maya
):
    add(priya)
    post_id = plan.post()
    address = f"{HERE}/posts/{post_id}/publications"
    first = maya.post(address, data=when(plan, "12:30"))
    assert first.status_code == 422
    assert "then: Staff meeting, until Thu 14:00. It would be held." in words(first)
    instead = html.fromstring(first.text).xpath("//button[@name='instead']/@value")
    assert instead == ["2026-11-05T14:00"]
    offered = maya.post(address, data=when(plan, "12:30", instead=instead[0]))
    assert offered.status_code == 200
    assert html.fromstring(offered.text).xpath("string(//input[@name='time']/@value)") == "14:00"
    assert maya.post(address, data=when(plan, "14:00", key="k")).status_code == 303


def test_quiet_hours_are_said_before_and_meant_once_they_are_confirmed(plan: Plan, priya, maya):
    at = f"q{plan.page_id}"
    priya.post(f"{HERE}/quiet-hours/{plan.page_id}", data={f"{at}-begins": "22:00", f"{at}-ends": "07:00"})
    address = f"{HERE}/posts/{plan.post()}/publications"
    first = maya.post(address, data=when(plan, "23:00"))
    assert "is quiet then, until Fri 07:00. Planned all the same, it goes out then." in words(first)
    second = maya.post(address, data=when(plan, "23:00", understood=understood(first)))
    assert second.status_code == 303
    publication = plan.find(int(second.location.rsplit("/", 1)[1]))
    assert (publication.state, publication.quiet_ok) == (S.PLANNED, True)


def test_the_warning_counts_for_the_time_it_was_said_of(plan: Plan, priya, maya):
    add(priya)
    address = f"{HERE}/posts/{plan.post()}/publications"
    told = understood(maya.post(address, data=when(plan, "12:30")))
    assert maya.post(address, data=when(plan, "13:30", understood=told)).status_code == 422


def test_half_a_pair_of_quiet_hours_is_refused_on_the_page(plan: Plan, priya):
    answer = priya.post(f"{HERE}/quiet-hours/{plan.page_id}", data={f"q{plan.page_id}-begins": "22:00"})
    assert answer.status_code == 422
    assert "Say both from when and until when, or leave both empty." in words(answer)


@pytest.mark.parametrize("page", ["calendar?month=2026-11", "calendar/week?day=2026-11-05"])
def test_the_calendar_shows_windows_as_bands(plan: Plan, priya, maya, page: str):
    add(priya)
    bands = html.fromstring(maya.get(f"{HERE}/{page}").text).xpath("//p[contains(@class, 'band-window')]")
    assert [b.text_content().strip() for b in bands] == ["Staff meeting"]


def test_the_scripts_calendar_has_the_bands_as_the_desks_clocks_show_them(plan: Plan, priya):
    add(priya, accounts=str(plan.page_id))
    found = priya.get(f"{HERE}/calendar/events.json?start=2026-11-02&end=2026-11-09").json["bands"]
    [band] = found
    assert (band["start"], band["end"]) == ("2026-11-05T12:00:00", "2026-11-05T14:00:00")
    assert band["title"].startswith("Staff meeting (Public page")
    other = f"&account={plan.practice_id}"
    assert (
        priya.get(f"{HERE}/calendar/events.json?start=2026-11-02&end=2026-11-09{other}").json["bands"] == []
    )


def test_a_window_is_changed_by_who_has_seen_it_as_it_is_and_ended_early(plan: Plan, priya, maya):
    add(priya)
    [link] = html.fromstring(priya.get(f"{HERE}/windows").text).xpath(
        "//a[contains(@href, '/windows/')]/@href"
    )
    assert priya.post(link, data=WINDOW | {"seen": "1", "name": "Long meeting"}).status_code == 303
    assert priya.post(link, data=WINDOW | {"seen": "1"}).status_code == 409
    assert "Long meeting" in words(maya.get(link))
    assert maya.post(link, data=WINDOW | {"seen": "2"}).status_code == 403
    assert priya.post(f"{link}/end").status_code == 303
    assert "There is no window." in words(priya.get(f"{HERE}/windows"))
    assert priya.post(f"{link}/end").status_code == 409


def test_windows_of_another_desk_are_not_found(plan: Plan, priya):
    add(priya)
    [link] = html.fromstring(priya.get(f"{HERE}/windows").text).xpath(
        "//a[contains(@href, '/windows/')]/@href"
    )
    sam = plan.client("sam")
    there = link.replace("brindlemoor", "elsewhere")
    assert [sam.get(there).status_code, sam.post(f"{there}/end").status_code] == [404, 404]
    assert sam.post(f"/d/elsewhere/quiet-hours/{plan.page_id}", data={}).status_code == 404
