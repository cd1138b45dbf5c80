"""Sorting out on one screen: what was kept back is chosen row by row or all at once, and taken back."""

from datetime import timedelta

import pytest
from lxml import html

from scheduler.models import PublicationState
from tests import factories as make
from tests.app.calendar.conftest import HERE, Plan, words

S = PublicationState


@pytest.fixture
def missed(plan: Plan, priya, clock) -> list[int]:
    """Two that a stop kept back past their times."""
    made = [plan.publication(title=f"Number {n}", due_at=make.NOW + timedelta(hours=n + 1)) for n in range(2)]
    priya.post(f"{HERE}/holds", data={"reason": "Card payments fail"})
    clock.advance(hours=5)
    page = html.fromstring(priya.get(f"{HERE}/holds").text)
    [lift] = [f.get("action") for f in page.forms if (f.get("action") or "").endswith("/lift")]
    priya.post(lift)
    return made


def rows(client):
    """The form of the rows, as the browser would send it."""
    page = html.fromstring(client.get(f"{HERE}/kept-back").text)
    [form] = [f for f in page.forms if f.get("id") == "kept-back"]
    return form


def filled(client, **changed):
    data = [(name, value) for name, value in rows(client).form_values() if name not in changed]
    return {**{n: [v for m, v in data if m == n] for n, _ in data}, **changed}


def test_each_row_comes_with_a_suggestion_that_can_be_taken_as_it_is(missed, plan: Plan, priya):
    first, second = missed
    form = rows(priya)
    assert form.fields[f"choice-{first}"] == form.fields[f"choice-{second}"] == "resume"
    assert (form.fields[f"time-{first}"], form.fields[f"time-{second}"]) == ("15:15", "15:30")
    answer = priya.post(f"{HERE}/kept-back", data=filled(priya))
    assert "2 go out later. Nothing was sent in that moment." in words(priya.get(answer.location))
    assert [plan.find(i).state for i in missed] == [S.PLANNED, S.PLANNED]


def test_a_row_can_be_changed_and_done_alone(missed, plan: Plan, priya):
    first, second = missed
    data = filled(priya, **{f"choice-{first}": "back", f"time-{second}": "16:00", "only": str(second)})
    priya.post(f"{HERE}/kept-back", data=data)
    assert (plan.find(first).reason, plan.find(second).wall) == ("late", "2026-11-03T16:00:00")
    priya.post(f"{HERE}/kept-back", data=filled(priya, **{f"choice-{first}": "back"}))
    assert plan.find(first).reason == "sent_back"


def test_everything_is_done_at_once_and_taken_back(missed, plan: Plan, priya):
    page = html.fromstring(priya.get(f"{HERE}/kept-back").text)
    [form] = [f for f in page.forms if f.get("data-confirm") and "everything" in f.fields]
    priya.post(form.get("action"), data=dict(form.fields))
    assert [plan.find(i).state for i in missed] == [S.PLANNED, S.PLANNED]
    said = priya.get(f"{HERE}/kept-back")
    assert "Just decided" in words(said)
    [undo] = {
        f.get("action") for f in html.fromstring(said.text).forms if (f.get("action") or "").endswith("/undo")
    }
    answer = priya.post(undo)
    assert "Taken back: 2." in words(priya.get(answer.location))
    assert [plan.find(i).state for i in missed] == [S.MISSED, S.MISSED]


def test_pressing_twice_or_going_back_does_nothing_twice(missed, plan: Plan, priya):
    data = filled(priya)
    priya.post(f"{HERE}/kept-back", data=data)
    before = [plan.find(i).version for i in missed]
    answer = priya.post(f"{HERE}/kept-back", data=data)
    assert "Somebody decided about it meanwhile." in words(priya.get(answer.location))
    assert [plan.find(i).version for i in missed] == before


def test_what_was_suggested_is_not_done_when_it_has_changed_since(missed, plan: Plan, priya):
    answer = priya.post(f"{HERE}/kept-back", data={"everything": "0123456789abcdef"})
    assert "Something has changed since you looked" in words(priya.get(answer.location))
    assert [plan.find(i).state for i in missed] == [S.MISSED, S.MISSED]


def test_an_answer_of_nonsense_changes_nothing(missed, plan: Plan, priya):
    for data in (
        {},
        {"row": "x", "choice-x": "resume"},
        {"row": str(missed[0]), f"choice-{missed[0]}": "send"},
    ):
        answer = priya.post(f"{HERE}/kept-back", data=data)
        assert "Nothing was chosen." in words(priya.get(answer.location))
    assert [plan.find(i).state for i in missed] == [S.MISSED, S.MISSED]


def test_agents_see_what_was_kept_back_and_decide_nothing(missed, maya):
    assert "Number 0" in words(maya.get(f"{HERE}/kept-back"))
    assert html.fromstring(maya.get(f"{HERE}/kept-back").text).xpath("//main//select") == []
    assert maya.post(f"{HERE}/kept-back", data={"everything": "0123456789abcdef"}).status_code in (303, 403)
    assert (
        maya.post(
            f"{HERE}/kept-back", data={"row": str(missed[0]), f"choice-{missed[0]}": "back"}
        ).status_code
        == 403
    )


def test_more_rows_ask_no_more_questions(plan: Plan, priya, missed, database, count_queries):
    with count_queries(database) as few:
        priya.get(f"{HERE}/kept-back")
    assert len(few) <= 40


def test_today_leads_there(missed, priya):
    assert "Sort out what was kept back" in words(priya.get(f"{HERE}/"))


def test_a_stop_reaches_as_far_as_was_chosen_and_the_page_says_so_before(plan: Plan, priya):
    publication_id = plan.publication()
    other = f"account:{plan.practice_id}"
    said = words(priya.get(f"{HERE}/holds/foreseen?what={other}"))
    assert "0 will be held. On this desk 1 go on:" in said
    assert "1 will be held. On this desk nothing goes on." in words(
        priya.get(f"{HERE}/holds/foreseen?what=desk")
    )
    answer = priya.post(f"{HERE}/holds", data={"what": other, "reason": "It is shut"})
    assert "Stopped: Bluesky · brindlemoor.bsky.social. 0 held." in words(priya.get(answer.location))
    assert plan.find(publication_id).state is S.PLANNED
    banner = words(priya.get(f"{HERE}/calendar"))
    assert "brindlemoor.bsky.social is stopped. It is shut Priya Raman, today 10:00." in banner
    assert "This desk is stopped" not in banner


def test_a_kind_is_stopped_and_said_on_every_page(plan: Plan, priya, maya):
    publication_id = plan.publication()
    priya.post(f"{HERE}/holds", data={"what": "kind:edu_taining", "reason": "Somebody died"})
    assert plan.find(publication_id).state is S.HELD
    assert "Kind “Edu-taining” is stopped. Somebody died Priya Raman" in words(
        maya.get(f"{HERE}/calendar/agenda")
    )


def test_an_administrator_may_stop_everything_and_nothing_less(plan: Plan, priya):
    publication_id, sam = plan.publication(), plan.client("sam")
    values = html.fromstring(sam.get(f"{HERE}/holds").text).xpath("//input[@name='what']/@value")
    assert values == ["all"]
    assert "all" not in html.fromstring(priya.get(f"{HERE}/holds").text).xpath("//input[@name='what']/@value")
    assert priya.post(f"{HERE}/holds", data={"what": "all", "reason": "x"}).status_code == 403
    assert sam.post(f"{HERE}/holds", data={"what": "desk", "reason": "x"}).status_code == 403
    assert sam.post(f"{HERE}/holds", data={"what": "all", "reason": "Broken into"}).status_code == 303
    assert plan.find(publication_id).state is S.HELD
    for client, page in ((priya, f"{HERE}/calendar"), (sam, "/notices")):
        assert "Everything is stopped, on every desk. Broken into Sam Ito" in words(client.get(page))


def test_what_cannot_be_stopped_here_is_no_choice(plan: Plan, priya):
    answer = priya.post(f"{HERE}/holds", data={"what": "account:999999", "reason": "x"})
    assert answer.status_code == 422
    assert "Choose what to stop." in words(answer)
