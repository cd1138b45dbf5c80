"""Inserting many rows at once: what is read again is what was given, in its order, and it is one statement."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from sqlalchemy import Table, event, func, select
from sqlalchemy.orm import Session

from content_library.database import Database
from content_library.many_rows import Insert
from content_library.models.audit import AuditEntry, AuditPayload

COLUMNS = ("at", "desk_id", "actor_name", "verb", "subject_type", "subject_id", "summary", "payload_digest")
ENTRIES = Insert(cast(Table, AuditEntry.__table__), *COLUMNS)
DETAILS = Insert(cast(Table, AuditPayload.__table__), "entry_id", "details")
AT = datetime(2027, 2, 28, 23, 59, 59, 123456, UTC)


def entry(**said: Any) -> dict[str, Any]:
    plain = {
        "at": AT, "desk_id": 1, "actor_name": "System", "verb": "test.written", "subject_type": "test",
        "subject_id": None, "summary": "", "payload_digest": "",
    }  # fmt: skip
    return plain | said


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(database.engine, "before_cursor_execute", hear)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"subject_id": 7, "desk_id": None},
        {"summary": "“Ümläut”, \\ backslash, 'quotes', \"more\", 日本語 🎈 and a\nline"},
        {"at": datetime(1999, 12, 31, 23, 59, 59, 999999, UTC)},
        {"at": datetime(2027, 3, 28, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))},
    ],
)
def test_every_value_comes_back_as_it_was(session: Session, said: Mapping[str, Any]) -> None:
    given = entry(**said)
    (number,) = ENTRIES.numbered(session.connection(), [given])
    found = session.get_one(AuditEntry, number)
    assert {name: getattr(found, name) for name in COLUMNS} == given


def test_numbers_are_those_of_the_rows_in_their_order(session: Session) -> None:
    words = [f"the {n}th" for n in (5, 3, 9, 1, 7, 2, 8, 4, 6, 0) * 20]
    numbers = ENTRIES.numbered(session.connection(), [entry(summary=one) for one in words])
    found: dict[int, str] = dict(session.execute(select(AuditEntry.id, AuditEntry.summary)).all())
    assert [found[number] for number in numbers] == words


@pytest.mark.parametrize(
    "details",
    [{}, {"to": "published", "of": [1, 2.5, None, True, {"nested": "“yes” \U0001f388"}]}, {"a": ""}],
)
def test_documents_come_back_as_they_were(session: Session, details: dict[str, Any]) -> None:
    connection = session.connection()
    numbers = ENTRIES.numbered(connection, [entry(), entry()])
    DETAILS.all(connection, [{"entry_id": one, "details": details} for one in numbers])
    assert [session.get_one(AuditPayload, one).details for one in numbers] == [details] * 2


@pytest.mark.on("postgresql")
def test_it_is_one_statement_of_the_same_words_for_any_number(database: Database, session: Session) -> None:
    with statements(database) as said:
        for many in (1, 2, 300):
            ENTRIES.numbered(session.connection(), [entry()] * many)
    assert len(said) == 3
    assert len(set(said)) == 1


@pytest.mark.on("postgresql")
def test_a_moment_without_its_zone_is_refused(session: Session) -> None:
    with pytest.raises(TypeError, match=r"cannot be stored: datetime\.datetime\(2027, 1, 1"):
        ENTRIES.numbered(session.connection(), [entry(at=datetime(2027, 1, 1))])


def test_a_row_that_lacks_something_is_refused(session: Session) -> None:
    lacking = entry()
    del lacking["subject_id"]
    with pytest.raises(KeyError, match="subject_id"):
        ENTRIES.numbered(session.connection(), [entry(), lacking])


def test_no_rows_are_nothing(session: Session) -> None:
    connection = session.connection()
    before = session.scalar(select(func.count()).select_from(AuditEntry))
    assert ENTRIES.numbered(connection, []) == []
    ENTRIES.all(connection, [])
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == before
