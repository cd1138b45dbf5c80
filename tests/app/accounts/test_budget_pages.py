"""The page of one account: what it has sent, what its network said, and sending less."""

from datetime import timedelta

import pytest
from lxml import html

from scheduler.models import Publication
from service_channel.models.allowance import Allowance
from service_channel.models.sent_part import SentPart
from tests import factories as make
from tests.app.accounts.test_accounts import HERE
from tests.app.calendar.conftest import HERE as DESK
from tests.app.calendar.conftest import Plan, words
from tests.app.house import count_queries, database, house

__all__ = ["count_queries", "database", "house"]

ON_THE_DAY = {"date": "2026-11-03", "time": "16:00", "zone": "Europe/Berlin"}


@pytest.fixture
def plan(house) -> Plan:
    house.app.config["WTF_CSRF_ENABLED"] = False
    return Plan(house)


@pytest.fixture
def priya(plan):
    return plan.client("priya")


def page(plan: Plan, act: str = "") -> str:
    return f"{HERE}/{plan.page_id}{act}"


def test_it_says_what_was_sent_what_the_network_said_and_what_waits(plan: Plan, priya):
    publication_id = plan.publication(due_at=make.NOW + timedelta(minutes=1))
    with plan.database.write() as session:
        soon = make.NOW + timedelta(minutes=40)
        session.add(
            Allowance(account_id=plan.page_id, per_hour=1, calls_left=7, calls_most=300, calls_until=soon,
                      said_at=make.NOW)
        )  # fmt: skip
        session.add(
            SentPart(account_id=plan.page_id, remote_id="x", publication_id=0, part_index=0, sent_at=make.NOW)
        )
        found = session.get_one(Publication, publication_id)
        found.reason, found.explanation, found.not_before = "budget", "It sends at most 1 an hour.", soon
    said = words(priya.get(page(plan)))
    assert "1 of 1" in said
    assert "7 calls left of 300 until" in said
    assert "It sends at most 1 an hour." in said
    there = words(priya.get(f"{DESK}/publications/{publication_id}"))
    assert "It sends at most 1 an hour. It is tried again" in there


def test_sending_less_is_kept_and_said_and_empty_is_what_the_network_takes(plan: Plan, priya):
    answer = priya.post(page(plan, "/budget"), data={"an_hour": "5", "a_day": "20"})
    assert answer.status_code == 303
    assert "sends at most 5 an hour and 20 a day" in words(priya.get(answer.location))
    answer = priya.post(page(plan, "/budget"), data={"an_hour": "", "a_day": ""})
    assert "sends as much as is planned" in words(priya.get(answer.location))


@pytest.mark.parametrize("wrong", ["0", "-1", "99999999999999999999", "many"])
def test_what_cannot_be_a_limit_is_said_at_its_field_and_stays(plan: Plan, priya, wrong):
    answer = priya.post(page(plan, "/budget"), data={"an_hour": wrong, "a_day": "20"})
    assert answer.status_code == 422
    shown = html.fromstring(answer.text)
    assert shown.get_element_by_id("an_hour-wrong").text_content().strip()
    assert shown.xpath("//input[@name='a_day']/@value") == ["20"]


@pytest.mark.parametrize("who", ["maya", "ruth", "tom"])
def test_it_is_for_leads_and_administrators(plan: Plan, who):
    client = plan.client(who)
    assert client.get(page(plan)).status_code == 403
    assert client.post(page(plan, "/budget"), data={"an_hour": "1"}).status_code == 403
    assert plan.client("sam").get(page(plan)).status_code == 200


def test_whoever_plans_more_than_a_day_takes_is_warned_and_may(plan: Plan, priya):
    plan.publication()
    priya.post(page(plan, "/budget"), data={"an_hour": "", "a_day": "1"})
    post_id = plan.post(title="Another")
    when = {**ON_THE_DAY, "accounts": [plan.page_id]}
    said = words(priya.get(f"{DESK}/posts/{post_id}/plan/meaning", query_string=when))
    assert "sends at most 1 a day, and 1 are planned for that day already" in said
    free = {**when, "date": "2026-11-04"}
    assert "at most 1 a day" not in words(
        priya.get(f"{DESK}/posts/{post_id}/plan/meaning", query_string=free)
    )
    asked = priya.post(f"{DESK}/posts/{post_id}/publications", data={**when, "key": "k"})
    assert asked.status_code == 422
    assert "sends at most 1 a day, and 1 are planned for that day already" in words(asked)
    told = html.fromstring(asked.text).xpath("//input[@name='understood']/@value")[0]
    again = {**when, "key": "k", "understood": told}
    saved = priya.post(f"{DESK}/posts/{post_id}/publications", data=again)
    assert saved.status_code == 303
    assert priya.post(f"{DESK}/posts/{post_id}/publications", data=again).location == saved.location


def test_a_second_click_is_not_warned_of_what_the_first_has_planned(plan: Plan, priya):
    priya.post(page(plan, "/budget"), data={"an_hour": "", "a_day": "1"})
    address = f"{DESK}/posts/{plan.post()}/publications"
    first = priya.post(address, data={**ON_THE_DAY, "accounts": [plan.page_id], "key": "k"})
    assert first.status_code == 303
    second = priya.post(address, data={**ON_THE_DAY, "accounts": [plan.page_id], "key": "k"})
    assert second.location == first.location


def test_what_is_moved_to_a_full_day_is_said_before_it_is_saved(plan: Plan, priya):
    plan.publication()
    priya.post(page(plan, "/budget"), data={"an_hour": "", "a_day": "1"})
    moved = plan.find(plan.publication(title="Another", due_at=make.NOW + timedelta(days=1)))
    address = f"{DESK}/publications/{moved.id}/time"
    asked = priya.post(address, data={**ON_THE_DAY, "seen": moved.version})
    assert asked.status_code == 422
    assert "sends at most 1 a day" in words(asked)
    told = html.fromstring(asked.text).xpath("//input[@name='understood']/@value")[0]
    saved = priya.post(address, data={**ON_THE_DAY, "seen": moved.version, "understood": told})
    assert saved.status_code == 303
    assert plan.find(moved.id).wall == "2026-11-03T16:00:00"


def test_undoing_a_move_away_from_a_full_day_asks_nothing(plan: Plan, priya):
    plan.publication()
    moved = plan.find(plan.publication(title="Another"))
    priya.post(page(plan, "/budget"), data={"an_hour": "", "a_day": "1"})
    address = f"{DESK}/publications/{moved.id}/time"
    away = priya.post(address, data={**ON_THE_DAY, "date": "2026-11-04", "seen": moved.version})
    (undo,) = html.fromstring(priya.get(away.location).text).xpath("//form[.//button[contains(., 'Undo')]]")
    back = priya.post(undo.get("action"), data=dict(undo.fields))
    assert back.status_code == 303
    assert plan.find(moved.id).due_at == moved.due_at


def test_a_card_that_is_dropped_on_a_full_day_says_so(plan: Plan, priya):
    plan.publication(due_at=make.NOW + timedelta(days=1))
    publication_id = plan.publication(title="Another")
    priya.post(page(plan, "/budget"), data={"an_hour": "", "a_day": "1"})
    to = {"date": "2026-11-04", "time": "16:00", "zone": "Europe/Berlin", "keep_zone": "1"}
    answer = priya.post(
        f"{DESK}/publications/{publication_id}/time", data=to, headers={"Accept": "application/json"}
    )
    assert "at most 1 a day" in answer.json["clocks"]
