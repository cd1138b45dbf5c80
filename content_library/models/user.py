"""People, how they sign in, and where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, func, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.desk import Desk, Team


class DeskRole(StrEnum):
    AGENT = "agent"
    LEAD = "lead"
    AUDITOR = "auditor"


class LinkPurpose(StrEnum):
    SETUP = "setup"
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a password


@dataclass(frozen=True)
class StandIn:
    """At this moment a person decides for `person` in `team`: a delegation in force."""

    person: User
    team: Team


class User(Base):
    """`stand_ins` is no column: it is what `standing_in.resolve` found for this person and this moment."""

    __tablename__ = "users"
    __allow_unmapped__ = True
    stand_ins: Sequence[StandIn] = ()

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_administrator: Mapped[bool] = mapped_column(default=False, server_default=false())
    zone: Mapped[str] = mapped_column(String(64), default="UTC")
    wants_mail: Mapped[bool] = mapped_column(default=True, server_default=true())
    wants_mail_decisions: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_external: Mapped[bool] = mapped_column(default=False, server_default=false())  # decides by mail only
    mail_together: Mapped[bool] = mapped_column(default=False, server_default=false())
    mail_times: Mapped[list[str]] = mapped_column(
        default=lambda: ["08:30", "13:30"], server_default='["08:30", "13:30"]'
    )
    mail_days: Mapped[list[int]] = mapped_column(
        default=lambda: [0, 1, 2, 3, 4], server_default="[0, 1, 2, 3, 4]"
    )  # Monday is 0
    quiet_from: Mapped[str] = mapped_column(String(5), default="20:00", server_default="20:00")
    quiet_until: Mapped[str] = mapped_column(String(5), default="07:00", server_default="07:00")
    quiet_weekends: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    desk_memberships: Mapped[list[DeskMembership]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="selectin"
    )
    team_memberships: Mapped[list[TeamMembership]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="selectin"
    )

    __table_args__ = (Index("uq_users_email_lower", func.lower(email), unique=True),)
    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return f"<User {self.id} {self.name}>"


class DeskMembership(Base):
    __tablename__ = "desk_memberships"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[DeskRole] = mapped_column(by_value(DeskRole))

    user: Mapped[User] = relationship(back_populates="desk_memberships")
    desk: Mapped[Desk] = relationship(lazy="joined")


class TeamMembership(Base):
    __tablename__ = "team_memberships"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)

    user: Mapped[User] = relationship(back_populates="team_memberships")
    team: Mapped[Team] = relationship(lazy="joined")


class Delegation(Base):
    """A person hands their decisions in a team to somebody else, from a day to a day in their zone.

    The days and the zone are what was meant; `starts_at` and `ends_at` (the end of the last day) follow from them.
    """

    __tablename__ = "delegations"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    to_user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    first_day: Mapped[str] = mapped_column(String(10))
    last_day: Mapped[str] = mapped_column(String(10))
    zone: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # before its last day, by somebody

    from_user: Mapped[User] = relationship(foreign_keys=[from_user_id])
    to_user: Mapped[User] = relationship(foreign_keys=[to_user_id])
    team: Mapped[Team] = relationship()

    __table_args__ = (Index("ix_delegations_to_user_id_ends_at", "to_user_id", "ends_at"),)


class Identity(Base):
    """A person at an OpenID provider: issuer and subject, never the e-mail address."""

    __tablename__ = "identities"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    issuer: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship()
    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class WebSession(Base):
    """A signed-in browser. The cookie holds a secret; the table only its SHA-256."""

    __tablename__ = "web_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    identified_by: Mapped[str] = mapped_column(String(20), default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")

    user: Mapped[User] = relationship()


class SignInFailure(Base):
    """A refused sign-in, kept for throttling by account and by address."""

    __tablename__ = "sign_in_failures"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]

    __table_args__ = (Index("ix_sign_in_failures_key_at", "key", "at"),)


class OneTimeLink(Base):
    """A single-use link by mail or on the console; only the secret's hash is stored."""

    __tablename__ = "one_time_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[LinkPurpose] = mapped_column(by_value(LinkPurpose))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship()
