"""The sign-in page of a demo: its people with one click, its password, and nowhere else."""

import pytest
from sqlalchemy import select

from app import create_app
from app.demo.people import PASSWORD, PEOPLE
from content_library.models.desk import Setting
from content_library.models.user import User, WebSession
from tests.app.house import House, furnish, send, settings_for, text_of
from tests.factories import make_user


@pytest.fixture
def demo(database, tmp_path) -> House:
    """The house, with the demo's people beside its own."""
    house = furnish(database, settings_for(tmp_path, DESKCAST_DEMO="1"))
    with database.write() as session:
        session.add(Setting(key="demo", value={"password": PASSWORD, "loaded": True}))
        for person in PEOPLE:
            make_user(session, person.name, email=person.email, is_administrator=person.is_administrator)
    return house


def test_every_person_of_the_demo_stands_there_with_the_password(demo):
    page = text_of(demo.client().get("/sign-in"))
    for person in PEOPLE:
        assert person.name in page
        assert person.job in page
    assert PASSWORD in page
    assert "/p/brindlemoor" in page


def test_one_click_looks_as_a_person(demo):
    client = demo.client()
    assert send(client, "/sign-in", "/sign-in/demo", email=PEOPLE[2].email).status_code == 303
    assert PEOPLE[2].name in text_of(client.get("/me"))
    with demo.database.read() as session:
        assert session.scalars(select(WebSession.identified_by)).all() == ["demo"]


def test_nobody_but_the_demos_own_people_is_looked_as(demo):
    answer = send(demo.client(), "/sign-in", "/sign-in/demo", email="maya.okafor@brindlemoor.example")
    assert answer.status_code == 404


def test_a_deactivated_person_of_the_demo_is_not_looked_as(demo):
    with demo.database.write() as session:
        session.scalars(select(User).filter_by(email=PEOPLE[0].email)).one().is_active = False
    assert PEOPLE[0].email not in text_of(demo.client().get("/sign-in"))
    assert send(demo.client(), "/sign-in", "/sign-in/demo", email=PEOPLE[0].email).status_code == 404


@pytest.mark.parametrize("loaded", [None, False])
def test_an_installation_that_never_loaded_the_demo_shows_none(demo, loaded):
    with demo.database.write() as session:
        row = session.get_one(Setting, "demo")
        if loaded is None:
            session.delete(row)
        else:
            row.value = {**row.value, "loaded": loaded}
    assert PASSWORD not in text_of(demo.client().get("/sign-in"))
    assert send(demo.client(), "/sign-in", "/sign-in/demo", email=PEOPLE[0].email).status_code == 404


def test_switched_off_in_the_settings_the_demo_is_closed(demo, tmp_path):
    demo.app = create_app(settings_for(tmp_path, DESKCAST_DEMO="0"), demo.database)
    assert PASSWORD not in text_of(demo.client().get("/sign-in"))
    assert send(demo.client(), "/sign-in", "/sign-in/demo", email=PEOPLE[0].email).status_code == 404
