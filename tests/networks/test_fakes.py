"""The counting network keeps the contract, and its process misbehaves exactly as ordered."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service_channel.networks.base import Access, NetworkClass, Outcome, Prepared, Presence, SendResult
from tests.fakes import CountingNetwork, FakeServer, Mode
from tests.networks.contract import (
    BlindContract,
    KeyedContract,
    QueryableContract,
    SignIn,
    SignInContract,
    a_part,
    presence,
    send,
)
from tests.posting_fakes import PostingNetwork

pytestmark = pytest.mark.network


@pytest.fixture
def network() -> Iterator[CountingNetwork]:
    network = CountingNetwork()
    yield network
    network.close()


@pytest.fixture
def access(fake: FakeServer) -> Access:
    return fake.access()


@pytest.fixture
def wrong_access(fake: FakeServer) -> Access:
    return fake.access(token="stolen")


@pytest.fixture
def unreachable_access(dead_host: str) -> Access:
    return Access(1, "desk", {"host": dead_host, "token": "any"})


class TestCountingNetworkContract(SignInContract):
    @pytest.fixture(autouse=True)
    def _with_server(self, fake: FakeServer) -> None:
        self._fake = fake

    def standing(self, access: Access) -> int:
        return self._fake.count()


class _Posting(SignIn):
    kind: NetworkClass

    @pytest.fixture(autouse=True)
    def _with_server(self, fake: FakeServer) -> None:
        self._fake = fake

    @pytest.fixture
    def network(self) -> Iterator[PostingNetwork]:
        network = PostingNetwork("posting", self.kind)
        yield network
        network.close()

    def standing(self, access: Access) -> int:
        return self._fake.count()


class TestKeyedCountingContract(_Posting, KeyedContract):
    pass


class TestQueryableCountingContract(_Posting, QueryableContract):
    def old_post(self, access: Access, text: str) -> None:
        """The fake's clock is the machine's, and `CREATED_AT` lies weeks before it or after: see the test below."""
        pytest.fail("the fake cannot be given a time")

    def test_an_older_post_with_the_same_words_is_not_taken_for_it(
        self, network: PostingNetwork, access: Access
    ) -> None:
        part = a_part(network)
        send(network, access, part)
        later = replace(part, created_at=datetime.now(UTC) + timedelta(minutes=3))
        assert presence(network, access, later) is Presence.ABSENT


class TestBlindCountingContract(_Posting, BlindContract):
    pass


@pytest.fixture
def keyed() -> Iterator[PostingNetwork]:
    network = PostingNetwork("posting", NetworkClass.KEYED)
    yield network
    network.close()


def test_a_server_that_forgets_its_keys_posts_twice(fake: FakeServer, keyed: PostingNetwork) -> None:
    network = keyed
    part = a_part(network)
    send(network, fake.access(), part)
    fake.order(Mode.FORGETFUL)
    send(network, fake.access(), part)
    assert fake.count() == 2


@pytest.mark.parametrize(
    ("mode", "outcome", "standing"),
    [
        (Mode.OK, Outcome.SENT, 1),
        (Mode.RATE_LIMITED, Outcome.NOT_SENT, 0),
        (Mode.REFUSED, Outcome.REFUSED, 0),
        (Mode.FAIL_BEFORE, Outcome.UNKNOWN, 0),
        (Mode.FAIL_AFTER, Outcome.UNKNOWN, 1),
        (Mode.RESET_BEFORE, Outcome.UNKNOWN, 0),
        (Mode.RESET_AFTER, Outcome.UNKNOWN, 1),
        (Mode.GARBAGE, Outcome.UNKNOWN, 1),
        (Mode.DUPLICATE, Outcome.SENT, 1),
        (Mode.HIDDEN, Outcome.SENT, 1),
        (Mode.REVOKED, Outcome.SIGNED_OUT, 0),
    ],
)
def test_each_way_to_misbehave_is_told_apart(
    network: CountingNetwork, fake: FakeServer, mode: Mode, outcome: Outcome, standing: int
) -> None:
    fake.order(mode, times=1)
    part = a_part(network)
    assert send(network, fake.access(), part).outcome is outcome
    assert fake.count() == standing
    assert send(network, fake.access(), part).outcome is Outcome.SENT
    assert (fake.count(), fake.arrived()) == (1, 2)


def test_only_the_first_try_of_every_post_goes_wrong_when_asked_for(
    network: CountingNetwork, fake: FakeServer
) -> None:
    fake.order(Mode.FAIL_BEFORE, first_tries=True)
    for part in (a_part(network), a_part(network)):
        outcomes = [send(network, fake.access(), part).outcome for _ in range(2)]
        assert outcomes == [Outcome.UNKNOWN, Outcome.SENT]


def test_silence_ends_with_the_deadline_and_leaves_nothing(
    network: CountingNetwork, fake: FakeServer
) -> None:
    fake.order(Mode.SILENT, seconds=1)
    result = network.send(fake.access(), a_part(network), Prepared(), deadline_s=0.1)
    assert result.outcome is Outcome.UNKNOWN
    assert not fake.is_quiet()
    ends = time.monotonic() + 10
    while not fake.is_quiet() and time.monotonic() < ends:
        time.sleep(0.02)
    assert fake.count() == 0


def test_a_rate_limit_says_how_long_to_wait(network: CountingNetwork, fake: FakeServer) -> None:
    fake.order(Mode.RATE_LIMITED, seconds=30)
    assert send(network, fake.access(), a_part(network)).retry_after == 30


def test_a_slow_drip_ends_with_the_deadline(network: CountingNetwork, fake: FakeServer) -> None:
    fake.order(Mode.SLOW_DRIP, seconds=5)
    result, took = _timed(network, fake)
    assert result.outcome is Outcome.UNKNOWN
    assert 0.4 <= took < 1.5


def test_a_late_post_appears_after_the_sender_gave_up(network: CountingNetwork, fake: FakeServer) -> None:
    fake.order(Mode.LATE, times=1, seconds=1)
    assert _timed(network, fake)[0].outcome is Outcome.UNKNOWN
    assert fake.count() == 0
    time.sleep(1)
    assert fake.count() == 1


def test_a_hidden_post_shows_after_its_time(network: CountingNetwork, fake: FakeServer) -> None:
    fake.order(Mode.HIDDEN, times=1, seconds=0.5)
    part = a_part(network)
    send(network, fake.access(), part)
    assert presence(network, fake.access(), part) is Presence.ABSENT
    time.sleep(0.6)
    assert presence(network, fake.access(), part) is Presence.FOUND


def test_a_revoked_token_is_refused_everywhere(network: CountingNetwork, fake: FakeServer) -> None:
    fake.order(Mode.REVOKED)
    assert network.check(fake.access()).presence is Presence.ABSENT
    assert presence(network, fake.access(), a_part(network)) is Presence.UNREADABLE


def test_every_body_that_arrived_is_in_the_log(network: CountingNetwork, fake: FakeServer) -> None:
    fake.order(Mode.FAIL_BEFORE, times=1)
    part = a_part(network)
    send(network, fake.access(), part)
    send(network, fake.access(), part)
    events = [(event["event"], event["mode"]) for event in fake.events()]
    assert events == [("arrived", "fail_before"), ("arrived", "ok"), ("applied", "ok")]
    assert fake.events()[0]["body"]["text"] == part.text


def test_a_server_that_died_leaves_nothing_known_and_then_proves_it_is_gone(
    network: CountingNetwork, fake: FakeServer
) -> None:
    access, part = fake.access(), a_part(network)
    send(network, access, part)
    fake.kill()
    assert send(network, access, part).outcome is Outcome.UNKNOWN  # the kept connection broke
    assert send(network, access, part).outcome is Outcome.NOT_SENT


def test_many_threads_at_once_leave_one_post_for_each_key(network: CountingNetwork, fake: FakeServer) -> None:
    parts = [replace(a_part(network), publication_id=index // 2) for index in range(200)]
    parts = [replace(part, key=parts[index // 2 * 2].key) for index, part in enumerate(parts)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda part: send(network, fake.access(), part).outcome, parts))
    assert set(outcomes) == {Outcome.SENT}
    assert (fake.count(), fake.arrived()) == (100, 200)


def _timed(network: CountingNetwork, fake: FakeServer) -> tuple[SendResult, float]:
    started = time.monotonic()
    result = network.send(fake.access(), a_part(network), Prepared(), deadline_s=0.5)
    return result, time.monotonic() - started
