"""Legal holds: what must be kept, whatever the periods of retention say, until somebody lifts the hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base
from content_library.models.desk import Desk
from content_library.models.post import Post
from content_library.models.user import User


class LegalHold(Base):
    """On one post, or with `post_id` None on everything of a desk."""

    __tablename__ = "legal_holds"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"), index=True)
    reason: Mapped[str]
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    placed_at: Mapped[datetime]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lifted_at: Mapped[datetime | None]
    lifted_why: Mapped[str] = mapped_column(default="")

    desk: Mapped[Desk] = relationship()
    post: Mapped[Post | None] = relationship()
    placed_by: Mapped[User] = relationship(foreign_keys=[placed_by_id])
    lifted_by: Mapped[User | None] = relationship(foreign_keys=[lifted_by_id])

    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_id IS NULL)", name="lifted"),
        Index(
            "ix_legal_holds_open",
            "desk_id",
            "post_id",
            sqlite_where=condition("lifted_at IS NULL"),
            postgresql_where=condition("lifted_at IS NULL"),
        ),
    )
