"""Writing the record: one entry for each change, in the transaction of the change, never altered after."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

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


def record_quickly(
    session: Session,
    verb: str,
    *,
    subject_type: str,
    subject_id: int,
    desk_id: int,
    now: datetime,
    summary: str,
    details: Mapping[str, Any],
) -> None:
    """The same entry by the system, in two prepared statements: for what happens hundreds of times a second."""
    payload = _as_stored(details)
    connection = session.connection()
    entry_id = connection.execute(
        _ENTRY,
        {
            "at": now,
            "desk_id": desk_id,
            "actor_name": SYSTEM_NAME,
            "verb": verb,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "summary": summary,
            "payload_digest": digest(payload),
        },
    ).scalar_one()
    connection.execute(_PAYLOAD, {"entry_id": entry_id, "details": payload})


_entries = cast(Table, AuditEntry.__table__)
_ENTRY = insert(_entries).returning(_entries.c.id)
_PAYLOAD = insert(cast(Table, AuditPayload.__table__))


def digest(payload: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of an entry's details, as they come back from the database."""
    return hashlib.sha256(f"deskcast:audit-payload:v1\n{_written(payload)}".encode()).hexdigest()


def _as_stored(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details as they will be read again: keys are text, instants are text, so that the digest fits later."""
    stored: dict[str, Any] = json.loads(json.dumps(dict(details), default=str))
    return stored
