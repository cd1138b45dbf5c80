"""Links in mails that let one person decide once, on one revision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base
from content_library.models.post import Revision
from content_library.models.review import Review
from content_library.models.user import User


class DecisionLink(Base):
    """For this person, this review, this revision and its hash. `seed` stands in the stored mail where the secret
    will stand in the one that is sent; alone it opens nothing."""

    __tablename__ = "decision_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    seed: Mapped[str] = mapped_column(String(43), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"))
    content_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    review: Mapped[Review] = relationship()
    revision: Mapped[Revision] = relationship()
