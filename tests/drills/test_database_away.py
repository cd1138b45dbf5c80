"""The database goes away: for long, at once, amid a claim, right after a yes, or because its disk is full."""

import random
import time

import pytest

from service_channel.networks.base import NetworkClass
from tests.drills import judge
from tests.drills.classes import NETWORKS, B, I, K, Q
from tests.drills.crowd import counting_places, plan_crowd
from tests.drills.engines import THROUGH_SENDERS, WITH_WORKERS, wait_until
from tests.drills.hooks import CLAIMING
from tests.drills.stage import Stage
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.network, pytest.mark.slow]

WITH_TIME = {"DESKCAST_SEND_DEADLINE_S": "5", "DESKCAST_LEASE_S": "6"}


@pytest.fixture
def stage(mortal_stage: Stage) -> Stage:
    mortal_stage.engines.timing = THROUGH_SENDERS
    return mortal_stage


def a_crowd(
    stage: Stage, chance: random.Random, *, posts: int, within_s: float, engines: int = 2, accounts: int = 1
) -> None:
    for engine in [stage.engines.start() for _ in range(engines)]:
        engine.wait_ready()
    places = counting_places(stage, list(NETWORKS.values()), accounts=accounts)
    plan_crowd(stage, places, posts=posts, chance=chance, within_s=within_s, threads=True)


def comes_back(stage: Stage, server: PostgresServer) -> None:
    server.come_back()
    stage.database.dispose()


def ends_well(stage: Stage) -> None:
    stage.hurry_until_over()
    judge.assert_kept(stage)
    assert all(engine.is_alive() for engine in stage.engines.started)


@pytest.mark.parametrize("seconds", [2, pytest.param(30, marks=pytest.mark.drill)])
def test_engines_go_on_when_the_database_is_back(
    stage: Stage, mortal_server: PostgresServer, chance: random.Random, seconds: float
) -> None:
    a_crowd(stage, chance, posts=5, within_s=seconds)
    time.sleep(chance.uniform(0.6, 1.2))
    mortal_server.go_down()
    time.sleep(seconds)
    comes_back(stage, mortal_server)
    ends_well(stage)


def test_a_restart_in_the_middle_of_a_claim_loses_nothing(
    stage: Stage, mortal_server: PostgresServer
) -> None:
    engine = stage.engines.start(wait_at=CLAIMING)
    engine.wait_ready()
    stage.plan("single", "thread", of=K)
    engine.wait_reached()
    mortal_server.go_down()
    comes_back(stage, mortal_server)
    engine.go_on_there()
    ends_well(stage)


@pytest.mark.parametrize("restarts", [1, pytest.param(12, marks=pytest.mark.drill)])
def test_restarts_at_random_moments_under_load_lose_nothing(
    stage: Stage, mortal_server: PostgresServer, chance: random.Random, restarts: int
) -> None:
    # On two accounts of each network: one would get more than X takes of it in an hour.
    a_crowd(stage, chance, posts=2 * restarts, accounts=2, within_s=2.0 * restarts)
    for _ in range(restarts):
        time.sleep(chance.uniform(0.5, 1.5))
        mortal_server.go_down()
        comes_back(stage, mortal_server)
    ends_well(stage)


@pytest.mark.parametrize("of", [I, K, Q, B], ids=lambda kind: f"class {kind.value}")
def test_a_yes_that_cannot_be_written_down_is_found_or_asked_about(
    stage: Stage, mortal_server: PostgresServer, of: NetworkClass
) -> None:
    stage.engines.timing = {**THROUGH_SENDERS, **WITH_TIME}
    engine = stage.engines.start(wait_at="sent")
    engine.wait_ready()
    stage.plan("single", of=of)
    engine.wait_reached()
    assert stage.arrived() == 1
    mortal_server.go_down()
    engine.go_on_there()
    time.sleep(0.5)
    comes_back(stage, mortal_server)
    ends_well(stage)
    assert len(stage.posts()) == 1


def test_when_the_databases_disk_is_full_it_goes_on_after_there_is_room(
    stage: Stage, mortal_server: PostgresServer, chance: random.Random
) -> None:
    """PostgreSQL gives up when it cannot write what it has promised to keep; nothing may leave meanwhile."""
    a_crowd(stage, chance, posts=6, within_s=4.0)
    wait_until(lambda: stage.arrived() > 2, "it publishes")
    mortal_server.fill_its_disk()
    time.sleep(1.0)
    until_then = stage.arrived()
    time.sleep(1.5)
    assert stage.arrived() == until_then
    mortal_server.go_down()
    comes_back(stage, mortal_server)
    ends_well(stage)


def test_what_is_started_while_the_database_is_away_takes_part_when_it_is_back(
    stage: Stage, mortal_server: PostgresServer
) -> None:
    stage.engines.timing = {**WITH_WORKERS, "DRILL_SENDERS": ""}
    stage.plan("single", "thread", of=K)
    mortal_server.go_down()
    engine, worker = stage.engines.start(), stage.engines.start_worker()
    wait_until(lambda: "not noted yet" in engine.said(), "the engine could not say so", said=engine.said)
    wait_until(lambda: "no sender is made" in worker.said(), "the worker has tried", said=worker.said)
    comes_back(stage, mortal_server)
    ends_well(stage)
