"""A whole copy of a database while everything runs, and putting one back. PostgreSQL does it by its own programs."""

import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from scheduler.queue_tables import SCHEMA as QUEUE

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_SECONDS_LOCKED = 5.0
_SECONDS_LEAVING = 2.0
SCHEMA, ASIDE = "public", "before_restore_"
"""Where our tables are, and how the schemas begin in which a restore keeps what was there."""


class CopyFailed(Exception):
    """Copying or putting back did not work; the message is a sentence that says why and what to do."""


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def sqlite_file(url: str) -> Path:
    return Path(make_url(url).database or "")


def copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup: one consistent moment, and nobody waits. The copy is one file, checked."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(
        sqlite3.connect(target)
    ) as copy:  # fmt: skip
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise CopyFailed(
            f"The copy of {source} is damaged ({found}). Check the disk, and the database itself."
        )


def sqlite_is_in_use(file: Path) -> bool:
    """Whether any process has it open: leaving the write-ahead log asks for nobody else to be there."""
    try:
        with closing(sqlite3.connect(file, timeout=0.5)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:  # it is damaged, which is why somebody restores
        return False
    return False


@contextmanager
def postgres_snapshot(url: str) -> Iterator[str]:
    """A moment of the database that several connections can read; valid while this lasts."""
    with psycopg.connect(_plain(url)) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield str(row[0])


def dump_postgres(url: str, target: Path, *, snapshot: str) -> None:
    """`pg_dump` in its custom format, of that moment. Raises CopyFailed."""
    _run("pg_dump", url, f"--snapshot={snapshot}", "--format=custom", "--no-owner", "--no-privileges",
         f"--exclude-schema={ASIDE}*", f"--exclude-schema={QUEUE}", f"--file={target}")  # fmt: skip


def load_postgres(url: str, dump: Path, *, aside: str) -> None:
    """Put a dump into the database. What stood there is kept in the schema `aside`, and put back if this fails."""
    _rename(url, SCHEMA, aside)
    try:
        _run(
            "pg_restore",
            url,
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            str(dump),
        )
    except CopyFailed:
        with psycopg.connect(_plain(url), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(SCHEMA)))
            connection.execute(_renaming(aside, SCHEMA))
        raise


def drop_aside(url: str, aside: str) -> None:
    """Forget what was kept aside, where there was nothing in it."""
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(aside)))


def connected_to_postgres(url: str) -> int:
    """How many other programs are connected to this database; a connection just closed is given a moment to go."""
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        others = _others(connection)
        ends = time.monotonic() + _SECONDS_LEAVING
        while others and time.monotonic() < ends:
            time.sleep(0.05)
            others = _others(connection)
    return others


def _others(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _rename(url: str, old: str, new: str) -> None:
    try:
        with psycopg.connect(_plain(url), autocommit=True) as connection:
            connection.execute(f"SET lock_timeout = '{int(_SECONDS_LOCKED)}s'".encode())
            with connection.transaction():
                connection.execute(_renaming(old, new))
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(old)))
    except psycopg.Error as problem:
        first = str(problem).splitlines()[0]
        raise CopyFailed(
            f"The schema “{old}” cannot be moved aside: {first}. Its owner has to restore."
        ) from problem


def _renaming(old: str, new: str) -> sql.Composed:
    return sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))


def _run(program: str, url: str, *arguments: str) -> None:
    """The password goes through the environment: everybody on a machine can read the arguments of a program."""
    address = make_url(url)
    environment = {**os.environ, **({"PGPASSWORD": str(address.password)} if address.password else {})}
    done = subprocess.run(  # noqa: S603 - the database's own programs, without a shell
        [str(_program(program, url)), f"--dbname={_without_password(address)}", *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CopyFailed(
            f"{program} did not succeed: {said[0] if said else f'it ended with {done.returncode}'}"
        )


def _program(name: str, url: str) -> Path:
    """The oldest that is new enough for the server: an older one refuses to work with it."""
    with psycopg.connect(_plain(url)) as connection:
        needed = connection.info.server_version // 10_000
    found = sorted(_versions(name))
    fitting = [path for version, path in found if version >= needed]
    if fitting:
        return fitting[0]
    have = f"only version {found[-1][0]} is here" if found else "there is none on this machine"
    raise CopyFailed(
        f"{name} of PostgreSQL {needed} or newer is needed, and {have}. "
        f"Install it (on Debian: apt-get install postgresql-client-{needed}), or use your own way of backing up."
    )


def _versions(name: str) -> Iterator[tuple[int, Path]]:
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in (*folders, *Path("/usr/lib/postgresql").glob("*/bin")):
        if (path := shutil.which(name, path=str(folder))) is None:
            continue
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        if match := _VERSION.search(said.stdout):
            yield int(match[1]), Path(path)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _without_password(address: URL) -> str:
    bare = URL.create(
        "postgresql", address.username, None, address.host, address.port, address.database, address.query
    )
    return bare.render_as_string(hide_password=False)
