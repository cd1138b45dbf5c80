"""The page of a review, and what is sent from it."""

import html
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from content_library import discussion
from content_library.models.post import PostState
from content_library.models.review import Comment, Decision, Review, ReviewState
from tests import factories as make
from tests.app.house import send, text_of, token
from tests.app.reviews.conftest import Queue
from tests.content_library.scene import CELEBRITY


def shown(answer: TestResponse) -> str:
    """The words of a page, without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text_of(answer))).split())


def decide(queue: Queue, who: str, review_id: int, verdict: str, **more: Any) -> TestResponse:
    """Read the page, then send the form of it."""
    submission = queue.look(review_id, lambda r: (r.submission.revision_id, r.submission.content_hash))
    seen = {"seen_revision": submission[0], "seen_hash": submission[1], **more}
    page, action = f"/reviews/{review_id}", f"/reviews/{review_id}/decision"
    return send(queue.client(who), page, action, verdict=verdict, **seen)


def test_the_page_shows_the_very_text_of_every_account(queue: Queue):
    with queue.told() as told:
        make.make_account(told.session, told.desk)
        post = told.post(
            text="The long text for the page.", variants={"bluesky": {"text": "Short for Bluesky."}}
        )
        review_id = make.submit(told.session, post, told.people["maya"], now=told.now).reviews[0].id
    page = shown(queue.client("elena").get(f"/reviews/{review_id}"))
    assert "The long text for the page." in page
    assert "Short for Bluesky." in page
    assert "@brindlemoor.bsky.social" in page


def test_what_the_format_asked_for_stands_beside_the_text(queue: Queue):
    review_id = queue.send(
        format_key="flash_sale", valid_from="2026-11-04T09:00", valid_until="2026-11-05T09:00",
        fields={"terms": "One each.", "region": "Germany"}, text="Half price: https://shop.example/kettle",
    )  # fmt: skip
    page = shown(queue.client("elena").get(f"/reviews/{review_id}"))
    for words in ("Terms One each.", "Where it holds Germany", "Not before tomorrow 09:00 (Berlin)"):
        assert words in page
    assert "Links that go out 1 https://shop.example/kettle" in page


def test_the_first_time_says_so(queue: Queue):
    review_id = queue.send()
    page = shown(queue.client("elena").get(f"/reviews/{review_id}"))
    assert "First time here: Marketing has not decided on this post before." in page


def test_a_second_revision_shows_what_changed_since_this_team_decided(queue: Queue):
    review_id = queue.send(text="Vinegar, twenty minutes.")
    decide(queue, "elena", review_id, "request_changes", reason="Say how much.")
    with queue.told() as told:
        post = told.session.get_one(Review, review_id).submission.post
        maya = told.people["maya"]
        make.save(told.session, post, maya, text="Vinegar, thirty minutes.", now=told.now)
        second = make.submit(told.session, post, maya, now=told.now).reviews[0].id
    page = text_of(queue.client("elena").get(f"/reviews/{second}"))
    assert "Changed since Marketing decided on revision 1" in page
    assert re.search(r"<del>.*?twenty", page)
    assert re.search(r"<ins>.*?thirty", page)


def test_markup_in_a_post_is_shown_and_not_obeyed(queue: Queue):
    review_id = queue.send(title="<script>alert(1)</script>", text="<img src=x onerror=alert(1)>")
    page = text_of(queue.client("elena").get(f"/reviews/{review_id}"))
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_approving_leads_to_the_next_review_and_counts_what_is_left(queue: Queue):
    first, second, _third = (queue.send(title=f"Post {n}") for n in range(3))
    client = queue.client("elena")
    submission = queue.look(first, lambda r: (r.submission.revision_id, r.submission.content_hash))
    answer = send(
        client, f"/reviews/{first}", f"/reviews/{first}/decision", verdict="approve",
        seen_revision=submission[0], seen_hash=submission[1],
    )  # fmt: skip
    assert answer.status_code == 303
    assert answer.location.startswith(f"/reviews/{second}?")
    assert "Approved “Post 0”. 2 left." in shown(client.get(answer.location))
    assert queue.look(first, lambda r: r.submission.post.state) is PostState.APPROVED


def test_the_last_one_leads_back_to_the_queue(queue: Queue):
    assert decide(queue, "elena", queue.send(), "approve").location == "/reviews"


def test_pressing_approve_twice_is_one_decision(queue: Queue):
    review_id = queue.send()
    client = queue.client("elena")
    page = client.get(f"/reviews/{review_id}")
    seen = queue.look(review_id, lambda r: (r.submission.revision_id, r.submission.content_hash))
    data = {
        "csrf_token": token(page), "verdict": "approve", "seen_revision": seen[0], "seen_hash": seen[1],
    }  # fmt: skip
    answers = [client.post(f"/reviews/{review_id}/decision", data=data).status_code for _ in range(2)]
    assert answers == [303, 303]
    with queue.house.database.read() as session:
        assert session.query(Decision).count() == 1


@pytest.mark.parametrize("verdict", ["request_changes", "refuse"])
def test_a_no_without_a_reason_comes_back_with_what_was_typed(queue: Queue, verdict: str):
    review_id = queue.send()
    answer = decide(queue, "elena", review_id, verdict, quote="twenty minutes")
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Say why, so that the author knows what to do." in page
    assert 'value="twenty minutes"' in page
    assert re.search(rf'data-bar-panel open>(?:(?!</details>).)*id="{verdict}-reason"', page, re.S)
    assert queue.look(review_id, lambda r: r.state) is ReviewState.OPEN


def test_words_that_are_not_in_the_text_come_back_with_the_reason_kept(queue: Queue):
    review_id = queue.send()
    answer = decide(queue, "elena", review_id, "request_changes", reason="Too strong.", quote="guaranteed")
    assert answer.status_code == 422
    assert "These words are not in the text" in shown(answer)
    assert "Too strong." in shown(answer)


def test_changes_are_asked_for_on_a_place_in_the_text(queue: Queue):
    review_id = queue.send()
    answer = decide(
        queue, "elena", review_id, "request_changes", reason="Longer.", quote="twenty minutes", network="page"
    )
    assert answer.status_code == 303
    place = queue.look(review_id, lambda r: r.decisions[0].place)
    assert place == {"network": "page", "quote": "twenty minutes"}
    page = shown(queue.client("maya").get(f"/reviews/{review_id}"))
    assert "Changes requested by Elena Costa" in page
    assert "twenty minutes Longer." in page


@pytest.mark.parametrize("verdict", ["", "maybe"])
def test_a_decision_that_is_none_is_not_taken(queue: Queue, verdict: str):
    assert decide(queue, "elena", queue.send(), verdict).status_code == 422


def test_opening_an_address_never_decides(queue: Queue):
    review_id = queue.send()
    assert queue.client("elena").get(f"/reviews/{review_id}/decision").status_code == 405


def test_an_author_reads_why_they_cannot_decide(queue: Queue):
    with queue.told() as told:
        noor = make.make_user(told.session, "Noor Haddad", desk=told.desk, teams=["marketing"])
        post = make.make_post(told.session, told.desk, noor, now=told.now)
        review_id = make.submit(told.session, post, noor, now=told.now).reviews[0].id
        queue.house.people["noor"] = noor
    page = text_of(queue.client("noor").get(f"/reviews/{review_id}"))
    assert "You wrote part of this text, so somebody else has to decide on it." in page
    assert 'value="approve"' not in page
    assert decide(queue, "noor", review_id, "approve").status_code == 403


@pytest.mark.parametrize(("who", "status"), [("maya", 403), ("ruth", 403), ("priya", 403), ("tom", 403)])
def test_people_outside_the_team_may_read_and_not_decide(queue: Queue, who: str, status: int):
    review_id = queue.send()
    assert queue.client(who).get(f"/reviews/{review_id}").status_code == 200
    assert decide(queue, who, review_id, "approve").status_code == status


def test_people_of_another_desk_find_nothing(queue: Queue):
    review_id = queue.send()
    with queue.told() as told:
        other = make.make_desk(told.session, "Tern Outdoor", "tern")
        queue.house.people["kim"] = make.make_user(told.session, "Kim Stranger", desk=other)
    client = queue.client("kim")
    csrf = {"csrf_token": token(client.get("/notices"))}
    assert client.get(f"/reviews/{review_id}").status_code == 404
    for act in ("decision", "comments", "question"):
        assert client.post(f"/reviews/{review_id}/{act}", data=csrf).status_code == 404


def test_too_late_says_what_happened_shows_the_new_words_and_leads_there(queue: Queue):
    before = queue.send(text="Vinegar, twenty minutes.")
    seen = queue.look(before, lambda r: (r.submission.revision_id, r.submission.content_hash))
    with queue.told() as told:
        post = told.session.get_one(Review, before).submission.post
        maya = told.people["maya"]
        make.save(told.session, post, maya, text="Vinegar, thirty minutes.", now=told.now)
        after = make.submit(told.session, post, maya, now=told.now).reviews[0].id
    answer = decide(queue, "elena", before, "approve", seen_revision=seen[0], seen_hash=seen[1])
    page = text_of(answer)
    assert answer.status_code == 409
    assert "A newer revision was sent in place of this one." in page
    assert re.search(r"<del>.*?twenty", page)
    assert f'href="/reviews/{after}"' in page
    with queue.house.database.read() as session:
        assert session.query(Decision).count() == 0


def test_too_late_because_another_team_said_no_names_them(queue: Queue):
    pr = queue.send(**CELEBRITY)
    legal = queue.look(pr, lambda r: next(o.id for o in r.submission.reviews if o.id != pr))
    assert decide(queue, "aisha", pr, "refuse", reason="An endorsement.").status_code == 303
    answer = decide(queue, "tom", legal, "approve")
    assert answer.status_code == 409
    assert "Aisha Demir (PR) refused this, so it is back with its author." in shown(answer)


def test_a_comment_stands_in_the_discussion(queue: Queue):
    review_id = queue.send()
    page = f"/reviews/{review_id}"
    answer = send(queue.client("elena"), page, f"{page}/comments", body="Nice.", quote="Vinegar")
    assert (answer.status_code, answer.location[: len(page) + 9]) == (303, f"{page}#comment-")
    assert "Elena Costa" in (talk := shown(queue.client("maya").get(page)))
    assert "Vinegar Nice." in talk


def test_an_empty_comment_comes_back(queue: Queue):
    page = f"/reviews/{queue.send()}"
    answer = send(queue.client("elena"), page, f"{page}/comments", body="  ")
    assert answer.status_code == 422
    assert "Write something first." in shown(answer)


def test_a_question_stops_the_clock_until_the_author_answers(queue: Queue):
    review_id = queue.send()
    page = f"/reviews/{review_id}"
    queue.clock.advance(hours=1)
    assert send(queue.client("elena"), page, f"{page}/question", body="How much?").status_code == 303
    assert queue.look(review_id, lambda r: r.state) is ReviewState.ASKED
    assert "How much?" in shown(queue.client("maya").get("/d/brindlemoor/"))
    assert "Descale your kettle" in shown(queue.client("elena").get("/reviews?asked=1"))
    queue.clock.advance(hours=5)
    with queue.told() as told:
        post = told.session.get_one(Review, review_id).submission.post
        discussion.comment(told.session, post, "A cup.", actor=told.people["maya"], now=told.now)
    queue.clock.advance(hours=1)
    assert queue.look(review_id, lambda r: (r.state, r.stopped_s)) == (ReviewState.OPEN, 5 * 3600)
    assert "waits 2 h" in shown(queue.client("elena").get("/reviews"))


def test_a_second_question_while_one_is_open_has_moved_on(queue: Queue):
    page = f"/reviews/{queue.send()}"
    client = queue.client("elena")
    csrf = token(client.get(page))
    for status in (303, 409):
        answer = client.post(f"{page}/question", data={"csrf_token": csrf, "body": "How much?"})
        assert answer.status_code == status
    with queue.house.database.read() as session:
        assert session.query(Comment).count() == 1
