"""What of ours stands on a network: written by the scheduler, read for echoes and context cards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content_library.database import Base


class SentPart(Base):
    __tablename__ = "sent_parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    remote_id: Mapped[str] = mapped_column(String(500))
    url: Mapped[str] = mapped_column(String(1000), default="")
    publication_id: Mapped[int] = mapped_column(index=True)
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    part_index: Mapped[int]
    sent_at: Mapped[datetime]
    taken_down_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("account_id", "remote_id"),
        Index("ix_sent_parts_account_id_sent_at", "account_id", "sent_at"),
    )
