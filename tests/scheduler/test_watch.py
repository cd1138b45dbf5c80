"""What is overdue is counted: every state that is not an end has an age limit, and somebody who is to act."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from content_library.models.desk import EngineBeat
from content_library.settings import Timing
from scheduler import watch
from scheduler.models import Publication
from scheduler.models import PublicationState as S
from scheduler.watch import Lateness, Overdue, Whose
from tests.scheduler.scene import LATER, NOW, Scene

TIMING = Timing()
_ENDS = (S.PUBLISHED, S.FAILED, S.EXPIRED, S.CANCELLED)


@pytest.fixture
def planned(scene: Scene) -> Publication:
    scene.clear()
    return scene.plan()


def put(scene: Scene, publication: Publication, state: S, **values: object) -> None:
    """As if it had come into this state by itself."""
    values = {"state_at": LATER, **values}
    scene.session.execute(
        update(Publication).where(Publication.id == publication.id).values(state=state, **values)
    )


def overdue_at(scene: Scene, now: datetime) -> list[Overdue]:
    return watch.overdue(scene.session, now=now, timing=TIMING, desk_id=scene.desk.id)


LIMITS = {
    S.PLANNED: (timedelta(minutes=2), Whose.ENGINE),
    S.CLAIMED: (timedelta(minutes=2), Whose.ENGINE),
    S.SENDING: (timedelta(seconds=TIMING.lease) + timedelta(minutes=2), Whose.ENGINE),
    S.UNKNOWN: (timedelta(hours=3), Whose.ENGINE),
    S.BLOCKED: (timedelta(minutes=15 + 10), Whose.ENGINE),
    S.NEEDS_PERSON: (timedelta(days=1), Whose.PEOPLE),
    S.HELD: (timedelta(days=7), Whose.PEOPLE),
    S.MISSED: (timedelta(days=7), Whose.PEOPLE),
}


@pytest.mark.parametrize("state", LIMITS, ids=str)
def test_a_state_is_overdue_from_its_limit_on_and_not_before(
    scene: Scene, planned: Publication, state: S
) -> None:
    put(scene, planned, state)
    limit, whose = LIMITS[state]
    assert overdue_at(scene, LATER + limit) == []
    (found,) = overdue_at(scene, LATER + limit + timedelta(seconds=1))
    assert (found.state, found.whose, found.count) == (state, whose, 1)


def test_every_state_has_a_limit_or_is_an_end() -> None:
    assert set(LIMITS) | set(_ENDS) == set(S)


def test_what_is_to_wait_for_another_try_is_not_overdue(scene: Scene, planned: Publication) -> None:
    put(scene, planned, S.PLANNED, not_before=LATER + timedelta(hours=1))
    assert overdue_at(scene, LATER + timedelta(minutes=30)) == []
    assert overdue_at(scene, LATER + timedelta(minutes=63))


def test_another_desk_is_not_counted(scene: Scene, planned: Publication) -> None:
    late = LATER + timedelta(hours=1)
    assert watch.overdue(scene.session, now=late, timing=TIMING, desk_id=scene.desk.id + 1) == []
    assert watch.of_engine(watch.overdue(scene.session, now=late, timing=TIMING)) == 1


def test_the_oldest_unknown_is_the_one_that_came_there_first(scene: Scene, planned: Publication) -> None:
    assert watch.oldest_unknown(scene.session) is None
    put(scene, planned, S.UNKNOWN)
    assert watch.oldest_unknown(scene.session, scene.desk.id) == LATER
    assert watch.oldest_unknown(scene.session, scene.desk.id + 1) is None


def test_lateness_is_of_the_last_day(scene: Scene, planned: Publication) -> None:
    put(scene, planned, S.PUBLISHED, published_at=LATER + timedelta(milliseconds=1500))
    assert watch.lateness(scene.session, now=LATER + timedelta(hours=2)) == Lateness(1, 1500, 1500)
    assert watch.lateness(scene.session, now=LATER + timedelta(hours=25)) == Lateness()


def test_a_job_is_late_after_its_limit_and_one_that_never_ended_after_the_engine_s_start(
    scene: Scene,
) -> None:
    session = scene.session
    session.add(EngineBeat(job="look_ahead", at=NOW, engine="engine-1"))
    session.flush()
    limits = {"look_ahead": 60.0, "tidy": 60.0}
    quick, never = watch.beats(session, limits, now=NOW + timedelta(seconds=61))
    assert (quick.is_late, quick.engine, never.is_late) == (True, "engine-1", False)
    session.add(EngineBeat(job=watch.STARTED, at=NOW, engine="engine-1"))
    session.flush()
    _, never = watch.beats(session, limits, now=NOW + timedelta(seconds=61))
    assert (never.is_late, never.at) == (True, None)
