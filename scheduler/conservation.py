"""Nothing vanishes: what the record says was planned is what stands in the table, in one state each.

The record is the second book. Its sealed entries are counted once, a stretch at a time, and the count is kept with the
number it reaches to; what is not sealed yet is counted each time. Both books are read in one transaction.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from content_library.database import Database
from content_library.models.audit import AuditEntry
from content_library.models.desk import Setting
from scheduler.models import Publication

PLANNED = "publication.planned"
STRETCH = 100_000
_BOOK = "conservation"


@dataclass(frozen=True)
class Book:
    """What the record says was planned, for each desk, up to its entry `seq`. `found`: the last comparison."""

    seq: int = 0
    planned: Mapping[str, int] = field(default_factory=dict)
    checked_at: datetime | None = None
    missing: int = 0  # what the record knows and the table does not; below 0: the other way round


@dataclass(frozen=True)
class Sum:
    """One sum: `created` as the record has it (None while it is still being counted), and what stands where."""

    created: int | None
    standing: int

    @property
    def adds_up(self) -> bool:
        return self.created is None or self.created == self.standing


def read_book(session: Session) -> Book:
    """The book as it was kept last."""
    row = session.get(Setting, _BOOK, populate_existing=True)
    if row is None:
        return Book()
    kept = dict(row.value)
    kept["checked_at"] = datetime.fromisoformat(kept["checked_at"]) if kept["checked_at"] else None
    return Book(**kept)


def balance(session: Session, standing: int, desk_id: int | None = None) -> Sum:
    """Compare what stands in the table with the record; cheap, because the book has counted all but the end."""
    book = read_book(session)
    if _last_sealed(session) - book.seq > STRETCH:
        return Sum(None, standing)
    planned = Counter(book.planned) + _planned_after(session, book.seq)
    created = planned.total() if desk_id is None else planned[str(desk_id)]
    return Sum(created, standing)


def keep_book(database: Database, *, now: datetime) -> Sum:
    """Count on, compare, and keep both: what the watchdog does."""
    with database.snapshot() as session:
        book, last = read_book(session), _last_sealed(session)
        upto = min(last, book.seq + STRETCH)
        planned = Counter(book.planned) + _planned_between(session, book.seq, upto)
        standing = session.scalar(select(func.count()).select_from(Publication)) or 0
        whole = planned + _planned_after(session, upto) if upto == last else None
    found = Sum(whole.total() if whole is not None else None, standing)
    kept = Book(upto, dict(planned), now, (found.created or 0) - standing if whole is not None else 0)
    with database.write() as session:
        session.merge(Setting(key=_BOOK, value=_as_stored(kept)))
    return found


def _as_stored(book: Book) -> dict[str, Any]:
    at = book.checked_at.isoformat() if book.checked_at else None
    return {"seq": book.seq, "planned": dict(book.planned), "checked_at": at, "missing": book.missing}


def _last_sealed(session: Session) -> int:
    return session.scalar(select(func.max(AuditEntry.seq))) or 0


def _planned_between(session: Session, after: int, upto: int) -> Counter[str]:
    return _counted(session, AuditEntry.seq > after, AuditEntry.seq <= upto)


def _planned_after(session: Session, seq: int) -> Counter[str]:
    """Also what waits for its seal: in one statement, because it may be sealed meanwhile."""
    return _counted(session, or_(AuditEntry.seq > seq, AuditEntry.seq.is_(None)))


def _counted(session: Session, *conditions: Any) -> Counter[str]:
    rows = session.execute(
        select(AuditEntry.desk_id, func.count())
        .where(AuditEntry.verb == PLANNED, *conditions)
        .group_by(AuditEntry.desk_id)
    )
    return Counter({str(desk_id): count for desk_id, count in rows})
