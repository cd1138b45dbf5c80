"""The queue between engines and workers: one job for each account that has something due. Procrastinate keeps it.

It is a bell and not the outbox: a job says whose turn it is and nothing else, and a lost one is rung again a tick
later. `lock` serialises an account's jobs over all workers, `queueing_lock` keeps a second from waiting. A job is never
scheduled for later: the time of a publication stands in its row.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector, sql
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job, Status
from sqlalchemy import Select, column, func, literal, literal_column, or_, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from content_library.database import Database, UtcDateTime, cause
from content_library.settings import Timing
from scheduler import worker_beats
from scheduler.models import Publication, PublicationState
from scheduler.queue_tables import SCHEMA, plain

log = logging.getLogger(__name__)
logging.getLogger("procrastinate").setLevel(logging.WARNING)  # a line for each job is no news

Unusable = ConnectorException
"""What is raised where the queue cannot be reached, or its tables are not there."""

QUEUE, TASK = "accounts", "send_due"
MOST_JOBS = 1000
CONNECTIONS = 3
"""Most connections of a worker to the queue, without the one that listens."""
TURN = 0x4445534C  # a number nobody else uses as an advisory lock; the letters DESK are the migrations'
_INSIDE = text(f"SET LOCAL search_path TO {SCHEMA}, public")
_OUTSIDE = text("SET LOCAL search_path TO DEFAULT")
_PREFIX = "account-"
_JOBS = table("procrastinate_jobs", column("id"), column("lock"), column("status"), schema=SCHEMA)
_EVENTS = table(
    "procrastinate_events", column("job_id"), column("type"), column("at", UtcDateTime()), schema=SCHEMA
)
_PLANNED = Publication.state == literal_column("'planned'")  # word for word, for the index of what is planned


@dataclass(frozen=True)
class Length:
    """Accounts that wait for a worker, and accounts that workers are at."""

    waiting: int = 0
    taken: int = 0


class AccountQueue:
    """An engine's end of the queue. Everything happens on the connection, and in the transaction, of a session."""

    def __init__(self) -> None:
        self._connector = SyncPsycopgConnector()
        self._jobs = App(connector=self._connector).job_manager
        self._is_usable = True

    def hand_over(self, session: Session, *, now: datetime, timing: Timing) -> bool:
        """Ring for every account that has something due in the next seconds and nobody at it.

        False, with nothing done, where no worker lives or the queue cannot be used: then engines send themselves.
        """
        try:
            with session.begin_nested():
                if not worker_beats.is_anybody_there(session, now=now, silent_s=timing.worker_silent):
                    return False
                self._ring(session, until=now + timedelta(seconds=timing.look_ahead))
        except (Unusable, SQLAlchemyError) as problem:
            self._say_once(problem)
            return False
        self._is_usable = True
        return True

    def clear_stalled(self, session: Session, *, now: datetime, timing: Timing) -> int:
        """Drop the jobs of workers that are gone, and those nobody finished; returns how many.

        Not tried again: the next look-ahead rings where something is still due.
        """
        try:
            with session.begin_nested():
                return self._cleared(session, now=now, timing=timing)
        except (Unusable, SQLAlchemyError) as problem:
            self._say_once(problem)
            return 0

    def _cleared(self, session: Session, *, now: datetime, timing: Timing) -> int:
        if not _is_our_turn(session):
            return 0
        session.execute(_INSIDE)
        gone = {"seconds_since_heartbeat": timing.worker_silent}
        self._ask(session, "prune_stalled_workers", **gone)
        stalled = self._ask(session, "select_stalled_jobs_by_heartbeat", queue=QUEUE, task_name=None, **gone)
        began = now - timedelta(seconds=timing.lease)
        ids = {row["id"] for row in stalled} | set(session.scalars(_unfinished(began)))
        for job_id in ids:
            self._ask(session, "finish_job", job_id=job_id, status=Status.FAILED.value, delete_job=True)
        session.execute(_OUTSIDE)
        return len(ids)

    def _ring(self, session: Session, *, until: datetime) -> None:
        accounts = session.scalars(_waiting_accounts(until)).all() if _is_our_turn(session) else ()
        if accounts:
            session.execute(_INSIDE)
            self._jobs.batch_defer_jobs(_jobs_for(accounts), connection=_driver(session))
            session.execute(_OUTSIDE)

    def _ask(self, session: Session, question: str, **arguments: Any) -> list[dict[str, Any]]:
        """One of Procrastinate's own questions, in our transaction."""
        return self._connector.execute_query_all_with_connection(
            _driver(session), sql.queries[question], **arguments
        )

    def _say_once(self, problem: BaseException) -> None:
        if self._is_usable:
            log.warning("the queue cannot be used, so engines send by themselves: %s", cause(problem))
        self._is_usable = False


def queue_of(database: Database) -> AccountQueue | None:
    """The queue's end for an engine on this database; SQLite has none."""
    return None if database.is_sqlite else AccountQueue()


def length(session: Session) -> Length:
    """How long the queue is; nothing where there is none."""
    if session.get_bind().dialect.name != "postgresql":
        return Length()
    if session.scalar(text(f"SELECT to_regclass('{SCHEMA}.procrastinate_jobs')")) is None:
        return Length()
    rows = session.execute(select(_JOBS.c.status, func.count()).group_by(_JOBS.c.status))
    counts = {str(status): count for status, count in rows}
    return Length(counts.get("todo", 0), counts.get("doing", 0))


async def serve(
    url: str,
    send_due: Callable[[int], Awaitable[None]],
    *,
    accounts: int,
    timing: Timing,
    up: Callable[[], None] = lambda: None,
) -> None:
    """A worker's end: `send_due` for account after account, so many at once, until this is cancelled.

    `up` is called once the queue answers. When it is cancelled, what is under way is waited for. Raises `Unusable`
    where the queue cannot be reached, or no longer.
    """
    connector = PsycopgConnector(
        conninfo=plain(url), min_size=1, max_size=CONNECTIONS, configure=_in_our_schema
    )
    app = App(connector=connector)

    @app.task(name=TASK, queue=QUEUE)
    async def task(account_id: int) -> None:
        await send_due(account_id)

    asyncio.get_running_loop().set_exception_handler(_heard)
    try:
        async with app.open_async():
            up()
            await app.run_worker_async(
                queues=[QUEUE],
                concurrency=accounts,
                fetch_job_polling_interval=timing.tick,
                update_heartbeat_interval=timing.worker_beat,
                stalled_worker_timeout=timing.worker_silent,
                delete_jobs=DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
            )
    finally:  # a pool that was given up while it opened closes by nothing else
        await connector.close_async()


def _heard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A job that an engine has cleared meanwhile cannot be finished once more: that is no news."""
    problem = context.get("exception")
    if isinstance(problem, ConnectorException):
        log.info("a job was over already: %s", cause(problem))
    else:
        loop.default_exception_handler(context)


async def _in_our_schema(connection: psycopg.AsyncConnection) -> None:
    await connection.execute(f"SET search_path TO {SCHEMA}".encode())
    await connection.commit()


def _is_our_turn(session: Session) -> bool:
    """One engine at a time: while another is at it, it does the same work. Holds until the transaction ends."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(TURN))))


def _driver(session: Session) -> Any:
    return session.connection().connection.driver_connection


def _jobs_for(accounts: Sequence[int]) -> list[Job]:
    return [
        Job(
            queue=QUEUE,
            task_name=TASK,
            lock=f"{_PREFIX}{account_id}",
            queueing_lock=f"{_PREFIX}{account_id}",
            task_kwargs={"account_id": account_id},
        )
        for account_id in accounts
    ]


def _waiting_accounts(until: datetime) -> Select[int]:
    """Accounts with something due by then, the longest waiting first, that nobody is at and no job stands for.

    Who is busy and what was rung is asked once, and not again for each that is due.
    """
    busy = aliased(Publication)
    is_busy = select(busy.account_id).where(
        busy.state.in_((PublicationState.CLAIMED, PublicationState.SENDING))
    )
    rung = select(_JOBS.c.lock).where(
        _JOBS.c.lock.is_not(None), _JOBS.c.status.in_((literal_column("'todo'"), literal_column("'doing'")))
    )
    return (
        select(Publication.account_id)
        .where(
            _PLANNED,
            Publication.due_at <= until,
            or_(Publication.not_before.is_(None), Publication.not_before <= until),
            Publication.account_id.not_in(is_busy),
            func.concat(_PREFIX, Publication.account_id).not_in(rung),
        )
        .group_by(Publication.account_id)
        .order_by(func.min(Publication.due_at))
        .limit(MOST_JOBS)
    )


def _unfinished(began: datetime) -> Select[Any]:
    """Jobs that were begun before that, on accounts nobody is at: their end could not be written down."""
    long_ago = select(literal(1)).select_from(_EVENTS).where(
        _EVENTS.c.job_id == _JOBS.c.id, _EVENTS.c.type == literal_column("'started'"), _EVENTS.c.at < began
    )  # fmt: skip
    is_busy = select(Publication.id).where(
        func.concat(_PREFIX, Publication.account_id) == _JOBS.c.lock,
        Publication.state.in_((PublicationState.CLAIMED, PublicationState.SENDING)),
    )
    return select(_JOBS.c.id).where(
        _JOBS.c.status == literal_column("'doing'"), long_ago.exists(), ~is_busy.exists()
    )
