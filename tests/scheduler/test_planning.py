"""Planning: when, where, by whom; and that only what is approved ever becomes planned."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import posts
from content_library.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from content_library.models.account import AccountState
from content_library.models.review import Verdict
from content_library.models.user import DeskRole
from scheduler import planning, transitions
from scheduler.models import Part, Publication, PublicationState, RunCause
from scheduler.planning import WallTime
from scheduler.publication_flow import Act
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene, a_scene, utc

S = PublicationState


def claim_and(scene: Scene, publication: Publication, *acts: Act) -> None:
    for act in (Act.CLAIM, Act.MARK, *acts):
        transitions.move(scene.session, publication, act, actor=None, now=NOW)


@pytest.mark.parametrize("step", ["draft", "in review", "changes requested"])
def test_what_is_not_approved_is_planned_as_waiting_and_does_not_go(scene: Scene, step: str) -> None:
    if step == "in review":
        scene.submit()
    if step == "changes requested":
        scene.decide(Verdict.REQUEST_CHANGES)
    publication = scene.plan()
    assert (publication.state, publication.reason) == (S.BLOCKED, "approval")
    assert publication.payload_sha256 is None
    assert scene.ask(publication).reason == "approval"  # type: ignore[union-attr]


def test_a_refused_post_cannot_be_planned(scene: Scene) -> None:
    scene.decide(Verdict.REFUSE)
    with pytest.raises(TransitionNotAllowed, match="refused"):
        scene.plan()


def test_an_archived_post_cannot_be_planned(scene: Scene) -> None:
    posts.archive(scene.session, scene.post, actor=scene.maya, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="archived"):
        scene.plan()


def test_an_expired_post_cannot_be_planned(session: Session) -> None:
    scene = a_scene(session, valid_until="2026-11-03T12:00")
    posts.expire_posts(session, now=LATER + timedelta(days=1))
    with pytest.raises(TransitionNotAllowed, match="expired"):
        scene.plan(due_at=LATER + timedelta(days=3), now=LATER + timedelta(days=2))


def test_refusing_what_was_planned_while_in_review_keeps_it_waiting(scene: Scene) -> None:
    publication = scene.plan()
    scene.decide(Verdict.REFUSE)
    assert publication.state in (S.BLOCKED, S.EXPIRED, S.CANCELLED)
    assert scene.ask(publication).reason == "approval"  # type: ignore[union-attr]


@pytest.mark.parametrize("role", [DeskRole.AUDITOR, None])
def test_only_agents_and_leads_of_the_desk_plan(scene: Scene, role: DeskRole | None) -> None:
    person = make.make_user(
        scene.session, "Ruth Adler", desk=scene.desk if role else None, role=role or DeskRole.AGENT
    )
    with pytest.raises(PermissionDenied):
        planning.plan(scene.session, scene.post, [scene.page], utc(LATER), actor=person, now=NOW)


@pytest.mark.parametrize("who", ["maya", "priya"])
def test_approving_your_way_in_is_not_open_to_those_who_plan(scene: Scene, who: str) -> None:
    """Agents and leads plan; what they plan waits all the same until the teams have cleared it."""
    planner = getattr(scene, who)
    planned = planning.plan(scene.session, scene.post, [scene.page], utc(LATER), actor=planner, now=NOW)
    assert planned[0].state is S.BLOCKED
    scene.clear()
    assert planned[0].state is S.PLANNED


def test_what_is_approved_is_bound_to_exactly_its_rendition(scene: Scene) -> None:
    approval = scene.clear()
    publication = scene.plan()
    assert publication.state is S.PLANNED
    assert publication.revision_id == approval.revision_id
    assert publication.rendition is not None
    assert publication.payload_sha256 == publication.rendition.sha256
    assert publication.late_at == publication.due_at + timedelta(minutes=15)


def test_the_same_click_twice_plans_once(scene: Scene) -> None:
    first, second = (
        planning.plan(scene.session, scene.post, [scene.page], utc(LATER), actor=scene.maya, now=NOW, key="k")
        for _ in range(2)
    )
    assert first == second
    assert scene.session.scalar(select(func.count()).select_from(Publication)) == 1


@pytest.mark.parametrize("key", ["%", "_" * 40, "plan"])
def test_a_key_made_of_wildcards_finds_nobody_elses_publications(scene: Scene, key: str) -> None:
    scene.plan()
    other = make.make_post(scene.session, scene.desk, scene.maya, title="Another", accounts=[scene.page.id])
    made = planning.plan(scene.session, other, [scene.page], utc(LATER), actor=scene.maya, now=NOW, key=key)
    assert [p.post_id for p in made] == [other.id]


@pytest.mark.parametrize(
    ("wall", "zone", "field"),
    [
        ("2026-11-03T08:59", "UTC", "wall"),
        ("2029-11-03T09:00", "UTC", "wall"),
        ("2026-02-29T09:00", "UTC", "wall"),
        ("tomorrow", "UTC", "wall"),
        ("2026-12-01T09:00", "Amerika/New_York", "zone"),
        ("2026-12-01T09:00", "EST", "zone"),
    ],
)
def test_a_time_that_cannot_be_is_refused_at_its_field(
    scene: Scene, wall: str, zone: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        planning.plan(
            scene.session, scene.post, [scene.page], WallTime(wall, zone), actor=scene.maya, now=NOW
        )
    assert list(refused.value.fields) == [field]
    assert scene.session.scalar(select(func.count()).select_from(Publication)) == 0


def test_a_time_that_does_not_exist_goes_out_an_hour_later(scene: Scene) -> None:
    when = WallTime("2027-03-28T02:30", "Europe/Berlin")
    [publication] = planning.plan(scene.session, scene.post, [scene.page], when, actor=scene.maya, now=NOW)
    assert publication.due_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert publication.wall == "2027-03-28T02:30:00"


@pytest.mark.parametrize(("fold", "hour"), [(0, 0), (1, 1)])
def test_of_a_time_that_happens_twice_the_second_can_be_chosen(scene: Scene, fold: int, hour: int) -> None:
    when = WallTime("2027-10-31T02:30", "Europe/Berlin", fold)
    [publication] = planning.plan(scene.session, scene.post, [scene.page], when, actor=scene.maya, now=NOW)
    assert (publication.due_at.hour, publication.fold) == (hour, fold)


def test_an_account_of_another_desk_is_refused(scene: Scene) -> None:
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    with pytest.raises(InvalidInput, match="not this desk"):
        scene.plan(make.page_of(scene.session, other))


def test_a_time_outside_the_offer_is_refused_before_anybody_has_cleared_it(session: Session) -> None:
    scene = a_scene(session, valid_from="2026-11-04T09:00", valid_until="2026-11-05T09:00")
    for due_at in (LATER, LATER + timedelta(days=4)):
        with pytest.raises(InvalidInput, match="offer"):
            scene.plan(due_at=due_at)


def test_what_went_out_runs_again_only_when_it_is_evergreen(scene: Scene) -> None:
    scene.clear()
    claim_and(scene, scene.plan(), Act.SUCCEED)
    with pytest.raises(InvalidInput, match="evergreen"):
        scene.plan()
    scene.post.is_evergreen = True
    scene.session.flush()
    again = scene.plan()
    assert (again.run.number, again.run.cause) == (2, RunCause.RECYCLED)


def test_what_failed_is_planned_anew_as_a_correction(scene: Scene) -> None:
    scene.clear()
    claim_and(scene, scene.plan(), Act.FAIL)
    assert scene.plan().run.cause is RunCause.CORRECTION


@pytest.mark.parametrize("over", [Act.MISS, Act.CANCEL])
def test_what_stands_there_in_part_is_not_sent_whole_a_second_time(scene: Scene, over: Act) -> None:
    scene.clear()
    publication = scene.plan()
    scene.session.add(
        Part(publication_id=publication.id, position=0, key="k", created_at=NOW, envelope={}, remote_id="x")
    )
    transitions.move(scene.session, publication, over, actor=None, now=NOW)
    scene.session.flush()
    with pytest.raises(InvalidInput, match="A part of it stands on"):
        scene.plan()
    scene.post.is_evergreen = True
    scene.session.flush()
    assert scene.plan().run.cause is RunCause.RECYCLED


def test_a_post_is_planned_once_an_account(scene: Scene) -> None:
    scene.plan()
    with pytest.raises(InvalidInput, match="Move that one"):
        scene.plan()


def test_a_practice_account_is_planned_as_waiting_for_its_connection(session: Session) -> None:
    desk = make.make_desk(session)
    maya = make.make_user(session, "Maya Okafor", desk=desk)
    account = make.make_account(session, desk, state=AccountState.PRACTICE)
    post = make.make_post(session, desk, maya, accounts=[account.id])
    make.clear(session, post, maya, make.make_reviewers(session))
    publication = make.plan(session, post, account, maya)
    assert (publication.state, publication.reason) == (S.BLOCKED, "account")


def test_moving_keeps_wall_time_zone_and_instant_together(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    when = WallTime("2026-11-10T09:00", "America/New_York")
    planning.move_to(
        scene.session, publication, when, actor=scene.maya, now=NOW, seen_version=publication.version
    )
    assert publication.due_at == datetime(2026, 11, 10, 14, 0, tzinfo=UTC)
    assert publication.late_at == publication.due_at + timedelta(minutes=15)
    assert (publication.wall, publication.zone) == ("2026-11-10T09:00:00", "America/New_York")


def test_who_saw_an_older_version_does_not_move_it(scene: Scene) -> None:
    publication = scene.plan()
    seen = publication.version
    planning.move_to(scene.session, publication, utc(LATER), actor=scene.priya, now=NOW, seen_version=seen)
    with pytest.raises(TransitionNotAllowed, match="Somebody else"):
        planning.move_to(scene.session, publication, utc(LATER), actor=scene.maya, now=NOW, seen_version=seen)


def test_what_is_on_its_way_is_neither_moved_nor_cancelled(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    claim_and(scene, publication)
    with pytest.raises(TransitionNotAllowed, match="already on its way"):
        planning.move_to(scene.session, publication, utc(LATER), actor=scene.maya, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="already on its way"):
        planning.cancel(scene.session, publication, actor=scene.maya, now=NOW)


def test_a_missed_publication_goes_at_its_new_time(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    transitions.move(scene.session, publication, Act.MISS, actor=None, now=LATER)
    later = LATER + timedelta(days=1)
    planning.move_to(scene.session, publication, utc(later), actor=scene.maya, now=LATER)
    assert (publication.state, publication.due_at) == (S.PLANNED, later)


def test_a_missed_publication_whose_approval_is_gone_waits(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    transitions.move(scene.session, publication, Act.MISS, actor=None, now=LATER)
    scene.approval().withdrawn_at = LATER
    planning.move_to(scene.session, publication, utc(LATER + timedelta(days=1)), actor=scene.maya, now=LATER)
    assert (publication.state, publication.reason) == (S.BLOCKED, "approval")


def test_a_missed_publication_that_was_planned_anew_is_not_moved(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    transitions.move(scene.session, publication, Act.MISS, actor=None, now=NOW)
    scene.plan()
    with pytest.raises(TransitionNotAllowed, match="planned anew"):
        planning.move_to(scene.session, publication, utc(LATER), actor=scene.maya, now=NOW)


def test_moving_past_the_end_of_the_approval_says_so_now(scene: Scene) -> None:
    scene.clear().valid_until = LATER + timedelta(hours=1)
    publication = scene.plan()
    planning.move_to(scene.session, publication, utc(LATER + timedelta(days=2)), actor=scene.maya, now=NOW)
    assert (publication.state, publication.reason) == (S.BLOCKED, "approval")
    planning.move_to(scene.session, publication, utc(LATER), actor=scene.maya, now=NOW)
    assert publication.state is S.PLANNED


def test_a_cancelled_publication_makes_room_for_another(scene: Scene) -> None:
    planning.cancel(scene.session, scene.plan(), actor=scene.maya, now=NOW, why="Not today")
    assert scene.plan().state is S.BLOCKED
