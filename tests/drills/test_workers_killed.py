"""A worker dies, or falls asleep, at each named point in every class; an engine finishes what it left."""

import time

import pytest

from scheduler.points import POINTS
from service_channel.networks.base import NetworkClass
from tests.drills import judge
from tests.drills.classes import B, I, K, Q
from tests.drills.engines import WORKERS_THROUGH_SENDERS, EngineProcess, wait_until
from tests.drills.stage import Stage
from tests.drills.test_asleep import PAST_THE_LEASE_S
from tests.drills.test_workers import alive

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.on("postgresql")]

SENDING = [point for point in POINTS if point != "looked"]
"""Workers send; to look is left to engines."""

in_every_class = pytest.mark.parametrize("of", [I, K, Q, B], ids=lambda kind: f"class {kind.value}")


def plan_for_a_worker(stage: Stage, of: NetworkClass, **doomed: str) -> EngineProcess:
    """One post, which the one worker there is sends, beside an engine that would."""
    stage.engines.timing = WORKERS_THROUGH_SENDERS
    worker = stage.engines.start(part="worker", **doomed)
    wait_until(lambda: alive(stage) == 1, "the worker lives", said=worker.said)
    stage.engines.start().wait_ready()
    stage.plan("single", of=of)
    return worker


def dies(stage: Stage, point: str, of: NetworkClass) -> None:
    stage.hurry_until_dead(plan_for_a_worker(stage, of, crash_at=point))
    stage.hurry_until_over()
    judge.assert_kept(stage)


def sleeps(stage: Stage, point: str, of: NetworkClass) -> None:
    sleeper = plan_for_a_worker(stage, of, pause_at=point)
    wait_until(sleeper.is_paused, "it sleeps", said=sleeper.said)
    time.sleep(PAST_THE_LEASE_S)
    stage.hurry_until_over()
    sleeper.go_on()
    sleeper.end()
    stage.hurry_until_over()
    assert "Traceback" not in sleeper.said()
    judge.assert_kept(stage)


@pytest.mark.parametrize(("point", "of"), [("marked", Q), ("sent", K)])
def test_a_worker_that_dies_leaves_one_post_or_a_question(stage: Stage, point: str, of: NetworkClass) -> None:
    dies(stage, point, of)


@pytest.mark.parametrize(("point", "of"), [("before_send", Q), ("sent", B)])
def test_a_worker_that_wakes_up_late_makes_no_double(stage: Stage, point: str, of: NetworkClass) -> None:
    sleeps(stage, point, of)


@pytest.mark.drill
@in_every_class
@pytest.mark.parametrize("point", SENDING)
def test_a_worker_that_dies_at_any_point_leaves_one_post_or_a_question(
    stage: Stage, point: str, of: NetworkClass
) -> None:
    dies(stage, point, of)


@pytest.mark.drill
@in_every_class
@pytest.mark.parametrize("point", SENDING)
def test_a_worker_asleep_at_any_point_makes_no_double(stage: Stage, point: str, of: NetworkClass) -> None:
    sleeps(stage, point, of)
