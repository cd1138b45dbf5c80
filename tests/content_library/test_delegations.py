"""While somebody is away: what a delegate may do, for whom it counts, and what is left when it ends."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from content_library import delegations, pressing, review_queue, standing_in, submissions, users
from content_library.database import Database
from content_library.delegations import Absence
from content_library.errors import InvalidInput, NotFound, PermissionDenied, Refusal, TransitionNotAllowed
from content_library.in_place_of import people_away
from content_library.memberships import Place, place_of
from content_library.models.post import PostState
from content_library.models.review import Approval, Decision, Review, ReviewState, Verdict
from content_library.models.user import Delegation, DeskRole, User
from content_library.permissions import can_comment, can_see_desk, own_team_ids_for, team_ids_for
from content_library.review_queue import QueueFilter
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

DAY = timedelta(days=1)


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


@pytest.fixture
def sam(session: Session, scene: Scene) -> User:
    return make.make_user(session, "Sam Ito", is_administrator=True)


@pytest.fixture
def tom(scene: Scene) -> User:
    return scene.reviewers["legal"]


def away(
    session: Session, giver: User, to: User, *, first: str = "2026-11-03", last: str = "2026-11-05",
    actor: User | None = None, now: datetime = NOW, **more: Any,
) -> Delegation:  # fmt: skip
    team_id = more.pop("team_id", None) or giver.team_memberships[0].team_id
    absence = Absence(team_id, to.id, first, last, more.pop("reason", "On holiday."))
    return delegations.delegate(session, giver, absence, actor=actor or giver, now=now)


def for_legal(scene: Scene, **content: Any) -> Review:
    return scene.review(scene.submit(scene.side_by_side(**content)), "legal")


def decide(session: Session, review: Review, person: User, *, now: datetime = NOW, **more: Any) -> Decision:
    make.decide(session, review, person, now=now, **more)
    return review.decisions[-1]


def waits_for(session: Session, person: User, *, now: datetime = NOW) -> list[int]:
    standing_in.resolve(session, person, now=now)
    return [r.id for r in review_queue.queue(session, person, QueueFilter()).reviews]


def test_a_delegate_decides_in_the_others_place_and_it_counts_for_them(
    scene: Scene, session: Session, tom: User
):
    priya = scene.priya
    away(session, tom, priya)
    review = for_legal(scene)
    decision = decide(session, review, priya)
    assert (decision.user_id, decision.for_user_id, decision.by) == (
        priya.id, tom.id, "Priya Raman for Tom Hargreave",
    )  # fmt: skip
    assert review.state is ReviewState.DECIDED
    [entry] = scene.recorded("decision.approve")
    assert entry.payload.details["for_user_id"] == tom.id
    assert entry.summary.endswith("for Tom Hargreave")


def test_a_delegate_has_the_queue_sees_the_desk_and_may_talk_and_nothing_of_other_desks(
    scene: Scene, session: Session, tom: User
):
    noor = make.make_user(session, "Noor Haddad", desk=make.make_desk(session, "Tern", "tern"))
    noor.desk_memberships[0].role = DeskRole.AUDITOR
    scene.desk.teams[1].desks  # noqa: B018 - loaded
    review = for_legal(scene)
    assert waits_for(session, noor) == []
    away(session, tom, noor)
    assert waits_for(session, noor) == [review.id]
    assert can_see_desk(noor, scene.desk.id)
    assert can_comment(noor, review.submission.post)
    assert review_queue.waiting_count(session, noor) == 1
    standing_in.resolve(session, noor, now=NOW + 9 * DAY)
    assert not can_see_desk(noor, scene.desk.id)
    assert not can_comment(noor, review.submission.post)


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (datetime.fromisoformat("2026-11-03T23:00:00+00:00") - timedelta(microseconds=1), False),
        (datetime.fromisoformat("2026-11-03T23:00:00+00:00"), True),
        (datetime.fromisoformat("2026-11-05T23:00:00+00:00") - timedelta(microseconds=1), True),
        (datetime.fromisoformat("2026-11-05T23:00:00+00:00"), False),
    ],
)
def test_it_holds_from_the_first_minute_of_its_first_day_to_the_last_of_its_last_where_the_giver_is(
    scene: Scene, session: Session, tom: User, at: datetime, allowed: bool
):
    away(session, tom, scene.priya, first="2026-11-04", last="2026-11-05")
    review = for_legal(scene)
    if allowed:
        assert decide(session, review, scene.priya, now=at).for_user_id == tom.id
    else:
        with pytest.raises(PermissionDenied, match="Only Legal can decide"):
            decide(session, review, scene.priya, now=at)


def test_a_delegate_decides_neither_on_their_own_work_nor_on_what_the_other_wrote(
    scene: Scene, session: Session, sam: User
):
    kim = make.make_user(session, "Kim Lawyer", desk=scene.desk, teams=["legal"])
    away(session, kim, scene.maya)
    own = for_legal(scene)
    with pytest.raises(PermissionDenied, match="You wrote part of this text"):
        decide(session, own, scene.maya)
    away(session, kim, scene.jonas)
    post = make.make_post(
        session, scene.desk, kim, format_key="celebrity_news", fields={"relevance": "A bowl."}
    )
    theirs = scene.review(make.submit(session, post, kim), "legal")
    with pytest.raises(PermissionDenied, match="Kim Lawyer wrote part of this text"):
        decide(session, theirs, scene.jonas)
    for person in (scene.maya, scene.jonas):
        waiting = waits_for(session, person)
        assert theirs.id not in waiting
        assert (own.id in waiting) == (person is scene.jonas)


def test_solo_mode_lets_nobody_clear_their_own_text_in_anothers_place(
    scene: Scene, session: Session, tom: User
):
    scene.desk.solo = True
    away(session, tom, scene.maya)
    with pytest.raises(PermissionDenied, match="You wrote part of this text"):
        decide(session, for_legal(scene), scene.maya)


def test_whoever_is_first_counts_and_nobody_counts_twice(scene: Scene, session: Session):
    format_ = scene.format("two_lawyers", [[{"team": "legal", "quorum": 2, "why": "Twice."}]])
    tom = scene.reviewers["legal"]
    lena = make.make_user(session, "Lena Legal", teams=["legal"])
    away(session, tom, scene.priya)
    away(session, tom, scene.jonas)
    away(session, lena, scene.priya)
    review = scene.review(scene.submit(scene.post(format_key=format_.key)), "legal")
    decide(session, review, scene.priya)
    with pytest.raises(TransitionNotAllowed, match="Priya Raman has decided for you, for Legal"):
        decide(session, review, tom)
    with pytest.raises(TransitionNotAllowed, match="Tom Hargreave has been counted already"):
        decide(session, review, scene.jonas)
    with pytest.raises(TransitionNotAllowed, match="You have decided already"):
        decide(session, review, scene.priya, verdict=Verdict.REFUSE)
    assert review.state is ReviewState.OPEN
    assert waits_for(session, tom) == []
    decide(session, review, lena)
    assert review.submission.post.state is PostState.APPROVED


def test_somebody_in_the_team_decides_for_themselves_whatever_was_handed_to_them(
    scene: Scene, session: Session
):
    lena = make.make_user(session, "Lena Legal", teams=["legal"])
    away(session, scene.reviewers["legal"], lena)
    assert decide(session, for_legal(scene), lena).for_user_id is None


def test_who_has_decided_is_not_decided_for(scene: Scene, session: Session):
    format_ = scene.format("two_lawyers", [[{"team": "legal", "quorum": 2, "why": "Twice."}]])
    tom = scene.reviewers["legal"]
    away(session, tom, scene.priya)
    review = scene.review(scene.submit(scene.post(format_key=format_.key)), "legal")
    decide(session, review, tom)
    with pytest.raises(TransitionNotAllowed, match="Tom Hargreave has been counted already"):
        decide(session, review, scene.priya)
    assert waits_for(session, scene.priya) == []


def test_what_was_handed_on_is_not_handed_on_again(scene: Scene, session: Session, tom: User):
    away(session, tom, scene.priya)
    standing_in.resolve(session, scene.priya, now=NOW)
    legal = tom.team_memberships[0].team_id
    assert legal in team_ids_for(scene.priya, scene.desk.id)
    assert own_team_ids_for(scene.priya, scene.desk.id) == set()
    with pytest.raises(InvalidInput) as refusal:
        away(session, scene.priya, scene.jonas, team_id=legal)
    assert "team" in refusal.value.fields


@pytest.mark.parametrize("loss", ["leaves the team", "is deactivated", "the team stops serving"])
def test_what_the_giver_loses_the_delegate_loses(
    scene: Scene, session: Session, tom: User, sam: User, loss: str
):
    away(session, tom, scene.priya)
    review = for_legal(scene)
    if loss == "leaves the team":
        users.set_place(session, tom, Place(), actor=sam, now=NOW)
    elif loss == "is deactivated":
        users.deactivate(session, tom, actor=sam, now=NOW)
    else:
        review.team.desks = []
        session.flush()
    with pytest.raises(PermissionDenied, match="Only Legal can decide"):
        decide(session, review, scene.priya)


@pytest.mark.parametrize("who", ["giver", "delegate"])
def test_what_rests_on_a_delegation_falls_when_the_giver_or_the_delegate_goes(
    scene: Scene, session: Session, tom: User, sam: User, who: str
):
    away(session, tom, scene.priya)
    submission = scene.submit(scene.side_by_side())
    decide(session, scene.review(submission, "legal"), scene.priya)
    decide(session, scene.review(submission, "pr"), scene.reviewers["pr"])
    assert submission.post.state is PostState.APPROVED
    gone = tom if who == "giver" else scene.priya
    assert users.approvals_at_stake(session, gone) == 1
    if who == "giver":
        users.set_place(session, tom, Place(), actor=sam, now=NOW)
    else:
        users.deactivate(session, scene.priya, actor=sam, now=NOW)
    assert session.query(Approval).one().withdrawn_at is not None
    assert submission.post.state is not PostState.APPROVED


def test_ended_or_over_it_gives_nothing_and_leaves_what_was_decided(
    scene: Scene, session: Session, tom: User, sam: User
):
    found = away(session, tom, scene.priya)
    submission = scene.submit(scene.side_by_side())
    decide(session, scene.review(submission, "legal"), scene.priya)
    delegations.end(session, found, actor=tom, now=NOW)
    decide(session, scene.review(submission, "pr"), scene.reviewers["pr"])
    assert submission.post.state is PostState.APPROVED
    priya = scene.priya
    users.set_place(session, priya, Place(desks={scene.desk.id: DeskRole.AGENT}), actor=sam, now=NOW)
    assert session.query(Approval).one().withdrawn_at is None
    with pytest.raises(PermissionDenied):
        decide(session, for_legal(scene, title="Second"), priya)
    with pytest.raises(TransitionNotAllowed, match="over already"):
        delegations.end(session, found, actor=tom, now=NOW)
    assert len(scene.recorded("delegation.ended")) == 1


def test_what_is_pressed_in_anothers_place_needs_the_place_when_it_counts(
    scene: Scene, session: Session, tom: User
):
    found = away(session, tom, scene.priya)
    review, later = for_legal(scene), NOW + timedelta(seconds=10)
    seen = {"seen_revision_id": review.submission.revision_id, "seen_hash": review.submission.content_hash}
    pressing.press(session, review, Verdict.APPROVE, actor=scene.priya, now=NOW, wait_s=10, **seen)
    delegations.end(session, found, actor=tom, now=NOW)
    assert [pressing.settle(session, i, now=later) for i in pressing.due(session, now=later)] == [None]
    assert "Only Legal can decide" in scene.told(scene.priya, "decision.refused")[0].text


def test_both_are_told_what_waits_and_the_delegate_that_they_decide(
    scene: Scene, session: Session, tom: User
):
    away(session, tom, scene.priya, reason="Parental leave.")
    [given] = scene.told(scene.priya, "delegation.given")
    assert given.text == (
        "You decide for Tom Hargreave in Legal, from 2026-11-03 to 2026-11-05: Parental leave."
    )
    review = for_legal(scene)
    for person in (tom, scene.priya):
        assert review.id in [n.subject_id for n in scene.told(person, "review.open")]
    assert scene.told(scene.jonas, "review.open") == []


def test_an_administrator_hands_on_for_somebody_and_nobody_else_does(
    scene: Scene, session: Session, tom: User, sam: User
):
    assert away(session, tom, scene.priya, actor=sam).created_by_id == sam.id
    for other in (scene.maya, scene.priya, scene.reviewers["pr"]):
        with pytest.raises(PermissionDenied):
            away(session, tom, scene.jonas, actor=other)
        with pytest.raises(PermissionDenied):
            delegations.end(session, session.query(Delegation).one(), actor=other, now=NOW)
    with pytest.raises(NotFound):
        delegations.get_delegation(session, scene.maya, session.query(Delegation).one().id)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"first": "2026-11-05", "last": "2026-11-04"}, "last_day"),
        ({"first": "2026-10-01", "last": "2026-11-02"}, "last_day"),
        ({"last": "2028-01-01"}, "last_day"),
        ({"first": "tomorrow"}, "first_day"),
        ({"last": "2026-02-30"}, "last_day"),
        ({"first": "9999-12-31", "last": "9999-12-31"}, "first_day"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"team_id": 99_999}, "team"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(
    scene: Scene, session: Session, tom: User, more: dict[str, Any], field: str
):
    with pytest.raises(InvalidInput) as refusal:
        away(session, tom, scene.priya, **more)
    assert field in refusal.value.fields
    assert session.query(Delegation).count() == 0


def test_nobody_hands_on_to_themselves_to_strangers_or_to_who_has_left(
    scene: Scene, session: Session, tom: User, sam: User
):
    stranger = make.make_user(session, "Kim Stranger")
    users.deactivate(session, scene.jonas, actor=sam, now=NOW)
    for to in (tom, stranger, scene.jonas):
        with pytest.raises(InvalidInput) as refusal:
            away(session, tom, to)
        assert "to" in refusal.value.fields


def test_the_same_days_are_not_handed_to_the_same_person_twice(scene: Scene, session: Session, tom: User):
    away(session, tom, scene.priya)
    with pytest.raises(InvalidInput, match="Nothing was handed on"):
        away(session, tom, scene.priya, first="2026-11-05", last="2026-11-09")
    away(session, tom, scene.priya, first="2026-11-06", last="2026-11-09")


def test_a_delegate_withdraws_and_asks_as_the_giver_could(scene: Scene, session: Session, tom: User):
    away(session, tom, scene.jonas)
    submission = scene.submit(scene.side_by_side())
    for team in ("pr", "legal"):
        decide(session, scene.review(submission, team), scene.reviewers[team])
    standing_in.resolve(session, scene.jonas, now=NOW)
    approval = session.query(Approval).one()
    submissions.withdraw_approval(session, approval, actor=scene.jonas, now=NOW, why="The chef objects.")
    assert approval.withdrawn_at is not None


def test_who_stands_in_is_in_no_team(scene: Scene, session: Session, tom: User):
    away(session, tom, scene.priya)
    assert place_of(standing_in.resolve(session, scene.priya, now=NOW)).teams == set()
    assert people_away(for_legal(scene), scene.priya) == [tom]


def at_once(database: Database, *acts: Callable[[Session], None]) -> None:
    """Each in a transaction of its own, all beginning together; a refusal ends one and no other."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[Session], None]) -> None:
        gate.wait()
        with suppress(Refusal), database.write() as session:
            act(session)

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_giver_and_two_delegates_at_once_are_counted_once(database: Database):
    with database.write() as session:
        scene = make_scene(session)
        format_ = scene.format("two_lawyers", [[{"team": "legal", "quorum": 2, "why": "Twice."}]])
        tom = scene.reviewers["legal"]
        for to in (scene.priya, scene.jonas):
            away(session, tom, to)
        review_id = scene.review(scene.submit(scene.post(format_key=format_.key)), "legal").id
        people = [person.id for person in (tom, scene.priya, scene.jonas)]

    def act(person_id: int) -> Callable[[Session], None]:
        return lambda s: make.decide(s, s.get_one(Review, review_id), s.get_one(User, person_id))

    at_once(database, *[act(person_id) for person_id in people])
    with database.read() as session:
        assert session.query(Decision).count() == 1
        assert session.get_one(Review, review_id).state is ReviewState.OPEN


def test_no_approval_rests_on_a_giver_who_leaves_in_the_same_moment(database: Database):
    with database.write() as session:
        scene = make_scene(session)
        sam = make.make_user(session, "Sam Ito", is_administrator=True)
        tom, format_ = (
            scene.reviewers["legal"],
            scene.format("one_lawyer", [[{"team": "legal", "why": "Once."}]]),
        )
        away(session, tom, scene.priya)
        review_id = scene.review(scene.submit(scene.post(format_key=format_.key)), "legal").id
        ids = {"tom": tom.id, "sam": sam.id, "priya": scene.priya.id}

    def decides(session: Session) -> None:
        make.decide(session, session.get_one(Review, review_id), session.get_one(User, ids["priya"]))

    def leaves(session: Session) -> None:
        users.set_place(
            session,
            session.get_one(User, ids["tom"]),
            Place(),
            actor=session.get_one(User, ids["sam"]),
            now=NOW,
        )

    at_once(database, decides, leaves)
    with database.read() as session:
        assert session.get_one(User, ids["tom"]).team_memberships == []
        assert [a for a in session.query(Approval) if a.withdrawn_at is None] == []
