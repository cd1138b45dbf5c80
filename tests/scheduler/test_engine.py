"""An engine in this process: it starts, publishes by itself, and stops without leaving anything behind."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from content_library.database import Database
from content_library.models.desk import EngineBeat
from content_library.notifications import Words
from content_library.settings import Settings, Timing, load
from scheduler import jobs, watch
from scheduler.engine import Engine
from scheduler.models import Publication, PublicationState
from scheduler.world import World, make_world
from tests.drills.engines import wait_until
from tests.fakes import FakeServer
from tests.scheduler.road import Road
from tests.support.clock import FrozenClock

pytestmark = pytest.mark.network


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    environment = {"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": database_url}
    quick = replace(Timing(), tick=0.1, reconcile_tick=0.1, housekeeping_tick=0.1, poll_tick=0.1)
    return replace(load(environment), timing=quick, engine_threads=2)


@pytest.fixture
def real_road(world: World, settings: Settings, fake_server: FakeServer) -> Iterator[Road]:
    """A road on the settings' database, whose clock is the machine's."""
    database = Database(settings.database_url)
    its_world = replace(world, database=database, timing=settings.timing)
    yield Road(its_world, FrozenClock(), fake_server)
    database.dispose()


def make_engine(road: Road, settings: Settings) -> Engine:
    return Engine(
        settings, road.database, lambda _s, told: Words(told[0].kind, told[0].text, ""), world=road.world
    )


def due_in(road: Road, seconds: float) -> None:
    due_at = datetime.now(UTC) + timedelta(seconds=seconds)
    with road.database.write() as session:
        session.execute(update(Publication).values(due_at=due_at, late_at=due_at + timedelta(minutes=15)))


def test_an_engine_publishes_by_itself_and_leaves_no_thread_behind(
    real_road: Road, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    road = real_road
    publication_id = road.plan_one()
    due_in(road, 0.2)
    before = set(threading.enumerate())
    engine = make_engine(road, settings)
    engine.start()
    wait_until(lambda: road.state(publication_id) is PublicationState.PUBLISHED, "it is out")
    began = datetime.now(UTC)
    engine.stop()
    assert datetime.now(UTC) - began < timedelta(seconds=10)
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    assert left == []
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []


AWAY = OperationalError("SELECT 1", {}, Exception("connection refused\nIs the server running?"))


def test_an_engine_starts_while_the_database_is_away_and_says_later_that_it_has(
    real_road: Road, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    road = real_road
    publication_id = road.plan_one()
    due_in(road, 0.2)
    monkeypatch.setattr("scheduler.engine.BEAT_EVERY_S", 0.1)
    failing, beat = [AWAY, AWAY], jobs.beat

    def away_at_first(duty: jobs.Duty, job: str) -> None:
        if job == watch.STARTED and failing:
            raise failing.pop()
        beat(duty, job)

    monkeypatch.setattr("scheduler.jobs.beat", away_at_first)
    engine = make_engine(road, settings)
    engine.start()

    def said() -> datetime | None:
        with road.database.read() as session:
            return session.scalar(select(EngineBeat.at).where(EngineBeat.job == watch.STARTED))

    wait_until(lambda: road.state(publication_id) is PublicationState.PUBLISHED, "it is out")
    wait_until(lambda: said() is not None, "it has said that it started")
    first = said()
    time.sleep(0.5)
    engine.stop()
    assert said() == first  # it starts once


def test_an_engine_stops_while_the_database_is_away(
    real_road: Road, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    road = real_road
    publication_id = road.plan_one()
    due_in(road, 4)
    engine = make_engine(road, settings)
    engine.start()
    wait_until(lambda: road.state(publication_id) is PublicationState.CLAIMED, "it is claimed ahead")
    monkeypatch.setattr("scheduler.transitions.give_back", Mock(side_effect=AWAY))
    engine.stop()
    assert "1 claims: their lease brings them back: connection refused" in caplog.text
    assert road.state(publication_id) is PublicationState.CLAIMED


def test_an_engine_that_stops_gives_its_claims_back(real_road: Road, settings: Settings) -> None:
    road = real_road
    publication_id = road.plan_one()
    due_in(road, 4)
    engine = make_engine(road, settings)
    engine.start()
    wait_until(lambda: road.state(publication_id) is PublicationState.CLAIMED, "it is claimed ahead")
    engine.stop()
    assert road.state(publication_id) is PublicationState.PLANNED
    assert not road.posts()


NETWORKS = (
    "page bluesky mastodon x linkedin facebook instagram threads telegram "
    "discord discord_webhook slack slack_webhook teams webhook"
)


def test_the_world_of_an_installation_reaches_every_network(settings: Settings) -> None:
    database = Database(settings.database_url)
    world = make_world(settings, database, engine="here")
    assert set(world.networks) == set(NETWORKS.split())
    assert world.media_folder == settings.media_folder
    with database.read() as session:
        assert session.scalars(select(Publication)).all() == []
    database.dispose()


def test_while_the_database_is_away_each_job_says_so_in_a_line(
    real_road: Road, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.jobs.look_ahead", Mock(side_effect=AWAY))
    monkeypatch.setattr("scheduler.jobs.recover", Mock(side_effect=ValueError("a mistake of ours")))
    engine = make_engine(real_road, settings)
    engine.start()
    wait_until(lambda: "look_ahead" in caplog.text and "recover" in caplog.text, "both were tried")
    engine.stop()
    by_job = {record.args[0]: record for record in caplog.records if "did not finish" in record.msg}  # type: ignore[index]
    assert "the database says connection refused" in by_job["look_ahead"].getMessage().splitlines()[0]
    assert by_job["look_ahead"].exc_info is None
    assert by_job["recover"].exc_info is not None
