"""The record: who did what, when. Entries are never changed; one sealer chains them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base


class AuditEntry(Base):
    """Commits unsealed with the change it describes; `seq`, `previous` and `mac` come from the sealer.

    `payload_digest` covers the erasable payload row, so that erasing personal details never breaks the chain.
    """

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int | None] = mapped_column(unique=True)
    at: Mapped[datetime]
    desk_id: Mapped[int | None]  # no foreign key: the record outlives what it describes
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(120))
    verb: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None]
    summary: Mapped[str]
    payload_digest: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64))
    mac: Mapped[str | None] = mapped_column(String(64))

    payload: Mapped[AuditPayload | None] = relationship(back_populates="entry", uselist=False)

    __table_args__ = (
        Index("ix_audit_entries_desk_id_id", "desk_id", "id"),
        Index("ix_audit_entries_subject", "subject_type", "subject_id", "id"),
    )


class AuditPayload(Base):
    __tablename__ = "audit_payloads"

    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entries.id"), primary_key=True)
    details: Mapped[dict[str, Any]]

    entry: Mapped[AuditEntry] = relationship(back_populates="payload")
