"""Senders end at their deadline whatever they do, and the next one takes over."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from content_library.web_addresses import FetchPolicy
from scheduler.senders import Senders
from service_channel import accounts
from service_channel.networks.base import Access, Outcome, OutgoingPart, Prepared, RemoteRef, SendResult
from tests.drills.engines import wait_until

WOKE = "woke"


class Odd:
    """A network that does what the text says."""

    key = "odd"

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        if part.text == "sleep":
            time.sleep(60)
        if part.text == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
            Path(access.handle, WOKE).touch()
        if part.text == "break":
            raise ValueError("no")
        if part.text == "die":
            os._exit(3)
        return SendResult(Outcome.SENT, RemoteRef(part.text))


def make_odd() -> Mapping[str, Odd]:
    return {"odd": Odd()}


@pytest.fixture
def senders() -> Iterator[Senders]:
    made = Senders(make_odd, most=2, preload="tests.scheduler.test_senders")  # type: ignore[arg-type]
    made.start()
    yield made
    made.stop()


def send(senders: Senders, text: str, *, within: float = 20.0, handle: str = "") -> SendResult:
    part = OutgoingPart(1, 0, "", text, "en", (), "key", datetime.now(UTC))
    return senders.send("odd", Access(1, handle), part, Prepared(), ends_at=time.monotonic() + within)


def test_one_is_at_hand_and_is_used_again(senders: Senders) -> None:
    senders.start()
    before = senders.pids()
    assert len(before) == 1
    assert [send(senders, "ok").outcome for _ in range(3)] == [Outcome.SENT] * 3
    assert senders.pids() == before


def test_what_takes_longer_than_its_deadline_is_ended_and_unknown(senders: Senders) -> None:
    before = senders.pids()
    assert send(senders, "sleep", within=1.0).outcome is Outcome.UNKNOWN
    assert not set(before) & set(senders.pids())
    assert send(senders, "ok").outcome is Outcome.SENT


def test_one_that_is_stopped_sends_nothing_when_it_goes_on(senders: Senders, tmp_path: Path) -> None:
    def wake(pid: int) -> None:
        wait_until(lambda: "T (stopped)" in Path(f"/proc/{pid}/status").read_text(), "it is stopped")
        time.sleep(1.2)
        os.kill(pid, signal.SIGCONT)

    waker = threading.Thread(target=wake, args=senders.pids())
    waker.start()
    result = send(senders, "stop", within=1.0, handle=str(tmp_path))
    waker.join()
    assert result.outcome is Outcome.UNKNOWN
    assert not (tmp_path / WOKE).exists()


@pytest.mark.parametrize("text", ["break", "die"])
def test_one_that_breaks_leaves_it_unknown_and_the_next_one_sends(senders: Senders, text: str) -> None:
    assert send(senders, text).outcome is Outcome.UNKNOWN
    assert send(senders, "ok").outcome is Outcome.SENT


def test_without_time_nothing_is_sent(senders: Senders) -> None:
    assert send(senders, "ok", within=0.0).outcome is Outcome.NOT_SENT


def test_they_end_with_their_engine(senders: Senders) -> None:
    pids = senders.pids()
    senders.stop()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "they are gone")


def test_every_network_of_this_release_can_be_made_in_a_sender() -> None:
    made = accounts.networks(FetchPolicy())
    assert {"page", "bluesky", "mastodon", "x", "telegram", "webhook"} <= set(made)
    for network in made.values():
        assert network.promise(Access(0, "")).kind
