"""Asking about many rows at once: by one number and by several, with the same words however many they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from content_library.among import among
from content_library.database import Database
from content_library.models.audit import AuditEntry
from tests import factories as make

ROWS = [(1, 10), (1, 11), (2, 10), (3, 12)]
"""The desk and the subject of each."""


@pytest.fixture
def written(session: Session) -> Session:
    session.add_all(
        AuditEntry(
            at=make.NOW, desk_id=desk, actor_name="System", verb="test.written", subject_type="test",
            subject_id=subject, summary="", payload_digest="",
        )
        for desk, subject in ROWS
    )  # fmt: skip
    session.flush()
    return session


def places(session: Session, condition: Any, **asked: Any) -> list[tuple[int | None, int | None]]:
    rows = session.execute(
        select(AuditEntry.desk_id, AuditEntry.subject_id)
        .where(AuditEntry.verb == "test.written", condition)
        .order_by(AuditEntry.id),
        asked,
    )
    return [(row.desk_id, row.subject_id) for row in rows]


@pytest.mark.parametrize("asked", [[], [2], [3, 1], [2, 2, 9], range(40), {1, 3}])
def test_rows_are_found_by_one_number(written: Session, asked: Any) -> None:
    found = places(written, among("desks", AuditEntry.desk_id), desks=asked)
    assert found == [row for row in ROWS if row[0] in asked]


@pytest.mark.parametrize("asked", [[], [(1, 11)], [(3, 12), (1, 10), (2, 11)], [(2, 10)] * 3])
def test_rows_are_found_by_two_numbers(written: Session, asked: list[tuple[int, int]]) -> None:
    found = places(written, among("both", AuditEntry.desk_id, AuditEntry.subject_id), both=asked)
    assert found == [row for row in ROWS if row in asked]


def test_the_others_are_found_too(written: Session) -> None:
    assert places(written, ~among("desks", AuditEntry.desk_id), desks=[1, 3]) == [(2, 10)]
    both = ~among("both", AuditEntry.desk_id, AuditEntry.subject_id)
    assert places(written, both, both=[(1, 10), (3, 12)]) == [(1, 11), (2, 10)]


@contextmanager
def heard(database: Database) -> Iterator[set[str]]:
    said: set[str] = set()

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.add(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(database.engine, "before_cursor_execute", hear)


def test_the_words_of_the_question_are_the_same_for_any_number(database: Database, written: Session) -> None:
    both = among("both", AuditEntry.desk_id, AuditEntry.subject_id)
    with heard(database) as said:
        for many in (1, 2, 33):
            places(written, among("desks", AuditEntry.desk_id), desks=range(many))
    assert len(said) == 1
    with heard(database) as said:
        for many in (1, 2, 33):
            places(written, both, both=[(n, n) for n in range(many)])
    assert len(said) == 1
