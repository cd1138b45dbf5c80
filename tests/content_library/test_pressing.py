"""Ten seconds to undo: what is pressed counts once or not at all, whoever comes to settle it, and a refusal is told."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session, object_session

from content_library import pressing, users
from content_library.database import Database
from content_library.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from content_library.memberships import Place
from content_library.models.post import PostState
from content_library.models.review import Decision, PendingDecision, Review, ReviewState, Verdict
from content_library.models.user import User
from content_library.review_queue import QueueFilter, neighbours, next_review, queue, waiting_count
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW
from tests.support.clock import FrozenClock

LATER = NOW + timedelta(seconds=10)


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def press(review: Review, person: User, verdict: Verdict = Verdict.APPROVE, **more: Any) -> Any:
    submission = review.submission
    seen = {"seen_revision_id": submission.revision_id, "seen_hash": submission.content_hash}
    session = object_session(review)
    assert session is not None
    how: dict[str, Any] = {"now": NOW, "wait_s": 10, **seen, **more}
    return pressing.press(session, review, verdict, actor=person, **how)


def settle_all(session: Session, *, now: Any = LATER) -> list[Decision | None]:
    return [pressing.settle(session, found, now=now) for found in pressing.due(session, now=now)]


@pytest.fixture
def review(scene: Scene) -> Review:
    return scene.review(scene.submit(scene.post()), "marketing")


@pytest.fixture
def elena(scene: Scene) -> User:
    return scene.reviewers["marketing"]


def test_what_is_pressed_does_not_count_before_its_seconds_are_over(
    session: Session, review: Review, elena: User
):
    press(review, elena)
    assert settle_all(session, now=LATER - timedelta(milliseconds=1)) == []
    assert review.state is ReviewState.OPEN
    assert session.query(Decision).count() == 0
    [decision] = settle_all(session)
    assert decision is not None
    assert (decision.user_id, decision.verdict, decision.at) == (elena.id, Verdict.APPROVE, LATER)
    assert review.submission.post.state is PostState.APPROVED
    assert session.query(PendingDecision).count() == 0


def test_with_no_seconds_to_wait_it_counts_at_once(session: Session, review: Review, elena: User):
    assert isinstance(press(review, elena, wait_s=0), Decision)
    assert session.query(PendingDecision).count() == 0


def test_what_was_said_with_it_is_kept_to_the_end(session: Session, review: Review, elena: User):
    place = {"quote": "twenty minutes", "network": "page"}
    press(review, elena, Verdict.REQUEST_CHANGES, reason=" Longer. ", place=place, identified_by="openid")
    [decision] = settle_all(session)
    assert decision is not None
    assert (decision.reason, decision.place, decision.identified_by) == ("Longer.", place, "openid")


def test_undone_it_never_counts_and_the_record_says_so(
    scene: Scene, session: Session, review: Review, elena: User
):
    press(review, elena)
    assert pressing.undo(session, [review.id], actor=elena, now=NOW) == [review]
    assert settle_all(session) == []
    assert review.state is ReviewState.OPEN
    [entry] = scene.recorded("decision.undone")
    assert (entry.actor_id, entry.subject_id) == (elena.id, review.id)


def test_what_counts_already_is_not_undone(scene: Scene, session: Session, review: Review, elena: User):
    press(review, elena)
    settle_all(session)
    assert pressing.undo(session, [review.id], actor=elena, now=LATER) == []
    assert session.query(Decision).count() == 1
    assert scene.recorded("decision.undone") == []


def test_nobody_undoes_what_somebody_else_pressed(
    scene: Scene, session: Session, review: Review, elena: User
):
    press(review, elena)
    for other in (scene.maya, scene.reviewers["legal"]):
        assert pressing.undo(session, [review.id], actor=other, now=NOW) == []
    assert session.query(PendingDecision).count() == 1


def test_pressing_twice_is_pressing_once(session: Session, review: Review, elena: User):
    first = press(review, elena)
    assert press(review, elena, now=NOW + timedelta(seconds=5)) is first
    settle_all(session)
    again = press(review, elena, now=LATER)
    assert isinstance(again, Decision)
    assert session.query(Decision).count() == 1


def test_another_decision_on_top_of_a_pressed_one_is_refused(session: Session, review: Review, elena: User):
    press(review, elena)
    with pytest.raises(TransitionNotAllowed, match=r"You approved this a moment ago\. Undo that first"):
        press(review, elena, Verdict.REFUSE, reason="No.")
    assert session.query(PendingDecision).count() == 1


def test_what_deciding_refuses_pressing_refuses_at_once(
    scene: Scene, session: Session, review: Review, elena: User
):
    refused: list[tuple[User, type[Exception], dict[str, Any]]] = [
        (scene.maya, PermissionDenied, {}),
        (scene.reviewers["legal"], PermissionDenied, {}),
        (elena, InvalidInput, {"verdict": Verdict.REFUSE}),
        (elena, InvalidInput, {"place": {"quote": "words that are not there"}}),
        (elena, TransitionNotAllowed, {"seen_hash": "0" * 64}),
    ]
    for person, refusal, how in refused:
        with pytest.raises(refusal):
            press(review, person, **how)
    assert session.query(PendingDecision).count() == 0


def test_a_text_that_changes_meanwhile_is_not_decided_on_and_the_person_is_told(
    scene: Scene, session: Session, review: Review, elena: User
):
    press(review, elena)
    post = review.submission.post
    make.save(session, post, scene.maya, text="Vinegar, thirty minutes.")
    scene.submit(post)
    assert settle_all(session) == [None]
    assert session.query(Decision).count() == 0
    [notice] = scene.told(elena, "decision.refused")
    assert notice.text == (
        "Your decision on “Descale your kettle” does not count: A newer revision was sent in place of this one."
    )


def test_who_left_the_team_meanwhile_has_not_decided(
    scene: Scene, session: Session, review: Review, elena: User
):
    sam = make.make_user(session, "Sam Ito", is_administrator=True)
    press(review, elena)
    users.set_place(session, elena, Place(), actor=sam, now=NOW)
    assert settle_all(session) == [None]
    assert "Only Marketing can decide" in scene.told(elena, "decision.refused")[0].text


def test_who_was_deactivated_meanwhile_has_not_decided(session: Session, review: Review, elena: User):
    sam = make.make_user(session, "Sam Ito", is_administrator=True)
    press(review, elena)
    users.deactivate(session, elena, actor=sam, now=NOW)
    assert settle_all(session) == [None]
    assert review.state is ReviewState.OPEN


def test_somebody_quicker_of_the_same_team_counts(
    scene: Scene, session: Session, review: Review, elena: User
):
    noor = make.make_user(session, "Noor Haddad", teams=["marketing"])
    press(review, elena)
    make.decide(session, review, noor)
    assert settle_all(session) == [None]
    assert [d.user_id for d in session.query(Decision)] == [noor.id]
    assert "Every team has approved this revision already." in scene.told(elena, "decision.refused")[0].text


def test_the_queue_its_count_and_its_neighbours_leave_out_what_is_pressed(
    scene: Scene, session: Session, elena: User
):
    first, second, third = (
        scene.review(scene.submit(scene.post(title=f"Post {n}"), now=NOW + timedelta(minutes=n)), "marketing")
        for n in range(3)
    )
    press(second, elena)
    assert waiting_count(session, elena) == 2
    assert [r.id for r in queue(session, elena, QueueFilter()).reviews] == [first.id, third.id]
    assert neighbours(session, elena, first) == (None, third.id)
    assert next_review(session, elena, first) == third.id
    pressing.undo(session, [second.id], actor=elena, now=NOW)
    assert waiting_count(session, elena) == 3


def test_somebody_else_still_has_it_in_their_queue(session: Session, review: Review, elena: User):
    noor = make.make_user(session, "Noor Haddad", teams=["marketing"])
    press(review, elena)
    assert waiting_count(session, noor) == 1


def test_two_engines_and_a_page_at_once_settle_it_once(database: Database, clock: FrozenClock):
    with database.write() as session:
        scene = make_scene(session)
        reviews = [scene.review(scene.submit(scene.post(title=f"Post {n}")), "marketing") for n in range(4)]
        for review in reviews:
            press(review, scene.reviewers["marketing"])
        elena = scene.reviewers["marketing"]
    clock.advance(seconds=10)
    gate = threading.Barrier(3)

    def settle(person: User | None) -> None:
        gate.wait()
        pressing.settle_due(database, person=person)

    threads = [threading.Thread(target=settle, args=[person]) for person in (None, None, elena)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert sorted(d.review_id for d in session.query(Decision)) == sorted(r.id for r in reviews)
        assert session.query(PendingDecision).count() == 0


def test_undoing_while_an_engine_settles_is_one_of_the_two_never_both(database: Database, clock: FrozenClock):
    with database.write() as session:
        scene = make_scene(session)
        review = scene.review(scene.submit(scene.post()), "marketing")
        press(review, scene.reviewers["marketing"])
        review_id, elena_id = review.id, scene.reviewers["marketing"].id
    clock.advance(seconds=10)
    gate, undone = threading.Barrier(2), []

    def take_back() -> None:
        gate.wait()
        with database.write() as session:
            elena = session.get_one(User, elena_id)
            undone.extend(pressing.undo(session, [review_id], actor=elena, now=clock()))

    def settle() -> None:
        gate.wait()
        pressing.settle_due(database)

    threads = [threading.Thread(target=take_back), threading.Thread(target=settle)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.query(Decision).count() + len(undone) == 1
        assert session.query(PendingDecision).count() == 0


def test_an_engine_that_dies_in_between_leaves_it_to_the_next(database: Database, clock: FrozenClock):
    with database.write() as session:
        scene = make_scene(session)
        review = scene.review(scene.submit(scene.post()), "marketing")
        press(review, scene.reviewers["marketing"])
    clock.advance(seconds=10)
    dying = database.session(writing=True)
    [pending_id] = pressing.due(dying, now=clock())
    assert pressing.settle(dying, pending_id, now=clock()) is not None
    dying.rollback()  # killed before it committed
    dying.close()
    assert pressing.settle_due(database) == 1
    assert pressing.settle_due(database) == 0
    with database.read() as session:
        assert session.query(Decision).count() == 1
