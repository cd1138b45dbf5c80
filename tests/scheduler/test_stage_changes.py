"""What is planned follows its account's stage: down stops it at once, up lets it go on; and what publishing earns."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import ladder
from content_library.ladder_rules import Figures
from content_library.models.audit import AuditEntry
from content_library.models.format import Format, Kind, Tone
from scheduler import earned, holds, mending, transitions
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState, RunCause
from scheduler.publication_flow import Act
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene, a_scene

S = PublicationState
STEPS: list[Any] = [[{"team": "marketing", "why": "Voice.", "quorum": 1}]]


def a_promotion(session: Session) -> Scene:
    """A cleared promotion for the public page, whose ladder is not on yet."""
    make.make_desk(session, "Elsewhere", "elsewhere")
    session.add(
        Format(key="promo", kind=Kind.PROMOTION, name="Promo", purpose="", tone=Tone.PROMOTIONAL, fields=[],
               steps=STEPS, position=90)
    )  # fmt: skip
    session.flush()
    scene = a_scene(session, format_key="promo")
    scene.clear()
    return scene


def on(scene: Scene, stage: int) -> None:
    ladder.switch_on(scene.session, scene.page, stage, "x", actor=scene.priya, now=NOW)


def down(scene: Scene, stage: int) -> None:
    ladder.step_down(scene.session, scene.page, stage, "A breach.", actor=scene.priya, now=NOW)


def up(scene: Scene, stage: int) -> None:
    everything, later = Figures(999, 1, 1), NOW + timedelta(minutes=1)
    sam = make.make_user(scene.session, f"Sam {stage}", is_administrator=True)
    ladder.ask(scene.session, scene.page, everything, actor=scene.priya, now=later, why="x")
    ladder.sign(scene.session, scene.page, everything, seen=stage, actor=sam, now=later, why="x")


def test_a_step_down_stops_what_is_planned_at_once_and_a_step_up_lets_it_go_on(session: Session) -> None:
    scene = a_promotion(session)
    on(scene, 3)
    publication = scene.plan()
    down(scene, 2)
    assert (publication.state, publication.reason) == (S.BLOCKED, Reason.LADDER)
    assert "is at stage 2, edu-taining and questions. “Promo” needs stage 3." in publication.explanation
    down(scene, 1)
    assert "is at stage 1, basic education." in publication.explanation
    up(scene, 2)
    assert publication.state is S.BLOCKED
    assert "is at stage 2" in publication.explanation
    up(scene, 3)
    assert (publication.state, publication.reason) == (S.PLANNED, "mended")


def test_what_is_claimed_stops_too_and_the_record_says_why(session: Session) -> None:
    scene = a_promotion(session)
    on(scene, 3)
    publication = scene.plan()
    transitions.move(session, publication, Act.CLAIM, actor=None, now=NOW)
    down(scene, 1)
    assert publication.state is S.BLOCKED
    said = session.scalars(select(AuditEntry.summary).filter_by(verb="publication.block")).all()
    assert any("“Promo” needs stage 3" in one for one in said)


def test_switching_it_on_stops_what_is_beyond_and_switching_it_off_lets_it_go(session: Session) -> None:
    scene = a_promotion(session)
    publication = scene.plan()
    on(scene, 1)
    assert publication.reason == Reason.LADDER
    assert earned.waiting_for_a_stage(session, scene.page.id) == 1
    ladder.switch_off(session, scene.page, "x", actor=scene.priya, now=NOW)
    assert publication.state is S.PLANNED
    assert earned.waiting_for_a_stage(session, scene.page.id) == 0


def test_what_the_stage_allows_and_what_goes_elsewhere_is_left_alone(session: Session) -> None:
    scene = a_scene(session)
    scene.clear()
    basic = scene.plan()
    other = make.make_account(session, scene.desk)
    scene.post = make.make_post(session, scene.desk, scene.maya, accounts=[other.id])
    scene.clear()
    elsewhere = scene.plan(other)
    on(scene, 3)
    down(scene, 1)
    assert (basic.state, elsewhere.state) == (S.PLANNED, S.PLANNED)


def test_what_is_held_stays_held_and_waits_for_its_stage_afterwards(session: Session) -> None:
    scene = a_promotion(session)
    publication = scene.plan()
    hold = holds.hold_publication(session, publication, "Wait.", actor=scene.priya, now=NOW)
    on(scene, 1)
    assert publication.state is S.HELD
    holds.lift(session, hold, actor=scene.priya, now=NOW)
    assert (publication.state, publication.reason) == (S.BLOCKED, Reason.LADDER)


def test_what_is_planned_beyond_the_stage_says_so_at_once(session: Session) -> None:
    scene = a_promotion(session)
    on(scene, 1)
    publication = scene.plan()
    assert (publication.state, publication.reason) == (S.BLOCKED, Reason.LADDER)


def test_past_its_time_it_needs_a_person_and_says_what_kept_it(session: Session) -> None:
    scene = a_promotion(session)
    on(scene, 1)
    publication = scene.plan()
    assert mending.miss_blocked(session, now=publication.late_at) == 1
    assert publication.state is S.MISSED
    assert "needs stage 3" in publication.explanation


def test_a_format_that_asks_for_less_now_lets_it_go_by_itself(session: Session) -> None:
    scene = a_promotion(session)
    on(scene, 2)
    publication = scene.plan()
    assert mending.release_mended(session, now=NOW) == 0
    format_ = session.get_one(Format, "promo")
    format_.kind, format_.tone = Kind.QUESTION, Tone.NEUTRAL
    assert mending.release_mended(session, now=NOW) == 1
    assert publication.state is S.PLANNED


def published(scene: Scene, *, at_minute: int, format_key: str = "how_to", **content: Any) -> Publication:
    content.setdefault("accounts", [scene.page.id])
    scene.post = make.make_post(scene.session, scene.desk, scene.maya, format_key=format_key, **content)
    scene.clear()
    made = scene.plan(due_at=LATER + timedelta(minutes=at_minute))
    for act in (Act.CLAIM, Act.MARK, Act.SUCCEED):
        transitions.move(scene.session, made, act, actor=None, now=LATER + timedelta(minutes=at_minute))
    return made


def test_each_post_counts_once_and_notices_of_trouble_not_at_all(scene: Scene) -> None:
    first = published(scene, at_minute=1, evergreen=True)
    again = scene.plan(due_at=LATER + timedelta(hours=5))
    for act in (Act.CLAIM, Act.MARK, Act.SUCCEED):
        transitions.move(scene.session, again, act, actor=None, now=LATER + timedelta(hours=5))
    assert (first.run.cause, again.run.cause) == (RunCause.FIRST, RunCause.RECYCLED)
    published(scene, at_minute=2)
    fields = {"incident": "Payments", "next_update": "2026-11-03T20:00"}
    published(scene, at_minute=3, format_key="outage_notice", fields=fields)
    assert earned.published_since(scene.session, scene.page.id, NOW) == 2
    assert earned.published_since(scene.session, scene.page.id, LATER + timedelta(minutes=2)) == 2
    assert earned.published_since(scene.session, scene.page.id, LATER + timedelta(hours=6)) == 0


def test_what_was_taken_down_earns_nothing_and_is_a_breach_at_its_moment(scene: Scene) -> None:
    published(scene, at_minute=1)
    wrong = published(scene, at_minute=2)
    assert earned.take_downs(scene.session, scene.page.id) == []
    wrong.take_down_wanted_at = LATER + timedelta(hours=1)
    scene.session.flush()
    assert earned.take_downs(scene.session, scene.page.id) == [LATER + timedelta(hours=1)]
    wrong.taken_down_at = LATER + timedelta(hours=2)
    scene.session.flush()
    assert earned.take_downs(scene.session, scene.page.id) == [LATER + timedelta(hours=2)]
    assert earned.published_since(scene.session, scene.page.id, NOW) == 1
