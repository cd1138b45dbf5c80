"""Who may say that something must be kept, and that it need not be kept any longer."""

import pytest

from content_library import legal_holds
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from tests import factories as make
from tests.content_library.scene import make_scene
from tests.factories import NOW


@pytest.fixture
def scene(session):
    return make_scene(session)


def place(scene, by=None, reason=" The Pip case. ", **options):
    return legal_holds.place(scene.session, scene.desk, reason, actor=by or scene.ruth, now=NOW, **options)


def test_an_auditor_places_a_hold_with_a_reason_and_it_is_recorded(scene):
    post = scene.post()
    hold = place(scene, post_id=post.id)
    assert (hold.reason, hold.post, hold.lifted_at) == ("The Pip case.", post, None)
    [entry] = scene.recorded("legal_hold.placed")
    assert entry.summary == f"Legal hold on “{post.title}”: The Pip case."
    assert entry.desk_id == scene.desk.id


def test_an_administrator_places_and_lifts_a_hold_on_the_whole_desk(scene):
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    hold = place(scene, by=sam)
    legal_holds.lift(scene.session, hold, "It is settled.", actor=sam, now=NOW)
    assert (hold.lifted_by, hold.lifted_at, hold.lifted_why) == (sam, NOW, "It is settled.")
    assert scene.recorded("legal_hold.lifted")[0].summary == (
        "Legal hold on everything of Brindlemoor Home lifted: It is settled."
    )


@pytest.mark.parametrize("who", ["maya", "priya"])
def test_the_desk_itself_neither_places_nor_lifts_a_hold(scene, who):
    with pytest.raises(PermissionDenied):
        place(scene, by=getattr(scene, who))
    hold = place(scene)
    with pytest.raises(PermissionDenied):
        legal_holds.lift(scene.session, hold, "Enough.", actor=getattr(scene, who), now=NOW)


def test_reviewers_and_auditors_of_another_desk_have_no_say(scene):
    for person in (scene.reviewers["legal"], make.make_user(scene.session, "A Stranger")):
        with pytest.raises(PermissionDenied):
            place(scene, by=person)


@pytest.mark.parametrize(("reason", "field"), [("", "reason"), ("  ", "reason"), ("x" * 2_001, "reason")])
def test_a_hold_without_a_usable_reason_is_refused_at_its_field(scene, reason, field):
    with pytest.raises(InvalidInput) as refusal:
        place(scene, reason=reason)
    assert list(refusal.value.fields) == [field]


def test_a_post_of_another_desk_is_refused_at_its_field(scene):
    other = make.make_desk(scene.session, "Other", "other")
    foreign = make.make_post(scene.session, other, make.make_user(scene.session, "Olga", desk=other))
    with pytest.raises(InvalidInput) as refusal:
        place(scene, post_id=foreign.id)
    assert list(refusal.value.fields) == ["post"]


def test_a_hold_is_lifted_once_and_with_a_reason(scene):
    hold = place(scene)
    with pytest.raises(InvalidInput):
        legal_holds.lift(scene.session, hold, " ", actor=scene.ruth, now=NOW)
    legal_holds.lift(scene.session, hold, "Settled.", actor=scene.ruth, now=NOW)
    with pytest.raises(TransitionNotAllowed):
        legal_holds.lift(scene.session, hold, "Again.", actor=scene.ruth, now=NOW)


def test_what_is_in_force_stands_first(scene):
    first, second, third = (place(scene, reason=f"Case {n}") for n in range(3))
    legal_holds.lift(scene.session, third, "Settled.", actor=scene.ruth, now=NOW)
    assert list(legal_holds.legal_holds(scene.session, scene.desk.id)) == [second, first, third]


def test_the_hold_of_another_desk_is_not_found(scene):
    hold = place(scene)
    assert legal_holds.get_legal_hold(scene.session, scene.desk.id, hold.id) is hold
    with pytest.raises(NotFound):
        legal_holds.get_legal_hold(scene.session, scene.desk.id + 1, hold.id)
