"""The stop switch in every reach: what it holds, what goes on, who may press it, and that it says so before."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library.errors import NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.account import Account
from content_library.models.format import Format, Kind, Tone
from content_library.models.notice import Notice
from content_library.models.user import DeskRole, User
from scheduler import gate, holds, stops, transitions
from scheduler.gate import Reason
from scheduler.models import HoldScope, Publication, PublicationState
from scheduler.publication_flow import Act
from scheduler.stops import Reach
from tests import factories as make
from tests.scheduler.scene import NOW, Scene

S = PublicationState


@pytest.fixture
def sam(scene: Scene) -> User:
    return make.make_user(scene.session, "Sam Ito", is_administrator=True)


@pytest.fixture
def bluesky(scene: Scene) -> Account:
    return make.make_account(scene.session, scene.desk)


def planned(scene: Scene, account: Account, hours: float = 1, **content: object) -> Publication:
    post = make.make_post(scene.session, scene.desk, scene.maya, accounts=[account.id], **content)
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    return make.plan(scene.session, post, account, scene.maya, due_at=NOW + timedelta(hours=hours))


def question(scene: Scene, account: Account, hours: float = 1) -> Publication:
    fields = {"interest": "x", "use": "x", "host": "Maya", "reply_until": "2026-12-01T12:00"}
    return planned(scene, account, hours, title="What now?", format_key="improve", fields=fields)


def test_stopping_an_account_lets_the_others_go_on(scene: Scene, bluesky: Account) -> None:
    here, there = planned(scene, scene.page), planned(scene, bluesky)
    reach = Reach(HoldScope.ACCOUNT, scene.desk.id, account_id=bluesky.id)
    seen = stops.foresee(scene.session, scene.desk.id, reach)
    assert (seen.held, seen.going_on, seen.sending, list(seen.named)) == (1, 1, 0, [here.id])
    hold, count = holds.stop(scene.session, reach, "It is shut", actor=scene.priya, now=NOW)
    assert count == 1 == stops.kept_by(scene.session, hold)
    assert (here.state, there.state) == (S.PLANNED, S.HELD)
    assert isinstance(scene.ask(here), gate.Passed)


def test_stopping_a_kind_holds_that_kind_only_also_at_the_gate(scene: Scene) -> None:
    howto, asking = planned(scene, scene.page), question(scene, scene.page, 2)
    reach = Reach(HoldScope.KIND, scene.desk.id, kind=Kind.QUESTION)
    _hold, count = holds.stop(scene.session, reach, "Nobody answers", actor=scene.priya, now=NOW)
    assert (count, howto.state, asking.state) == (1, S.PLANNED, S.HELD)
    later = question(scene, scene.page, 3)
    assert (later.state, later.reason, later.explanation) == (S.HELD, Reason.STOPPED, "Held: Nobody answers")
    assert isinstance(scene.ask(howto), gate.Passed)


def test_the_kind_is_that_of_what_goes_out_and_not_of_a_newer_draft(scene: Scene) -> None:
    asking = question(scene, scene.page)
    asking.post.kind = Kind.EDU_TAINING  # as a newer revision in another format makes it
    reach = Reach(HoldScope.KIND, scene.desk.id, kind=Kind.QUESTION)
    assert stops.foresee(scene.session, scene.desk.id, reach).held == 1
    holds.stop(scene.session, reach, "x", actor=scene.priya, now=NOW)
    answer = scene.ask(asking)
    assert isinstance(answer, gate.No)
    assert answer.reason is Reason.STOPPED


def test_a_service_notice_is_stopped_too(scene: Scene) -> None:
    scene.session.get_one(Format, "how_to").tone = Tone.SERVICE
    publication = planned(scene, scene.page)
    holds.stop_desk(scene.session, scene.desk, "x", actor=scene.priya, now=NOW)
    assert publication.state is S.HELD


def test_an_administrator_stops_every_desk_at_once(scene: Scene, sam: User) -> None:
    mine = planned(scene, scene.page)
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    lead = make.make_user(scene.session, "Olga Fremd", desk=other, role=DeskRole.LEAD)
    everything = Reach(HoldScope.ALL, None)
    with pytest.raises(PermissionDenied, match="administrators"):
        holds.stop(scene.session, everything, "x", actor=scene.priya, now=NOW)
    hold, count = holds.stop(scene.session, everything, "We were broken into", actor=sam, now=NOW)
    assert (count, mine.state) == (1, S.HELD)
    assert stops.whole(stops.in_force(scene.session, other.id)) is hold
    told = {
        n.user_id: n.desk_id for n in scene.session.scalars(select(Notice).filter_by(kind="desk.stopped"))
    }
    assert told == {scene.priya.id: scene.desk.id, lead.id: other.id}
    with pytest.raises(PermissionDenied):
        holds.lift(scene.session, hold, actor=scene.priya, now=NOW)
    assert holds.lift(scene.session, hold, actor=sam, now=NOW).going == [mine]


def test_an_administrator_who_leads_no_desk_stops_none_alone(scene: Scene, sam: User) -> None:
    with pytest.raises(PermissionDenied):
        holds.stop_desk(scene.session, scene.desk, "x", actor=sam, now=NOW)


def test_the_same_reach_is_not_stopped_twice_and_a_wider_one_is(scene: Scene, bluesky: Account) -> None:
    account = Reach(HoldScope.ACCOUNT, scene.desk.id, account_id=bluesky.id)
    holds.stop(scene.session, account, "x", actor=scene.priya, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="stopped already"):
        holds.stop(scene.session, account, "y", actor=scene.priya, now=NOW)
    holds.stop_desk(scene.session, scene.desk, "y", actor=scene.priya, now=NOW)
    assert [h.scope for h in stops.in_force(scene.session, scene.desk.id)] == [
        HoldScope.DESK,
        HoldScope.ACCOUNT,
    ]


def test_lifting_one_of_two_stops_leaves_what_the_other_covers(scene: Scene, bluesky: Account) -> None:
    here, there = planned(scene, scene.page), planned(scene, bluesky)
    account = Reach(HoldScope.ACCOUNT, scene.desk.id, account_id=bluesky.id)
    holds.stop(scene.session, account, "x", actor=scene.priya, now=NOW)
    desk, _count = holds.stop_desk(scene.session, scene.desk, "y", actor=scene.priya, now=NOW)
    released = holds.lift(scene.session, desk, actor=scene.priya, now=NOW)
    assert (released.going, released.held) == ([here], [there])
    assert (there.state, there.explanation) == (S.HELD, "Held: x")


def test_what_is_claimed_is_stopped_and_what_is_being_sent_is_counted(scene: Scene) -> None:
    claimed, sending = planned(scene, scene.page), planned(scene, scene.page, 2)
    transitions.move(scene.session, claimed, Act.CLAIM, actor=None, now=NOW)
    for act in (Act.CLAIM, Act.MARK):
        transitions.move(scene.session, sending, act, actor=None, now=NOW)
    reach = Reach(HoldScope.KIND, scene.desk.id, kind=Kind.EDU_TAINING)
    seen = stops.foresee(scene.session, scene.desk.id, reach)
    assert (seen.held, seen.going_on, seen.sending) == (1, 0, 1)
    holds.stop(scene.session, reach, "x", actor=scene.priya, now=NOW)
    assert (claimed.state, sending.state) == (S.HELD, S.SENDING)


def test_a_reach_is_read_from_a_form_and_never_reaches_another_desk(scene: Scene, bluesky: Account) -> None:
    desk, accounts = scene.desk.id, [bluesky]
    assert stops.read("", desk, accounts) == Reach(HoldScope.DESK, desk)
    assert stops.read("all", desk, accounts) == Reach(HoldScope.ALL, None)
    assert stops.read("kind:question", desk, accounts) == Reach(HoldScope.KIND, desk, kind=Kind.QUESTION)
    mine = stops.read(f"account:{bluesky.id}", desk, accounts)
    assert mine == Reach(HoldScope.ACCOUNT, desk, account_id=bluesky.id)
    assert [stops.read(text, desk, accounts) for text in ("account:0", "kind:x", "nonsense")] == [None] * 3


def test_another_desks_stop_is_not_found_and_one_of_everything_is(scene: Scene, sam: User) -> None:
    hold, _count = holds.stop(scene.session, Reach(HoldScope.ALL, None), "x", actor=sam, now=NOW)
    mine, _count = holds.stop_desk(scene.session, scene.desk, "y", actor=scene.priya, now=NOW)
    assert holds.get_hold(scene.session, scene.desk.id + 1, hold.id) is hold
    with pytest.raises(NotFound):
        holds.get_hold(scene.session, scene.desk.id + 1, mine.id)
