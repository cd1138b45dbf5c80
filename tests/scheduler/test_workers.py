"""Claims go to threads at their moment, in order, one account never twice at once."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.transitions import Claim
from scheduler.workers import Workers

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def claim(number: int, *, account: int = 1, in_s: float = 0) -> Claim:
    return Claim(number, account, 1, NOW + timedelta(seconds=in_s), NOW + timedelta(hours=1))


def wait_for(workers: Workers) -> None:
    ends = time.monotonic() + 10
    while workers.waiting() and time.monotonic() < ends:
        time.sleep(0.005)
    assert workers.waiting() == 0


def test_claims_run_in_the_order_in_which_they_are_due() -> None:
    done: list[int] = []
    workers = Workers(lambda c: done.append(c.publication_id), threads=1)
    workers.take([claim(3, in_s=0.15), claim(1, in_s=0.05), claim(2, in_s=0.1)], now=NOW)
    wait_for(workers)
    workers.stop(timeout_s=5)
    assert done == [1, 2, 3]


def test_nothing_runs_before_its_moment() -> None:
    ran: list[float] = []
    workers = Workers(lambda _c: ran.append(time.monotonic()), threads=2)
    began = time.monotonic()
    workers.take([claim(1, in_s=0.2)], now=NOW)
    wait_for(workers)
    workers.stop(timeout_s=5)
    assert ran[0] - began >= 0.2


def test_one_account_is_never_in_two_threads() -> None:
    inside: dict[int, int] = {1: 0, 2: 0}
    most: dict[int, int] = {1: 0, 2: 0}
    lock = threading.Lock()

    def run(c: Claim) -> None:
        with lock:
            inside[c.account_id] += 1
            most[c.account_id] = max(most[c.account_id], inside[c.account_id])
        time.sleep(0.002)
        with lock:
            inside[c.account_id] -= 1

    workers = Workers(run, threads=4)
    workers.take([claim(n, account=1 + n % 2) for n in range(60)], now=NOW)
    wait_for(workers)
    workers.stop(timeout_s=5)
    assert most == {1: 1, 2: 1}


def test_a_claim_that_fails_does_not_stop_the_others() -> None:
    done: list[int] = []

    def run(c: Claim) -> None:
        if c.publication_id == 1:
            raise RuntimeError("broken")
        done.append(c.publication_id)

    workers = Workers(run, threads=1)
    workers.take([claim(1), claim(2)], now=NOW)
    wait_for(workers)
    workers.stop(timeout_s=5)
    assert done == [2]


def test_stopping_finishes_what_is_under_way_and_returns_the_rest() -> None:
    begun, may_end, done = threading.Event(), threading.Event(), []

    def run(c: Claim) -> None:
        begun.set()
        may_end.wait(5)
        done.append(c.publication_id)

    workers = Workers(run, threads=2)
    workers.take([claim(1), claim(2), claim(3, account=2, in_s=3600)], now=NOW)
    assert begun.wait(5)
    time.sleep(0.05)
    threading.Timer(0.1, may_end.set).start()
    left = workers.stop(timeout_s=5)
    assert done == [1]
    assert {c.publication_id for c in left} == {2, 3}


def test_what_grew_too_old_while_it_waited_is_given_back_and_what_came_meanwhile_runs() -> None:
    done: list[int] = []
    returned: list[list[int]] = []
    may_end = threading.Event()

    def run(c: Claim) -> None:
        may_end.wait(10)
        done.append(c.publication_id)

    workers = Workers(
        run, threads=1, send_by_s=60, give_back=lambda old: returned.append([c.publication_id for c in old])
    )
    brief = NOW + timedelta(seconds=60.1)
    workers.take([replace(claim(n), leased_until=brief) for n in (1, 2, 3)], now=NOW)
    workers.take([claim(4), claim(6, account=3)], now=NOW)
    workers.take([replace(claim(5, account=2), leased_until=brief)], now=NOW)
    time.sleep(0.2)
    may_end.set()
    wait_for(workers)
    workers.stop(timeout_s=5)
    assert done == [1, 6]
    assert sorted(returned[0]) == [2, 3, 4, 5]


def test_of_an_account_that_waits_for_its_thread_a_newer_one_does_not_overtake_what_is_too_old() -> None:
    """Two threads: one sends for account 1, for which more waits; the other finds account 2 too old."""
    done: list[int] = []
    returned: list[set[int]] = []
    begun, may_end, monotonic = threading.Event(), threading.Event(), [100.0]

    def run(c: Claim) -> None:
        begun.set()
        may_end.wait(10)
        done.append(c.publication_id)

    workers = Workers(
        run, threads=2, send_by_s=60, give_back=lambda old: returned.append({c.publication_id for c in old}),
        monotonic=lambda: monotonic[0],
    )  # fmt: skip
    brief = NOW + timedelta(seconds=90)
    workers.take([replace(claim(1), leased_until=brief)], now=NOW)
    assert begun.wait(10)
    workers.take([replace(claim(2), leased_until=brief), claim(3)], now=NOW, monotonic=100.0)
    monotonic[0] += 31
    workers.take(
        [replace(claim(4, account=2), leased_until=brief), claim(5, account=2)], now=NOW, monotonic=100.0
    )
    ends = time.monotonic() + 10
    while not returned and time.monotonic() < ends:
        time.sleep(0.005)
    assert returned == [{2, 3, 4, 5}]
    may_end.set()
    wait_for(workers)
    workers.stop(timeout_s=5)
    assert done == [1]


def test_claims_that_cannot_be_given_back_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def fails(_old: Sequence[Claim]) -> None:
        raise RuntimeError("the database is away")

    workers = Workers(lambda c: done.append(c.publication_id), threads=1, send_by_s=60, give_back=fails)
    workers.take([replace(claim(1), leased_until=NOW + timedelta(seconds=59)), claim(2, account=2)], now=NOW)
    wait_for(workers)
    workers.stop(timeout_s=5)
    assert done == [2]
    assert "their lease brings them back" in caplog.text
