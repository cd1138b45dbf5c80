"""Setting up, joining, and a forgotten password."""

import re

import pytest
from sqlalchemy import select

from app import create_app
from content_library import users
from content_library.models.desk import Desk
from content_library.models.notice import Mail
from content_library.models.user import User, WebSession
from content_library.sign_in import THROTTLE_LIMIT
from tests.app.house import send, settings_for, text_of
from tests.factories import PASSWORD

GOOD = "tin roof sparrow Montag"
MAYA = "maya.okafor@brindlemoor.example"


@pytest.fixture
def empty(database, tmp_path):
    """An installation without anybody, and its set-up address."""
    with database.write() as session:
        secret = users.set_up_secret(session)
    return create_app(settings_for(tmp_path), database).test_client(), f"/set-up/{secret}"


FIRST = {
    "name": "Ada Kern", "email": "ada@kern.example", "password": GOOD, "desk_name": "Kern & Söhne",
    "zone": "Europe/Berlin",
}  # fmt: skip
REVIEWER = {
    "clearing": "reviewer", "reviewer_name": "Leo Brandt", "reviewer_email": "leo@kern.example",
    "reviewer_teams": ["legal", "marketing"],
}  # fmt: skip


def mails(database):
    with database.read() as session:
        return [(mail.to, mail.text, mail.html) for mail in session.scalars(select(Mail).order_by(Mail.id))]


def link_in(text, path):
    return re.search(rf"http://localhost(/{path}/[\w-]+)", text)[1]


def test_setting_up_alone_leads_into_a_solo_desk(empty, database):
    client, address = empty
    answer = send(client, address, **FIRST, clearing="solo")
    assert answer.status_code == 303
    with database.read() as session:
        desk = session.scalars(select(Desk)).one()
        assert (desk.handle, desk.solo, desk.zone) == ("kern-sohne", True, "Europe/Berlin")
        assert session.scalars(select(WebSession.identified_by)).all() == ["set-up"]
    assert "Ada Kern" in text_of(client.get("/me"))


def test_setting_up_with_a_reviewer_shows_and_mails_their_link(empty, database):
    client, address = empty
    answer = send(client, address, **FIRST, **REVIEWER)
    page = text_of(client.get(answer.headers["Location"]))
    (to, text, html) = mails(database)[0]
    link = link_in(text, "invitation")
    assert to == "leo@kern.example"
    assert link in page
    assert link in html
    assert link not in text_of(client.get(answer.headers["Location"]))


def test_the_set_up_link_opens_nothing_afterwards(empty):
    client, address = empty
    send(client, address, **FIRST, clearing="solo")
    assert client.get(address).status_code == 404
    assert client.get("/set-up/guess").status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "password1234"}, "unusual words"),
        ({"password": "ada@kern.example"}, "your name or e-mail"),
        ({"email": "ada"}, "not an e-mail address"),
        ({"name": " "}, "Give a name"),
        ({"zone": "Mars/Base"}, "Time zone</a>:"),
        ({"clearing": "reviewer"}, "Write who it is"),
        (
            {"clearing": "reviewer", "reviewer_name": "Leo", "reviewer_teams": ["legal"]},
            "not an e-mail address",
        ),
        ({**REVIEWER, "reviewer_email": "ADA@kern.example"}, "has this address already"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_half_set_up(empty, database, changed, said):
    client, address = empty
    answer = send(client, address, **{**FIRST, "clearing": "solo", **changed})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert "Kern &amp; Söhne" in text_of(answer)
    with database.read() as session:
        assert session.scalars(select(User)).all() == []
        assert session.scalars(select(Desk)).all() == []
    assert send(client, address, **FIRST, clearing="solo").status_code == 303


def invite(house):
    client = house.client("sam")
    send(client, "/settings/people/new", "/settings/people", name="Nia Vega", email="nia@brindlemoor.example")
    return link_in(mails(house.database)[-1][1], "invitation")


def test_an_invitation_leads_in(house):
    link, client = invite(house), house.client()
    assert "nia@brindlemoor.example" in text_of(client.get(link))
    assert send(client, link, password=GOOD).status_code == 303
    assert "Nia Vega" in text_of(client.get("/me"))
    assert house.client().get(link).status_code == 404


def test_a_weak_password_is_refused_and_the_invitation_lasts(house):
    link, client = invite(house), house.client()
    answer = send(client, link, password="niavega12345")
    assert answer.status_code == 422
    assert "name or e-mail" in text_of(answer)
    assert send(client, link, password=GOOD).status_code == 303


def test_looking_at_an_invitation_does_not_use_it(house):
    link = invite(house)
    for _ in range(3):
        assert house.client().get(link).status_code == 200


def test_an_invitation_is_over_after_a_week(house, clock):
    link = invite(house)
    clock.advance(days=7)
    assert house.client().get(link).status_code == 404


def ask(house, email):
    client = house.client()
    answer = send(client, "/forgotten", email=email)
    return answer.status_code, answer.headers["Location"], text_of(client.get("/sign-in"))


def test_the_answer_is_the_same_whoever_is_asked_about(house):
    known, unknown = ask(house, MAYA), ask(house, "nobody@example.com")
    drop_token = re.compile(r'value="[^"]{40,}"')
    assert drop_token.sub("", known[2]) == drop_token.sub("", unknown[2])
    assert known[:2] == unknown[:2]
    assert [to for to, _text, _html in mails(house.database)] == [MAYA]


def test_a_forgotten_password_is_replaced_by_the_mails_link(house):
    ask(house, MAYA)
    link, elsewhere, client = (
        link_in(mails(house.database)[0][1], "new-password"),
        house.client("maya"),
        house.client(),
    )
    assert send(client, link, password=GOOD).status_code == 303
    assert elsewhere.get("/me").status_code == 303
    assert send(house.client(), "/sign-in", email=MAYA, password=PASSWORD).status_code == 422
    assert send(house.client(), "/sign-in", email=MAYA, password=GOOD).status_code == 303
    assert client.get(link).status_code == 404


def test_links_name_the_public_address_whatever_host_is_asked(house):
    client = house.client()
    send(client, "/forgotten", email=MAYA)
    hostile = client.get("/forgotten", headers={"Host": "evil.example"})
    assert hostile.status_code == 400
    assert all("evil" not in text for _to, text, _html in mails(house.database))


def test_nobody_floods_a_mailbox(house):
    for _ in range(THROTTLE_LIMIT + 3):
        ask(house, MAYA)
    assert len(mails(house.database)) == THROTTLE_LIMIT
