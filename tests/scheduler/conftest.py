"""A desk with a cleared post, a counting network, and a scheduler's world around them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from content_library.database import Database
from content_library.settings import Timing
from scheduler import reactions
from scheduler.clock_watch import ClockWatch
from scheduler.world import World
from service_channel.networks.page import Page
from tests.factories import VAULT
from tests.fakes import CountingNetwork, FakeServer
from tests.scheduler.road import Road
from tests.scheduler.scene import Scene, a_scene
from tests.support.clock import FrozenClock


@pytest.fixture(scope="session")
def fake_server() -> Iterator[FakeServer]:
    with FakeServer.start() as server:
        yield server


@pytest.fixture(autouse=True)
def _listen() -> None:
    reactions.listen()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """Two networks: the built-in page, and a counting one in the place of Bluesky."""
    counting = CountingNetwork()
    yield World(
        database=database,
        networks={"page": Page(), "bluesky": counting},
        vault=VAULT,
        media_folder=tmp_path,
        timing=Timing(),
        engine="engine-1",
        clock_watch=ClockWatch(120.0),
    )
    counting.close()


@pytest.fixture
def road(world: World, clock: FrozenClock, fake_server: FakeServer) -> Iterator[Road]:
    road = Road(world, clock, fake_server)
    yield road
    road.close()


@pytest.fixture
def scene(session: Session) -> Scene:
    """A desk with its people and one draft for the public page."""
    return a_scene(session)
