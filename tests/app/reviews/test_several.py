"""Several reviews decided on at once: every text is on the page, each is decided on by itself, failures are named."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from content_library.models.review import Decision, Review, ReviewState
from tests import factories as make
from tests.app.house import text_of, token
from tests.app.reviews.conftest import Queue
from tests.app.reviews.test_deciding import decide, shown


def seen(queue: Queue, review_id: int) -> str:
    return str(queue.look(review_id, lambda r: f"{r.submission.revision_id}:{r.submission.content_hash}"))


def send_several(
    queue: Queue,
    who: str,
    ids: list[int],
    verdict: str = "approve",
    *,
    ticked: list[int] | None = None,
    **more: Any,
) -> TestResponse:
    """Open the page of the chosen and send its form."""
    client = queue.client(who)
    page = client.get("/reviews/chosen", query_string={"review": ids})
    stood = dict(re.findall(r'name="(seen-\d+)" value="([^"]+)"', text_of(page)))
    data = {
        "csrf_token": token(page),
        "shown": ids,
        "review": ids if ticked is None else ticked,
        "verdict": verdict,
    }
    return client.post("/reviews/decisions", data={**data, **stood, **more})


def decisions(queue: Queue) -> list[tuple[int, str]]:
    with queue.house.database.read() as session:
        return [(d.review_id, d.verdict.value) for d in session.query(Decision).order_by(Decision.id)]


def test_the_page_shows_every_text_what_changed_and_a_tick_for_each(queue: Queue):
    first = queue.send(title="Kettles", text="Vinegar, twenty minutes.")
    decide(queue, "elena", first, "request_changes", reason="Say how much.")
    with queue.told() as told:
        post, maya = told.session.get_one(Review, first).submission.post, told.people["maya"]
        make.save(told.session, post, maya, text="Vinegar, thirty minutes.", now=told.now)
        first = make.submit(told.session, post, maya, now=told.now).reviews[0].id
    second = queue.send(title="Lids", text="Spare lids are here.")
    page = text_of(queue.client("elena").get("/reviews/chosen", query_string={"review": [second, first]}))
    assert page.index("Spare lids are here.") < page.index("thirty minutes.")
    assert re.search(r"<del>.*?twenty", page)
    assert len(re.findall(r'name="review" value="\d+" data-ticks checked', page)) == 2
    for review_id in (first, second):
        assert f'name="seen-{review_id}" value="{seen(queue, review_id)}"' in page


def test_all_that_are_ticked_are_approved_and_the_rest_is_left(queue: Queue):
    ids = [queue.send(title=f"Post {n}") for n in range(3)]
    answer = send_several(queue, "elena", ids, ticked=ids[:2])
    assert (answer.status_code, answer.location) == (303, "/reviews")
    assert decisions(queue) == [(ids[0], "approve"), (ids[1], "approve")]
    page = shown(queue.client("elena").get("/reviews"))
    assert "Post 2" in page


def test_changes_are_asked_for_in_all_with_one_reason(queue: Queue):
    ids = [queue.send(title=f"Post {n}") for n in range(2)]
    assert send_several(queue, "elena", ids, "request_changes", reason="Say where.").status_code == 303
    assert decisions(queue) == [(i, "request_changes") for i in ids]
    assert queue.look(ids[1], lambda r: r.decisions[0].reason) == "Say where."


def test_without_a_reason_nothing_is_sent_back_and_the_ticks_stay(queue: Queue):
    ids = [queue.send(title=f"Post {n}") for n in range(2)]
    answer = send_several(queue, "elena", ids, "request_changes", ticked=ids[:1], reason="  ")
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Say why, so that the author knows what to do." in page
    assert len(re.findall(r"data-ticks checked", page)) == 1
    assert decisions(queue) == []


def test_one_that_is_refused_is_named_and_keeps_no_other_from_counting(queue: Queue):
    ids = [queue.send(title=f"Post {n}") for n in range(3)]
    client = queue.client("elena")
    page = client.get("/reviews/chosen", query_string={"review": ids})
    stood = dict(re.findall(r'name="(seen-\d+)" value="([^"]+)"', text_of(page)))
    with queue.told() as told:
        post, maya = told.session.get_one(Review, ids[1]).submission.post, told.people["maya"]
        make.save(told.session, post, maya, text="Another text.", now=told.now)
        make.submit(told.session, post, maya, now=told.now)
    data = {"csrf_token": token(page), "shown": ids, "review": ids, "verdict": "approve", **stood}
    answer = client.post("/reviews/decisions", data=data)
    words = shown(answer)
    assert answer.status_code == 200
    assert "1 did not count Post 1 : A newer revision was sent in place of this one." in words
    assert "Approved 2." in words
    assert decisions(queue) == [(ids[0], "approve"), (ids[2], "approve")]
    assert "data-ticks checked" not in text_of(answer)
    assert f'name="shown" value="{ids[0]}"' not in text_of(answer)


def test_a_hash_that_was_not_on_the_page_decides_nothing(queue: Queue):
    review_id = queue.send()
    for wrong in ("", "x", f"{seen(queue, review_id)[:-1]}!", ":", "1:2:3"):
        answer = send_several(queue, "elena", [review_id], **{f"seen-{review_id}": wrong})
        assert "The text has changed since you opened this page." in shown(answer)
    assert decisions(queue) == []


def test_ones_own_text_among_them_is_refused_by_itself(queue: Queue):
    with queue.told() as told:
        noor = make.make_user(told.session, "Noor Haddad", desk=told.desk, teams=["marketing"])
        post = make.make_post(told.session, told.desk, noor, now=told.now)
        own = make.submit(told.session, post, noor, now=told.now).reviews[0].id
        queue.house.people["noor"] = noor
    other = queue.send(title="Of somebody else")
    answer = send_several(queue, "noor", [own, other])
    assert "You wrote part of this text" in shown(answer)
    assert decisions(queue) == [(other, "approve")]


def test_pressed_twice_it_counts_once(queue: Queue):
    ids = [queue.send(title=f"Post {n}") for n in range(2)]
    stood = {f"seen-{i}": seen(queue, i) for i in ids}
    for _ in range(2):
        assert send_several(queue, "elena", ids, **stood).status_code == 303
    assert len(decisions(queue)) == 2


def test_nothing_ticked_asks_for_one(queue: Queue):
    answer = send_several(queue, "elena", [queue.send()], ticked=[])
    assert answer.status_code == 422
    assert "Tick from 1 to 25 of them." in shown(answer)


def test_at_most_twenty_five_stand_on_the_page(queue: Queue):
    ids = [queue.send(title=f"Post {n}") for n in range(26)]
    page = text_of(queue.client("elena").get("/reviews/chosen", query_string={"review": ids}))
    assert page.count('name="shown"') == 25


def test_nothing_chosen_leads_back_to_the_queue(queue: Queue):
    client = queue.client("elena")
    answer = client.get("/reviews/chosen")
    assert (answer.status_code, answer.location) == (303, "/reviews")
    assert "Choose at least one review" in shown(client.get("/reviews"))


@pytest.mark.parametrize("who", ["maya", "ruth", "tom"])
def test_people_outside_the_team_decide_on_none(queue: Queue, who: str):
    assert send_several(queue, who, [queue.send()]).status_code == 403
    assert decisions(queue) == []


def test_people_of_another_desk_find_nothing(queue: Queue):
    review_id = queue.send()
    with queue.told() as told:
        other = make.make_desk(told.session, "Tern Outdoor", "tern")
        queue.house.people["kim"] = make.make_user(told.session, "Kim Stranger", desk=other)
    client = queue.client("kim")
    assert client.get("/reviews/chosen", query_string={"review": review_id}).status_code == 404
    data = {
        "csrf_token": token(client.get("/notices")),
        "shown": review_id,
        "review": review_id,
        "verdict": "approve",
    }
    assert client.post("/reviews/decisions", data=data).status_code == 404


@pytest.mark.parametrize("verdict", ["refuse", "", "maybe"])
def test_only_approving_and_sending_back_are_done_to_several(queue: Queue, verdict: str):
    review_id = queue.send()
    assert send_several(queue, "elena", [review_id], verdict, reason="No.").status_code == 422
    assert queue.look(review_id, lambda r: r.state) is ReviewState.OPEN


def test_the_queue_offers_to_choose_what_waits_and_not_what_is_asked(queue: Queue):
    review_id = queue.send()
    client = queue.client("elena")
    assert f'name="review"\n                             value="{review_id}"' in text_of(
        client.get("/reviews")
    )
    assert "data-choose" not in text_of(client.get("/reviews?asked=1"))
