"""The queue's tables are made by Procrastinate's own statements, once, beside ours, and never where they may not be."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from app import migrate
from scheduler import queue_tables
from tests.support.databases import Databases

pytestmark = pytest.mark.on("postgresql")


@pytest.fixture
def empty_url(databases: Databases) -> Iterator[str]:
    url = databases.empty_url("postgresql")
    yield url
    databases.discard(url)


def what_is_there(url: str) -> set[tuple[str, str]]:
    with psycopg.connect(queue_tables.plain(url)) as connection:
        rows = connection.execute(
            "SELECT 'table', tablename FROM pg_tables WHERE schemaname = %s UNION"
            " SELECT 'function', proname FROM pg_proc WHERE pronamespace = %s::regnamespace UNION"
            " SELECT 'index', indexname FROM pg_indexes WHERE schemaname = %s",
            (queue_tables.SCHEMA,) * 3,
        )
        return {(kind, name) for kind, name in rows}


def test_they_are_made_once(empty_url: str) -> None:
    assert queue_tables.bring_up_to_date(empty_url)
    assert ("table", "procrastinate_jobs") in what_is_there(empty_url)
    assert queue_tables.bring_up_to_date(empty_url) == []


def test_a_queue_of_an_older_release_gets_what_it_lacks(empty_url: str, databases: Databases) -> None:
    """From nothing, migration by migration, it becomes what a new installation gets."""
    with psycopg.connect(queue_tables.plain(empty_url), autocommit=True) as connection:
        schema = sql.Identifier(queue_tables.SCHEMA)
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        place = sql.Identifier(queue_tables.SCHEMA, queue_tables.APPLIED)
        connection.execute(sql.SQL("CREATE TABLE {} (name text PRIMARY KEY)").format(place))
    applied = queue_tables.bring_up_to_date(empty_url)
    assert applied == sorted(applied)
    assert len(applied) > 30
    other = databases.empty_url("postgresql")
    queue_tables.bring_up_to_date(other)
    needed = {(kind, name) for kind, name in what_is_there(other) if kind == "function"}
    assert needed <= what_is_there(empty_url)
    databases.discard(other)


def test_a_migration_of_ours_makes_them_too_and_counts_none_of_them(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    assert ("table", "procrastinate_jobs") in what_is_there(empty_url)
    assert migrate.upgrade(empty_url) == []
    migrate.check(empty_url)


def test_a_role_that_may_not_make_a_schema_is_no_reason_not_to_start(
    empty_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(queue_tables.plain(empty_url), autocommit=True) as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("ALTER SCHEMA public OWNER TO clerk")
    url = make_url(empty_url).set(username="clerk").render_as_string(hide_password=False)
    try:
        assert migrate.upgrade(url)
    finally:
        with psycopg.connect(queue_tables.plain(empty_url), autocommit=True) as connection:
            connection.execute("REASSIGN OWNED BY clerk TO postgres")
            connection.execute("DROP OWNED BY clerk")
            connection.execute("DROP ROLE clerk")
    assert "engines send by themselves" in caplog.text
