"""How long things are kept, seen before it is saved; and where the head of the record goes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library.models.desk import Setting
from content_library.models.notice import Mail
from scheduler import head_exports, retention
from tests.app.house import send, text_of

KEEPING = "/settings/keeping"
PERIODS, HEADS = f"{KEEPING}/periods", f"{KEEPING}/heads"


@pytest.fixture
def old_mails(house, clock):
    then = clock() - timedelta(days=100)
    with house.database.write() as session:
        for number in range(1_204):
            session.add(
                Mail(
                    to="a@b.example",
                    subject=str(number),
                    text="x",
                    created_at=then,
                    due_at=then,
                    sent_at=then,
                )
            )
    return house


def saved(house):
    with house.database.read() as session:
        return retention.periods(session)


def test_a_preview_says_what_would_go_and_saves_and_deletes_nothing(old_mails):
    before = saved(old_mails)
    answer = send(old_mails.client("sam"), KEEPING, PERIODS, act="preview", mails="90")
    assert answer.status_code == 200
    assert "1,204 mails older than 90 days" in text_of(answer)
    assert 'value="90"' in text_of(answer)
    assert saved(old_mails) == before
    with old_mails.database.read() as session:
        assert len(session.scalars(select(Mail.id)).all()) == 1_204


def test_a_preview_of_nothing_says_so(house):
    assert "nothing would be deleted now" in text_of(
        send(house.client("sam"), KEEPING, PERIODS, act="preview")
    )


def test_periods_are_saved_and_an_empty_field_is_for_ever(house):
    assert send(house.client("sam"), KEEPING, PERIODS, act="save", mails="90", notices="").status_code == 303
    assert (saved(house)["mails"], saved(house)["notices"]) == (90, None)


@pytest.mark.parametrize("typed", ["29", "0", "-4", "99999", "soon", "9" * 40])
@pytest.mark.parametrize("act", ["preview", "save"])
def test_a_period_that_cannot_be_is_said_at_its_field(house, typed, act):
    before = saved(house)
    answer = send(house.client("sam"), KEEPING, PERIODS, act=act, mails=typed)
    assert answer.status_code == 422
    assert typed in text_of(answer)
    assert saved(house) == before


def test_the_places_of_the_head_are_saved(house):
    answer = send(
        house.client("sam"),
        KEEPING,
        HEADS,
        folder="y",
        mail="audit@example.com",
        webhook="https://a.example/h",
    )
    assert answer.status_code == 303
    with house.database.read() as session:
        assert head_exports.places(session) == head_exports.Places(
            True, "audit@example.com", "https://a.example/h"
        )


@pytest.mark.parametrize(("field", "typed"), [("mail", "nobody"), ("webhook", "javascript:x")])
def test_a_place_that_cannot_be_is_said_at_its_field(house, field, typed):
    answer = send(house.client("sam"), KEEPING, HEADS, **{field: typed})
    assert answer.status_code == 422
    assert typed in text_of(answer)


def test_a_head_that_could_not_be_exported_shows_on_the_health_page_and_here(house, clock):
    value = {
        "day": "2026-11-03", "seq": 9, "tried_at": clock().isoformat(), "done_at": None, "done": [],
        "problems": {"webhook": "The webhook answers 500."},
    }  # fmt: skip
    with house.database.write() as session:
        session.add(Setting(key="head_export_last", value=value))
    assert "could not be exported: The webhook answers 500." in text_of(house.client("sam").get("/settings"))
    assert "The webhook answers 500." in text_of(house.client("sam").get(KEEPING))


@pytest.mark.parametrize(("age", "said"), [(1, "was exported"), (3, "was last exported 3 days ago")])
def test_the_health_page_says_when_the_head_was_exported(house, clock, age, said):
    then = (clock() - timedelta(days=age)).isoformat()
    value = {"day": "x", "seq": 9, "tried_at": then, "done_at": then, "done": ["folder"], "problems": {}}
    with house.database.write() as session:
        session.add(Setting(key="head_export_last", value=value))
    assert said in text_of(house.client("sam").get("/settings"))


@pytest.mark.parametrize("who", ["ruth", "priya", "maya"])
def test_only_administrators_come_here(house, who):
    assert house.client(who).get(KEEPING).status_code == 403
