"""Ten seconds to undo, on the pages: what is pressed, what it says, and the way back."""

import html
import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from content_library.database import Database
from content_library.models.review import Decision, PendingDecision, Review, ReviewState
from tests import factories as make
from tests.app.house import furnish, send, settings_for, text_of
from tests.app.reviews.conftest import Queue
from tests.app.reviews.test_deciding import decide, shown
from tests.support.clock import FrozenClock


@pytest.fixture
def queue(database: Database, tmp_path: Path, clock: FrozenClock) -> Queue:
    return Queue(furnish(database, settings_for(tmp_path, DESKCAST_UNDO_S="10")), clock)


def undo(queue: Queue, who: str, *review_ids: int) -> TestResponse:
    ids = ",".join(map(str, review_ids))
    return send(queue.client(who), "/notices", "/reviews/undone-decisions", review=ids)


def counts(queue: Queue) -> tuple[int, int]:
    with queue.house.database.read() as session:
        return session.query(Decision).count(), session.query(PendingDecision).count()


def test_pressing_says_what_is_left_and_offers_the_way_back(queue: Queue):
    first, second = queue.send(title="Post 0"), queue.send(title="Post 1")
    client = queue.client("elena")
    seen = queue.look(first, lambda r: (r.submission.revision_id, r.submission.content_hash))
    page = f"/reviews/{first}"
    answer = send(
        client, page, f"{page}/decision", verdict="approve", seen_revision=seen[0], seen_hash=seen[1]
    )
    assert answer.location.startswith(f"/reviews/{second}?")
    after = client.get(answer.location)
    assert "Approved “Post 0”. 1 left. Undo" in shown(after)
    assert f'name="review" value="{first}"' in text_of(after)
    assert 'data-undo="10" data-undo-strict' in text_of(after)
    assert counts(queue) == (0, 1)


def test_the_page_says_what_was_pressed_and_how_long_ago(queue: Queue):
    review_id = queue.send()
    decide(queue, "elena", review_id, "approve")
    queue.clock.advance(seconds=4)
    page = queue.client("elena").get(f"/reviews/{review_id}")
    assert "You pressed Approve 4 s ago." in shown(page)
    assert 'value="approve"' not in text_of(page)
    assert "You pressed" not in shown(queue.client("maya").get(f"/reviews/{review_id}"))


def test_undone_the_review_waits_again(queue: Queue):
    review_id = queue.send()
    decide(queue, "elena", review_id, "approve")
    answer = undo(queue, "elena", review_id)
    assert (answer.status_code, answer.location) == (303, f"/reviews/{review_id}")
    assert counts(queue) == (0, 0)
    assert 'value="approve"' in text_of(queue.client("elena").get(f"/reviews/{review_id}"))


def test_nobody_undoes_for_somebody_else(queue: Queue):
    review_id = queue.send()
    decide(queue, "elena", review_id, "approve")
    for who in ("tom", "maya", "sam"):
        assert undo(queue, who, review_id).location == "/reviews"
    assert counts(queue) == (0, 1)


@pytest.mark.parametrize("typed", ["", "x", "99999999999999999999", "1;2", "-3", "0,,7"])
def test_an_undo_of_nothing_says_so(queue: Queue, typed: str):
    client = queue.client("elena")
    answer = send(client, "/notices", "/reviews/undone-decisions", review=typed)
    assert answer.status_code == 303
    assert "Too late to undo" in shown(client.get(answer.location))


@pytest.mark.parametrize("page", ["/reviews", "/reviews/{}"])
def test_the_next_page_of_the_same_person_lets_it_count(queue: Queue, page: str):
    first, second = queue.send(title="Post 0"), queue.send(title="Post 1")
    decide(queue, "elena", first, "approve")
    queue.clock.advance(seconds=9)
    queue.client("elena").get(page.format(second))
    assert counts(queue) == (0, 1)
    queue.clock.advance(seconds=1)
    queue.client("maya").get(page.format(second))  # somebody else's page settles nothing of hers
    assert counts(queue) == (0, 1)
    assert queue.client("elena").get(page.format(second)).status_code == 200
    assert counts(queue) == (1, 0)
    assert queue.look(first, lambda r: r.state) is ReviewState.DECIDED


def test_two_tabs_press_the_same_once_and_another_thing_not_at_all(queue: Queue):
    review_id = queue.send()
    assert decide(queue, "elena", review_id, "approve").status_code == 303
    assert queue.client("elena").get("/reviews").status_code == 200
    seen = queue.look(review_id, lambda r: (r.submission.revision_id, r.submission.content_hash))
    again = send(
        queue.client("elena"), "/notices", f"/reviews/{review_id}/decision", verdict="approve",
        seen_revision=seen[0], seen_hash=seen[1],
    )  # fmt: skip
    assert again.status_code == 303
    other = send(
        queue.client("elena"), "/notices", f"/reviews/{review_id}/decision", verdict="refuse", reason="No.",
        seen_revision=seen[0], seen_hash=seen[1],
    )  # fmt: skip
    assert other.status_code == 409
    assert "You approved this a moment ago. Undo that first" in shown(other)
    assert counts(queue) == (0, 1)


def test_a_no_without_a_reason_comes_back_at_once_with_its_words(queue: Queue):
    review_id = queue.send()
    answer = decide(queue, "elena", review_id, "refuse", quote="twenty minutes")
    assert answer.status_code == 422
    assert 'value="twenty minutes"' in text_of(answer)
    assert counts(queue) == (0, 0)


def test_what_did_not_count_is_among_the_notices(queue: Queue):
    review_id = queue.send()
    decide(queue, "elena", review_id, "approve")
    with queue.told() as told:
        post = told.session.get_one(Review, review_id).submission.post
        make.save(told.session, post, told.people["maya"], text="Another.", now=told.now)
        make.submit(told.session, post, told.people["maya"], now=told.now)
    queue.clock.advance(seconds=10)
    client = queue.client("elena")
    client.get("/reviews")
    page = html.unescape(re.sub(r"\s+", " ", text_of(client.get("/notices"))))
    assert "Your decision on “Descale your kettle” does not count" in page
    assert counts(queue) == (0, 0)


def test_signing_out_takes_nothing_back(queue: Queue):
    review_id = queue.send()
    decide(queue, "elena", review_id, "approve")
    client = queue.client("elena")
    send(client, "/notices", "/sign-out")
    queue.clock.advance(seconds=10)
    queue.client("elena").get("/reviews")
    assert counts(queue) == (1, 0)
