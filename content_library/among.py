"""Whether a row is one of those asked about: one statement, and one parameter, however many they are.

An IN over a list has another text for every length. Then the driver reads the statement anew and PostgreSQL plans it
anew, hundreds of times a second, and that takes longer than the answer.
"""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, Integer, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Asked(TypeDecorator[Collection[Any]]):
    """Whole numbers, or rows of as many of them each."""

    impl = Text
    cache_ok = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Integer()) if self._as_array(dialect) else Text())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        found = list(value or ())
        return found if self._as_array(dialect) else json.dumps(found)

    def _as_array(self, dialect: Dialect) -> bool:
        return dialect.name == "postgresql" and self.width == 1


class among(FunctionElement[bool]):  # noqa: N801 - written like SQL's own `in`
    """`among("ids", column)`: it is one of the whole numbers given as the parameter `ids`.

    With several columns the parameter holds rows of as many numbers, none of them NULL. A statement names it once, or
    with as many columns each time.
    """

    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # a condition as it stands: with `= 1` behind it SQLite would use no index

    def __init__(self, asked: str, *columns: Any) -> None:
        super().__init__(bindparam(asked, type_=_Asked(len(columns))), *columns)


@compiles(among, "postgresql")
def _on_postgresql(element: among, compiler: Any, **how: Any) -> str:
    asked, *columns = _parts(element, compiler, how)
    if len(columns) == 1:
        return f"{columns[0]} = ANY ({asked})"
    numbers = [f"CAST(one ->> {place} AS INTEGER)" for place in range(len(columns))]
    given = f"jsonb_array_elements(CAST({asked} AS JSONB)) AS one"
    # The first column apart, as an array that is made once: it is what an index is asked for.
    first = f"{columns[0]} = ANY (ARRAY(SELECT {numbers[0]} FROM {given}))"  # noqa: S608
    return f"({first} AND ({', '.join(columns)}) IN (SELECT {', '.join(numbers)} FROM {given}))"  # noqa: S608


@compiles(among, "sqlite")
def _on_sqlite(element: among, compiler: Any, **how: Any) -> str:
    asked, *columns = _parts(element, compiler, how)
    if len(columns) == 1:
        return f"{columns[0]} IN (SELECT value FROM json_each({asked}))"  # noqa: S608
    numbers = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(columns)))
    return f"({', '.join(columns)}) IN (SELECT {numbers} FROM json_each({asked}))"  # noqa: S608


def _parts(element: among, compiler: Any, how: dict[str, Any]) -> list[str]:
    clauses: list[ColumnElement[Any]] = list(element.clauses)
    return [compiler.process(one, **how) for one in clauses]
