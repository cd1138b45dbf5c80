"""What people are told: notices in the product, and the mail outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base
from content_library.models.user import User


class Notice(Base):
    """One thing one person should know. Unique by (user, kind, subject, stage), so nobody is told twice."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("desks.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    stage: Mapped[str] = mapped_column(String(60), default="")
    text: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]  # handed to the outbox, or decided not to

    user: Mapped[User] = relationship()
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "subject_type", "subject_id", "stage"),
        Index("ix_notices_user_id_read_at_created_at", "user_id", "read_at", "created_at"),
        Index("ix_notices_mailed_at", "mailed_at", "id"),
        Index("ix_notices_subject", "subject_type", "subject_id"),
    )


class Mail(Base):
    """A mail to be sent; rows stay as the proof that and when it was."""

    __tablename__ = "mails"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str]
    html: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    given_up_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_mails_waiting",
            "due_at",
            sqlite_where=condition("sent_at IS NULL AND given_up_at IS NULL"),
            postgresql_where=condition("sent_at IS NULL AND given_up_at IS NULL"),
        ),
    )
