"""What a round asks of many publications finds them by an index, however large the table is."""

from typing import Any

import pytest
from sqlalchemy import event

from tests.scheduler.road import Road

pytestmark = [pytest.mark.network, pytest.mark.on("sqlite")]

LARGE = ("publications", "parts", "attempts", "credentials", "audit_entries", "sent_parts")


def test_no_round_reads_a_whole_table(road: Road) -> None:
    """SQLite takes a table it knows nothing of for a large one."""
    asked: dict[str, Any] = {}

    def hear(_connection: Any, _cursor: Any, statement: str, known: Any, *_rest: Any) -> None:
        if "json_each" in statement:
            asked[statement] = known

    road.plan(count=2)
    event.listen(road.database.engine, "before_cursor_execute", hear)
    road.go()
    event.remove(road.database.engine, "before_cursor_execute", hear)
    assert len(asked) >= 8
    read_whole = []
    with road.database.read() as session:
        cursor = session.connection().connection.cursor()
        for statement, known in asked.items():
            steps = [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", known)]
            read_whole += [(step, statement) for step in steps for table in LARGE if step == f"SCAN {table}"]
    assert not read_whole
