"""How Alembic reaches the database, and which of its tables are ours to compare.

The address comes from `app.migrate` (an attribute of the configuration), from `alembic -x url=…`, or from
DESKCAST_DATABASE_URL.
"""

import os
from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import False_, True_

# The three register their tables on Base.metadata.
import content_library.models
import scheduler.models
import scheduler.plan_models
import service_channel.models
from content_library.database import Base, Database, UtcDateTime

LOCK_MS = 500  # PostgreSQL's own deadlock_timeout is a second
SEARCH_TABLES = "post_search"  # full-text tables (and SQLite's shadow tables) are made by hand


def database_url() -> str:
    url = (
        context.config.attributes.get("url")
        or context.get_x_argument(as_dictionary=True).get("url")
        or os.environ.get("DESKCAST_DATABASE_URL")
    )
    if not url:
        raise SystemExit("Say which database: alembic -x url=sqlite:////path/to/deskcast.db …")
    return str(url)


def is_compared(_thing: object, name: str | None, kind: str, *_others: object) -> bool:
    return not (kind in ("table", "index") and (name or "").startswith(SEARCH_TABLES))


def render_portably(kind: str, thing: Any, autogen: AutogenContext) -> str | bool:
    """Our own column types are written as what they are to the database, and truth as what it is to each."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if kind == "server_default" and isinstance(getattr(thing, "arg", None), False_ | True_):
        return f"sa.{str(thing.arg).lower()}()"
    return False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=is_compared,
        render_item=render_portably,
        compare_type=True,
        transactional_ddl=True,
        transaction_per_migration=connection.dialect.name == "postgresql",
    )
    with context.begin_transaction():
        context.run_migrations()


def foreign_keys_off(connection: Connection) -> None:
    """SQLite rebuilds a table to change it; with foreign keys on, that would delete what refers to it.

    Said to the driver itself: inside a transaction the PRAGMA has no effect.
    """
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")


def give_way(connection: Connection) -> None:
    """On PostgreSQL everything goes on meanwhile, so a migration that has to wait for a lock gives up and is tried
    again (`app.migrate`): sooner than the server looks for deadlocks and ends whom it likes.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET lock_timeout = {LOCK_MS}")
        connection.commit()


def main() -> None:
    if context.is_offline_mode():
        raise SystemExit("Migrations need a database to run on; --sql is not offered.")
    database = Database(database_url())
    try:
        with database.engine.execution_options(begin_immediate=True).connect() as connection:
            foreign_keys_off(connection)
            give_way(connection)
            migrate(connection)
    finally:
        database.dispose()


main()
