"""Inviting, moving and letting people go; what they do themselves; the first minute."""

import pytest
from sqlalchemy import select

from content_library import own_account, sign_in, users
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.memberships import Place, place_of
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk, Team
from content_library.models.user import DeskRole, LinkPurpose, User, WebSession
from content_library.one_time_links import find, issue
from content_library.setting_up import FirstPerson, FirstReviewer, set_up
from content_library.users import Standing
from tests.factories import make_desk, make_user


@pytest.fixture
def desk(session):
    return make_desk(session)


@pytest.fixture
def sam(session, desk):
    return make_user(session, "Sam Ito", is_administrator=True, password_hash="x")


def team(session, key):
    return session.scalars(select(Team).filter_by(key=key)).one()


def verbs(session):
    session.flush()
    return list(session.scalars(select(AuditEntry.verb).order_by(AuditEntry.id)))


def invited(session, sam, clock, **changed):
    facts = {"name": "Nia Vega", "email": "nia@brindlemoor.example", "place": Place(), **changed}
    return users.invite(session, actor=sam, now=clock(), **facts)


def test_an_invited_person_stands_where_they_were_put(session, desk, sam, clock):
    place = Place(desks={desk.id: DeskRole.AGENT}, teams={team(session, "legal").id})
    person = invited(session, sam, clock, place=place).user
    session.refresh(person)
    assert place_of(person).same_as(place)
    assert verbs(session)[-1] == "user.invited"


def test_an_invitation_gives_a_password_once(session, sam, clock):
    invitation = invited(session, sam, clock)
    person = own_account.accept_invitation(session, invitation.secret, password_hash="hash", now=clock())
    assert (person, person.password_hash) == (invitation.user, "hash")
    with pytest.raises(NotFound):
        own_account.accept_invitation(session, invitation.secret, password_hash="other", now=clock())


@pytest.mark.parametrize("email", ["", "nia", "nia@", "nia@localhost", "a b@example.com"])
def test_something_that_is_no_address_is_refused(session, sam, clock, email):
    with pytest.raises(InvalidInput) as refusal:
        invited(session, sam, clock, email=email)
    assert set(refusal.value.fields) == {"email"}


def test_nobody_is_invited_twice_whatever_the_case(session, sam, clock):
    invited(session, sam, clock)
    with pytest.raises(InvalidInput, match="Nia Vega has this address already"):
        invited(session, sam, clock, name="Another", email="NIA@Brindlemoor.example")


def test_a_place_on_a_desk_that_is_gone_is_refused(session, sam, clock):
    with pytest.raises(InvalidInput, match="no longer there"):
        invited(session, sam, clock, place=Place(desks={999: DeskRole.AGENT}))


def test_a_second_invitation_ends_the_first(session, sam, clock):
    first = invited(session, sam, clock)
    second = users.invite_again(session, first.user, actor=sam, now=clock())
    with pytest.raises(NotFound):
        find(session, LinkPurpose.INVITATION, first.secret, now=clock())
    assert find(session, LinkPurpose.INVITATION, second.secret, now=clock())


def test_who_has_joined_is_not_invited_again(session, sam, clock):
    with pytest.raises(TransitionNotAllowed):
        users.invite_again(session, sam, actor=sam, now=clock())


VERBS = {
    "invite": lambda s, who, other, at: invited(s, who, lambda: at),
    "invite again": lambda s, who, other, at: users.invite_again(s, other, actor=who, now=at),
    "rename": lambda s, who, other, at: users.rename(
        s, other, name="X", email="x@x.example", actor=who, now=at
    ),
    "move": lambda s, who, other, at: users.set_place(s, other, Place(administrator=True), actor=who, now=at),
    "move oneself": lambda s, who, other, at: users.set_place(
        s, who, Place(administrator=True), actor=who, now=at
    ),
    "deactivate": lambda s, who, other, at: users.deactivate(s, other, actor=who, now=at),
    "reactivate": lambda s, who, other, at: users.reactivate(s, other, actor=who, now=at),
    "find": lambda s, who, other, at: users.find_people(s, actor=who),
    "get": lambda s, who, other, at: users.get_person(s, other.id, actor=who),
}


@pytest.mark.parametrize("verb", VERBS)
def test_only_administrators_manage_people(session, desk, sam, clock, verb):
    lead = make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD, teams=["legal"])
    with pytest.raises(PermissionDenied):
        VERBS[verb](session, lead, sam, clock())


def test_another_place_ends_every_session_at_once(session, desk, sam, clock):
    maya = make_user(session, "Maya Okafor", desk=desk)
    sign_in.start_session(session, maya, now=clock(), identified_by="password")
    place = Place(desks={desk.id: DeskRole.LEAD})
    assert users.set_place(session, maya, place, actor=sam, now=clock())
    assert session.scalars(select(WebSession).filter_by(user_id=maya.id)).all() == []
    entry = session.scalars(select(AuditEntry).filter_by(verb="user.moved")).one()
    assert entry.summary == "Maya Okafor: Lead on Brindlemoor Home"


def test_the_same_place_changes_nothing_and_ends_nothing(session, desk, sam, clock):
    maya = make_user(session, "Maya Okafor", desk=desk)
    sign_in.start_session(session, maya, now=clock(), identified_by="password")
    assert not users.set_place(session, maya, place_of(maya), actor=sam, now=clock())
    assert session.scalars(select(WebSession).filter_by(user_id=maya.id)).one()
    assert "user.moved" not in verbs(session)


def test_moving_adds_changes_and_removes_memberships(session, desk, sam, clock):
    other = Desk(name="Other", handle="other", created_at=clock())
    session.add(other)
    session.flush()
    tom = make_user(session, "Tom Hargreave", desk=desk, teams=["legal", "pr"])
    place = Place(
        desks={desk.id: DeskRole.AUDITOR, other.id: DeskRole.AGENT},
        teams={team(session, "pr").id, team(session, "product").id},
    )
    users.set_place(session, tom, place, actor=sam, now=clock())
    session.expire_all()
    assert place_of(tom).same_as(place)


def test_the_last_administrator_stays_one(session, sam, clock):
    with pytest.raises(TransitionNotAllowed, match="last administrator"):
        users.set_place(session, sam, Place(), actor=sam, now=clock())
    second = make_user(session, "Ines Duarte", is_administrator=True)
    users.set_place(session, sam, Place(), actor=sam, now=clock())
    with pytest.raises(TransitionNotAllowed, match="last administrator"):
        users.set_place(session, second, Place(), actor=second, now=clock())


def test_a_deactivated_administrator_does_not_count_as_another(session, sam, clock):
    make_user(session, "Ines Duarte", is_administrator=True, is_active=False)
    with pytest.raises(TransitionNotAllowed):
        users.set_place(session, sam, Place(), actor=sam, now=clock())


def test_nobody_deactivates_themselves(session, sam, clock):
    make_user(session, "Ines Duarte", is_administrator=True)
    with pytest.raises(TransitionNotAllowed, match="yourself"):
        users.deactivate(session, sam, actor=sam, now=clock())


def test_deactivating_ends_sessions_and_links(session, desk, sam, clock):
    maya = make_user(session, "Maya Okafor", desk=desk)
    secret = sign_in.start_session(session, maya, now=clock(), identified_by="password")
    link = issue(session, LinkPurpose.PASSWORD_RESET, maya, now=clock())
    users.deactivate(session, maya, actor=sam, now=clock())
    assert sign_in.find_session(session, secret, now=clock()) is None
    users.reactivate(session, maya, actor=sam, now=clock())
    assert sign_in.find_session(session, secret, now=clock()) is None
    with pytest.raises(NotFound):
        find(session, LinkPurpose.PASSWORD_RESET, link, now=clock())
    assert verbs(session)[-2:] == ["user.deactivated", "user.reactivated"]


def test_deactivating_twice_is_recorded_once(session, sam, clock):
    maya = make_user(session, "Maya Okafor")
    for _ in range(2):
        users.deactivate(session, maya, actor=sam, now=clock())
    assert verbs(session).count("user.deactivated") == 1


def test_people_are_found_by_any_word_of_name_or_address(session, sam):
    make_user(session, "Maya Okafor")
    make_user(session, "Jonas Weil", email="jonas@other.example")
    found = [p.name for p in users.find_people(session, actor=sam, words="oka may").people]
    assert found == ["Maya Okafor"]
    assert [p.name for p in users.find_people(session, actor=sam, words="OTHER").people] == ["Jonas Weil"]
    assert users.find_people(session, actor=sam, words="100%").people == []


def test_people_are_listed_by_standing(session, sam, clock):
    gone = make_user(session, "Gone", is_active=False)
    invitation = invited(session, sam, clock)

    def names(standing):
        return {p.name for p in users.find_people(session, actor=sam, standing=standing).people}

    assert names(Standing.INACTIVE) == {gone.name}
    assert names(Standing.INVITED) == {invitation.user.name}
    assert names(Standing.ACTIVE) == {"Sam Ito", "Nia Vega"}
    assert names(Standing.ALL) == {"Sam Ito", "Nia Vega", "Gone"}


def test_a_page_beyond_the_last_shows_the_last(session, sam):
    for number in range(5):
        make_user(session, f"Person {number}")
    page = users.find_people(session, actor=sam, page=99, per_page=2)
    assert (page.page, page.pages, page.total, [p.name for p in page.people]) == (
        3,
        3,
        6,
        ["Person 4", "Sam Ito"],
    )


def test_renaming_says_before_and_after(session, sam, clock):
    maya = make_user(session, "Maya Okafor")
    users.rename(session, maya, name="Maya  Weil", email=maya.email, actor=sam, now=clock())
    users.rename(session, maya, name="Maya Weil", email=maya.email, actor=sam, now=clock())
    assert maya.name == "Maya Weil"
    entry = session.scalars(select(AuditEntry).filter_by(verb="user.renamed")).one()
    assert entry.payload.details["before"]["name"] == "Maya Okafor"


def test_a_reset_is_for_active_people_only(session, sam, clock):
    gone = make_user(session, "Gone", is_active=False)
    assert own_account.ask_for_reset(session, "nobody@example.com", now=clock()) is None
    assert own_account.ask_for_reset(session, gone.email, now=clock()) is None
    assert own_account.ask_for_reset(session, sam.email.upper(), now=clock())[0] is sam


def test_a_reset_ends_every_session(session, sam, clock):
    sign_in.start_session(session, sam, now=clock(), identified_by="password")
    _person, secret = own_account.ask_for_reset(session, sam.email, now=clock())
    own_account.reset_password(session, secret, password_hash="new", now=clock())
    assert sam.password_hash == "new"
    assert session.scalars(select(WebSession)).all() == []


def test_a_changed_password_ends_the_other_sessions_and_open_links(session, sam, clock):
    here = sign_in.start_session(session, sam, now=clock(), identified_by="password")
    there = sign_in.start_session(session, sam, now=clock(), identified_by="password")
    _person, link = own_account.ask_for_reset(session, sam.email, now=clock())
    keep = sign_in.find_session(session, here, now=clock())
    own_account.change_password(session, sam, password_hash="new", keep=keep, now=clock())
    assert sign_in.find_session(session, here, now=clock())
    assert sign_in.find_session(session, there, now=clock()) is None
    with pytest.raises(NotFound):
        own_account.reset_password(session, link, password_hash="newer", now=clock())


def test_nobody_ends_the_session_of_somebody_else(session, sam, clock):
    maya = make_user(session, "Maya Okafor")
    secret = sign_in.start_session(session, maya, now=clock(), identified_by="password")
    theirs = sign_in.find_session(session, secret, now=clock())
    with pytest.raises(NotFound):
        own_account.end_own_session(session, theirs.id, actor=sam, now=clock())
    own_account.end_own_session(session, theirs.id, actor=maya, now=clock())
    assert sign_in.find_session(session, secret, now=clock()) is None


def test_sessions_that_are_over_are_not_listed(session, sam, clock):
    sign_in.start_session(session, sam, now=clock(), identified_by="password")
    sign_in.start_session(session, sam, now=clock.advance(hours=11), identified_by="openid")
    listed = own_account.sessions_of(session, sam, now=clock.advance(hours=2))
    assert [s.identified_by for s in listed] == ["openid"]


def test_details_with_an_unknown_zone_are_refused(session, sam, clock):
    with pytest.raises(InvalidInput):
        own_account.change_details(session, sam, name="Sam", zone="Mars/Base", now=clock())


FIRST = FirstPerson("Ada Kern", "ada@kern.example", "hash", "Europe/Berlin")
REVIEWER = FirstReviewer("Leo Brandt", "leo@kern.example", ["legal", "pr"])


def first_minute(session, clock, secret, *, reviewer=None):
    return set_up(session, secret, FIRST, desk_name="Kern", handle="kern", reviewer=reviewer, now=clock())


def test_an_empty_installation_gives_a_link_and_a_used_one_does_not(session, clock):
    assert users.set_up_secret(session)
    make_user(session, "Maya Okafor")
    assert users.set_up_secret(session) is None


def test_setting_up_alone_makes_a_solo_desk_whose_lead_is_in_every_team(session, clock):
    made = first_minute(session, clock, users.set_up_secret(session))
    assert made.desk.solo
    assert made.invitation is None
    assert made.person.is_administrator
    place = place_of(made.person)
    assert place.desks == {made.desk.id: DeskRole.LEAD}
    assert len(place.teams) == len(made.desk.teams) == 4


def test_setting_up_with_a_reviewer_invites_them_and_solo_mode_is_off(session, clock):
    made = first_minute(session, clock, users.set_up_secret(session), reviewer=REVIEWER)
    assert not made.desk.solo
    assert place_of(made.person).teams == set()
    wanted = {team(session, "legal").id, team(session, "pr").id}
    assert place_of(made.invitation.user).teams == wanted
    assert (
        find(session, LinkPurpose.INVITATION, made.invitation.secret, now=clock()).user.name == "Leo Brandt"
    )


def test_a_set_up_link_does_not_work_twice_nor_once_there_are_people(session, clock):
    secret = users.set_up_secret(session)
    first_minute(session, clock, secret)
    with pytest.raises(NotFound):
        first_minute(session, clock, secret)


def test_a_link_from_before_the_first_person_does_not_work_after(session, clock):
    secret = users.set_up_secret(session)
    make_user(session, "Maya Okafor")
    with pytest.raises(NotFound, match="set up already"):
        first_minute(session, clock, secret)
    assert session.scalars(select(User.name)).all() == ["Maya Okafor"]


def test_a_newer_set_up_link_ends_the_former_one(session, clock):
    former = users.set_up_secret(session)
    assert users.set_up_secret(session)
    with pytest.raises(NotFound):
        first_minute(session, clock, former)
