"""One's own account: details, password, sessions."""

import pytest
from sqlalchemy import select

from content_library.models.user import User, WebSession
from content_library.sign_in import THROTTLE_LIMIT
from tests.app.house import send, text_of, token
from tests.factories import PASSWORD

GOOD = "tin roof sparrow Montag"
MAYA = "maya.okafor@brindlemoor.example"


def test_details_are_saved(house):
    answer = send(house.client("maya"), "/me", "/me/details", name="Maya O.", zone="Asia/Tokyo")
    assert answer.status_code == 303
    with house.database.read() as session:
        maya = session.get_one(User, house.people["maya"].id)
        assert (maya.name, maya.zone) == ("Maya O.", "Asia/Tokyo")


MAIL = {
    "how": "each",
    "times": "08:30, 13:30",
    "days": ["0", "4"],
    "quiet_from": "20:00",
    "quiet_until": "07:00",
}


@pytest.mark.parametrize(
    ("how", "wants", "together"), [("none", False, False), ("each", True, False), ("together", True, True)]
)
def test_how_mails_come_is_chosen_on_the_own_page(house, how: str, wants: bool, together: bool):
    chosen = {**MAIL, "how": how, "times": "9:00 17.15", "quiet_from": "21:30", "quiet_weekends": "y"}
    assert send(house.client("maya"), "/me", "/me/mails", **chosen).status_code == 303
    with house.database.read() as session:
        maya = session.get_one(User, house.people["maya"].id)
        assert (maya.wants_mail, maya.mail_together) == (wants, together)
        assert (maya.mail_times, maya.mail_days) == (["09:00", "17:15"], [0, 4])
        assert (maya.quiet_from, maya.quiet_until, maya.quiet_weekends) == ("21:30", "07:00", True)
    page = text_of(house.client("maya").get("/me"))
    assert 'value="09:00, 17:15"' in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"times": "soon"}, "is not a time of day"),
        ({"times": ""}, "between one and 6 times"),
        ({"how": "together", "days": []}, "Choose at least one day"),
        ({"quiet_from": "25:00"}, "is not a time of day"),
        ({"how": "daily"}, "Not a valid choice"),
    ],
)
def test_a_choice_that_cannot_be_kept_is_said_at_its_field_and_nothing_is_saved(house, wrong, sentence: str):
    answer = send(house.client("maya"), "/me", "/me/mails", **{**MAIL, "quiet_until": "06:00", **wrong})
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    with house.database.read() as session:
        assert session.get_one(User, house.people["maya"].id).quiet_until == "07:00"


def test_only_the_own_details_can_be_changed_and_only_those(house):
    send(
        house.client("maya"), "/me", "/me/details", name="Maya", zone="UTC", is_administrator="y", id="1",
        email="x@example.com", is_active="", version="99", password_hash="x",
    )  # fmt: skip
    with house.database.read() as session:
        maya = session.get_one(User, house.people["maya"].id)
        assert (maya.is_administrator, maya.is_active, maya.email) == (False, True, MAYA)
        assert maya.password_hash != "x"


def test_a_new_password_needs_the_current_one_and_ends_the_other_sessions(house):
    here, there = house.client("maya"), house.client("maya")
    wrong = send(here, "/me", "/me/password", current="wrong", password=GOOD)
    assert wrong.status_code == 422
    assert "not your current password" in text_of(wrong)
    assert there.get("/me").status_code == 200
    assert send(here, "/me", "/me/password", current=PASSWORD, password=GOOD).status_code == 303
    assert here.get("/me").status_code == 200
    assert there.get("/me").status_code == 303
    assert send(house.client(), "/sign-in", email=MAYA, password=GOOD).status_code == 303


def test_a_weak_new_password_is_refused(house):
    answer = send(house.client("maya"), "/me", "/me/password", current=PASSWORD, password="password1234")
    assert answer.status_code == 422
    assert "unusual words" in text_of(answer)


def test_the_current_password_cannot_be_guessed_for_ever(house):
    client = house.client("maya")
    page = token(client.get("/me"))
    for _ in range(THROTTLE_LIMIT):
        client.post("/me/password", data={"csrf_token": page, "current": "wrong", "password": GOOD})
    answer = client.post("/me/password", data={"csrf_token": page, "current": PASSWORD, "password": GOOD})
    assert "Too many tries" in text_of(answer)


def session_ids(house, key):
    with house.database.read() as session:
        query = (
            select(WebSession.id).where(WebSession.user_id == house.people[key].id).order_by(WebSession.id)
        )
        return list(session.scalars(query))


def test_sessions_are_listed_and_ended_one_by_one(house):
    here, there = house.client("maya"), house.client("maya")
    assert "This one" in text_of(here.get("/me"))
    second = session_ids(house, "maya")[1]
    assert send(here, "/me", "/me/ended-sessions", session=second).status_code == 303
    assert there.get("/me").status_code == 303
    assert here.get("/me").status_code == 200


def test_every_other_session_ends_at_once(house):
    here, others = house.client("maya"), [house.client("maya") for _ in range(3)]
    send(here, "/me", "/me/ended-sessions")
    assert [other.get("/me").status_code for other in others] == [303] * 3
    assert here.get("/me").status_code == 200


def test_nobody_ends_the_session_of_another(house):
    house.client("priya")
    answer = send(house.client("maya"), "/me", "/me/ended-sessions", session=session_ids(house, "priya")[0])
    assert answer.status_code == 404
    assert len(session_ids(house, "priya")) == 1


def test_who_has_no_place_yet_sees_their_account_and_what_to_do(house):
    with house.database.write() as session:
        maya = session.get_one(User, house.people["maya"].id)
        maya.desk_memberships.clear()
    page = text_of(house.client("maya").get("/me"))
    assert "You have no desk and no team yet" in page
    assert "/sign-out" in page


def test_an_old_session_is_told_to_sign_in_and_a_script_in_words(house, clock):
    client = house.client("maya")
    clock.advance(hours=12)
    assert client.get("/me").headers["Location"] == "/sign-in"
    answer = client.get("/me", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json["error"] == "Sign in first"
