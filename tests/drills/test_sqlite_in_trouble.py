"""SQLite's one file is held by somebody for long, or its disk is full: nothing leaves meanwhile, and all of it then."""

import random
import resource
import sqlite3
import time
from contextlib import closing

import pytest

from tests.drills import judge
from tests.drills.classes import NETWORKS
from tests.drills.crowd import counting_places, plan_crowd
from tests.drills.engines import THROUGH_SENDERS, EngineProcess, wait_until
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.on("sqlite")]

MOMENT_S = 0.7  # what is under way when the trouble begins may still arrive


def at_work(stage: Stage, chance: random.Random, *, within_s: float) -> EngineProcess:
    stage.engines.timing = THROUGH_SENDERS
    engine = stage.engines.start()
    engine.wait_ready()
    places = counting_places(stage, list(NETWORKS.values()), accounts=1)
    plan_crowd(stage, places, posts=6, chance=chance, within_s=within_s)
    wait_until(lambda: stage.arrived() > 2, "it publishes")
    return engine


def assert_nothing_leaves(stage: Stage, *, for_s: float) -> None:
    time.sleep(MOMENT_S)
    until_then = stage.arrived()
    time.sleep(for_s)
    assert stage.arrived() == until_then


@pytest.mark.parametrize("seconds", [1, pytest.param(20, marks=pytest.mark.drill)])
def test_while_somebody_holds_the_file_nothing_leaves_and_then_everything(
    stage: Stage, chance: random.Random, seconds: float
) -> None:
    """20 seconds are longer than anybody waits for the lock."""
    engine = at_work(stage, chance, within_s=seconds + 3)
    with closing(sqlite3.connect(stage.url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout=10000")
        other.execute("BEGIN IMMEDIATE")
        assert_nothing_leaves(stage, for_s=seconds)
        other.execute("ROLLBACK")
    stage.hurry_until_over()
    judge.assert_kept(stage)
    assert engine.is_alive()


def test_while_the_disk_is_full_nothing_leaves_and_then_everything(
    stage: Stage, chance: random.Random
) -> None:
    engine = at_work(stage, chance, within_s=4)
    resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    assert_nothing_leaves(stage, for_s=1.5)
    resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    stage.hurry_until_over()
    judge.assert_kept(stage)
    assert engine.is_alive()
