"""Submissions, each team's review, decisions, approvals, and the talk beside them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.desk import Team
from content_library.models.post import Post, Revision
from content_library.models.user import User

if TYPE_CHECKING:
    from content_library.models.agreement import AgreementClause


class SubmissionState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class ReviewState(StrEnum):
    WAITING = "waiting"  # an earlier step is still open
    OPEN = "open"
    ASKED = "asked"  # the clock stands: a question to the author
    DECIDED = "decided"
    CLEARED = "cleared"  # by agreement
    MOOT = "moot"  # the submission ended without this team


class Verdict(StrEnum):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REFUSE = "refuse"


# Only for questions about when something ended: a planner that may use these for the queue takes the wrong one. The
# columns after the date are what a report counts, so that it reads the index alone.
_CLOSED = text("closed_at IS NOT NULL")
_DECIDED = text("decided_at IS NOT NULL")


class Submission(Base):
    """One revision sent through its workflow."""

    __tablename__ = "submissions"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[SubmissionState] = mapped_column(by_value(SubmissionState))
    note: Mapped[str] = mapped_column(default="")
    mentions: Mapped[list[Any]] = mapped_column(
        default=list, server_default="[]"
    )  # {id, start, end} in the note
    wanted_at: Mapped[datetime | None]
    terms: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}"
    )  # address → hash of the copy
    has_terms: Mapped[bool] = mapped_column(default=False, server_default=false())
    submitted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    post: Mapped[Post] = relationship()
    revision: Mapped[Revision] = relationship()
    submitted_by: Mapped[User] = relationship()
    reviews: Mapped[list[Review]] = relationship(
        back_populates="submission", order_by="Review.step, Review.id"
    )

    __table_args__ = (
        Index(
            "uq_submissions_open_post",
            "post_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_submissions_desk_id_state", "desk_id", "state"),
        Index(
            "ix_submissions_closed",
            *("desk_id", "closed_at", "state", "post_id", "submitted_by_id"),
            sqlite_where=_CLOSED,
            postgresql_where=_CLOSED,
        ),
    )
    __mapper_args__ = {"version_id_col": version}


class Review(Base):
    """One team's part of a submission: `quorum` different people of the team must approve."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    step: Mapped[int]
    quorum: Mapped[int] = mapped_column(default=1)
    why: Mapped[str] = mapped_column(default="")
    state: Mapped[ReviewState] = mapped_column(by_value(ReviewState))
    opened_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # while a question to the author is open
    stopped_s: Mapped[int] = mapped_column(default=0, server_default="0")  # how long the clock stood before
    decided_at: Mapped[datetime | None]
    turnaround_s: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # working time promised, when it opened
    worked_s: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # working time used up to the last stop
    running_since: Mapped[datetime | None]  # None: the clock stands
    due_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    reminded: Mapped[int] = mapped_column(default=0, server_default="0")  # percent of the last reminder
    clause_id: Mapped[int | None] = mapped_column(ForeignKey("agreement_clauses.id"), index=True)
    cleared_under: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # “PR v3 §2”, as it was called then
    version: Mapped[int] = mapped_column(default=1)

    submission: Mapped[Submission] = relationship(back_populates="reviews")
    team: Mapped[Team] = relationship(lazy="joined")
    clause: Mapped[AgreementClause | None] = relationship()
    decisions: Mapped[list[Decision]] = relationship(back_populates="review", order_by="Decision.id")

    __table_args__ = (
        UniqueConstraint("submission_id", "team_id", "step"),
        Index("ix_reviews_team_id_state_opened_at", "team_id", "state", "opened_at"),
        Index("ix_reviews_state_remind_at", "state", "remind_at"),
        Index(
            "ix_reviews_decided_team",
            "team_id",
            "decided_at",
            sqlite_where=_DECIDED,
            postgresql_where=_DECIDED,
        ),
        Index(
            "ix_reviews_decided_desk",
            *("desk_id", "decided_at", "state", "team_id", "worked_s", "turnaround_s", "reminded"),
            *("opened_at", "stopped_s", "submission_id"),
            sqlite_where=_DECIDED,
            postgresql_where=_DECIDED,
        ),
    )
    __mapper_args__ = {"version_id_col": version}


class Decision(Base):
    """What one person decided, on the revision and hash they saw. One person counts once a submission."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), index=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    for_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # whose place they took
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[Verdict] = mapped_column(by_value(Verdict))
    reason: Mapped[str] = mapped_column(default="")
    place: Mapped[dict[str, Any] | None]  # {network, quote}: the words it is about
    checked: Mapped[list[str]] = mapped_column(
        default=list, server_default="[]"
    )  # the sentences as they were
    is_solo: Mapped[bool] = mapped_column(default=False, server_default=false())
    identified_by: Mapped[str] = mapped_column(String(20), default="password")
    at: Mapped[datetime]

    review: Mapped[Review] = relationship(back_populates="decisions")
    user: Mapped[User] = relationship(foreign_keys=[user_id])
    for_user: Mapped[User | None] = relationship(foreign_keys=[for_user_id])

    __table_args__ = (
        UniqueConstraint("submission_id", "user_id"),
        Index("uq_decisions_submission_id_for_user_id", "submission_id", "for_user_id", unique=True),
    )

    @property
    def counts_for(self) -> User:
        """Whose decision it is: the person who made it, or the one whose place they took."""
        return self.for_user or self.user

    @property
    def by(self) -> str:
        """Who made it, in words: “Jonas Weil for Tom Hargreave”."""
        return f"{self.user.name} for {self.for_user.name}" if self.for_user else self.user.name


class PendingDecision(Base):
    """A decision that is pressed and does not count yet: until it is settled its person can take it back."""

    __tablename__ = "pending_decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), index=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    verdict: Mapped[Verdict] = mapped_column(by_value(Verdict))
    reason: Mapped[str] = mapped_column(default="")
    place: Mapped[dict[str, Any] | None]
    replacement: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # other words for those of `place`
    checked: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    seen_revision_id: Mapped[int]
    seen_hash: Mapped[str] = mapped_column(String(64))
    identified_by: Mapped[str] = mapped_column(String(20), default="password")
    pressed_at: Mapped[datetime]
    settles_at: Mapped[datetime] = mapped_column(index=True)

    review: Mapped[Review] = relationship()
    user: Mapped[User] = relationship()

    __table_args__ = (
        UniqueConstraint("submission_id", "user_id"),
        Index("ix_pending_decisions_user_id_settles_at", "user_id", "settles_at"),
    )


class Approval(Base):
    """The lawful clearance of one revision: bound to its hash, until it ends or is withdrawn."""

    __tablename__ = "approvals"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    is_solo: Mapped[bool] = mapped_column(default=False, server_default=false())
    approved_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_why: Mapped[str] = mapped_column(default="")

    post: Mapped[Post] = relationship()
    revision: Mapped[Revision] = relationship()
    withdrawn_by: Mapped[User | None] = relationship()

    __table_args__ = (
        Index(
            "ix_approvals_solo",
            "approved_at",
            sqlite_where=text("is_solo = 1"),
            postgresql_where=text("is_solo"),
        ),
        Index(
            "uq_approvals_in_force",
            "revision_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )


class Comment(Base):
    """A word in the discussion of a post; `place` marks the words it is about. With `review_id` it is that
    team's question to the author."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    review_id: Mapped[int | None] = mapped_column(ForeignKey("reviews.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    body: Mapped[str]
    mentions: Mapped[list[Any]] = mapped_column(
        default=list, server_default="[]"
    )  # {id, start, end} in the body
    place: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]

    post: Mapped[Post] = relationship()
    user: Mapped[User] = relationship()
    revision: Mapped[Revision | None] = relationship()
    review: Mapped[Review | None] = relationship()
