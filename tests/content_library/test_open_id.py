"""Who a provider's claims are here, and where their groups put them."""

import pytest
from sqlalchemy import func, select

from content_library import sign_in
from content_library.errors import PermissionDenied
from content_library.memberships import Place, assign, place_of
from content_library.models.desk import Team
from content_library.models.user import DeskRole, Identity, User, WebSession
from content_library.open_id import Claims, person_for
from tests.factories import make_desk, make_user

ISSUER = "https://id.example.com"
GROUPS = {
    "service": "desk:brindlemoor:agent",
    "service-leads": "desk:brindlemoor:lead",
    "lawyers": "team:legal",
    "nonsense": "desk:brindlemoor:emperor",
    "elsewhere": "desk:nowhere:agent",
    "typo": "tema:legal",
}


@pytest.fixture
def desk(session):
    return make_desk(session)


@pytest.fixture
def maya(session, desk):
    return make_user(session, "Maya Okafor")


def claims(**changed):
    facts = {"issuer": ISSUER, "subject": "m-1", "email": "maya.okafor@brindlemoor.example",
             "email_verified": True, "name": "Maya Okafor"}  # fmt: skip
    return Claims(**{**facts, **changed})


def person(session, clock, said, *, groups=None, sign_up=False):
    return person_for(session, said, groups=groups or {}, sign_up=sign_up, now=clock())


def team(session, key):
    return session.scalars(select(Team).filter_by(key=key)).one()


def test_a_verified_address_links_once_and_then_the_subject_counts(session, maya, clock):
    assert person(session, clock, claims()) is maya
    assert person(session, clock, claims(email="new@brindlemoor.example", email_verified=False)) is maya
    assert session.scalar(select(func.count()).select_from(Identity)) == 1


def test_an_unverified_address_links_nobody(session, maya, clock):
    with pytest.raises(PermissionDenied, match="has not verified"):
        person(session, clock, claims(email_verified=False))
    assert session.scalars(select(Identity)).all() == []


def test_the_same_subject_at_another_provider_is_somebody_else(session, maya, clock):
    person(session, clock, claims())
    with pytest.raises(PermissionDenied):
        person(session, clock, claims(issuer="https://evil.example", email="", email_verified=False))


def test_an_address_that_moved_to_somebody_else_does_not_take_the_account_along(session, maya, clock):
    person(session, clock, claims())
    newcomer = claims(subject="m-2", email_verified=False)
    with pytest.raises(PermissionDenied):
        person(session, clock, newcomer)


def test_nobody_signs_up_unless_it_is_said(session, desk, clock):
    with pytest.raises(PermissionDenied, match="Ask an administrator"):
        person(session, clock, claims())
    assert session.scalars(select(User)).all() == []


def test_who_signs_up_has_no_desk_and_no_rights(session, desk, clock):
    made = person(session, clock, claims(), sign_up=True)
    assert made.name == "Maya Okafor"
    assert place_of(made).same_as(Place())


def test_signing_up_needs_a_verified_address(session, desk, clock):
    with pytest.raises(PermissionDenied, match="has not verified"):
        person(session, clock, claims(email_verified=False), sign_up=True)


def test_a_deactivated_person_stays_out_linked_or_not(session, maya, clock):
    maya.is_active = False
    for sign_up in (False, True):
        with pytest.raises(PermissionDenied, match="deactivated"):
            person(session, clock, claims(), sign_up=sign_up)
    maya.is_active = True
    person(session, clock, claims())
    maya.is_active = False
    with pytest.raises(PermissionDenied, match="deactivated"):
        person(session, clock, claims())


def test_groups_give_roles_and_teams(session, desk, maya, clock):
    person(session, clock, claims(groups=["service", "lawyers", "unknown"]), groups=GROUPS)
    wanted = Place(desks={desk.id: DeskRole.AGENT}, teams={team(session, "legal").id})
    assert place_of(maya).same_as(wanted)


@pytest.mark.parametrize("held", [["service", "service-leads"], ["service-leads", "service"]])
def test_of_several_roles_on_a_desk_the_strongest_counts(session, desk, maya, clock, held):
    person(session, clock, claims(groups=held), groups=GROUPS)
    assert place_of(maya).desks == {desk.id: DeskRole.LEAD}


def test_a_group_that_is_gone_takes_its_role_along_at_the_next_sign_in(session, desk, maya, clock):
    person(session, clock, claims(groups=["service", "lawyers"]), groups=GROUPS)
    person(session, clock, claims(groups=[]), groups=GROUPS)
    assert place_of(maya).same_as(Place())


def test_what_no_group_names_is_left_to_administrators(session, desk, maya, clock):
    place = Place(administrator=True, desks={}, teams={team(session, "pr").id})
    assign(maya, place)
    session.flush()
    person(session, clock, claims(groups=["lawyers"]), groups=GROUPS)
    assert place_of(maya).administrator
    assert place_of(maya).teams == {team(session, "pr").id, team(session, "legal").id}


def test_groups_that_name_nothing_known_give_nothing(session, desk, maya, clock):
    person(session, clock, claims(groups=["nonsense", "elsewhere", "typo"]), groups=GROUPS)
    assert place_of(maya).same_as(Place())


def test_another_role_by_groups_ends_the_sessions(session, desk, maya, clock):
    person(session, clock, claims(groups=["service"]), groups=GROUPS)
    sign_in.start_session(session, maya, now=clock(), identified_by="openid")
    person(session, clock, claims(groups=["service"]), groups=GROUPS)
    assert session.scalars(select(WebSession)).all()
    person(session, clock, claims(groups=["service-leads"]), groups=GROUPS)
    assert session.scalars(select(WebSession)).all() == []
