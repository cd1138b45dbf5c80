"""A nursery of engines, a network that counts, and a stage between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from content_library.database import Database
from scheduler import reactions
from tests.drills.engines import Engines, Nursery
from tests.drills.stage import Stage
from tests.fakes import FakeServer


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
    reactions.listen()
    database = Database(database_url)
    engines = Engines(nursery, database_url, tmp_path)
    yield Stage(database_url, counting_server, engines, database)
    engines.end_all()
    database.dispose()
