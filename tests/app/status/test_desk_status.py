"""A desk's status page: for its leads, about their desk alone."""

from datetime import timedelta

import pytest

from app.notice_links import path_of
from content_library.models.account import AccountState
from content_library.models.desk import Desk, EngineBeat
from content_library.models.notice import Notice
from scheduler.models import Publication
from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.calendar.conftest import HERE, Plan, words

STATUS = f"{HERE}/status"
ASKED = (Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK)


def test_a_quiet_desk_says_that_all_is_well(plan: Plan, priya):
    with plan.database.write() as session:
        session.add(EngineBeat(job="look_ahead", at=make.NOW, engine="host-1"))
    said = words(priya.get(STATUS))
    assert "engine works; it was last heard just now" in said
    assert "Nothing of this desk is overdue." in said
    assert "Nothing waits for somebody’s decision." in said
    assert "stands where it was put" in said
    assert "host-1" not in said


def test_an_engine_that_is_silent_is_said_with_who_starts_it(plan: Plan, priya, clock):
    assert "No engine has run yet" in words(priya.get(STATUS))
    with plan.database.write() as session:
        session.add(EngineBeat(job="look_ahead", at=make.NOW, engine="host-1"))
    clock.advance(minutes=5)
    assert "nothing goes out. An administrator starts it again." in words(priya.get(STATUS))


def test_what_is_overdue_needs_a_person_or_is_gone_stands_there(plan: Plan, priya, clock):
    plan.publication(title="Late one")
    plan.publication(*ASKED, title="Asked one")
    gone = plan.publication(Act.CLAIM, Act.MARK, Act.SUCCEED, title="Gone one")
    with plan.database.write() as session:
        session.get_one(Publication, gone).gone_at = make.NOW
    clock.advance(hours=4)
    said = words(priya.get(STATUS))
    assert "1 publication is overdue." in said
    assert "1 publication waits for somebody’s decision." in said
    assert "Asked one" in said and "Gone one" in said
    assert "Late one" not in said


def test_accounts_say_how_they_are(plan: Plan, priya):
    with plan.database.write() as session:
        desk = session.get_one(Desk, plan.house.desk.id)
        make.make_account(session, desk, handle="lost.example", state=AccountState.RECONNECT)
    said = words(priya.get(STATUS))
    assert "lost.example" in said and "Connect again" in said


def test_another_desks_things_are_not_on_it(plan: Plan, clock):
    plan.publication(*ASKED, title="Asked one")
    clock.advance(days=2)
    said = words(plan.client("sam").get("/d/elsewhere/status"))
    assert "Asked one" not in said
    assert "Nothing of this desk is overdue." in said


@pytest.mark.parametrize("who", ["maya", "ruth", "tom"])
def test_it_is_for_leads_and_administrators(plan: Plan, who):
    assert plan.client(who).get(STATUS).status_code == 403
    assert "/status" not in plan.client(who).get(f"{HERE}/").text


def test_it_stands_in_the_rail_of_leads(plan: Plan, priya):
    assert f'href="{STATUS}"' in priya.get(f"{HERE}/").text


def test_a_notice_about_what_is_overdue_leads_there(plan: Plan):
    notice = Notice(kind="desk.overdue", subject_type="desk", subject_id=1, text="x", details={})
    assert path_of(notice, "brindlemoor") == STATUS


def test_it_costs_few_queries(plan: Plan, priya, count_queries):
    for number in range(5):
        plan.publication(*ASKED, title=f"Post {number}", due_at=make.NOW + timedelta(hours=number + 1))
    priya.get(STATUS)
    with count_queries(plan.database) as asked:
        priya.get(STATUS)
    assert len([s for s in asked if not s.startswith(("BEGIN", "PRAGMA"))]) <= 20
