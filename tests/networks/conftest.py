"""The real server of these tests, started once, and an address at which nobody answers."""

import socket
from collections.abc import Iterator

import pytest

from tests.fakes import FakeServer
from tests.support.pds import RealPds


@pytest.fixture(scope="session")
def pds() -> Iterator[RealPds]:
    """A real Bluesky server on loopback."""
    with RealPds() as server:
        yield server


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A network process that counts and misbehaves on order."""
    with FakeServer.start() as server:
        yield server


@pytest.fixture
def dead_host() -> Iterator[str]:
    """host:port on loopback that refuses every connection, for as long as the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but not listening
        yield f"127.0.0.1:{held.getsockname()[1]}"
