"""People in the settings: finding, inviting, moving, letting go."""

import re

import pytest
from sqlalchemy import select

from content_library.memberships import place_of
from content_library.models.desk import Team
from content_library.models.notice import Mail
from content_library.models.user import DeskRole, User
from tests.app.house import send, text_of, token
from tests.factories import clear, make_post, make_user

LINK = re.compile(r"http://localhost(/invitation/[\w-]+)")


def person_page(house, key):
    return f"/settings/people/{house.people[key].id}"


def place(house, *, role="none", teams=(), **more):
    """The fields of a place as the page sends them."""
    with house.database.read() as session:
        ids = dict(session.execute(select(Team.key, Team.id)).all())
    return {
        "desks-0-desk": str(house.desk.id), "desks-0-role": role, "teams": [ids[key] for key in teams], **more
    }  # fmt: skip


def reloaded(house, key):
    with house.database.read() as session:
        user = session.get_one(User, house.people[key].id)
        session.expunge_all()
        return user


def test_people_are_found_by_name_and_the_search_is_in_the_address(house):
    page = text_of(house.client("sam").get("/settings/people?q=demir"))
    assert "Aisha Demir" in page
    assert "Tom Hargreave" not in page
    assert 'value="demir"' in page


def test_nobody_found_is_said_with_a_way_on(house):
    assert "Nobody here fits that" in text_of(house.client("sam").get("/settings/people?q=zzz"))


def test_many_people_come_in_pages_with_few_questions_to_the_database(house, count_queries):
    with house.database.write() as session:
        desk = session.merge(house.desk)
        for number in range(60):
            make_user(session, f"Person {number:02}", desk=desk, teams=["legal"])
    client = house.client("sam")
    with count_queries(house.database) as asked:
        page = text_of(client.get("/settings/people?page=2"))
    assert "26–50 of 68" in page
    assert len(asked) <= 15


def test_an_invitation_puts_a_person_in_place_mails_the_link_and_shows_it_once(house):
    client = house.client("sam")
    answer = send(
        client, "/settings/people/new", "/settings/people", name="Nia Vega", email="nia@brindlemoor.example",
        **place(house, role="agent", teams=["legal"]),
    )  # fmt: skip
    page = answer.headers["Location"]
    shown = LINK.search(text_of(client.get(page)))
    assert shown
    with house.database.read() as session:
        assert shown[1] in session.scalars(select(Mail.text)).one()
        nia = session.scalars(select(User).filter_by(email="nia@brindlemoor.example")).one()
        assert place_of(nia).desks == {house.desk.id: DeskRole.AGENT}
    assert not LINK.search(text_of(client.get(page)))


def test_an_address_that_is_taken_is_said_at_its_field_and_the_text_is_still_there(house):
    answer = send(
        house.client("sam"), "/settings/people/new", "/settings/people", name="Maya Again",
        email="maya.okafor@brindlemoor.example", **place(house),
    )  # fmt: skip
    assert answer.status_code == 422
    assert "Maya Okafor has this address already" in text_of(answer)
    assert "Maya Again" in text_of(answer)


def test_another_invitation_gives_another_link(house):
    client = house.client("sam")
    answer = send(
        client, "/settings/people/new", "/settings/people", name="Nia", email="nia@b.example", **place(house)
    )
    first = LINK.search(text_of(client.get(answer.headers["Location"])))[1]
    answer = send(client, answer.headers["Location"], answer.headers["Location"] + "/invitation")
    second = LINK.search(text_of(client.get(answer.headers["Location"])))[1]
    assert house.client().get(first).status_code == 404
    assert house.client().get(second).status_code == 200


def test_another_place_signs_a_person_out(house):
    theirs, client = house.client("maya"), house.client("sam")
    page = person_page(house, "maya")
    assert send(client, page, page + "/place", **place(house, role="lead", teams=["pr"])).status_code == 303
    assert theirs.get("/me").status_code == 303
    assert place_of(reloaded(house, "maya")).desks == {house.desk.id: DeskRole.LEAD}


def test_an_administrator_who_moves_stays_signed_in_with_another_session(house):
    client, copied = house.client("sam"), house.app.test_client()
    copied.set_cookie("deskcast_session", client.get_cookie("deskcast_session").value)
    page = person_page(house, "sam")
    answer = send(client, page, page + "/place", **place(house, role="lead", administrator="y"))
    assert answer.status_code == 303
    assert client.get("/me").status_code == 200
    assert copied.get("/me").status_code == 303


def test_the_last_administrator_cannot_step_down(house):
    client, page = house.client("sam"), person_page(house, "sam")
    answer = send(client, page, page + "/place", **place(house, role="lead"))
    assert answer.status_code == 409
    assert "the last administrator" in text_of(answer)
    assert reloaded(house, "sam").is_administrator


def test_deactivating_says_what_is_at_stake_and_ends_sessions(house):
    with house.database.write() as session:
        maya = session.get_one(User, house.people["maya"].id)
        post = make_post(session, session.merge(house.desk), maya)
        clear(session, post, maya, {"marketing": session.get_one(User, house.people["elena"].id)})
    theirs, client, page = house.client("elena"), house.client("sam"), person_page(house, "elena")
    assert "1 post rests on what Elena Costa approved" in text_of(client.get(page))
    assert send(client, page, page + "/deactivation").status_code == 303
    assert theirs.get("/me").status_code == 303
    assert "Deactivated" in text_of(client.get(page))
    assert send(client, page, page + "/reactivation").status_code == 303
    assert reloaded(house, "elena").is_active


def test_nobody_is_offered_to_deactivate_themselves(house):
    client, page = house.client("sam"), person_page(house, "sam")
    assert "/deactivation" not in text_of(client.get(page))
    assert send(client, page, page + "/deactivation").status_code == 409


def test_fields_that_are_not_asked_for_change_nothing(house):
    client, page = house.client("sam"), person_page(house, "maya")
    send(
        client, page, page + "/details", name="Maya O.", email="maya@b.example", is_administrator="y", id="99",
        password_hash="x", is_active="", version="50",
    )  # fmt: skip
    maya = reloaded(house, "maya")
    assert (maya.name, maya.email) == ("Maya O.", "maya@b.example")
    assert (maya.is_administrator, maya.is_active) == (False, True)
    assert maya.password_hash != "x"


@pytest.mark.parametrize("who", ["maya", "priya", "ruth", "tom", None])
def test_the_settings_are_closed_to_everybody_else(house, who):
    client = house.client(who)
    admin = house.client("sam")
    csrf = token(client.get("/me" if who else "/sign-in"))
    pages = [rule for rule in house.app.url_map.iter_rules() if rule.rule.startswith("/settings")]
    assert len(pages) > 25
    values = {
        "user_id": 2,
        "handle": "brindlemoor",
        "team_id": 1,
        "key": "how_to",
        "shelf": "topics",
        "item_id": 1,
        "delegation_id": 1,
        "network": "x",
    }
    for rule in pages:
        address = rule.rule
        for name in rule.arguments:
            address = re.sub(rf"<[^<>]*{name}>", str(values[name]), address)
        if "GET" in rule.methods:
            assert client.get(address).status_code == (403 if who else 303), address
            assert admin.get(address).status_code == 200, address
        else:
            sent = client.post(address, data={"csrf_token": csrf})
            assert sent.status_code == (403 if who else 303), address
