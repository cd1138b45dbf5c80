"""Signing in by password, being throttled, and going where one wanted to."""

import re

import pytest
from sqlalchemy import func, select

from app.own_pages import safe_path
from content_library.models.audit import AuditEntry
from content_library.models.user import SignInFailure, User, WebSession
from content_library.sign_in import THROTTLE_LIMIT
from tests.app.house import send, text_of, token
from tests.factories import PASSWORD

MAYA = "maya.okafor@brindlemoor.example"


def sign_in(client, email=MAYA, password=PASSWORD):
    return send(client, "/sign-in", email=email, password=password)


def count(house, model):
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_right_password_opens_the_door(house):
    client = house.client()
    assert sign_in(client).status_code == 303
    assert "Maya Okafor" in text_of(client.get("/me"))


def test_the_case_and_the_spaces_of_an_address_do_not_matter(house):
    assert sign_in(house.client(), email=f"  {MAYA.upper()} ").status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [(MAYA, "wrong"), ("nobody@example.com", PASSWORD), ("nobody@example.com", "wrong"), ("no address", "x")],
)
def test_who_is_unknown_and_who_mistypes_get_the_same_answer(house, email, password):
    answer = sign_in(house.client(), email, password)
    shown = text_of(answer).replace(email, "…")
    assert answer.status_code == 422
    assert "The e-mail address or the password is not right." in shown
    assert not re.search("unknown|no such|deactivated", shown)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password_hash": None}])
def test_who_may_not_come_in_gets_that_answer_too(house, change):
    with house.database.write() as session:
        for name, value in change.items():
            setattr(session.get_one(User, house.people["maya"].id), name, value)
    answer = sign_in(house.client())
    assert "The e-mail address or the password is not right." in text_of(answer)


def test_the_password_is_not_shown_again(house):
    assert "a wrong secret" not in text_of(sign_in(house.client(), password="a wrong secret"))


def test_after_ten_wrong_tries_even_the_right_password_waits(house, clock):
    client = house.client()
    for _ in range(THROTTLE_LIMIT):
        assert sign_in(client, password="wrong").status_code == 422
    refused = sign_in(client)
    assert refused.status_code == 429
    assert "Wait a quarter of an hour" in text_of(refused)
    clock.advance(minutes=15)
    assert sign_in(client).status_code == 303


def test_people_who_do_not_exist_are_throttled_alike(house):
    client = house.client()
    for _ in range(THROTTLE_LIMIT):
        sign_in(client, email="nobody@example.com")
    assert sign_in(client, email="nobody@example.com").status_code == 429


def test_one_address_that_tries_many_accounts_is_throttled(house):
    client = house.client()
    for number in range(THROTTLE_LIMIT):
        sign_in(client, email=f"nobody-{number}@example.com")
    assert sign_in(client).status_code == 429


def test_signing_in_without_a_token_is_refused(house):
    answer = house.client().post("/sign-in", data={"email": MAYA, "password": PASSWORD})
    assert answer.status_code == 400
    assert count(house, WebSession) == 0


def test_the_cookie_is_closed_to_scripts_and_the_secret_is_not_stored(house):
    client = house.client()
    cookie = next(c for c in sign_in(client).headers.getlist("Set-Cookie") if "deskcast_session" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    with house.database.read() as session:
        assert session.scalars(select(WebSession.secret_hash)).one() not in cookie


def test_signing_in_again_ends_the_session_before(house):
    client = house.client("maya")
    client.post(
        "/sign-in", data={"csrf_token": token(client.get("/me")), "email": MAYA, "password": PASSWORD}
    )
    assert count(house, WebSession) == 1


def test_a_copied_cookie_is_worth_nothing_after_signing_out(house):
    client, thief = house.client("maya"), house.app.test_client()
    thief.set_cookie("deskcast_session", client.get_cookie("deskcast_session").value)
    assert thief.get("/me").status_code == 200
    answer = client.post("/sign-out", data={"csrf_token": token(client.get("/me"))})
    assert answer.status_code == 303
    assert thief.get("/me").status_code == 303


def test_signing_out_is_recorded_and_not_done_by_a_link(house):
    client = house.client("maya")
    assert client.get("/sign-out").status_code == 405
    client.post("/sign-out", data={"csrf_token": token(client.get("/me"))})
    with house.database.read() as session:
        assert "user.signed_out" in session.scalars(select(AuditEntry.verb)).all()


def test_a_page_that_was_wanted_is_shown_after_signing_in(house):
    client = house.client()
    assert client.get("/settings/people?q=maya").headers["Location"] == "/sign-in"
    assert sign_in(client, "sam.ito@brindlemoor.example").headers["Location"] == "/settings/people?q=maya"


def test_a_wanted_page_in_the_address_is_shown_too(house):
    client = house.client()
    client.get("/sign-in?next=/settings/people")
    assert sign_in(client, "sam.ito@brindlemoor.example").headers["Location"] == "/settings/people"


FOREIGN = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/settings", "/\t/evil.example",
    "javascript:alert(1)", "//evil.example/settings", "/\\/evil.example", "http:settings", "///evil.example",
    "/settings/../../evil", "/no-such-page", "/static/src/mark.svg", "/sign-in", "", "settings", "/%2fevil.example",
    "//localhost@evil.example/settings",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example/settings"])
def test_nobody_is_sent_to_a_foreign_or_senseless_place(house, wanted):
    client = house.client()
    client.get("/sign-in", query_string={"next": wanted})
    there = sign_in(client, "sam.ito@brindlemoor.example").headers["Location"]
    assert there.startswith("/")
    assert "evil" not in there
    assert not there.startswith("//")


def test_only_our_own_pages_are_safe(house):
    with house.app.test_request_context("/"):
        assert {wanted: safe_path(wanted) for wanted in FOREIGN} == dict.fromkeys(FOREIGN)


def test_a_safe_path_is_made_anew_by_the_router(house):
    with house.app.test_request_context("/"):
        assert safe_path("/settings/people?q=a%20b&page=2#x") == "/settings/people?q=a+b&page=2"
        assert safe_path("/settings/formats/h%C3%B6he") == "/settings/formats/h%C3%B6he"


def test_who_is_signed_in_already_is_sent_on(house):
    assert house.client("sam").get("/sign-in").status_code == 303


@pytest.mark.parametrize("email", ["maya.okafor@brindlemoor.example", "x@y.example"])
def test_there_is_no_demo_where_there_is_none(house, email):
    page = text_of(house.client().get("/sign-in"))
    assert "demo" not in page.lower()
    answer = send(house.client(), "/sign-in", "/sign-in/demo", email=email)
    assert answer.status_code == 404
    assert count(house, WebSession) == 0


def test_failures_are_kept_though_the_request_was_refused(house):
    sign_in(house.client(), password="wrong")
    assert count(house, SignInFailure) == 2
