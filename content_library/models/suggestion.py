"""Other words that somebody proposes for some of a post's, and what became of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.post import Post, Revision
from content_library.models.user import User
from content_library.word_diff import Change, word_diff


class SuggestionState(StrEnum):
    OPEN = "open"
    APPLIED = "applied"
    DECLINED = "declined"
    OUTDATED = "outdated"


class Suggestion(Base):
    """`quote` are the words as they stood in `revision`, on `network`; `comment_id` or `decision_id` says where it was
    proposed. `field`, `start` and `original` are what applying it replaced, so that it can be taken back."""

    __tablename__ = "suggestions"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    network: Mapped[str] = mapped_column(String(20))
    quote: Mapped[str]
    replacement: Mapped[str]
    state: Mapped[SuggestionState] = mapped_column(by_value(SuggestionState))
    at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    why: Mapped[str] = mapped_column(default="")
    field: Mapped[str] = mapped_column(String(40), default="")
    start: Mapped[int] = mapped_column(default=0)
    original: Mapped[str] = mapped_column(default="")
    applied_revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    version: Mapped[int] = mapped_column(default=1)

    post: Mapped[Post] = relationship()
    user: Mapped[User] = relationship(foreign_keys=user_id)
    closed_by: Mapped[User | None] = relationship(foreign_keys=closed_by_id)
    applied_revision: Mapped[Revision | None] = relationship(foreign_keys=applied_revision_id)

    __mapper_args__ = {"version_id_col": version}

    @property
    def changes(self) -> list[Change]:
        """The proposal, word by word."""
        return word_diff(self.quote, self.replacement)
