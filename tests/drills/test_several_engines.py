"""Several engines on one database: each publication once, whoever is killed or put to sleep meanwhile."""

import random
import time

import pytest

from scheduler.models import PublicationState
from tests.drills.engines import UNDER_LOAD, wait_until
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow]

CROWD = 60
ACCOUNTS = 6
PATIENCE_S = 180.0


def crowd(stage: Stage) -> None:
    stage.engines.timing = UNDER_LOAD
    stage.plan_many(CROWD, accounts=ACCOUNTS)


def out(stage: Stage) -> int:
    return stage.states()[PublicationState.PUBLISHED]


def test_two_engines_send_everything_once(stage: Stage) -> None:
    crowd(stage)
    first, second = stage.engines.start(), stage.engines.start()
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()
    assert first.is_alive()
    assert second.is_alive()


def test_one_of_two_engines_dies_under_load(stage: Stage) -> None:
    crowd(stage)
    victim = stage.engines.start(crash_at="sent:10")
    stage.engines.start()
    wait_until(lambda: not victim.is_alive() or out(stage) == CROWD, "the first is dead")
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()


def test_five_engines_die_at_random_moments_under_load(stage: Stage, chance: random.Random) -> None:
    crowd(stage)
    for _ in range(5):
        victim = stage.engines.start()
        time.sleep(chance.uniform(0.05, 0.6))
        victim.kill()
    stage.engines.start()
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()


@pytest.mark.parametrize("point", ["claimed", "marked", "before_send", "sent"])
def test_an_engine_asleep_past_its_lease_wakes_up_to_no_double(stage: Stage, point: str) -> None:
    sleeper = stage.engines.start(pause_at=point)
    stage.plan("single")
    wait_until(sleeper.is_paused, "it sleeps")
    stage.engines.start()
    stage.wait_until_over()
    sleeper.go_on()
    sleeper.end()  # it finishes what it was about to do
    assert "Traceback" not in sleeper.said()
    stage.assert_promise()


def test_an_idle_engine_ends_within_seconds_of_being_asked(stage: Stage) -> None:
    engine = stage.engines.start()
    stage.plan("page")
    stage.wait_until_over()
    engine.end(within=30)
    assert "Traceback" not in engine.said()
    assert "WARNING" not in engine.said()


def test_an_engine_asked_to_end_in_its_sleep_ends_when_it_wakes_up(stage: Stage) -> None:
    engine = stage.engines.start()
    stage.plan("page")
    stage.wait_until_over()
    engine.pause()
    wait_until(engine.is_paused, "it sleeps")
    engine.ask_to_end()
    engine.go_on()
    engine.wait_dead(within=60)
    assert "Traceback" not in engine.said()


def test_an_engine_asked_to_end_gives_back_what_it_has_not_begun(stage: Stage) -> None:
    stage.engines.timing = {**UNDER_LOAD, "DESKCAST_LOOK_AHEAD_S": "10", "DESKCAST_LEASE_S": "30"}
    engine = stage.engines.start()
    stage.plan("single", in_s=2)
    wait_until(lambda: stage.states() == {PublicationState.CLAIMED: 1}, "it is claimed ahead of its time")
    engine.end()
    assert stage.states() == {PublicationState.PLANNED: 1}
    stage.engines.start()
    stage.wait_until_over()
    stage.assert_promise()
