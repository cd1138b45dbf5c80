"""An account as an identity: which network, which handle, whose desk. Credentials live elsewhere."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.desk import Desk

NETWORK_NAMES = {
    "page": "Public page",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "x": "X",
    "linkedin": "LinkedIn",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "threads": "Threads",
    "telegram": "Telegram",
    "discord": "Discord",
    "discord_webhook": "Discord webhook",
    "slack": "Slack",
    "slack_webhook": "Slack webhook",
    "teams": "Microsoft Teams",
    "webhook": "Webhook",
}


class AccountState(StrEnum):
    PRACTICE = "practice"  # texts and previews only; nothing can leave until it is connected
    ACTIVE = "active"
    RECONNECT = "reconnect"  # the network no longer accepts our credentials
    CLOSED = "closed"  # taken out of use by a person; history stays


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    network: Mapped[str] = mapped_column(String(20))
    handle: Mapped[str] = mapped_column(String(253))
    name: Mapped[str] = mapped_column(String(120))
    url: Mapped[str] = mapped_column(String(500), default="")
    remote_id: Mapped[str] = mapped_column(String(253), default="")
    state: Mapped[AccountState] = mapped_column(by_value(AccountState))
    least_gap_s: Mapped[int] = mapped_column(default=60)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    desk: Mapped[Desk] = relationship()
    __table_args__ = (
        Index(
            "uq_accounts_desk_network_handle",
            "desk_id",
            "network",
            "handle",
            unique=True,
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
        Index(
            "uq_accounts_page_handle",
            "handle",
            unique=True,
            sqlite_where=text("network = 'page'"),
            postgresql_where=text("network = 'page'"),
        ),
    )
    __mapper_args__ = {"version_id_col": version}
