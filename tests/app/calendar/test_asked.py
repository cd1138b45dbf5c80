"""Where a person is asked whether it is there: what was sent, when, where to look, and two answers, one confirmed."""

import json
from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import update

from content_library.models.account import Account
from content_library.models.post import Rendition
from scheduler.models import Attempt, AttemptOutcome, Part, Publication, PublicationState
from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.calendar.conftest import HERE, Plan, words

S = PublicationState
ASKED = (Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK)


def address(publication_id: int, act: str = "") -> str:
    return f"{HERE}/publications/{publication_id}" + (f"/{act}" if act else "")


@pytest.fixture
def asked(plan: Plan) -> int:
    """One whose only try got a bad answer."""
    publication_id = plan.publication(*ASKED)
    with plan.database.write() as session:
        session.add(
            Attempt(
                publication_id=publication_id, position=0, fence=1, act="send", outcome=AttemptOutcome.UNKNOWN,
                started_at=make.NOW, ended_at=make.NOW, status=502, message="Bad Gateway, says the network.",
            )
        )  # fmt: skip
    return publication_id


def test_it_shows_the_words_the_time_the_answer_and_where_to_look(plan: Plan, maya, asked):
    with plan.database.write() as session:
        session.get_one(Account, plan.page_id).url = "https://social.example/@brindlemoor"
    answer = maya.get(address(asked))
    page, said = html.fromstring(answer.text), words(answer)
    assert "Vinegar and water, twenty minutes, rinse twice." in page.xpath("string(//blockquote)")
    assert "As it was sent" in said
    assert "Status 502. Bad Gateway, says the network." in said
    [look] = page.xpath("//a[@href='https://social.example/@brindlemoor']")
    assert "Look on" in look.text_content()


def test_without_an_address_it_says_in_which_account_to_look(plan: Plan, maya, asked):
    with plan.database.write() as session:
        session.get_one(Account, plan.page_id).url = "javascript:alert(1)"
    answer = maya.get(address(asked))
    assert "it has no address Deskcast knows" in words(answer)
    assert "javascript:" not in answer.text


def test_of_a_thread_only_what_nobody_knows_to_be_out_is_shown(plan: Plan, maya):
    publication_id = plan.publication(*ASKED)
    with plan.database.write() as session:
        session.add(
            Part(publication_id=publication_id, position=0, key="k", created_at=make.NOW, envelope={},
                 remote_id="there")
        )  # fmt: skip
    assert "As it was sent" not in words(maya.get(address(publication_id)))


def test_what_was_never_tried_is_told_apart_from_what_may_be_there(plan: Plan, maya):
    publication_id = plan.publication(*ASKED)
    with plan.database.write() as session:
        rendition = session.get_one(Publication, publication_id).rendition
        payload = json.loads(rendition.payload)
        payload["parts"].append({"text": "And now rinse it.", "media": []})
        session.execute(
            update(Rendition).where(Rendition.id == rendition.id).values(payload=json.dumps(payload))
        )
    said = words(maya.get(address(publication_id)))
    assert "Part 1 as it was sent" in said
    assert "Part 2 as it was sent" not in said
    assert "What follows was not sent." in said
    assert "If this part is there, the rest does not go out by itself" in said
    assert "Part 2 And now rinse it." in said
    maya.post(address(publication_id, "settlement"), data={"answer": "there"})
    assert "What follows it did not go out: one part." in plan.find(publication_id).explanation


def test_before_any_answer_came_it_says_that_none_did(plan: Plan, maya):
    assert "No answer came back." in words(maya.get(address(plan.publication(*ASKED))))


def test_both_answers_have_a_key(plan: Plan, maya, asked):
    page = html.fromstring(maya.get(address(asked)).text)
    keys = {e.get("data-key"): e.text_content().strip() for e in page.xpath("//main//*[@data-key]")}
    assert keys["y"].startswith("It is there")
    assert keys["a"].startswith("Not there, send again")


def test_sending_again_is_confirmed_on_a_page_of_its_own(plan: Plan, maya, asked):
    page = html.fromstring(maya.get(address(asked)).text)
    [link] = page.xpath("//main//a[@data-key='a']/@href")
    confirm = maya.get(link)
    assert "customers see it twice" in words(confirm)
    assert "Vinegar and water" in words(confirm)
    [form] = [
        f for f in html.fromstring(confirm.text).forms if (f.get("action") or "").endswith("settlement")
    ]
    assert plan.find(asked).state is S.NEEDS_PERSON
    answer = maya.post(form.get("action"), data={**dict(form.form_values()), "answer": "absent"})
    assert answer.status_code == 303
    assert plan.find(asked).state is S.PLANNED


def test_until_when_the_first_may_still_be_on_its_way_is_said(plan: Plan, maya, asked):
    with plan.database.write() as session:
        session.get_one(Publication, asked).not_before = make.NOW + timedelta(minutes=2)
    assert "Nothing is sent before then" in words(maya.get(address(asked, "settlement/again")))


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("there", "it is there"),
        ("absent", "it is not there, so it goes again"),
        ("give_up", "it was given up"),
    ],
)
@pytest.mark.parametrize("second", ["there", "absent", "give_up"])
def test_who_presses_second_reads_what_the_first_answered_and_changes_nothing(
    plan: Plan, maya, priya, asked, first, said, second
):
    maya.post(address(asked, "settlement"), data={"answer": first})
    before = plan.find(asked)
    answer = priya.post(address(asked, "settlement"), data={"answer": second})
    assert answer.status_code == 409
    assert f"Maya Okafor was quicker and answered: {said}. Nothing was changed by you." in words(answer)
    assert (plan.find(asked).state, plan.find(asked).version) == (before.state, before.version)
    late = priya.get(address(asked, "settlement/again"))
    assert (late.status_code, late.location) == (303, address(asked))


def test_an_answer_about_an_earlier_try_does_not_count_for_the_next(plan: Plan, maya, asked):
    seen = plan.find(asked).version
    with plan.database.write() as session:
        session.get_one(Publication, asked).explanation = "Unclear a second time."
    answer = maya.post(address(asked, "settlement"), data={"answer": "absent", "seen": str(seen)})
    assert answer.status_code == 409
    assert "sent again meanwhile" in words(answer)
    assert plan.find(asked).state is S.NEEDS_PERSON


def test_confirming_is_for_those_who_may_answer(plan: Plan, asked):
    assert plan.client("ruth").get(address(asked, "settlement/again")).status_code == 403


def test_what_is_gone_says_so_on_its_page_in_the_calendar_and_on_today(plan: Plan, maya):
    publication_id = plan.publication(
        Act.CLAIM, Act.MARK, Act.SUCCEED, due_at=make.NOW + timedelta(minutes=5)
    )
    with plan.database.write() as session:
        session.get_one(Publication, publication_id).gone_at = make.NOW
    said = words(maya.get(address(publication_id)))
    assert "No longer there" in said
    assert "It is not sent again by itself" in said
    assert "No longer there" in words(maya.get(f"{HERE}/"))
    assert "No longer there" in words(maya.get(f"{HERE}/calendar/agenda?day=2026-11-03"))
