"""What stands on the built-in public page. Its unique key is what makes the page a network of class I."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base
from content_library.models.account import Account


class PagePost(Base):
    __tablename__ = "page_posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    key: Mapped[str] = mapped_column(String(40), unique=True)
    publication_id: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str]
    language: Mapped[str] = mapped_column(String(12), default="en")
    media: Mapped[list[Any]]  # [{name, thumb, alt, width, height, mime}]
    source: Mapped[dict[str, Any]] = mapped_column(
        default=dict
    )  # {url, title, author, via, licence} or nothing
    digest: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime]
    taken_down_at: Mapped[datetime | None]
    touched_at: Mapped[datetime]  # when it was put there or taken down

    account: Mapped[Account] = relationship()
    __table_args__ = (
        Index(
            "ix_page_posts_standing",
            "account_id",
            "published_at",
            "id",
            sqlite_where=sql.text("taken_down_at IS NULL"),
            postgresql_where=sql.text("taken_down_at IS NULL"),
        ),
        Index("ix_page_posts_account_id_touched_at", "account_id", "touched_at"),
    )
