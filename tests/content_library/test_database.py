"""What the database is asked, how often, and what is made of its answers."""

from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text
from sqlalchemy.exc import DBAPIError

from content_library import database as database_module
from content_library.database import Database, is_away
from content_library.models.desk import EngineBeat
from tests import factories as make

MINE = "SELECT pg_backend_pid()"


def cut_all_others(connection: Connection) -> None:
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    )


@pytest.mark.on("postgresql")
def test_what_was_cut_while_it_rested_is_replaced_unnoticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "IDLE_S", 0.0)
    with database.read() as first, database.read() as second:
        before = {first.scalar(text(MINE)), second.scalar(text(MINE))}
    with database.engine.connect() as cutting:
        of_cutting = cutting.scalar(text(MINE))
        cut_all_others(cutting)
        with database.read() as session:
            after = session.scalar(text(MINE))
    assert after not in before | {of_cutting}


@pytest.mark.on("postgresql")
def test_a_connection_just_used_is_not_asked_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "IDLE_S", 60.0)
    asked: list[str] = []
    ping = database.engine.dialect.do_ping

    def counting(connection: Any) -> bool:
        asked.append("asked")
        return ping(connection)

    monkeypatch.setattr(database.engine.dialect, "do_ping", counting)
    for _ in range(5):
        with database.read() as session:
            session.scalar(text(MINE))
    assert asked == []
    monkeypatch.setattr(database_module, "IDLE_S", 0.0)
    with database.read() as session:
        session.scalar(text(MINE))
    assert asked == ["asked"]


@pytest.mark.on("postgresql")
def test_many_rows_are_one_statement(database: Database) -> None:
    said: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda _c, _k, statement, *_rest: said.append(statement)
    )
    with database.write() as session:
        rows = [{"job": f"job-{n}", "at": make.NOW, "engine": "here", "note": ""} for n in range(50)]
        session.execute(insert(EngineBeat).inline(), rows)
    assert len([one for one in said if one.startswith("INSERT")]) == 1


@pytest.mark.on("postgresql")
def test_a_server_that_goes_or_refuses_is_away(database: Database) -> None:
    with database.read() as session, pytest.raises(DBAPIError) as cut:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_away(cut.value)
    nowhere = Database("postgresql+psycopg://127.0.0.1:1/nothing")
    with nowhere.read() as session, pytest.raises(DBAPIError) as refused:
        session.execute(text(MINE))
    assert is_away(refused.value)


@pytest.mark.on("sqlite")
def test_a_database_somebody_else_has_locked_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 10)
    other = Database(database.url)
    with database.write() as session:
        session.connection()
        with other.session(writing=True) as impatient, pytest.raises(DBAPIError) as locked:
            impatient.connection()
    other.dispose()
    assert is_away(locked.value)


def test_what_was_asked_wrongly_is_not_blamed_on_the_database(database: Database) -> None:
    for statement in ("SELECT nothing FROM nowhere", "SELECT 1 +", "SELECT 1/0::text"):
        with database.read() as session, pytest.raises(DBAPIError) as wrong:
            session.execute(text(statement))
        assert not is_away(wrong.value)
    assert not is_away(ValueError("a mistake of ours"))
