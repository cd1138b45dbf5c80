"""Databases for tests, each made by the real migrations: once per worker, then copied.

SQLite is a file copied for each test. PostgreSQL is one database per worker, emptied before each test, because
copying one there takes longer than most tests.
"""

import shutil
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from app import migrate
from content_library.database import Database
from scheduler import queue_tables
from tests.support.postgres import PostgresServer

type_of_clock = Callable[[], datetime]
Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")
KEPT = {"alembic_version", queue_tables.APPLIED}


class Databases:
    """What one worker of the test run has. `server` is asked for only when PostgreSQL is needed."""

    def __init__(self, folder: Path, server: Callable[[], PostgresServer]) -> None:
        self.folder = folder
        self._server = server
        self._made = 0

    def new_url(self, kind: Kind) -> str:
        """A migrated, empty database of its own, for a test that starts processes on it."""
        self._made += 1
        if kind == "sqlite":
            return sqlite_url(shutil.copy(self._sqlite_template, self.folder / f"test-{self._made}.db"))
        return self._postgres.create(f"test_{self._made}", template=self._postgres_template)

    def begin_again(self, url: str, *, like: str) -> None:
        """Make the database at `url` what the one at `like` is. Nobody may be connected to either."""
        self.discard(url)
        if url.startswith("sqlite"):
            shutil.copy(like.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
        else:
            self._postgres.create(_name(url), template=_name(like))

    def empty_url(self, kind: Kind) -> str:
        """A database without a single table, for tests of the migrations themselves."""
        self._made += 1
        if kind == "sqlite":
            return sqlite_url(self.folder / f"bare-{self._made}.db")
        return self._postgres.create(f"bare_{self._made}")

    def shared_url(self, kind: Kind) -> str:
        """A migrated database without rows, the quickest way. Nobody else may be using it."""
        if kind == "sqlite":
            return self.new_url("sqlite")
        empty_postgres(self._shared_postgres)
        return self._shared_postgres

    def discard(self, url: str) -> None:
        """Give back what `new_url` or `shared_url` gave."""
        if url.startswith("sqlite"):
            for file in self.folder.glob(Path(url).name + "*"):
                file.unlink()
        elif "/shared?" not in url:
            self._postgres.drop(_name(url))

    @cached_property
    def _sqlite_template(self) -> Path:
        file = self.folder / "template.db"
        migrate.upgrade(sqlite_url(file))
        return file

    @cached_property
    def _postgres(self) -> PostgresServer:
        return self._server()

    @cached_property
    def _postgres_template(self) -> str:
        migrate.upgrade(self._postgres.create("migrated"))
        return "migrated"

    @cached_property
    def _shared_postgres(self) -> str:
        return self._postgres.create("shared", template=self._postgres_template)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def sqlite_url(file: Path) -> str:
    return f"sqlite:///{file}"


def open_database(url: str, *, clock: type_of_clock | None = None) -> Database:
    return Database(url, clock=clock)


def empty_postgres(url: str) -> None:
    """Delete every row, whatever refers to it. A connection some test forgot is cut, so that it locks nothing."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', %s)",
            (queue_tables.SCHEMA,),
        ).fetchall()
        deletions = [
            sql.SQL("DELETE FROM {};").format(sql.Identifier(schema, name))
            for schema, name in names
            if name not in KEPT
        ]
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys, no triggers
            connection.execute(sql.SQL(" ").join(deletions))
