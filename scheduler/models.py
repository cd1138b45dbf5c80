"""Publications and what happened to them: runs, parts, attempts, holds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.account import Account
from content_library.models.format import Kind
from content_library.models.post import Post, Rendition, Revision
from content_library.models.user import User


class PublicationState(StrEnum):
    PLANNED = "planned"
    CLAIMED = "claimed"
    SENDING = "sending"
    PUBLISHED = "published"
    UNKNOWN = "unknown"
    NEEDS_PERSON = "needs_person"
    FAILED = "failed"
    HELD = "held"
    BLOCKED = "blocked"
    MISSED = "missed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class RunCause(StrEnum):
    FIRST = "first"
    RECYCLED = "recycled"
    RECURRING = "recurring"
    CORRECTION = "correction"


class AttemptOutcome(StrEnum):
    OPEN = "open"  # marked, not yet answered: what a crash leaves behind
    SENT = "sent"
    NOT_SENT = "not_sent"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FOUND = "found"
    ABSENT = "absent"


class HoldScope(StrEnum):
    ALL = "all"
    DESK = "desk"
    ACCOUNT = "account"
    KIND = "kind"  # of what goes out: within a desk
    PUBLICATION = "publication"


_OVER = "state NOT IN ('cancelled', 'expired', 'missed')"
NEEDING = "state IN ('needs_person', 'failed', 'missed', 'held')"
"""States in which a person may be needed. An index of these is used only by a question that says it word for word."""


class Run(Base):
    """One time a post goes out, on however many accounts."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    number: Mapped[int]
    cause: Mapped[RunCause] = mapped_column(by_value(RunCause))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    post: Mapped[Post] = relationship()
    __table_args__ = (UniqueConstraint("post_id", "number"),)


class Publication(Base):
    """One text to one account at one time. This row is the outbox: there is no second queue to lose.

    `wall`, `zone` and `fold` are the truth of the time; `due_at` is derived with `tzdata_version`.
    `revision_id`, `rendition_id` and `payload_sha256` are bound when the post is approved.
    `fence` grows with each claim; only its holder may mark. `not_before` delays a retry.
    `quiet_ok`: somebody was told that the account is quiet then, and wants that time all the same.
    """

    __tablename__ = "publications"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_key: Mapped[str] = mapped_column(String(80), unique=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    rendition_id: Mapped[int | None] = mapped_column(ForeignKey("renditions.id"))
    payload_sha256: Mapped[str | None] = mapped_column(String(64))
    client_key: Mapped[str] = mapped_column(String(36), unique=True)
    state: Mapped[PublicationState] = mapped_column(by_value(PublicationState))
    reason: Mapped[str] = mapped_column(String(40), default="")  # a code of `scheduler.gate.Reason`
    explanation: Mapped[str] = mapped_column(default="")
    wall: Mapped[str] = mapped_column(String(19))
    zone: Mapped[str] = mapped_column(String(64))
    fold: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    tzdata_version: Mapped[str] = mapped_column(String(20))
    grace_s: Mapped[int]
    late_at: Mapped[datetime]  # due_at + grace: later than this a person decides
    starts_at: Mapped[datetime | None]  # the bound revision's window
    ends_at: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str] = mapped_column(String(80), default="")
    leased_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    looks: Mapped[int] = mapped_column(default=0)
    state_at: Mapped[datetime]
    first_sent_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    url: Mapped[str] = mapped_column(String(1000), default="")
    take_down_wanted_at: Mapped[datetime | None]
    taken_down_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]  # proved twice to stand there no longer; never sent again for that
    quiet_ok: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    run: Mapped[Run] = relationship()
    post: Mapped[Post] = relationship()
    account: Mapped[Account] = relationship()
    revision: Mapped[Revision | None] = relationship()
    rendition: Mapped[Rendition | None] = relationship()
    created_by: Mapped[User | None] = relationship()
    parts: Mapped[list[Part]] = relationship(back_populates="publication", order_by="Part.position")
    attempts: Mapped[list[Attempt]] = relationship(back_populates="publication", order_by="Attempt.id")

    __table_args__ = (
        CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published_at"),
        CheckConstraint(
            "state NOT IN ('planned','claimed','sending','published') OR payload_sha256 IS NOT NULL",
            name="bound",
        ),
        Index(
            "uq_publications_post_account_run",
            "post_id",
            "account_id",
            "run_id",
            unique=True,
            sqlite_where=text(_OVER),
            postgresql_where=text(_OVER),
        ),
        Index(
            "uq_publications_sending_account",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "ix_publications_needing",
            "desk_id",
            "due_at",
            "id",
            sqlite_where=text(NEEDING),
            postgresql_where=text(NEEDING),
        ),
        Index(
            "ix_publications_gone",
            "desk_id",
            "gone_at",
            sqlite_where=text("gone_at IS NOT NULL"),
            postgresql_where=text("gone_at IS NOT NULL"),
        ),
        Index("ix_publications_state_due_at", "state", "due_at", "id"),
        Index("ix_publications_desk_id_due_at", "desk_id", "due_at", "id"),
        Index("ix_publications_account_id_published_at", "account_id", "published_at"),
        Index("ix_publications_desk_id_state", "desk_id", "state", "due_at"),
        Index(
            "ix_publications_planned_account",
            "account_id",
            "due_at",
            "id",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )
    __mapper_args__ = {"version_id_col": version}


class Part(Base):
    """One post on the network; a thread has several. `key` and `created_at` are chosen once, before the first try.

    `draft` names what was prepared there unpublished, where the network works in two steps.
    """

    __tablename__ = "parts"

    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    envelope: Mapped[dict[str, Any]] = mapped_column(default=dict)
    envelope_sha256: Mapped[str] = mapped_column(String(64), default="")
    draft: Mapped[str] = mapped_column(String(500), default="")
    remote_id: Mapped[str | None] = mapped_column(String(500))
    cid: Mapped[str] = mapped_column(String(120), default="")
    url: Mapped[str] = mapped_column(String(1000), default="")
    sent_at: Mapped[datetime | None]
    taken_down_at: Mapped[datetime | None]

    publication: Mapped[Publication] = relationship(back_populates="parts")


class Attempt(Base):
    """One call to the network for one part, and how it ended. Secrets are never in it."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    publication_id: Mapped[int] = mapped_column(index=True)
    position: Mapped[int]
    fence: Mapped[int]
    act: Mapped[str] = mapped_column(String(20))  # send, look, prepare, delete, stands
    outcome: Mapped[AttemptOutcome] = mapped_column(by_value(AttemptOutcome))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    status: Mapped[int | None]
    request: Mapped[dict[str, Any]] = mapped_column(default=dict)
    response: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message: Mapped[str] = mapped_column(default="")

    publication: Mapped[Publication] = relationship(back_populates="attempts")
    __table_args__ = (ForeignKeyConstraint(["publication_id"], ["publications.id"]),)


class Standing(Base):
    """When it is looked again whether what is out still stands, and what was seen. One row for each that can be read.

    `looks` since `since`: when it went out, or when it was last found to be gone or back. `absent_at`: the first of
    two looks did not see it. `unread`: how often in a row nobody could tell. `next_at` is None when it is looked for
    no more.
    """

    __tablename__ = "standings"

    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    since: Mapped[datetime]
    next_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)
    absent_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]

    publication: Mapped[Publication] = relationship()
    __table_args__ = (Index("ix_standings_next_at", "next_at"),)


class Hold(Base):
    """Keeps publications back, with a reason and a scope, until a person lifts it."""

    __tablename__ = "holds"

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[HoldScope] = mapped_column(by_value(HoldScope))
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("desks.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[Kind | None] = mapped_column(by_value(Kind))
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publications.id"), index=True)
    reason: Mapped[str]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lifted_at: Mapped[datetime | None]

    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])
    account: Mapped[Account | None] = relationship()
    __table_args__ = (
        Index(
            "ix_holds_open",
            "scope",
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )


class WorkerBeat(Base):
    """When each worker process last said that it lives, and for how many accounts it sends at once and right now."""

    __tablename__ = "worker_beats"

    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime]
    at: Mapped[datetime]
    accounts: Mapped[int]
    busy: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(default="")
