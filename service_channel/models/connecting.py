"""Connecting an account where a person signs in: our keys at the network, and a sign-in that has begun."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content_library.database import Base


class NetworkApp(Base):
    """What a network knows this installation as. `secret` is sealed; `server` is "" where the network is one."""

    __tablename__ = "network_apps"

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(String(20))
    server: Mapped[str] = mapped_column(String(500), default="")
    client_id: Mapped[str] = mapped_column(String(500))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(String(20))
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (UniqueConstraint("network", "server"),)


class NetworkSignIn(Base):
    """A person who is at the network now, or chooses among what was found there. Used once, and soon over.

    `kept` is sealed: first the code verifier and what else is needed on return, then the connections to choose among.
    """

    __tablename__ = "network_sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    network: Mapped[str] = mapped_column(String(20))
    server: Mapped[str] = mapped_column(String(500), default="")
    kept: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(String(20))
    came_back_at: Mapped[datetime | None]
    ends_at: Mapped[datetime] = mapped_column(index=True)
