"""A nursery of engines, a network that counts, a stage between them, and the chance that decides what happens when."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import migrate
from content_library.database import Database
from scheduler import reactions
from tests.drills.engines import Engines, Nursery
from tests.drills.stage import Stage
from tests.fakes import FakeServer
from tests.support.postgres import PostgresServer

_DRAWN = random.SystemRandom().randrange(1_000_000)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Every moment and every order a drill chooses: the same for the same seed, whatever else is run."""
    seed = os.environ.get("DESKCAST_TEST_SEED") or str(_DRAWN)
    print(f"seed {seed}: make drills SEED={seed} repeats it")  # noqa: T201 - shown when the drill fails
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def counting_server() -> Iterator[FakeServer]:
    with FakeServer.start() as server:
        yield server


@pytest.fixture
def stage(
    database_url: str, nursery: Nursery, counting_server: FakeServer, tmp_path: Path
) -> Iterator[Stage]:
    """An empty desk, and no engine yet; once for each kind of database."""
    yield from _staged(database_url, nursery, counting_server, tmp_path)


@pytest.fixture(scope="session")
def mortal_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of the drills' own, which keeps what it has promised when it dies."""
    with PostgresServer(durable=True) as server:
        migrate.upgrade(server.create("migrated"))
        yield server


@pytest.fixture
def mortal_stage(
    mortal_server: PostgresServer, nursery: Nursery, counting_server: FakeServer, tmp_path: Path
) -> Iterator[Stage]:
    """A stage on the server that may die."""
    url = mortal_server.create("drill", template="migrated")
    yield from _staged(url, nursery, counting_server, tmp_path)
    mortal_server.come_back()
    mortal_server.drop("drill")


def _staged(url: str, nursery: Nursery, server: FakeServer, folder: Path) -> Iterator[Stage]:
    reactions.listen()
    database = Database(url)
    engines = Engines(nursery, url, folder)
    yield Stage(url, server, engines, database)
    engines.end_all()
    database.dispose()
