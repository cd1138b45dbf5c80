"""Inserting many rows at once, hundreds of times a second: one statement, however many they are.

A VALUES of many rows has another text for every number of them, and PostgreSQL's driver reads each text anew. There the
rows are one parameter, a JSON document; on SQLite SQLAlchemy's own way is as quick.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Table, Text, bindparam, column, func, insert, select
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection

_PLACE = "place_in_document"


class Insert:
    """Rows of these columns of a table. Each row is a mapping of all of them to values of their types.

    Raises KeyError for a row that lacks one.
    """

    def __init__(self, table: Table, *columns: str) -> None:
        assert set(columns) >= {one.name for one in table.c if one.default is not None}, (
            "they are not filled in"
        )
        self._columns = columns
        self._directly = insert(table)
        given = (
            func.jsonb_to_recordset(as_type(bindparam("rows", type_=Text()), JSONB))
            .table_valued(*(column(name, table.c[name].type) for name in columns), column(_PLACE, Integer()))
            .render_derived(name="given", with_types=True)
        )
        in_order = select(*(given.c[name] for name in columns)).order_by(given.c[_PLACE])
        self._from_document = insert(table).from_select(columns, in_order, include_defaults=False)
        if "id" in table.c:
            self._directly_numbered = self._directly.returning(table.c.id, sort_by_parameter_order=True)
            self._numbered = self._from_document.returning(table.c.id)

    def all(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert them."""
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            connection.execute(self._from_document, {"rows": self._document(rows)})
        else:
            connection.execute(self._directly, self._whole(rows))

    def numbered(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert them into a table with an `id` that counts up; returns theirs, in order."""
        if not rows:
            return []
        if connection.dialect.name == "postgresql":  # numbers are given in the order of the rows, told in any
            return sorted(connection.execute(self._numbered, {"rows": self._document(rows)}).scalars())
        return list(connection.execute(self._directly_numbered, self._whole(rows)).scalars())

    def _whole(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{name: row[name] for name in self._columns} for row in rows]

    def _document(self, rows: Sequence[Mapping[str, Any]]) -> str:
        numbered = [{**row, _PLACE: place} for place, row in enumerate(self._whole(rows))]
        return json.dumps(numbered, default=_instant)


def _instant(value: Any) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError(f"this cannot be stored: {value!r}")
