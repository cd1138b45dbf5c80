"""The list of what a person was told, and the bell."""

from sqlalchemy import select

from content_library.models.notice import Notice
from content_library.models.user import User
from content_library.notices import notify
from tests.app.house import House, send, text_of
from tests.factories import NOW


def tell(house: House, who: str, *texts: str) -> list[int]:
    with house.database.write() as session:
        person = session.get_one(User, house.people[who].id)
        for text in texts:
            notify(session, [person.id], "review.open", person, stage=text, text=text, now=NOW)
        return list(session.scalars(select(Notice.id).where(Notice.user_id == person.id).order_by(Notice.id)))


def unread(house: House, who: str) -> list[str]:
    with house.database.read() as session:
        found = select(Notice.text).where(Notice.user_id == house.people[who].id, Notice.read_at.is_(None))
        return list(session.scalars(found.order_by(Notice.id)))


def test_nothing_told_says_so(house: House):
    assert "No notices yet" in text_of(house.client("maya").get("/notices"))


def test_the_bell_counts_what_is_unread(house: House):
    tell(house, "maya", "One.", "Two.")
    page = text_of(house.client("maya").get("/notices"))
    assert '<span class="rail-badge num">2</span>' in page
    assert page.index("Two.") < page.index("One.")


def test_what_came_after_the_page_was_opened_stays_new(house: House):
    client = house.client("maya")
    tell(house, "maya", "One.", "Two.")
    shown = max(tell(house, "maya"))
    tell(house, "maya", "Three.")
    assert send(client, "/notices", "/notices/read", up_to=shown).status_code == 303
    assert unread(house, "maya") == ["Three."]
    assert "Three." in (page := text_of(client.get("/notices?unread=1")))
    assert "One." not in page


def test_one_notice_is_read_alone(house: House):
    first, _second = tell(house, "maya", "One.", "Two.")
    assert send(house.client("maya"), "/notices", f"/notices/{first}/read").location == "/notices"
    assert unread(house, "maya") == ["Two."]


def test_nobody_reads_for_somebody_else(house: House):
    (theirs,) = tell(house, "priya", "For Priya.")
    tell(house, "maya", "For Maya.")
    assert send(house.client("maya"), "/notices", f"/notices/{theirs}/read").status_code == 404
    send(house.client("maya"), "/notices", "/notices/read", up_to=theirs + 100)
    assert unread(house, "priya") == ["For Priya."]
    assert "For Priya." not in text_of(house.client("maya").get("/notices"))


def test_a_number_that_is_none_marks_nothing(house: House):
    tell(house, "maya", "One.")
    assert send(house.client("maya"), "/notices", "/notices/read", up_to="all").status_code == 422
    assert unread(house, "maya") == ["One."]
