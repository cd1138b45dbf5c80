"""Holding back and letting go: everything stops at once, and nothing is sent in the moment of lifting."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library.approvals import approval_in_force
from content_library.digests import cannot_wait
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.notice import Notice
from content_library.models.user import DeskRole
from scheduler import holds, transitions
from scheduler.models import Hold, Publication, PublicationState
from scheduler.publication_flow import Act
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene

S = PublicationState


def several(scene: Scene, count: int) -> list[Publication]:
    """Cleared and planned, an hour apart."""
    made = []
    for number in range(count):
        post = make.make_post(
            scene.session, scene.desk, scene.maya, title=f"Number {number}", accounts=[scene.page.id]
        )
        make.clear(scene.session, post, scene.maya, scene.reviewers)
        due_at = NOW + timedelta(hours=number + 1)
        made.append(make.plan(scene.session, post, scene.page, scene.maya, due_at=due_at))
    return made


def stop(scene: Scene) -> tuple[Hold, int]:
    return holds.stop_desk(scene.session, scene.desk, "Card payments fail", actor=scene.priya, now=NOW)


def test_stopping_a_desk_holds_what_is_planned_and_what_is_claimed(scene: Scene) -> None:
    planned, claimed, sending = several(scene, 3)
    transitions.move(scene.session, claimed, Act.CLAIM, actor=None, now=NOW)
    for act in (Act.CLAIM, Act.MARK):
        transitions.move(scene.session, sending, act, actor=None, now=NOW)
    assert holds.would_hold(scene.session, scene.desk.id) == 2
    _hold, count = stop(scene)
    assert count == 2 == holds.kept_by_stop(scene.session, scene.desk.id)
    assert [p.state for p in (planned, claimed, sending)] == [S.HELD, S.HELD, S.SENDING]
    assert planned.explanation == "Held: Card payments fail"


def test_another_desk_goes_on(scene: Scene) -> None:
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    stop(scene)
    assert holds.stop_of(scene.session, other.id) is None
    assert holds.stop_of(scene.session, scene.desk.id) is not None


def test_a_stopped_desk_is_not_stopped_twice(scene: Scene) -> None:
    stop(scene)
    with pytest.raises(TransitionNotAllowed, match="stopped already"):
        stop(scene)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_hold_needs_a_short_reason(scene: Scene, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        holds.stop_desk(scene.session, scene.desk, reason, actor=scene.priya, now=NOW)
    assert list(refused.value.fields) == ["reason"]


def test_only_leads_stop_hold_lift_and_release(scene: Scene) -> None:
    [publication] = several(scene, 1)
    with pytest.raises(PermissionDenied):
        holds.stop_desk(scene.session, scene.desk, "x", actor=scene.maya, now=NOW)
    with pytest.raises(PermissionDenied):
        holds.hold_publication(scene.session, publication, "x", actor=scene.maya, now=NOW)
    hold, _ = stop(scene)
    with pytest.raises(PermissionDenied):
        holds.lift(scene.session, hold, actor=scene.maya, now=NOW)
    with pytest.raises(PermissionDenied):
        holds.release_publication(scene.session, publication, actor=scene.maya, now=NOW)


def test_lifting_looks_at_each_again_and_sends_nothing(scene: Scene) -> None:
    over, passed, unapproved, going = several(scene, 4)
    hold, _ = stop(scene)
    over.ends_at = NOW + timedelta(minutes=90)
    withdrawn = approval_in_force(scene.session, unapproved.post)
    assert withdrawn is not None
    withdrawn.withdrawn_at = NOW
    released = holds.lift(scene.session, hold, actor=scene.priya, now=NOW + timedelta(hours=2, minutes=30))
    assert released.expired == [over]
    assert released.missed == [passed]
    assert released.waiting == [unapproved]
    assert released.going == [going]
    assert [p.state for p in (over, passed, unapproved, going)] == [S.EXPIRED, S.MISSED, S.BLOCKED, S.PLANNED]


def test_what_became_of_each_is_read_from_the_record(scene: Scene) -> None:
    [publication] = several(scene, 1)
    hold, _ = stop(scene)
    assert holds.became_of(scene.session, hold) == {}
    holds.lift(scene.session, hold, actor=scene.priya, now=NOW)
    assert holds.became_of(scene.session, hold)["going"] == [publication.id]
    assert holds.lifted_holds(scene.session, scene.desk.id) == [hold]
    assert holds.open_holds(scene.session, scene.desk.id) == []


def test_a_hold_is_lifted_once(scene: Scene) -> None:
    hold, _ = stop(scene)
    holds.lift(scene.session, hold, actor=scene.priya, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="lifted already"):
        holds.lift(scene.session, hold, actor=scene.priya, now=NOW)


def test_a_single_hold_stays_when_the_desk_is_started_again(scene: Scene) -> None:
    first, second = several(scene, 2)
    holds.hold_publication(scene.session, first, "Ask Tom first", actor=scene.priya, now=NOW)
    hold, count = stop(scene)
    assert count == 1
    holds.lift(scene.session, hold, actor=scene.priya, now=NOW)
    assert (first.state, second.state) == (S.HELD, S.PLANNED)


def test_a_single_one_is_not_released_while_the_desk_is_stopped(scene: Scene) -> None:
    [publication] = several(scene, 1)
    stop(scene)
    with pytest.raises(TransitionNotAllowed, match="whole desk"):
        holds.release_publication(scene.session, publication, actor=scene.priya, now=NOW)


def test_releasing_one_lifts_its_own_hold(scene: Scene) -> None:
    [publication] = several(scene, 1)
    hold = holds.hold_publication(scene.session, publication, "Ask Tom", actor=scene.priya, now=NOW)
    holds.release_publication(scene.session, publication, actor=scene.priya, now=NOW)
    assert publication.state is S.PLANNED
    assert hold.lifted_at == NOW


def test_what_is_not_held_cannot_be_released(scene: Scene) -> None:
    [publication] = several(scene, 1)
    with pytest.raises(TransitionNotAllowed):
        holds.release_publication(scene.session, publication, actor=scene.priya, now=NOW)


def test_what_is_already_on_its_way_cannot_be_held(scene: Scene) -> None:
    [publication] = several(scene, 1)
    for act in (Act.CLAIM, Act.MARK):
        transitions.move(scene.session, publication, act, actor=None, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="on its way"):
        holds.hold_publication(scene.session, publication, "x", actor=scene.priya, now=NOW)


def test_what_is_planned_on_a_stopped_desk_is_held_at_once_and_let_go_with_the_rest(scene: Scene) -> None:
    hold, _ = stop(scene)
    scene.clear()
    publication = scene.plan(due_at=LATER)
    assert (publication.state, publication.reason) == (S.HELD, "stopped")
    holds.lift(scene.session, hold, actor=scene.priya, now=NOW)
    assert publication.state is S.PLANNED


def test_another_desks_hold_is_not_found(scene: Scene) -> None:
    hold, _ = stop(scene)
    with pytest.raises(NotFound):
        holds.get_hold(scene.session, scene.desk.id + 1, hold.id)


def test_the_other_leads_hear_at_once_that_everything_is_stopped(scene: Scene) -> None:
    other = make.make_user(scene.session, "Lena Fuchs", desk=scene.desk, role=DeskRole.LEAD)
    held, _count = stop(scene)
    (told,) = scene.session.scalars(select(Notice).where(Notice.kind == "desk.stopped"))
    assert (told.user_id, told.details["quote"]) == (other.id, "Card payments fail")
    assert cannot_wait(told)
    holds.lift(scene.session, held, actor=scene.priya, now=NOW)
    scene.session.refresh(told)
    assert told.read_at == NOW
