"""Somebody stops everything while much is due: what has not begun does not begin, and starting again is no burst."""

import random
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from content_library.models.desk import Desk
from content_library.models.user import DeskRole
from scheduler import holds
from scheduler.models import HoldScope, Publication
from scheduler.models import PublicationState as S
from scheduler.stops import Reach
from tests import factories as make
from tests.drills import judge
from tests.drills.classes import NETWORKS
from tests.drills.crowd import counting_places, plan_crowd
from tests.drills.engines import THROUGH_SENDERS, wait_until
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow]

BEGUN = {S.SENDING, S.PUBLISHED, S.UNKNOWN, S.NEEDS_PERSON}


def press(stage: Stage) -> tuple[int, set[int]]:
    """Stop the desk; returns the stop, and what had begun by then."""
    with stage.database.write() as session:
        desk = session.scalars(select(Desk)).one()
        lead = make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
        reach = Reach(HoldScope.DESK, desk.id)
        hold, _held = holds.stop(session, reach, "Something is wrong", actor=lead, now=datetime.now(UTC))
        begun = session.scalars(select(Publication.id).where(Publication.state.in_(BEGUN)))
        return hold.id, set(begun)


def start_again(stage: Stage, hold_id: int) -> None:
    with stage.database.write() as session:
        hold = session.get_one(holds.Hold, hold_id)
        holds.lift(session, hold, actor=hold.created_by, now=datetime.now(UTC))


def sent(stage: Stage) -> set[int]:
    return {publication for publication, _part in stage.posts()}


@pytest.mark.parametrize(
    ("posts", "accounts"), [(5, 1), pytest.param(9, 3, marks=pytest.mark.drill)], ids=["20 due", "108 due"]
)
def test_stopped_in_the_midst_nothing_more_begins_and_nothing_bursts_afterwards(
    stage: Stage, chance: random.Random, posts: int, accounts: int
) -> None:
    stage.engines.timing = THROUGH_SENDERS
    for engine in [stage.engines.start(), stage.engines.start()]:
        engine.wait_ready()
    places = counting_places(stage, list(NETWORKS.values()), accounts=accounts)
    plan_crowd(stage, places, posts=posts, chance=chance, within_s=3)
    some = chance.randrange(2, len(stage.planned) // 4)
    wait_until(lambda: stage.arrived() >= some, "some are out")
    hold_id, begun = press(stage)
    time.sleep(4)
    assert sent(stage) <= begun
    assert stage.states()[S.HELD] > 0
    start_again(stage, hold_id)
    time.sleep(2)
    assert sent(stage) <= begun
    wait_until(lambda: {*stage.states()} <= {*BEGUN, S.MISSED} - {S.SENDING, S.UNKNOWN}, "all is settled")
    judge.assert_whole(stage)
    judge.assert_conserved(stage)
    stage.assert_promise(published=False)
