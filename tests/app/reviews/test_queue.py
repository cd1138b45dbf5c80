"""The queue: what waits for a person, in order, quickly, and what stands there when nothing does."""

import pytest
from sqlalchemy import event

from content_library.models.review import Review
from tests import factories as make
from tests.app.house import text_of
from tests.app.reviews.conftest import Queue
from tests.content_library.scene import CELEBRITY

PROMOTION = {
    "format_key": "flash_sale",
    "valid_from": "2026-11-04T09:00",
    "valid_until": "2026-11-05T09:00",
    "fields": {"terms": "One each.", "region": "Germany"},
}


def titles(page: str) -> list[str]:
    return [piece.split(">", 1)[1].split("<", 1)[0] for piece in page.split('class="row-title"')[1:]]


def test_the_oldest_stands_first(queue: Queue):
    queue.send(title="The first")
    queue.clock.advance(hours=2)
    queue.send(title="The second")
    queue.clock.advance(minutes=30)
    page = text_of(queue.client("elena").get("/reviews"))
    assert titles(page) == ["The first", "The second"]
    assert "waits 2 h" in page
    assert "waits 30 min" in page


def test_a_row_says_who_else_is_asked_and_from_whom_it_comes(queue: Queue):
    queue.send(title="A chef", **CELEBRITY)
    page = text_of(queue.client("tom").get("/reviews"))
    for words in ("Brindlemoor Home", "Celebrity news", "for Legal", "PR", "from Maya Okafor"):
        assert words in page


def test_only_ones_own_teams_reviews_stand_there(queue: Queue):
    queue.send(title="For marketing")
    assert titles(text_of(queue.client("tom").get("/reviews"))) == []
    assert titles(text_of(queue.client("maya").get("/reviews"))) == []


def test_what_one_wrote_does_not_wait_for_oneself(queue: Queue):
    with queue.told() as told:
        author = make.make_user(told.session, "Noor Haddad", desk=told.desk, teams=["marketing"])
        post = make.make_post(told.session, told.desk, author, now=told.now)
        make.submit(told.session, post, author, now=told.now)
        queue.house.people["noor"] = author
    assert titles(text_of(queue.client("noor").get("/reviews"))) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("kind=promotion", ["A sale"]),
        ("q=ket", ["A kettle"]),
        ("desk=brindlemoor", ["A kettle", "A sale"]),
        ("q=nothing+like+it", []),
        ("kind=unheard-of", ["A kettle", "A sale"]),
    ],
)
def test_filters_stand_in_the_address(queue: Queue, asked: str, found: list[str]):
    queue.send(title="A kettle")
    queue.clock.advance(minutes=1)
    queue.send(title="A sale", **PROMOTION)
    page = text_of(queue.client("elena").get(f"/reviews?{asked}"))
    assert titles(page) == found
    assert found or "Nothing fits" in page


def test_an_empty_queue_shows_what_was_decided_lately(queue: Queue):
    review_id = queue.send(title="A kettle")
    with queue.told() as told:
        make.decide(told.session, told.session.get_one(Review, review_id), told.people["elena"], now=told.now)
    page = text_of(queue.client("elena").get("/reviews"))
    assert "Nothing waits for you" in page
    assert titles(page) == ["A kettle"]


def test_pages_follow_one_another(queue: Queue):
    for number in range(30):
        queue.send(title=f"Post {number:02}")
        queue.clock.advance(minutes=1)
    first = text_of(queue.client("elena").get("/reviews"))
    second = text_of(queue.client("elena").get("/reviews?page=2"))
    assert (len(titles(first)), len(titles(second))) == (25, 5)
    assert "1–25 of 30" in first
    assert "26–30 of 30" in second
    assert titles(text_of(queue.client("elena").get("/reviews?page=99"))) == titles(second)


def test_a_page_of_the_queue_takes_few_queries_and_few_bytes(queue: Queue):
    for number in range(27):
        queue.send(title=f"Post {number:02}", **CELEBRITY)
        queue.clock.advance(minutes=1)
    client, asked = queue.client("tom"), []
    client.get("/reviews")
    event.listen(queue.house.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    answer = client.get("/reviews")
    asked = [statement for statement in asked if statement != "BEGIN"]
    assert len(asked) <= 15, "\n".join(asked)
    assert len(answer.data) <= 150 * 1024
