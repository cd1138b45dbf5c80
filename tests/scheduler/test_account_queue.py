"""An engine rings for each account that is due and that nobody is at; what workers left in the queue is cleared."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from content_library.models.account import Account
from content_library.settings import Timing
from scheduler import account_queue, jobs, worker_beats
from scheduler.account_queue import AccountQueue, Length, queue_of
from scheduler.jobs import Duty
from scheduler.models import Publication, PublicationState
from scheduler.queue_tables import SCHEMA
from scheduler.workers import Workers
from tests.drills.engines import wait_until
from tests.scheduler.road import Road

pytestmark = [pytest.mark.network, pytest.mark.on("postgresql")]


@pytest.fixture
def duty(road: Road) -> Iterator[Duty]:
    from scheduler import publishing

    workers = Workers(lambda claim: publishing.publish_one(road.world, claim), threads=2)
    yield Duty(road.world, None, workers, None, None, queue=AccountQueue())  # type: ignore[arg-type]
    workers.stop(timeout_s=10)


def beat(road: Road, worker: str = "there:1") -> None:
    with road.database.write() as session:
        worker_beats.beat(session, worker, accounts=4, busy=0, note="there", now=road.clock())


def length(road: Road) -> Length:
    with road.database.read() as session:
        return account_queue.length(session)


def do(road: Road, statement: str, **values: Any) -> None:
    with road.database.write() as session:
        session.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
        session.execute(text(statement), values)


def take_a_job(road: Road, *, minutes_ago: int = 0, gone: bool = False) -> None:
    """As a worker does that lives, or that is gone by now."""
    do(road, "INSERT INTO procrastinate_workers DEFAULT VALUES")
    do(
        road,
        "UPDATE procrastinate_jobs SET status = 'doing',"
        " worker_id = (SELECT max(id) FROM procrastinate_workers)",
    )
    at = road.clock() - timedelta(minutes=minutes_ago)
    do(road, "UPDATE procrastinate_events SET at = :at", at=at)
    if gone:
        do(road, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")


def clear(road: Road) -> int:
    with road.database.write() as session:
        return AccountQueue().clear_stalled(session, now=road.clock(), timing=road.world.timing)


def test_without_a_worker_the_engine_sends_by_itself(road: Road, duty: Duty) -> None:
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    jobs.look_ahead(duty)
    wait_until(lambda: duty.workers.waiting() == 0, "it is done")
    assert road.state(publication_id) is PublicationState.PUBLISHED
    assert length(road) == Length()


def test_with_a_worker_it_rings_once_for_an_account_and_claims_nothing(road: Road, duty: Duty) -> None:
    ids = road.plan(count=3)
    road.clock.advance(minutes=1)
    beat(road)
    jobs.look_ahead(duty)
    jobs.look_ahead(duty)
    assert {road.state(one) for one in ids} == {PublicationState.PLANNED}
    assert length(road) == Length(waiting=1)


def test_it_rings_only_for_what_is_due(road: Road, duty: Duty) -> None:
    publication_id = road.plan_one()
    beat(road)
    jobs.look_ahead(duty)
    assert length(road) == Length()
    with road.database.write() as session:
        later = road.clock() + timedelta(minutes=3)
        session.execute(update(Publication).values(not_before=later, version=Publication.version + 1))
    road.clock.advance(minutes=1)
    beat(road)
    jobs.look_ahead(duty)
    assert length(road) == Length()
    assert road.state(publication_id) is PublicationState.PLANNED


def test_an_account_somebody_is_at_is_left_alone(road: Road, duty: Duty) -> None:
    first, _ = road.plan(count=2)
    road.clock.advance(minutes=1)
    with road.database.write() as session:
        claimed = {"state": PublicationState.CLAIMED, "claimed_by": "there:1", "leased_until": road.clock()}
        session.execute(
            update(Publication)
            .where(Publication.id == first)
            .values(**claimed, version=Publication.version + 1)
        )
    beat(road)
    jobs.look_ahead(duty)
    assert length(road) == Length()


def test_a_silent_worker_is_no_worker(road: Road, duty: Duty) -> None:
    publication_id = road.plan_one()
    beat(road)
    road.clock.advance(minutes=1)
    jobs.look_ahead(duty)
    wait_until(lambda: duty.workers.waiting() == 0, "it is done")
    assert road.state(publication_id) is PublicationState.PUBLISHED


def test_what_a_worker_should_have_begun_half_a_minute_ago_the_engine_sends(road: Road, duty: Duty) -> None:
    publication_id = road.plan_one()
    with road.database.write() as session:
        session.execute(update(Account).values(least_gap_s=0, version=Account.version + 1))
    road.clock.advance(minutes=1)
    beat(road)
    jobs.look_ahead(duty)
    assert road.state(publication_id) is PublicationState.PLANNED
    road.clock.advance(seconds=road.world.timing.worker_silent)
    beat(road)
    jobs.look_ahead(duty)
    wait_until(lambda: duty.workers.waiting() == 0, "it is done")
    assert road.state(publication_id) is PublicationState.PUBLISHED


def test_where_the_queue_is_broken_the_engine_sends_by_itself_and_says_so_once(
    road: Road, duty: Duty, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = road.plan(count=2)
    do(road, "ALTER TABLE procrastinate_jobs RENAME TO elsewhere")
    try:
        for publication_id in (first, second):
            road.clock.advance(minutes=1)
            beat(road)
            jobs.look_ahead(duty)
            wait_until(lambda: duty.workers.waiting() == 0, "it is done")
            assert road.state(publication_id) is PublicationState.PUBLISHED
        assert clear(road) == 0
    finally:
        do(road, "ALTER TABLE elsewhere RENAME TO procrastinate_jobs")
    said = [line for line in caplog.messages if "the queue cannot be used" in line]
    assert len(said) == 2, "by this engine, and by the other end that cleared"


@pytest.fixture
def rung(road: Road, duty: Duty) -> Road:
    """One account is due, and a job stands for it."""
    road.plan_one()
    road.clock.advance(minutes=1)
    beat(road)
    jobs.look_ahead(duty)
    return road


def test_the_job_of_a_worker_that_is_gone_is_dropped_and_rung_again(rung: Road, duty: Duty) -> None:
    take_a_job(rung, gone=True)
    assert length(rung) == Length(taken=1)
    jobs.look_ahead(duty)
    assert length(rung) == Length(taken=1), "nobody rings twice"
    jobs.recover(duty)
    assert length(rung) == Length()
    jobs.look_ahead(duty)
    assert length(rung) == Length(waiting=1)


def test_the_job_of_a_worker_that_lives_is_left_alone(rung: Road) -> None:
    take_a_job(rung)
    assert clear(rung) == 0
    assert length(rung) == Length(taken=1)


def test_a_job_nobody_wrote_the_end_of_is_dropped_once_a_lease_is_over(rung: Road) -> None:
    take_a_job(rung, minutes_ago=4)
    assert clear(rung) == 1
    assert length(rung) == Length()


def test_a_job_that_takes_long_and_has_something_under_way_is_left_alone(rung: Road) -> None:
    take_a_job(rung, minutes_ago=4)
    rung.claim(engine="there:1")
    assert clear(rung) == 0


def test_while_another_engine_rings_this_one_leaves_it_to_that(rung: Road, duty: Duty) -> None:
    do(rung, "DELETE FROM procrastinate_jobs")
    with rung.database.write() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": account_queue.TURN})
        jobs.look_ahead(duty)
        assert length(rung) == Length()
    jobs.look_ahead(duty)
    assert length(rung) == Length(waiting=1)


def test_workers_that_have_been_silent_for_an_hour_are_forgotten(road: Road, duty: Duty) -> None:
    beat(road, "there:1")
    road.clock.advance(minutes=50)
    beat(road, "there:2")
    road.clock.advance(minutes=20)
    jobs.recover(replace(duty))
    with road.database.read() as session:
        assert [one.worker for one in worker_beats.known(session)] == ["there:2"]


def test_a_worker_that_leaves_is_not_there_any_more(road: Road) -> None:
    beat(road)
    with road.database.write() as session:
        assert worker_beats.is_anybody_there(session, now=road.clock(), silent_s=30)
        worker_beats.leave(session, "there:1")
        assert not worker_beats.is_anybody_there(session, now=road.clock(), silent_s=30)


@pytest.mark.on("sqlite", "postgresql")
def test_only_postgresql_has_a_queue(road: Road) -> None:
    assert (queue_of(road.database) is None) == road.database.is_sqlite
    assert length(road) == Length()


def test_a_worker_that_gives_up_a_queue_that_is_away_leaves_nothing_behind() -> None:
    async def nobody(_account_id: int) -> None:
        raise AssertionError("nothing is due")

    async def give_up(url: str) -> set[str]:
        serving = asyncio.create_task(
            account_queue.serve(url, nobody, accounts=1, timing=Timing()), name="serving"
        )
        await asyncio.sleep(0.2)  # it is opening its pool, and cannot
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return {one.get_name() for one in asyncio.all_tasks()} - {asyncio.current_task().get_name()}  # type: ignore[union-attr]

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert asyncio.run(give_up(f"postgresql+psycopg://nobody@127.0.0.1:{port}/nowhere")) == set()
