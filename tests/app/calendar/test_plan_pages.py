"""Planning with the form: what a time means is said before it is saved, and what is wrong stands at its field."""

import pytest
from lxml import html
from sqlalchemy import func, select

from scheduler.models import Publication, PublicationState
from tests.app.calendar.conftest import HERE, Plan, words

WHEN = {"date": "2026-11-20", "time": "09:30", "zone": "Europe/Berlin", "fold": "0"}


def count(plan: Plan) -> int:
    with plan.database.read() as session:
        return session.scalar(select(func.count()).select_from(Publication)) or 0


def send(plan: Plan, client, post_id: int, **changed):
    fields = {**WHEN, "accounts": [plan.page_id], "key": "k", **changed}
    return client.post(f"{HERE}/posts/{post_id}/publications", data=fields)


def test_the_form_begins_with_the_posts_accounts_the_desks_zone_and_a_time_to_come(plan: Plan, maya):
    post_id = plan.post()
    page = html.fromstring(maya.get(f"{HERE}/posts/{post_id}/plan").text)
    form = page.get_element_by_id("time-form")
    values = dict(form.form_values())
    assert values["zone"] == "Europe/Berlin"
    assert (values["date"], values["time"]) == ("2026-11-03", "11:00")
    assert values["accounts"] == str(plan.page_id)
    assert "cannot send until it is connected" in words(maya.get(f"{HERE}/posts/{post_id}/plan"))


def test_planning_leads_to_the_publication_and_says_when(plan: Plan, maya):
    answer = send(plan, maya, plan.post())
    assert answer.status_code == 303
    assert "Friday 20 November 2026, 09:30" in words(maya.get(answer.location))


def test_a_double_click_plans_once(plan: Plan, maya):
    post_id = plan.post()
    first, second = send(plan, maya, post_id), send(plan, maya, post_id)
    assert first.location == second.location
    assert count(plan) == 1


def test_what_is_not_cleared_is_planned_and_waits_visibly(plan: Plan, maya):
    answer = send(plan, maya, plan.post(cleared=False))
    assert "waits for its clearance" in words(maya.get(answer.location))
    with plan.database.read() as session:
        assert session.scalars(select(Publication.state)).all() == [PublicationState.BLOCKED]


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"date": "2026-11-02"}, "date", "That time is past"),
        ({"date": "2026-02-30"}, "date", "not a day in the calendar"),
        ({"date": ""}, "date", "Choose a day"),
        ({"time": ""}, "time", "Choose a time"),
        ({"zone": "Mars/Olympus"}, "zone", "Choose a time zone"),
        ({"accounts": []}, "accounts", "at least one account"),
        ({"accounts": [999]}, "accounts", "not"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(plan: Plan, maya, changed, field, sentence):
    answer = send(plan, maya, plan.post(), **changed)
    assert answer.status_code == 422
    page = html.fromstring(answer.text)
    assert sentence in page.get_element_by_id(f"{field}-wrong").text_content()
    assert page.xpath("//input[@name='time']/@value") == [changed.get("time", "09:30")]
    assert count(plan) == 0


def test_a_time_that_does_not_exist_is_said_before_it_is_saved(plan: Plan, maya):
    post_id = plan.post()
    asked = send(plan, maya, post_id, date="2027-03-28", time="02:30")
    assert asked.status_code == 422
    assert "does not exist" in words(asked)
    assert "03:30" in words(asked)
    assert count(plan) == 0
    understood = html.fromstring(asked.text).xpath("//input[@name='understood']/@value")[0]
    assert (
        send(plan, maya, post_id, date="2027-03-28", time="02:30", understood=understood).status_code == 303
    )


@pytest.mark.parametrize(("fold", "offset"), [("0", "CEST"), ("1", "CET")])
def test_of_a_time_that_happens_twice_either_can_be_chosen(plan: Plan, maya, fold, offset):
    post_id = plan.post()
    asked = send(plan, maya, post_id, date="2027-10-31", time="02:30")
    assert "happens twice" in words(asked)
    understood = html.fromstring(asked.text).xpath("//input[@name='understood']/@value")[0]
    answer = send(plan, maya, post_id, date="2027-10-31", time="02:30", understood=understood, fold=fold)
    assert f"02:30:00 {offset}" in maya.get(answer.location).text


def test_what_a_time_means_is_said_while_it_is_chosen(plan: Plan, maya):
    post_id = plan.post()
    asked = {**WHEN, "accounts": plan.practice_id, "zone": "America/New_York"}
    said = words(maya.get(f"{HERE}/posts/{post_id}/plan/meaning", query_string=asked))
    assert "Goes out Friday 20 November 2026, 09:30, New York: in 17 days." in said
    assert "15:30" in said  # at the desk, in Berlin
    assert "up to 15 min late" in said
    assert "revision 1 goes out" in said
    assert "for practice" in said


def test_what_stands_near_it_on_the_same_account_is_named(plan: Plan, maya):
    send(plan, maya, plan.post(title="The first one"))
    asked = {**WHEN, "accounts": plan.page_id, "time": "09:40"}
    said = words(maya.get(f"{HERE}/posts/{plan.post(title='B')}/plan/meaning", query_string=asked))
    assert "Near it on brindlemoor: The first one" in said


@pytest.mark.parametrize("who", ["ruth", "tom", "sam"])
def test_who_may_not_plan_cannot_by_any_door(plan: Plan, who):
    client, post_id = plan.client(who), plan.post()
    assert client.get(f"{HERE}/posts/{post_id}/plan").status_code == 403
    assert client.get(f"{HERE}/posts/{post_id}/plan/meaning").status_code == 403
    assert send(plan, client, post_id).status_code == 403
    assert count(plan) == 0


def test_another_desks_post_is_not_found(plan: Plan, maya):
    assert maya.get(f"/d/elsewhere/posts/{plan.post()}/plan").status_code == 404
    assert maya.get(f"{HERE}/posts/99999/plan").status_code == 404
