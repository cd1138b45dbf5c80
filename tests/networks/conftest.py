"""The real servers of these tests, each started once, and an address at which nobody answers."""

import socket
from collections.abc import Iterator

import pytest

from tests.fakes import FakeServer
from tests.support.mock_mastodon import MockMastodon
from tests.support.pds import RealPds
from tests.support.snac import Snac


@pytest.fixture(scope="session")
def pds() -> Iterator[RealPds]:
    """A real Bluesky server on loopback."""
    with RealPds() as server:
        yield server


@pytest.fixture(scope="session")
def mock_mastodon() -> Iterator[MockMastodon]:
    """Others' stand-in for Mastodon, with its key."""
    with MockMastodon() as server:
        yield server


@pytest.fixture(scope="session")
def snac() -> Iterator[Snac]:
    """A small real server that speaks Mastodon's API and knows no key."""
    with Snac() as server:
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
