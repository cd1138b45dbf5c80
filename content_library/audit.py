"""Writing the record: one entry for each change, in the transaction of the change, never altered after."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from content_library.many_rows import Insert
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.user import User

SYSTEM_NAME = "Deskcast"
_written = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def record(
    session: Session,
    verb: str,
    subject: Any,
    *,
    actor: User | None,
    now: datetime,
    summary: str,
    desk_id: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry. `actor=None` is the system; `desk_id` defaults to the subject's desk.

    `details` may hold personal data: it goes into an erasable row, the chain covers only its digest.
    """
    payload = _as_stored(details or {})
    entry = AuditEntry(
        at=now,
        desk_id=desk_id if desk_id is not None else getattr(subject, "desk_id", None),
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else SYSTEM_NAME,
        verb=verb,
        subject_type=type(subject).__name__.lower(),
        subject_id=getattr(subject, "id", None),
        summary=summary,
        payload_digest=digest(payload),
        payload=AuditPayload(details=payload),
    )
    session.add(entry)
    return entry


@dataclass(frozen=True)
class Entry:
    """One entry by the system, its subject named by type and id."""

    verb: str
    subject_type: str
    subject_id: int
    desk_id: int
    summary: str
    details: Mapping[str, Any]


def record_quickly(session: Session, entries: Sequence[Entry], *, now: datetime) -> None:
    """Entries by the system, all in two prepared statements: for what happens hundreds of times a second."""
    if not entries:
        return
    payloads = [_as_stored(entry.details) for entry in entries]
    connection = session.connection()
    written = [_written_as(entry, payload, now) for entry, payload in zip(entries, payloads, strict=True)]
    ids = _ENTRY.numbered(connection, written)
    _PAYLOAD.all(
        connection, [{"entry_id": one, "details": kept} for one, kept in zip(ids, payloads, strict=True)]
    )


def _written_as(entry: Entry, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "at": now,
        "desk_id": entry.desk_id,
        "actor_name": SYSTEM_NAME,
        "verb": entry.verb,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "summary": entry.summary,
        "payload_digest": digest(payload),
    }


_ENTRY = Insert(
    cast(Table, AuditEntry.__table__),
    "at", "desk_id", "actor_name", "verb", "subject_type", "subject_id", "summary", "payload_digest",
)  # fmt: skip
_PAYLOAD = Insert(cast(Table, AuditPayload.__table__), "entry_id", "details")


def digest(payload: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of an entry's details, as they come back from the database."""
    return hashlib.sha256(f"deskcast:audit-payload:v1\n{_written(payload)}".encode()).hexdigest()


def _as_stored(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details as they will be read again: keys are text, instants are text, so that the digest fits later."""
    stored: dict[str, Any] = json.loads(json.dumps(dict(details), default=str))
    return stored
