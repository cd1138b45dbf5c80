"""Posts, their immutable revisions, and the working copies people type into."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.format import Format, Kind
from content_library.models.media import Media, post_media
from content_library.models.topic import Product, Topic, post_products, post_topics
from content_library.models.user import User


class PostState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    ARCHIVED = "archived"


revision_authors = Table(
    "revision_authors",
    Base.metadata,
    Column("revision_id", ForeignKey("revisions.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
)


class Post(Base):
    """A piece of content. What is said stands in its revisions; the columns here are for finding it."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    format_key: Mapped[str] = mapped_column(ForeignKey("formats.key"))
    kind: Mapped[Kind] = mapped_column(by_value(Kind))
    title: Mapped[str] = mapped_column(String(200))
    excerpt: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[PostState] = mapped_column(by_value(PostState))
    is_evergreen: Mapped[bool] = mapped_column(default=False, server_default=false())
    valid_until: Mapped[datetime | None]
    latest_revision_id: Mapped[int | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"), index=True)
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposals.id", use_alter=True))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    desk: Mapped[Desk] = relationship()
    owner: Mapped[User] = relationship()
    format: Mapped[Format] = relationship()
    topics: Mapped[list[Topic]] = relationship(secondary=post_topics)
    products: Mapped[list[Product]] = relationship(secondary=post_products)
    media: Mapped[list[Media]] = relationship(secondary=post_media)
    revisions: Mapped[list[Revision]] = relationship(back_populates="post", order_by="Revision.number")

    __table_args__ = (
        Index("ix_posts_desk_id_updated_at", "desk_id", "updated_at", "id"),
        Index("ix_posts_desk_id_state_updated_at", "desk_id", "state", "updated_at", "id"),
        Index("ix_posts_desk_id_kind_updated_at", "desk_id", "kind", "updated_at", "id"),
        Index("ix_posts_desk_id_format_key_updated_at", "desk_id", "format_key", "updated_at", "id"),
        Index(
            "ix_posts_evergreen",
            "desk_id",
            "updated_at",
            "id",
            sqlite_where=text("is_evergreen = 1"),
            postgresql_where=text("is_evergreen"),
        ),
        Index("ix_posts_owner_id_state", "owner_id", "state"),
        Index("ix_posts_state_valid_until", "state", "valid_until"),
    )
    __mapper_args__ = {"version_id_col": version}


class Revision(Base):
    """An immutable version of a post.

    `content` is the canonical document of `content_library.content`; `content_hash` its domain-separated
    SHA-256 with the renditions of every account, so it covers exactly what would be sent.
    """

    __tablename__ = "revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="")

    post: Mapped[Post] = relationship(back_populates="revisions")
    created_by: Mapped[User] = relationship()
    authors: Mapped[list[User]] = relationship(secondary=revision_authors)
    renditions: Mapped[list[Rendition]] = relationship(back_populates="revision", order_by="Rendition.id")

    __table_args__ = (UniqueConstraint("post_id", "number"), CheckConstraint("number > 0", name="number"))


class Rendition(Base):
    """Exactly what one account will show: the document reviewers approve and publications copy."""

    __tablename__ = "renditions"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    payload: Mapped[str]  # canonical JSON, the very bytes that are hashed
    sha256: Mapped[str] = mapped_column(String(64))

    revision: Mapped[Revision] = relationship(back_populates="renditions")
    account: Mapped[Account] = relationship()

    __table_args__ = (UniqueConstraint("revision_id", "account_id"),)


class WorkingCopy(Base):
    """What one person is typing into one post, saved by itself. It becomes a revision only on purpose."""

    __tablename__ = "working_copies"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    base_revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    content: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    post: Mapped[Post] = relationship()
    user: Mapped[User] = relationship()
    __table_args__ = (UniqueConstraint("post_id", "user_id"),)
    __mapper_args__ = {"version_id_col": version}
