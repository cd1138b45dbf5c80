"""People outside: they decide by mail for their teams, sign in by no way, and are told of reviews alone."""

import pytest
from sqlalchemy.orm import Session

from content_library import (
    decision_links,
    discussion,
    mail_decisions,
    one_time_links,
    open_id,
    own_account,
    sign_in,
    users,
)
from content_library.errors import InvalidInput, PermissionDenied
from content_library.memberships import Place, place_of
from content_library.models.desk import Team
from content_library.models.notice import Notice
from content_library.models.post import PostState
from content_library.models.review import Verdict
from content_library.models.user import DeskRole, Identity, LinkPurpose, User, WebSession
from content_library.notices import notify
from content_library.open_id import Claims
from content_library.permissions import can_see_desk, visible_desk_ids
from content_library.users import Standing
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


@pytest.fixture
def sam(session: Session, scene: Scene) -> User:
    return make.make_user(session, "Sam Ito", is_administrator=True)


def team_id(scene: Scene, key: str) -> int:
    return scene.session.query(Team.id).filter_by(key=key).scalar()


@pytest.fixture
def nadia(scene: Scene, sam: User) -> User:
    """A lawyer of another firm."""
    return users.add_outsider(
        scene.session, name="Nadia Fenn", email="nadia@law.example", teams=[team_id(scene, "marketing")],
        actor=sam, now=NOW,
    )  # fmt: skip


def test_adding_somebody_outside_is_recorded(scene: Scene, nadia: User):
    assert nadia.is_external
    assert nadia.password_hash is None
    assert [e.summary for e in scene.recorded("user.added_outside")] == [
        "Added Nadia Fenn outside: Marketing"
    ]


def test_only_administrators_add_people_outside(scene: Scene):
    with pytest.raises(PermissionDenied):
        users.add_outsider(
            scene.session, name="X", email="x@law.example", teams=[team_id(scene, "legal")],
            actor=scene.priya, now=NOW,
        )  # fmt: skip


def test_without_a_team_there_is_nothing_for_them(scene: Scene, sam: User):
    with pytest.raises(InvalidInput) as refusal:
        users.add_outsider(scene.session, name="X", email="x@law.example", teams=[], actor=sam, now=NOW)
    assert set(refusal.value.fields) == {"teams"}


@pytest.mark.parametrize("wrong", [{"name": " "}, {"email": "no address"}, {"teams": [999]}])
def test_what_cannot_be_is_refused(scene: Scene, sam: User, wrong: dict[str, object]):
    given = {"name": "X", "email": "x@law.example", "teams": [team_id(scene, "legal")], **wrong}
    with pytest.raises(InvalidInput):
        users.add_outsider(scene.session, actor=sam, now=NOW, **given)  # type: ignore[arg-type]


# ---- no way in -------------------------------------------------------------------


def test_no_session_begins(scene: Scene, nadia: User):
    with pytest.raises(PermissionDenied, match="by the links in your mails"):
        sign_in.start_session(scene.session, nadia, now=NOW, identified_by="password")
    assert scene.session.query(WebSession).count() == 0


def test_a_session_from_before_is_worth_nothing(scene: Scene):
    maya = scene.maya
    secret = sign_in.start_session(scene.session, maya, now=NOW, identified_by="password")
    maya.is_external = True
    scene.session.flush()
    assert sign_in.find_session(scene.session, secret, now=NOW) is None


def test_no_link_for_a_new_password_is_sent(scene: Scene, nadia: User):
    assert own_account.ask_for_reset(scene.session, nadia.email, now=NOW) is None


def test_a_provider_that_vouches_for_them_lets_nobody_in(scene: Scene, nadia: User):
    claims = Claims("https://id.example", "42", email=nadia.email, email_verified=True)
    with pytest.raises(PermissionDenied, match="by the links in your mails"):
        open_id.person_for(scene.session, claims, groups={}, sign_up=True, now=NOW)
    assert scene.session.query(Identity).count() == 0


def test_they_see_no_desk(scene: Scene, nadia: User):
    assert visible_desk_ids(nadia) == set()
    assert not can_see_desk(nadia, scene.desk.id)


@pytest.mark.parametrize("more", [{"administrator": True}, {"desks": True}])
def test_they_get_no_desk_and_no_rights(scene: Scene, nadia: User, sam: User, more: dict[str, bool]):
    desks = {scene.desk.id: DeskRole.LEAD} if "desks" in more else {}
    place = Place(administrator="administrator" in more, desks=desks, teams=[team_id(scene, "legal")])
    with pytest.raises(InvalidInput, match="Invite them first"):
        users.set_place(scene.session, nadia, place, actor=sam, now=NOW)


def test_they_can_decide_for_other_teams(scene: Scene, nadia: User, sam: User):
    legal = team_id(scene, "legal")
    assert users.set_place(scene.session, nadia, Place(teams=[legal]), actor=sam, now=NOW)
    assert set(place_of(nadia).teams) == {legal}


# ---- what they do ------------------------------------------------------------------


def test_what_they_decide_counts_as_their_teams(scene: Scene, nadia: User):
    post = scene.post()
    review = scene.submit(post).reviews[0]
    link = decision_links.issue(scene.session, review, nadia, key="a key", now=NOW)
    mail_decisions.decide(scene.session, link, Verdict.APPROVE, now=NOW)
    assert post.state is PostState.APPROVED


def test_letting_them_go_drops_what_rested_on_them(scene: Scene, nadia: User, sam: User):
    post = scene.post()
    link = decision_links.issue(scene.session, scene.submit(post).reviews[0], nadia, key="a key", now=NOW)
    mail_decisions.decide(scene.session, link, Verdict.APPROVE, now=NOW)
    users.deactivate(scene.session, nadia, actor=sam, now=NOW)
    assert post.state is PostState.DRAFT


def test_they_are_told_of_reviews_and_answers_and_of_nothing_else(scene: Scene, nadia: User):
    post = scene.post()
    review = scene.submit(post).reviews[0]
    link = decision_links.issue(scene.session, review, nadia, key="a key", now=NOW)
    mail_decisions.ask(scene.session, link, "How long?", now=NOW)
    discussion.comment(scene.session, post, "Twenty minutes.", actor=scene.maya, now=NOW)
    discussion.comment(scene.session, post, "By the way, lunch?", actor=scene.jonas, now=NOW)
    assert [n.kind for n in scene.told(nadia)] == ["review.open", "review.answered"]


def test_a_notice_for_people_outside_alone_is_no_notice(scene: Scene, nadia: User):
    notify(scene.session, [nadia.id], "comment.added", scene.post(), text="A word.", now=NOW)
    notify(scene.session, [], "comment.added", nadia, text="A word.", now=NOW)
    assert scene.session.query(Notice).filter_by(kind="comment.added").count() == 0


# ---- coming inside -----------------------------------------------------------------


def test_an_invitation_that_is_taken_brings_them_inside(scene: Scene, nadia: User, sam: User):
    invitation = users.invite_again(scene.session, nadia, actor=sam, now=NOW)
    assert nadia.is_external, "until they join"
    assert scene.recorded("user.invited")[-1].summary == "Invited Nadia Fenn, who is outside, to sign in"
    own_account.accept_invitation(scene.session, invitation.secret, password_hash="x", now=NOW)
    assert not nadia.is_external
    assert visible_desk_ids(nadia) == {scene.desk.id}
    assert sign_in.start_session(scene.session, nadia, now=NOW, identified_by="password")


def test_letting_them_go_ends_their_invitation(scene: Scene, nadia: User, sam: User):
    secret = users.invite_again(scene.session, nadia, actor=sam, now=NOW).secret
    users.deactivate(scene.session, nadia, actor=sam, now=NOW)
    with pytest.raises(Exception, match="has been used or is over"):
        one_time_links.find(scene.session, LinkPurpose.INVITATION, secret, now=NOW)


def test_the_list_shows_who_is_outside_and_does_not_call_them_invited(scene: Scene, nadia: User, sam: User):
    outside = users.find_people(scene.session, actor=sam, standing=Standing.OUTSIDE)
    invited = users.find_people(scene.session, actor=sam, standing=Standing.INVITED)
    assert outside.people == [nadia]
    assert nadia not in invited.people
