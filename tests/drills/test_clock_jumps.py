"""The machine's clock jumps while much is due: nothing leaves until it is right for a minute, and nothing twice."""

import random
import time
from pathlib import Path

import pytest

from scheduler.clock_watch import AGREED_S
from scheduler.models import PublicationState as S
from tests.drills import judge
from tests.drills.classes import NETWORKS, B, I, K, Q
from tests.drills.crowd import counting_places, plan_crowd
from tests.drills.engines import THROUGH_SENDERS, wait_until
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow]

HOUR, DAY = 3_600, 86_400
UNTIL_NOTICED_S = 1.0
# What was just being asked when the clock jumped may have been judged too late to go: a person decides.
ENDS = {
    K: {S.PUBLISHED, S.MISSED},
    I: {S.PUBLISHED, S.MISSED},
    Q: {S.PUBLISHED, S.NEEDS_PERSON, S.MISSED},
    B: {S.PUBLISHED, S.NEEDS_PERSON, S.MISSED},
}


class WrongClock:
    """By how many seconds an engine's clock is wrong."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.jump(0)

    def jump(self, seconds: float) -> None:
        beside = self.file.with_suffix(".new")
        beside.write_text(str(seconds))
        beside.replace(self.file)


def nothing_leaves_while_it_is_wrong(stage: Stage, chance: random.Random, jump_s: float) -> WrongClock:
    clock = WrongClock(stage.engines.folder / "clock")
    stage.engines.timing = {**THROUGH_SENDERS, "DRILL_CLOCK": str(clock.file)}
    stage.engines.start().wait_ready()
    places = counting_places(stage, list(NETWORKS.values()), accounts=1)
    plan_crowd(stage, places, posts=8, chance=chance, within_s=5)
    wait_until(lambda: stage.arrived() > 3, "it publishes")
    clock.jump(jump_s)
    time.sleep(UNTIL_NOTICED_S)
    until_then = stage.arrived()
    time.sleep(4)
    assert stage.arrived() == until_then
    assert stage.posts().total() < len(stage.planned)
    return clock


@pytest.mark.parametrize("jump_s", [HOUR, -DAY])
def test_while_the_clock_is_wrong_nothing_leaves_and_nothing_is_lost(
    stage: Stage, chance: random.Random, jump_s: float
) -> None:
    nothing_leaves_while_it_is_wrong(stage, chance, jump_s)
    assert not [part for part, count in stage.posts().items() if count > 1]
    assert sum(stage.states().values()) == len(stage.planned)


@pytest.mark.drill
@pytest.mark.parametrize("jump_s", [HOUR, -HOUR, DAY, -DAY])
def test_a_minute_after_the_clock_is_right_again_the_rest_goes_out_once(
    stage: Stage, chance: random.Random, jump_s: float
) -> None:
    clock = nothing_leaves_while_it_is_wrong(stage, chance, jump_s)
    clock.jump(0)
    stage.wait_until_over(
        within=AGREED_S + 60
    )  # no pause is cut short here: none may be counted by the wrong clock
    stage._assert_counts(published=False)
    judge.assert_ended_as_promised(stage, within=ENDS)
    judge.assert_whole(stage)
    judge.assert_conserved(stage)
    judge.assert_sent_again_only_when_absent(stage)
