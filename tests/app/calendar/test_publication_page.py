"""The page of a publication: its state, its story, the bytes, and the next step as a button."""

from datetime import timedelta

import pytest
from lxml import html

from scheduler.models import Attempt, AttemptOutcome, Part, PublicationState
from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.calendar.conftest import HERE, Plan, words

S = PublicationState
OUT = (Act.CLAIM, Act.MARK, Act.SUCCEED)
ASKED = (Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK)
JSON = {"Accept": "application/json"}


def address(publication_id: int, act: str = "") -> str:
    return f"{HERE}/publications/{publication_id}" + (f"/{act}" if act else "")


def to(date: str = "2026-11-20", time: str = "09:30", zone: str = "Europe/Berlin", **more):
    return {"date": date, "time": time, "zone": zone, **more}


def test_it_shows_what_goes_out_and_who_has_cleared_it(plan: Plan, maya):
    said = words(maya.get(address(plan.publication())))
    assert "Vinegar and water" in said
    assert "revision 1" in said
    assert "Lukas" in said or "Elena" in said
    assert "It goes out by itself at its time" in said


def test_every_attempt_shows_what_was_sent_and_what_came_back(plan: Plan, maya):
    publication_id = plan.publication(*ASKED)
    with plan.database.write() as session:
        session.add(
            Attempt(
                publication_id=publication_id, position=0, fence=1, act="send", outcome=AttemptOutcome.UNKNOWN,
                started_at=make.NOW, ended_at=make.NOW, status=502, request={"text": "<b>hello</b>"},
                response={"error": "Bad Gateway"}, message="The network’s own words.",
            )
        )  # fmt: skip
    answer = maya.get(address(publication_id))
    said = words(answer)
    for part in ("the answer was lost (502)", "<b>hello</b>", "Bad Gateway", "The network’s own words."):
        assert part in said
    assert "<b>hello</b>" not in answer.text


@pytest.mark.parametrize(
    ("acts", "there", "absent"),
    [
        ((), ["Move it", "Cancel it", "Hold it back"], ["Take it down", "It is there"]),
        (OUT, ["Take it down"], ["Move it", "Cancel it", "Hold it back"]),
        (ASKED, ["It is there", "Not there, send again", "Give it up"], ["Move it", "Take it down"]),
        ((Act.CLAIM, Act.MARK, Act.FAIL), ["Plan it anew", "Leave it as it is"], ["Move it"]),
        ((Act.MISS,), ["Choose a new time", "Cancel it"], ["Hold it back"]),
        ((Act.CANCEL,), ["Plan it anew"], ["Move it", "Cancel it"]),
        ((Act.CLAIM, Act.MARK), [], ["Move it", "Cancel it", "Take it down"]),
    ],
)
def test_each_state_offers_its_next_steps_and_no_other(plan: Plan, priya, acts, there, absent):
    said = words(priya.get(address(plan.publication(*acts))))
    assert [one for one in there if one not in said] == []
    assert [one for one in absent if one in said] == []


@pytest.mark.parametrize("acts", [(), OUT, ASKED, (Act.MISS,)])
def test_who_looks_on_is_offered_nothing(plan: Plan, acts):
    page = html.fromstring(plan.client("ruth").get(address(plan.publication(*acts))).text)
    forms = page.xpath("//main//form[@method='post']")
    assert forms == []


def test_moving_says_when_and_can_be_undone(plan: Plan, maya):
    publication_id = plan.publication()
    before = plan.find(publication_id)
    answer = maya.post(address(publication_id, "time"), data=to(seen=before.version))
    assert answer.status_code == 303
    page = html.fromstring(maya.get(answer.location).text)
    [undo] = page.find_class("toast-undo")[0].xpath(".//form")
    assert plan.find(publication_id).wall == "2026-11-20T09:30:00"
    maya.post(undo.get("action"), data=dict(undo.form_values()))
    assert plan.find(publication_id).due_at == before.due_at


def test_a_script_is_answered_with_the_card_and_the_way_back(plan: Plan, maya):
    publication_id = plan.publication()
    answer = maya.post(address(publication_id, "time"), data=to(keep_zone="1"), headers=JSON)
    assert answer.json["event"]["start"] == "2026-11-20T09:30:00"
    assert answer.json["said"] == "Moved to Friday 20 November 2026, 08:30, UTC."
    assert plan.find(publication_id).zone == "UTC"  # planned there, and stays there
    maya.post(address(publication_id, "time"), data=answer.json["undo"], headers=JSON)
    assert plan.find(publication_id).due_at == make.NOW + timedelta(hours=3)


@pytest.mark.parametrize(
    ("acts", "changed", "status", "sentence"),
    [
        ((), {"date": "2026-11-01"}, 422, "past"),
        ((), {"date": "x"}, 422, "not a date"),
        ((), {"seen": "1"}, 409, "Somebody else"),
        (OUT, {}, 409, "is out already"),
        ((Act.CLAIM, Act.MARK), {}, 409, "already on its way"),
    ],
)
def test_a_refused_drop_says_why(plan: Plan, maya, acts, changed, status, sentence):
    publication_id = plan.publication(*acts)
    answer = maya.post(address(publication_id, "time"), data=to(**changed), headers=JSON)
    assert answer.status_code == status
    assert sentence in answer.json["message"]
    assert plan.find(publication_id).due_at == make.NOW + timedelta(hours=3)


def test_a_way_back_leads_only_into_the_calendar(plan: Plan, maya):
    publication_id = plan.publication()
    inside = f"{HERE}/calendar?month=2026-11"
    answer = maya.post(address(publication_id, "time"), data=to(back=inside))
    assert answer.location == inside
    for outside in ("https://evil.example/", "//evil.example", f"{HERE}/calendarevil"):
        answer = maya.post(address(publication_id, "time"), data=to(time="10:00", back=outside))
        assert answer.location == address(publication_id)


def test_cancelling_with_a_reason_takes_it_out_of_the_plan(plan: Plan, maya):
    publication_id = plan.publication()
    maya.post(address(publication_id, "cancellation"), data={"reason": "The sale is off"})
    assert plan.find(publication_id).state is S.CANCELLED
    assert "The sale is off" in words(maya.get(address(publication_id)))


def test_a_lead_holds_one_with_a_reason_and_lets_it_go(plan: Plan, priya):
    publication_id = plan.publication()
    assert priya.post(address(publication_id, "hold"), data={"reason": ""}).status_code == 422
    priya.post(address(publication_id, "hold"), data={"reason": "Ask Tom first"})
    assert "Ask Tom first" in words(priya.get(address(publication_id)))
    priya.post(address(publication_id, "release"))
    assert plan.find(publication_id).state is S.PLANNED


@pytest.mark.parametrize(
    ("answer", "state"), [("there", S.PUBLISHED), ("absent", S.PLANNED), ("give_up", S.FAILED)]
)
def test_a_person_settles_what_nobody_knows(plan: Plan, maya, answer, state):
    publication_id = plan.publication(*ASKED)
    sent = maya.post(address(publication_id, "settlement"), data={"answer": answer})
    assert sent.status_code == 303
    assert plan.find(publication_id).state is state


def test_an_address_that_is_none_is_refused_at_its_field(plan: Plan, maya):
    publication_id = plan.publication(*ASKED)
    data = {"answer": "there", "url": "javascript:alert(1)"}
    answer = maya.post(address(publication_id, "settlement"), data=data)
    assert answer.status_code == 422
    assert "https://" in html.fromstring(answer.text).get_element_by_id("url-wrong").text_content()


def test_an_answer_nobody_offers_settles_nothing(plan: Plan, maya):
    publication_id = plan.publication(*ASKED)
    assert maya.post(address(publication_id, "settlement"), data={"answer": "x"}).status_code == 422
    assert plan.find(publication_id).state is S.NEEDS_PERSON


def test_taking_down_says_first_what_will_happen(plan: Plan, maya):
    publication_id = plan.publication(*OUT)
    with plan.database.write() as session:
        session.add(
            Part(
                publication_id=publication_id,
                position=0,
                key="k",
                created_at=make.NOW,
                envelope={},
                remote_id="x",
            )
        )
    page = html.fromstring(maya.get(address(publication_id)).text)
    [form] = [f for f in page.forms if (f.get("action") or "").endswith("/take-down")]
    assert "deleted" in form.get("data-confirm")
    maya.post(form.get("action"))
    assert "being taken down" in words(maya.get(address(publication_id)))


def test_it_looks_again_by_itself_while_it_is_on_its_way_and_then_stops(plan: Plan, maya):
    out = plan.publication(*OUT, title="B")
    going = plan.publication(Act.CLAIM, Act.MARK)
    assert 'hx-trigger="every 2s"' in maya.get(address(going)).text
    assert 'hx-trigger="every' not in maya.get(address(out)).text
    assert maya.get(address(out), headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("act", ["time", "cancellation", "hold", "release", "settlement", "take-down"])
@pytest.mark.parametrize("who", ["ruth", "tom"])
def test_who_may_not_is_refused_at_every_door(plan: Plan, who, act):
    publication_id = plan.publication(*ASKED if act == "settlement" else ())
    data = {**to(), "reason": "x", "answer": "absent"}
    answer = plan.client(who).post(address(publication_id, act), data=data)
    assert answer.status_code == 403
    assert plan.find(publication_id).due_at == make.NOW + timedelta(hours=3)


@pytest.mark.parametrize("act", ["hold", "release"])
def test_holding_is_for_leads(plan: Plan, maya, act):
    assert maya.post(address(plan.publication(), act), data={"reason": "x"}).status_code == 403


@pytest.mark.parametrize("act", ["", "time/meaning"])
def test_another_desks_publication_is_not_found(plan: Plan, maya, act):
    publication_id = plan.publication()
    assert maya.get(f"/d/elsewhere/publications/{publication_id}/{act}".rstrip("/")).status_code == 404
    assert maya.get(f"{HERE}/publications/99999").status_code == 404


@pytest.mark.parametrize(
    ("acts", "most"),
    [
        ((), 17),  # what another time would mean is asked as well
        ((Act.MISS,), 17),
        (OUT, 15),
        (ASKED, 15),
        ((Act.CLAIM, Act.MARK), 15),
        ((Act.CLAIM, Act.MARK, Act.FAIL), 15),
        ((Act.CANCEL,), 15),
    ],
)
def test_the_page_asks_few_questions(plan: Plan, priya, count_queries, acts, most):
    """It looks again by itself, every other second while something is on its way."""
    here = address(plan.publication(*acts))
    priya.get(here)
    with count_queries(plan.database) as asked:
        priya.get(here)
    asked = [one for one in asked if one != "BEGIN"]
    assert len(asked) <= most, "\n".join(asked)
