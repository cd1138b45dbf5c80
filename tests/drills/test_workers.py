"""Workers beside engines, on PostgreSQL: each publication once and in order, whoever dies and whatever gets lost."""

import time
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, update

from content_library.models.account import Account
from content_library.models.desk import EngineBeat
from scheduler import queue_tables, worker_beats
from scheduler.models import Publication, PublicationState
from tests.drills.engines import WITH_WORKERS, EngineProcess, wait_until
from tests.drills.stage import Stage
from tests.drills.test_the_command import PROMPTLY_S, command

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.on("postgresql")]

PATIENCE_S = 120.0
CALM = {
    **WITH_WORKERS,
    "DESKCAST_SEND_DEADLINE_S": "20",
    "DESKCAST_LEASE_S": "60",
    "DESKCAST_WORKER_SILENT_S": "20",
}
"""Where nobody dies: on a busy machine too no answer counts as lost, which would cost the order."""


@pytest.fixture(autouse=True)
def _beats_that_fit_a_drill(stage: Stage) -> None:
    stage.engines.timing = WITH_WORKERS


def plan_many(stage: Stage, count: int, *, accounts: int) -> None:
    """For later; and without a least gap, which a busy machine would make the drill wait for."""
    stage.plan_many(count, accounts=accounts)
    with stage.database.write() as session:
        session.execute(update(Account).values(least_gap_s=0, version=Account.version + 1))
        session.execute(update(Publication).values(_times(3600)))


def make_all_due(stage: Stage) -> None:
    with stage.database.write() as session:
        session.execute(update(Publication).values(_times(1)))


def _times(in_s: float) -> dict[str, datetime]:
    due_at = datetime.now(UTC) + timedelta(seconds=in_s)
    return {"due_at": due_at, "late_at": due_at + timedelta(minutes=15)}


def make_due(stage: Stage, publication_id: int, *, in_s: float) -> None:
    """Give it another time."""
    with stage.database.write() as session:
        session.execute(
            update(Publication)
            .where(Publication.id == publication_id)
            .values(**_times(in_s), version=Publication.version + 1)
        )


def plan_two(stage: Stage) -> tuple[int, int]:
    """One that is due now, and one for later."""
    first, second = stage.plan("single", "page", in_s=3600)
    make_due(stage, first, in_s=0.1)
    return first, second


def is_engine_up(stage: Stage) -> bool:
    with stage.database.read() as session:
        return session.get(EngineBeat, "look_ahead") is not None


def is_out(stage: Stage, publication_id: int) -> bool:
    with stage.database.read() as session:
        return session.get_one(Publication, publication_id).state is PublicationState.PUBLISHED


def alive(stage: Stage) -> int:
    with stage.database.read() as session:
        return len(worker_beats.known(session))


def start_workers(stage: Stage, count: int, *, crash_at: str = "") -> list[EngineProcess]:
    """So many, of which the first dies at a point; by the end all of them have said that they live."""
    started = [stage.engines.start_worker(crash_at=crash_at if n == 0 else "") for n in range(count)]
    wait_until(
        lambda: alive(stage) == count,
        f"{count} workers live",
        said=lambda: "\n".join(worker.said() for worker in started),
    )
    return started


def who_sent(stage: Stage) -> set[int]:
    """The processes that claimed what is out."""
    with stage.database.read() as session:
        out = select(Publication.claimed_by).where(Publication.state == PublicationState.PUBLISHED).distinct()
        return {int(name.rpartition(":")[2]) for name in session.scalars(out)}


def assert_in_order(stage: Stage) -> None:
    """On each account what was due first is out first."""
    rows = select(Publication.account_id, Publication.published_at).order_by(
        Publication.account_id, Publication.due_at, Publication.id
    )
    with stage.database.read() as session:
        found = session.execute(rows).all()
    for account_id, group in groupby(found, key=lambda row: row[0]):
        times = [at for _, at in group]
        assert all(before <= after for before, after in pairwise(times)), account_id


def empty_the_queue(stage: Stage) -> None:
    with psycopg.connect(queue_tables.plain(stage.url), autocommit=True) as connection:
        for name in ("procrastinate_jobs", "procrastinate_workers"):
            wait_until(lambda table=name: is_emptied(connection, table), f"{name} is empty")  # type: ignore[misc]


def is_emptied(connection: psycopg.Connection, table: str) -> bool:
    """False where workers held it in another order than this does: then PostgreSQL ends one of them, or this."""
    try:
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(queue_tables.SCHEMA, table)))
    except psycopg.errors.DeadlockDetected:
        return False
    return True


def jobs_in(stage: Stage) -> int:
    with psycopg.connect(queue_tables.plain(stage.url)) as connection:
        row = connection.execute("SELECT count(*) FROM deskcast_queue.procrastinate_jobs").fetchone()
        assert row is not None
        return int(row[0])


def test_two_engines_and_two_workers_send_everything_once_and_in_order(stage: Stage) -> None:
    stage.engines.timing = CALM
    plan_many(stage, 200, accounts=20)
    workers = start_workers(stage, 2)
    engines = [stage.engines.start(), stage.engines.start()]
    wait_until(lambda: is_engine_up(stage), "the engines are up")
    make_all_due(stage)
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()
    assert_in_order(stage)
    assert {worker.pid for worker in workers} & who_sent(stage)
    assert not [(part.log.name, part.said()) for part in (*workers, *engines) if not part.is_alive()]
    wait_until(lambda: jobs_in(stage) == 0, "no job is left")


def test_one_of_two_workers_dies_in_the_middle(stage: Stage) -> None:
    plan_many(stage, 60, accounts=6)
    victim, other = start_workers(stage, 2, crash_at="sent:10")
    stage.engines.start()
    make_all_due(stage)
    wait_until(lambda: not victim.is_alive() or stage.is_over(), "the first is dead", within=PATIENCE_S)
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()
    assert other.is_alive()


def test_a_worker_dies_after_it_sent_and_before_it_could_say_so(stage: Stage) -> None:
    (victim,) = start_workers(stage, 1, crash_at="sent")
    stage.engines.start()
    stage.plan("single")
    wait_until(lambda: not victim.is_alive(), "it is dead")
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()


def test_when_all_workers_are_gone_the_engine_goes_on_by_itself(stage: Stage) -> None:
    (victim,) = start_workers(stage, 1)
    engine = stage.engines.start()
    first, second = plan_two(stage)
    wait_until(lambda: is_out(stage, first), "the worker sent it", within=PATIENCE_S)
    victim.kill()
    killed = time.monotonic()
    make_due(stage, second, in_s=0)
    stage.wait_until_over(within=PATIENCE_S)
    assert time.monotonic() - killed < 60
    stage.assert_promise()
    assert who_sent(stage) == {victim.pid, engine.pid}


def test_what_workers_leave_lying_an_engine_sends(stage: Stage) -> None:
    (asleep,) = start_workers(stage, 1)
    stage.engines.timing = {**WITH_WORKERS, "DESKCAST_WORKER_SILENT_S": "4"}
    engine = stage.engines.start()
    (publication_id,) = stage.plan("single", in_s=3600)
    wait_until(lambda: is_engine_up(stage), "the engine is up")
    asleep.pause()  # its last beat is young, so it counts as alive
    make_due(stage, publication_id, in_s=0)
    stage.wait_until_over(within=PATIENCE_S)
    asleep.go_on()
    asleep.end(within=30)
    stage.assert_promise()
    assert who_sent(stage) == {engine.pid}


def test_a_worker_asked_to_end_gives_back_what_it_has_not_begun(stage: Stage) -> None:
    stage.engines.timing = {**CALM, "DESKCAST_LOOK_AHEAD_S": "60", "DESKCAST_LEASE_S": "100"}
    (worker,) = start_workers(stage, 1)
    engine = stage.engines.start()
    stage.plan("single", in_s=50)
    wait_until(lambda: stage.states() == {PublicationState.CLAIMED: 1}, "it is claimed ahead of its time")
    engine.end(within=30)
    worker.end(within=30)
    assert stage.states() == {PublicationState.PLANNED: 1}
    assert alive(stage) == 0
    assert "Traceback" not in worker.said()


def test_with_the_queue_lost_everything_still_goes_out(stage: Stage) -> None:
    plan_many(stage, 60, accounts=6)
    start_workers(stage, 2)
    stage.engines.start()
    make_all_due(stage)
    for _ in range(5):
        empty_the_queue(stage)
        time.sleep(0.3)
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()


def test_a_restarted_worker_takes_over_from_the_engine_again(stage: Stage) -> None:
    stage.engines.timing = CALM
    engine = stage.engines.start()
    first, second = plan_two(stage)
    wait_until(lambda: is_out(stage, first), "the engine sent it", within=PATIENCE_S)
    (worker,) = start_workers(stage, 1)
    make_due(stage, second, in_s=0)
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()
    assert who_sent(stage) == {engine.pid, worker.pid}


def test_the_command_takes_part_and_leaves_when_it_is_asked_to(stage: Stage) -> None:
    engine = stage.engines.start()
    with command("worker", stage.url, stage.engines.folder, **WITH_WORKERS) as worker:
        wait_until(lambda: alive(stage) == 1, "it lives", within=PATIENCE_S)
        stage.plan("page")
        stage.wait_until_over(within=PATIENCE_S)
        assert who_sent(stage) == {worker.process.pid}
        worker.process.terminate()
        assert worker.process.wait(PROMPTLY_S) == 0
    assert alive(stage) == 0
    assert "Traceback" not in worker.said()
    assert engine.is_alive()
