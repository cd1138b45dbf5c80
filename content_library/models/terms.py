"""Pages that texts name as their terms, and each copy of them that was read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base


class TermsPage(Base):
    """An address, when it is read next, and which copy stood there last. `error`: why it could not be read."""

    __tablename__ = "terms_pages"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2000), unique=True)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    checked_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(index=True)
    error: Mapped[str] = mapped_column(default="")

    copies: Mapped[list[TermsCopy]] = relationship(back_populates="page", order_by="TermsCopy.id")


class TermsCopy(Base):
    """What could be read at an address, from `read_at` on. `sha256` is that of the text, or of a file that has none."""

    __tablename__ = "terms_copies"

    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("terms_pages.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64))
    text: Mapped[str]
    read_at: Mapped[datetime]

    page: Mapped[TermsPage] = relationship(back_populates="copies")

    __table_args__ = (UniqueConstraint("page_id", "sha256"),)
