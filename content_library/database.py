"""The one place that knows which database this is: types, engine, sessions.

SQLite begins IMMEDIATE for everything that may write, because a deferred transaction that turns into a
write fails at once with "database is locked" whatever the busy timeout says.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, Enum, MetaData, Text, create_engine, event, exc
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import PoolProxiedConnection, QueuePool
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_MS = 15_000
ASLEEP_MS = 60_000
IDLE_S = 0.5  # a connection that rested longer is asked whether it still stands


_AWAY_ON_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_FULL")
_AWAY_ON_POSTGRESQL = ("08", "53", "57P0", "25P03")
"""The connection, the server's means, its going and coming, and a transaction that slept too long."""


def cause(problem: BaseException) -> str:
    """The first line of what the database itself said."""
    said = getattr(problem, "orig", None) or problem.__cause__ or problem
    return str(said).splitlines()[0] if str(said) else type(said).__name__


def is_away(problem: BaseException) -> bool:
    """Whether the database could not be reached, is going or is locked: nothing that was asked of it was wrong."""
    if not isinstance(problem, exc.DBAPIError):
        return False
    if problem.connection_invalidated:
        return True
    if isinstance(problem.orig, sqlite3.Error):
        return getattr(problem.orig, "sqlite_errorname", "").startswith(_AWAY_ON_SQLITE)
    state = getattr(problem.orig, "sqlstate", None)
    if state is None:
        return isinstance(problem, exc.OperationalError | exc.InterfaceError)
    return bool(state.startswith(_AWAY_ON_POSTGRESQL))


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant with microseconds. Refuses naive values, on the way in and in queries."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")


def by_value(enum: type[StrEnum]) -> Enum:
    """A column type that stores the enum's value, guarded by a CHECK."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [m.value for m in members],
        length=32,
        name=enum.__name__.lower(),
    )


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
        list[int]: Json,
        str: Text(),
    }


class Database:
    """An engine and the two ways to open a session on it.

    `clock` replaces the database's clock in tests; it returns an aware UTC instant.
    """

    def __init__(self, url: str, *, pool_size: int = 20, clock: Callable[[], datetime] | None = None) -> None:
        self.url = url
        self.clock = clock
        self.engine = _engine(url, pool_size=pool_size)
        self._writing = self.engine.execution_options(begin_immediate=True)
        self._one_writer = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def session(self, *, writing: bool = False) -> Session:
        """A session to be closed by the caller. `writing` takes SQLite's write lock at its first statement."""
        session = Session(self._writing if writing else self.engine, expire_on_commit=False)
        session.info["clock"] = self.clock
        return session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session whose changes are thrown away."""
        session = self.session()
        try:
            yield session
        finally:
            session.rollback()
            session.close()

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A reading session that sees one moment throughout, whatever is committed meanwhile."""
        with self.read() as session:
            if not self.is_sqlite:  # SQLite reads like that anyway
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back if anything is raised.

        Writers of this process queue up for SQLite's one write lock here, because SQLite itself sleeps between
        tries. Never open one inside another.
        """
        with self._one_writer:
            session = self.session(writing=True)
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.close()

    def dispose(self) -> None:
        self.engine.dispose()


def _engine(url: str, *, pool_size: int) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            poolclass=QueuePool,
            hide_parameters=True,  # an error in a log says what was done, not with whose data
            pool_size=pool_size,
            max_overflow=0,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        )
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,  # what is opened is kept: one beyond the pool would be closed after each use
        pool_use_lifo=True,
        hide_parameters=True,
    )
    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows are one statement, not one each
    event.listen(engine, "connect", _postgresql_connect)
    _ask_the_rested(engine)
    return engine


def _ask_the_rested(engine: Engine) -> None:
    """A connection that was not used for a while is asked before it is used: the server may have been restarted.

    SQLAlchemy's own `pool_pre_ping` asks every time, a round trip for each of hundreds of transactions a second.
    """

    def rest(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    def use(connection: Any, record: Any, _proxy: PoolProxiedConnection) -> None:
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) < IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as gone:
            raise exc.InvalidatePoolError from gone  # those that rested beside it are gone as well

    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", use)


def _postgresql_connect(connection: Any, _record: Any) -> None:
    """What a process that fell asleep inside a transaction has locked is free again after a minute."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {ASLEEP_MS}")
    connection.commit()


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "cache_size=-65536",
        "mmap_size=268435456",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("begin_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
