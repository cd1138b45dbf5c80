"""The tables of the queue between engines and workers: Procrastinate's, in a schema of their own, on PostgreSQL only.

Nothing in them matters for long: what is to be sent stands in `publications`. So they are in no backup and in no
migration of ours; Procrastinate's statements make them and bring them up to date.
"""

from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql
from sqlalchemy.engine import make_url

SCHEMA = "deskcast_queue"
APPLIED = "queue_migrations"
"""The table that says which of Procrastinate's migrations are in."""

_IN = sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(SCHEMA))
_KEEP = sql.SQL("INSERT INTO {} (name) VALUES (%s)").format(sql.Identifier(SCHEMA, APPLIED))


def plain(url: str) -> str:
    """The address as PostgreSQL's own programs and psycopg read it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def bring_up_to_date(url: str) -> list[str]:
    """Make the tables, or apply what they lack; returns the names of what was applied, oldest first.

    The caller sees to it that nobody else does the same now. Raises psycopg.Error, such as where this role may not
    make a schema.
    """
    with psycopg.connect(plain(url), autocommit=True) as connection:
        done = _applied(connection)
        if done is None:
            _make(connection)
            return [file.stem for file in _migrations()]
        missing = [file for file in _migrations() if file.stem not in done]
        for file in missing:
            _apply(connection, file)
        return [file.stem for file in missing]


def _migrations() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _applied(connection: psycopg.Connection) -> set[str] | None:
    """None where there is nothing yet."""
    found = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.{APPLIED}",)).fetchone()
    if found is None or found[0] is None:
        return None
    names = connection.execute(sql.SQL("SELECT name FROM {}").format(sql.Identifier(SCHEMA, APPLIED)))
    return {str(name) for (name,) in names}


def _make(connection: psycopg.Connection) -> None:
    """Everything at once, as it is today: so the migrations there are count as applied."""
    with connection.transaction():
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SCHEMA)))
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
        connection.execute(_IN)
        connection.execute(SchemaManager.get_schema())
        connection.execute(
            sql.SQL("CREATE TABLE {} (name text PRIMARY KEY)").format(sql.Identifier(SCHEMA, APPLIED))
        )
        for file in _migrations():
            connection.execute(_KEEP, (file.stem,))


def _apply(connection: psycopg.Connection, file: Path) -> None:
    with connection.transaction():
        connection.execute(_IN)
        connection.execute(file.read_bytes())
        connection.execute(_KEEP, (file.stem,))
