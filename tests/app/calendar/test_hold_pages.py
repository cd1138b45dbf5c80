"""The stop switch and the way back: counted before, said on every page, sorted out after."""

from datetime import timedelta

from lxml import html

from scheduler import clock_warning
from scheduler.clock_watch import ClockWatch
from scheduler.models import PublicationState
from tests import factories as make
from tests.app.calendar.conftest import HERE, Plan, words

S = PublicationState


def stop(client, reason="Card payments fail"):
    return client.post(f"{HERE}/holds", data={"reason": reason})


def test_stopping_says_before_and_after_how_many_are_held(plan: Plan, priya):
    made = [plan.publication(title=f"N{n}") for n in range(2)]
    page = html.fromstring(priya.get(f"{HERE}/holds").text)
    [form] = [f for f in page.forms if f.get("data-confirm")]
    assert form.get("data-confirm").startswith("2 will be held.")
    answer = stop(priya)
    assert "Stopped. 2 held." in words(priya.get(answer.location))
    assert [plan.find(i).state for i in made] == [S.HELD, S.HELD]


def test_every_page_of_the_desk_says_that_it_is_stopped(plan: Plan, priya, maya):
    stop(priya)
    for page in ("/calendar", "/calendar/agenda", "/holds", f"/posts/{plan.post()}/plan"):
        assert "This desk is stopped. Card payments fail" in words(maya.get(HERE + page))


def test_a_stop_without_a_reason_stops_nothing(plan: Plan, priya):
    publication_id = plan.publication()
    assert stop(priya, "").status_code == 422
    assert plan.find(publication_id).state is S.PLANNED


def test_lifting_shows_what_became_of_each_and_sends_nothing(plan: Plan, priya, clock):
    soon = plan.publication(title="Soon", due_at=make.NOW + timedelta(hours=1))
    later = plan.publication(title="Later", due_at=make.NOW + timedelta(hours=9))
    stop(priya)
    clock.advance(hours=2)
    page = html.fromstring(priya.get(f"{HERE}/holds").text)
    [form] = [f for f in page.forms if (f.get("action") or "").endswith("/lift")]
    answer = priya.post(form.get("action"))
    said = words(priya.get(answer.location))
    assert "Nothing was sent in that moment" in said
    assert said.index("Choose new times") < said.index("Soon") < said.index("These go out at their time")
    assert (plan.find(soon).state, plan.find(later).state) == (S.MISSED, S.PLANNED)
    assert "This desk is stopped" not in words(priya.get(f"{HERE}/calendar"))


def test_agents_see_the_holds_and_cannot_touch_them(plan: Plan, priya, maya):
    assert stop(maya).status_code == 403
    stop(priya)
    page = maya.get(f"{HERE}/holds")
    assert "Card payments fail" in words(page)
    assert html.fromstring(page.text).xpath("//main//form") == []
    assert maya.post(f"{HERE}/holds/1/lift").status_code == 403


def test_another_desks_holds_are_not_found(plan: Plan, priya):
    stop(priya)
    sam = plan.client("sam")  # an administrator sees every desk
    assert sam.get("/d/elsewhere/holds/1").status_code == 404
    assert sam.post("/d/elsewhere/holds/1/lift").status_code == 404


def test_leads_and_administrators_read_on_every_page_that_a_clock_jumped(plan: Plan, priya, maya, clock):
    watch = ClockWatch(120.0)
    watch.tick(make.NOW - timedelta(hours=1), 0.0)
    watch.tick(make.NOW, 1.0)
    with plan.database.write() as session:
        clock_warning.keep(session, "host:1", watch, now=make.NOW, monotonic=1.0)
    said = "The clock of host:1 jumped. It shows 09:00:00 UTC and should show 08:00:01 UTC."
    assert said in words(priya.get(f"{HERE}/calendar"))
    assert said in words(plan.client("sam").get(f"{HERE}/calendar"))
    assert "jumped" not in words(maya.get(f"{HERE}/calendar"))
    clock.advance(minutes=5)
    assert "jumped" not in words(priya.get(f"{HERE}/calendar"))
