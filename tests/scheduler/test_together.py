"""Transactions of one kind that are wanted at the same moment become one."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from scheduler import publishing
from scheduler.models import Attempt, AttemptOutcome, Part, PublicationState
from scheduler.together import Together
from scheduler.workers import Workers
from tests.drills.engines import wait_until
from tests.scheduler.road import Road


class Counted:
    """Doubles numbers; the first round waits until it may go on, so that others come meanwhile."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, asked: Sequence[int]) -> list[int]:
        self.rounds.append(list(asked))
        self.begun.set()
        assert self.may_go_on.wait(10)
        if 13 in asked:
            raise ValueError("thirteen")
        return [2 * one for one in asked]


def asked_at_once(counted: Counted, numbers: Sequence[int], *, most: int = 32) -> list[int | str]:
    """The first is under way while the others come; what each was told."""
    together: Together[int, int] = Together(most=most)

    def ask(number: int) -> int | str:
        try:
            return together.ask(counted, number)
        except ValueError as problem:
            return str(problem)

    with ThreadPoolExecutor(len(numbers)) as pool:
        first = pool.submit(ask, numbers[0])
        assert counted.begun.wait(10)
        others = [pool.submit(ask, number) for number in numbers[1:]]
        wait_until(lambda: len(together._waiting) == len(others), "the others wait")
        counted.may_go_on.set()
        return [one.result(10) for one in (first, *others)]


def test_whoever_is_alone_waits_for_nobody() -> None:
    together: Together[int, int] = Together()
    rounds: list[list[int]] = []

    def do(asked: Sequence[int]) -> list[int]:
        rounds.append(list(asked))
        return list(asked)

    assert [together.ask(do, n) for n in (1, 2, 3)] == [1, 2, 3]
    assert rounds == [[1], [2], [3]]


def test_those_who_come_meanwhile_share_the_next() -> None:
    counted = Counted()
    assert asked_at_once(counted, range(1, 9)) == [2 * n for n in range(1, 9)]
    assert counted.rounds[0] == [1]
    assert sorted(counted.rounds[1]) == list(range(2, 9))
    assert len(counted.rounds) == 2


def test_no_more_share_one_than_may() -> None:
    counted = Counted()
    assert asked_at_once(counted, range(1, 9), most=3) == [2 * n for n in range(1, 9)]
    assert [len(one) for one in counted.rounds] == [1, 3, 3, 1]


def test_where_the_shared_one_fails_everybody_does_his_own() -> None:
    counted = Counted()
    told = asked_at_once(counted, [1, 12, 13, 14])
    assert told == [2, 24, "thirteen", 28]
    assert sorted(map(sorted, counted.rounds)) == [[1], [12], [12, 13, 14], [13], [14]]


def test_a_failure_leaves_the_next_one_free_to_go() -> None:
    together: Together[int, int] = Together()

    def fail(_asked: Sequence[int]) -> list[int]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        together.ask(fail, 1)
    assert together.ask(list, 2) == 2


class Gathering(Together[Any, Any]):
    """Lets nobody begin before all are there, and counts how many shared each round."""

    def __init__(self, barrier: threading.Barrier) -> None:
        super().__init__()
        self._barrier, self.rounds = barrier, list[int]()

    def ask(self, do: Any, asked: Any) -> Any:
        def counted(batch: Sequence[Any]) -> Any:
            self.rounds.append(len(batch))
            return do(batch)

        self._barrier.wait(20)
        return super().ask(counted, asked)


@pytest.mark.network
def test_many_publications_at_once_each_go_out_once_and_are_each_written_down(
    road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    ids = road.plan_on_many(20)
    road.clock.advance(minutes=1)
    claims = road.claim()
    workers = Workers(lambda claim: publishing.publish_one(road.world, claim), threads=8)
    workers.take(claims, now=road.clock())
    wait_until(lambda: workers.waiting() == 0, "all are through")
    workers.stop(timeout_s=10)
    assert sorted(post["publication_id"] for post in road.posts()) == sorted(ids)
    with road.database.read() as session:
        assert session.scalars(select(Attempt.outcome)).all() == [AttemptOutcome.SENT] * 20
        assert all(session.scalars(select(Part.remote_id)).all())
    assert "each does it alone" not in caplog.text


@pytest.mark.network
def test_several_are_marked_and_written_down_in_one_transaction_each(
    road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    """Every one waits at a point until all are there, so that they share what comes next."""
    road.plan_on_many(6)
    road.clock.advance(minutes=1)
    claims = road.claim()
    together = threading.Barrier(len(claims))
    marks, records = Gathering(together), Gathering(together)
    road.world.marks, road.world.records = marks, records
    with ThreadPoolExecutor(len(claims)) as pool:
        list(pool.map(lambda claim: publishing.publish_one(road.world, claim), claims))
    shared = [*marks.rounds, *records.rounds]
    assert sum(shared) == 2 * len(claims) and max(shared) > 1
    assert "each does it alone" not in caplog.text
    assert {road.state(claim.publication_id) for claim in claims} == {PublicationState.PUBLISHED}
