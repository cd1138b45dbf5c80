"""While somebody is away, on the pages: handing on, the delegate’s queue and page, and what everybody reads after."""

import re

import pytest
from werkzeug.test import TestResponse

from content_library.models.review import Decision
from content_library.models.user import Delegation
from tests.app.house import send, text_of
from tests.app.reviews.conftest import Queue
from tests.app.reviews.test_deciding import decide, shown
from tests.content_library.scene import CELEBRITY


def hand_on(queue: Queue, giver: str, to: str, *, by: str = "", **changed: str) -> TestResponse:
    person = queue.house.people[giver]
    with queue.told() as told:
        team_id = told.people[giver].team_memberships[0].team_id
    page = f"/settings/people/{person.id}" if by else "/me"
    fields = {
        "team": team_id, "to": queue.house.people[to].id, "first_day": "2026-11-03", "last_day": "2026-11-05",
        "reason": "On holiday.", **changed,
    }  # fmt: skip
    action = f"{page}/absences"
    client = queue.client(by or giver)
    token = re.search(r'name="absence-csrf_token" type="hidden" value="([^"]+)"', text_of(client.get(page)))
    assert token, "no form to hand on with"
    sent = {"csrf_token": token[1], **fields}
    return client.post(action, data={f"absence-{name}": value for name, value in sent.items()})


def for_legal(queue: Queue, **content: str) -> int:
    first = queue.send(**{**CELEBRITY, **content})
    return int(queue.look(first, lambda r: next(o.id for o in r.submission.reviews if o.team.key == "legal")))


def made(queue: Queue) -> list[tuple[str, str]]:
    with queue.house.database.read() as session:
        return [(d.user.name, d.counts_for.name) for d in session.query(Decision)]


def test_the_delegate_finds_it_in_the_queue_decides_and_everybody_reads_for_whom(queue: Queue):
    review_id = for_legal(queue, title="A chef")
    assert queue.client("priya").get("/reviews").status_code == 200
    assert "A chef" not in shown(queue.client("priya").get("/reviews"))
    assert hand_on(queue, "tom", "priya").status_code == 303
    page = shown(queue.client("priya").get("/reviews"))
    assert "A chef" in page
    assert "for Tom Hargreave (Legal)" in page
    assert "you decide for Tom Hargreave (Legal)" in shown(queue.client("priya").get(f"/reviews/{review_id}"))
    assert decide(queue, "priya", review_id, "approve").status_code == 303
    assert made(queue) == [("Priya Raman", "Tom Hargreave")]
    for who in ("maya", "tom"):
        page = shown(queue.client(who).get(f"/reviews/{review_id}"))
        assert "Approved by Priya Raman for Tom Hargreave" in page
    assert "Priya Raman has decided for you, for Legal." in page


def test_the_rail_and_the_name_say_it_and_say_nothing_when_it_is_over(queue: Queue):
    for_legal(queue)
    hand_on(queue, "tom", "priya")
    page = text_of(queue.client("priya").get("/d/brindlemoor/"))
    assert 'href="/reviews"' in page
    assert "Legal for Tom Hargreave" in page
    queue.clock.advance(days=3)
    page = text_of(queue.client("priya").get("/d/brindlemoor/"))
    assert 'href="/reviews"' not in page
    assert "Tom Hargreave" not in page


def test_the_own_page_lists_what_is_handed_on_and_ends_it(queue: Queue):
    hand_on(queue, "tom", "priya")
    assert "Priya Raman for Legal On holiday. 2026-11-03 – 2026-11-05 Now" in shown(
        queue.client("tom").get("/me")
    )
    with queue.house.database.read() as session:
        found = session.query(Delegation).one().id
    for who, status in (("maya", 404), ("priya", 404), ("tom", 303), ("tom", 409)):
        assert send(queue.client(who), "/notices", f"/me/absences/{found}/end").status_code == status
    assert "Ended" in shown(queue.client("tom").get("/me"))
    assert 'href="/reviews"' not in text_of(queue.client("priya").get("/d/brindlemoor/"))


def test_an_administrator_does_it_for_somebody(queue: Queue):
    review_id = for_legal(queue)
    assert hand_on(queue, "tom", "priya", by="sam").status_code == 303
    assert decide(queue, "priya", review_id, "approve").status_code == 303
    tom = queue.house.people["tom"].id
    with queue.house.database.read() as session:
        found = session.query(Delegation).one().id
    end = f"/settings/people/{tom}/absences/{found}/end"
    other = f"/settings/people/{queue.house.people['elena'].id}/absences/{found}/end"
    assert send(queue.client("sam"), "/notices", other).status_code == 404
    assert send(queue.client("tom"), "/notices", end).status_code == 403
    assert send(queue.client("sam"), "/notices", end).status_code == 303


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"last_day": "2026-11-01"}, "The last day is before the first."),
        ({"first_day": "2026-10-01", "last_day": "2026-10-02"}, "The last day is over already."),
        ({"reason": " "}, "Say why, in up to 500 characters"),
        ({"first_day": "soon"}, "Not a valid date value."),
    ],
)
def test_what_cannot_be_meant_comes_back_with_what_was_typed(
    queue: Queue, changed: dict[str, str], sentence: str
):
    answer = hand_on(queue, "tom", "priya", **{"reason": "A long story.", **changed})
    assert answer.status_code == 422
    assert sentence in shown(answer)
    if "reason" not in changed:
        assert "A long story." in text_of(answer)


def test_nothing_is_offered_to_people_without_a_team(queue: Queue):
    assert "While I am away" not in shown(queue.client("maya").get("/me"))


def test_several_at_once_say_for_whom_and_count_for_them(queue: Queue):
    ids = [for_legal(queue, title=f"Post {n}") for n in range(2)]
    hand_on(queue, "tom", "priya")
    client = queue.client("priya")
    page = client.get("/reviews/chosen", query_string={"review": ids})
    assert shown(page).count("for Tom Hargreave (Legal)") == 2
    stood = dict(re.findall(r'name="(seen-\d+)" value="([^"]+)"', text_of(page)))
    data = {"shown": ids, "review": ids, "verdict": "approve", **stood}
    assert send(client, "/reviews", "/reviews/decisions", **data).status_code == 303
    assert made(queue) == [("Priya Raman", "Tom Hargreave")] * 2


def test_the_author_finds_nothing_of_their_own_there(queue: Queue):
    review_id = for_legal(queue, title="Of Maya")
    hand_on(queue, "tom", "maya")
    assert "Of Maya" not in shown(queue.client("maya").get("/reviews"))
    assert decide(queue, "maya", review_id, "approve").status_code == 403
    assert queue.look(review_id, lambda r: r.decisions) == []
    queue.clock.advance(days=4)
    assert "Only Legal can decide" in shown(queue.client("maya").get(f"/reviews/{review_id}"))
