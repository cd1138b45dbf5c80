"""Connections that rest: whether they still stand is asked before they are used, and not each time."""

from typing import Any

import pytest
from sqlalchemy import Connection, text

from content_library import database as database_module
from content_library.database import Database

pytestmark = pytest.mark.on("postgresql")

MINE = "SELECT pg_backend_pid()"


def cut_all_others(connection: Connection) -> None:
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    )


def test_what_was_cut_while_it_rested_is_replaced_unnoticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "IDLE_S", 0.0)
    with database.read() as first, database.read() as second:
        before = first.scalar(text(MINE))
        second.scalar(text(MINE))
    with database.engine.connect() as cutting:
        of_cutting = cutting.scalar(text(MINE))
        cut_all_others(cutting)
        with database.read() as session:
            after = session.scalar(text(MINE))
    assert after not in (before, of_cutting)


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
