"""Settings for people outside and for deciding by mail."""

from html import unescape

import pytest

from content_library import decision_links
from content_library.models.audit import AuditEntry
from content_library.models.notice import Mail
from content_library.models.user import User, WebSession
from tests.app.house import House, send, text_of, token
from tests.factories import PASSWORD

NEW = "/settings/people/outside/new"
ADD = "/settings/people/outside"


def legal(house: House) -> int:
    return int(house.people["tom"].team_memberships[0].team_id)


def nadia(house: House) -> User:
    with house.database.read() as session:
        found = session.query(User).filter_by(name="Nadia Fenn").one()
        session.expunge_all()
        return found


@pytest.fixture
def added(house: House) -> User:
    sam = house.client("sam")
    answer = send(sam, NEW, ADD, name="Nadia Fenn", email="nadia@law.example", teams=legal(house))
    assert answer.status_code == 303
    return nadia(house)


def test_somebody_outside_is_added_with_name_address_and_teams(house: House, added: User):
    assert (added.is_external, added.password_hash, added.email) == (True, None, "nadia@law.example")
    page = text_of(house.client("sam").get(f"/settings/people/{added.id}"))
    for words in ("outside", "Invite to sign in", "Nadia Fenn"):
        assert words in page
    assert 'name="administrator"' not in page
    assert "Not on this desk" not in page


def test_nobody_is_written_to_when_they_are_added(house: House, added: User):
    with house.database.read() as session:
        assert session.query(Mail).count() == 0


@pytest.mark.parametrize("wrong", [{"name": ""}, {"email": "no address"}, {"teams": []}])
def test_a_form_that_is_wrong_comes_back_with_what_was_typed(house: House, wrong: dict[str, object]):
    given = {"name": "Nadia Fenn", "email": "nadia@law.example", "teams": legal(house), **wrong}
    answer = send(house.client("sam"), NEW, ADD, **given)
    assert answer.status_code == 422
    for key in ("name", "email"):
        assert f'value="{given[key]}"' in text_of(answer)
    with house.database.read() as session:
        assert session.query(User).filter_by(is_external=True).count() == 0


def test_lists_mark_them(house: House, added: User):
    sam = house.client("sam")
    for path in ("/settings/people", "/settings/people?standing=outside", f"/settings/teams/{legal(house)}"):
        page = text_of(sam.get(path))
        assert "Nadia Fenn" in page
        assert ">outside<" in page
    assert "Nadia Fenn" not in text_of(sam.get("/settings/people?standing=invited"))


def test_they_are_given_other_teams_and_no_desk(house: House, added: User):
    sam, page = house.client("sam"), f"/settings/people/{added.id}"
    fields = {"desks-0-desk": str(house.desk.id), "desks-0-role": "lead", "teams": legal(house)}
    refused = send(sam, page, f"{page}/place", **fields)
    assert refused.status_code == 422
    assert "Invite them first" in unescape(text_of(refused))
    elena = house.people["elena"].team_memberships[0].team_id
    assert send(sam, page, f"{page}/place", teams=elena).status_code == 303
    assert "decides for other teams now" in text_of(sam.get(page))


def test_they_enter_by_no_door(house: House, added: User):
    client = house.client()
    tried = {"email": added.email, "password": PASSWORD}
    assert send(client, "/sign-in", **tried).status_code == 422
    assert send(client, "/forgotten", email=added.email).status_code == 303
    assert send(client, "/sign-in", "/sign-in/demo", email=added.email).status_code == 404
    with house.database.read() as session:
        assert session.query(Mail).count() == 0
        assert session.query(WebSession).filter_by(user_id=added.id).count() == 0


def test_an_invitation_that_is_taken_lets_them_in(house: House, added: User):
    sam, page = house.client("sam"), f"/settings/people/{added.id}"
    invited = sam.post(f"{page}/invitation", data={"csrf_token": token(sam.get(page))}, follow_redirects=True)
    link = text_of(invited).split("/invitation/")[1].split("<")[0]
    joined = send(house.client(), f"/invitation/{link}", password="three red kettles sing")
    assert joined.status_code == 303
    assert not nadia(house).is_external
    assert ">outside<" not in text_of(sam.get(page))


# ---- deciding by mail ----------------------------------------------------------------


def switched_on(house: House) -> bool:
    with house.database.read() as session:
        return decision_links.is_switched_on(session)


def test_deciding_by_mail_is_switched_off_and_on_again(house: House, added: User):
    sam = house.client("sam")
    assert "1 person outside can decide by mail only." in text_of(sam.get("/settings"))
    for on in ("0", "1"):
        sent = {"csrf_token": token(sam.get("/settings")), "on": on}
        assert sam.post("/settings/mail-decisions", data=sent).status_code == 303
        assert switched_on(house) is (on == "1")
    with house.database.read() as session:
        said = [e.summary for e in session.query(AuditEntry).filter_by(verb="setting.changed")]
    assert said == ["Switched deciding by mail off", "Switched deciding by mail on"]


def test_people_say_for_themselves_whether_mails_let_them_decide(house: House):
    tom = house.client("tom")
    for wanted in (False, True):
        fields = {"how": "each", "times": "08:30", "quiet_from": "20:00", "quiet_until": "07:00"}
        if wanted:
            fields["wants_mail_decisions"] = "y"
        assert send(tom, "/me", "/me/mails", **fields).status_code == 303
        with house.database.read() as session:
            assert session.get_one(User, house.people["tom"].id).wants_mail_decisions is wanted
