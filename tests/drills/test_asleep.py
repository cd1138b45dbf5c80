"""An engine, or its whole machine, sleeps past its lease while another goes on; it wakes up to no double."""

import random
import time
from contextlib import suppress

import psutil
import pytest

from scheduler.points import POINTS
from service_channel.networks.base import NetworkClass
from tests.drills import judge
from tests.drills.classes import NETWORKS, B, I, K, Q
from tests.drills.crowd import counting_places, plan_crowd
from tests.drills.engines import THROUGH_SENDERS, EngineProcess, wait_until
from tests.drills.stage import Stage
from tests.fakes import Mode

pytestmark = [pytest.mark.network, pytest.mark.slow]

PAST_THE_LEASE_S = float(THROUGH_SENDERS["DESKCAST_LEASE_S"]) + 0.5


def sleeps(stage: Stage, point: str, of: NetworkClass) -> None:
    stage.engines.timing = THROUGH_SENDERS
    sleeper = stage.engines.start(pause_at=point)
    sleeper.wait_ready()
    if point == "looked":  # nobody looks unless the answer was unclear
        stage.server.order(Mode.FAIL_AFTER, times=1)
    stage.plan("single", of=of)
    wait_until(sleeper.is_paused, "it sleeps", said=sleeper.said)
    other = stage.engines.start()
    other.wait_ready()
    time.sleep(PAST_THE_LEASE_S)
    stage.hurry_until_over()
    sleeper.go_on()
    sleeper.end()  # it finishes what it was about to do
    stage.hurry_until_over()
    assert "Traceback" not in sleeper.said()
    judge.assert_kept(stage)


@pytest.mark.parametrize(("point", "of"), [("before_send", Q), ("marked", B), ("sent", K)])
def test_in_every_class_an_engine_that_wakes_up_late_makes_no_double(
    stage: Stage, point: str, of: NetworkClass
) -> None:
    sleeps(stage, point, of)


@pytest.mark.drill
@pytest.mark.parametrize("of", [I, K, Q, B], ids=lambda kind: f"class {kind.value}")
@pytest.mark.parametrize("point", POINTS)
def test_asleep_at_any_point_in_every_class_it_makes_no_double(
    stage: Stage, point: str, of: NetworkClass
) -> None:
    sleeps(stage, point, of)


def nap(engine: EngineProcess) -> None:
    """All of it, as when a lid is closed."""
    everything = engine.everything()
    for process in everything:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    time.sleep(PAST_THE_LEASE_S)
    for process in reversed(everything):
        with suppress(psutil.NoSuchProcess):
            process.resume()


def one_of_two_machines_naps(stage: Stage, chance: random.Random, *, naps: int, posts: int) -> None:
    stage.engines.timing = THROUGH_SENDERS
    engines = [stage.engines.start(), stage.engines.start()]
    for engine in engines:
        engine.wait_ready()
    places = counting_places(stage, list(NETWORKS.values()), accounts=1)
    plan_crowd(stage, places, posts=posts, chance=chance, within_s=naps * PAST_THE_LEASE_S, threads=True)
    for _ in range(naps):
        time.sleep(chance.uniform(0.3, 1.0))
        nap(chance.choice(engines))
    stage.hurry_until_over()
    judge.assert_kept(stage)


def test_a_machine_that_sleeps_under_load_wakes_up_to_no_double(stage: Stage, chance: random.Random) -> None:
    one_of_two_machines_naps(stage, chance, naps=1, posts=4)


@pytest.mark.drill
def test_a_machine_that_sleeps_twenty_times_under_load_wakes_up_to_no_double(
    stage: Stage, chance: random.Random
) -> None:
    one_of_two_machines_naps(stage, chance, naps=20, posts=40)
