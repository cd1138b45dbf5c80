"""Feeds, their items, the stories behind them, and what is proposed to a desk."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value


class ProposalState(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    SNOOZED = "snoozed"


class Feed(Base):
    """A source. Shared: fifty desks that follow it poll it once."""

    __tablename__ = "feeds"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2000), unique=True)
    site_url: Mapped[str] = mapped_column(String(2000), default="")
    title: Mapped[str] = mapped_column(String(300), default="")
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_sha256: Mapped[str | None] = mapped_column(String(64))
    due_at: Mapped[datetime] = mapped_column(index=True)
    leased_until: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    full_fetch_at: Mapped[datetime | None]
    average_gap_s: Mapped[int | None]
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class Subscription(Base):
    """A desk follows a feed; `format_key` is what an accepted item becomes unless said otherwise."""

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id", ondelete="CASCADE"), index=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id"), index=True)
    format_key: Mapped[str] = mapped_column(ForeignKey("formats.key"))
    licence_note: Mapped[str] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    flood_at: Mapped[datetime | None]  # items first seen from then on came in a flood and wait for a person
    added_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]  # kept for the proposals it made

    feed: Mapped[Feed] = relationship(lazy="joined")
    __table_args__ = (UniqueConstraint("desk_id", "feed_id"),)


class Story(Base):
    """The same article, in however many feeds it appears."""

    __tablename__ = "stories"

    id: Mapped[int] = mapped_column(primary_key=True)
    link: Mapped[str] = mapped_column(String(2000), default="")
    link_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(500), default="")
    title_key: Mapped[str | None] = mapped_column(String(64), index=True)
    first_seen_at: Mapped[datetime]


class FeedItem(Base):
    __tablename__ = "feed_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id"))
    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id"), index=True)
    key: Mapped[str] = mapped_column(String(64))
    guid: Mapped[str | None]
    link: Mapped[str] = mapped_column(String(2000), default="")
    link_key: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(500), default="")
    author: Mapped[str] = mapped_column(String(200), default="")
    summary_html: Mapped[str] = mapped_column(default="")
    summary_text: Mapped[str] = mapped_column(default="")
    licence: Mapped[str] = mapped_column(String(300), default="")
    published_at: Mapped[datetime]
    date_source: Mapped[str] = mapped_column(String(20))
    first_seen_at: Mapped[datetime]

    feed: Mapped[Feed] = relationship()
    story: Mapped[Story] = relationship()
    __table_args__ = (
        UniqueConstraint("feed_id", "key"),
        Index("ix_feed_items_feed_id_link_key", "feed_id", "link_key"),
    )


class Proposal(Base):
    """A story offered to a desk. Unique, so no story becomes two drafts."""

    __tablename__ = "proposals"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id", ondelete="CASCADE"))
    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("feed_items.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    state: Mapped[ProposalState] = mapped_column(by_value(ProposalState))
    snoozed_until: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    proposed_at: Mapped[datetime]
    dated_at: Mapped[datetime]  # the article's date, by which proposals are listed
    version: Mapped[int] = mapped_column(default=1)

    item: Mapped[FeedItem] = relationship(lazy="joined")
    story: Mapped[Story] = relationship()
    subscription: Mapped[Subscription] = relationship()
    __table_args__ = (
        UniqueConstraint("desk_id", "story_id"),
        Index("ix_proposals_desk_id_state_dated_at", "desk_id", "state", "dated_at", "id"),
    )
    __mapper_args__ = {"version_id_col": version}


class LinkCheck(Base):
    """What a link answered when it was last looked at. The gate reads this row; it never fetches."""

    __tablename__ = "link_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2000), unique=True)
    is_ok: Mapped[bool | None]
    status: Mapped[int | None]
    error: Mapped[str] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None]
    watched_at: Mapped[datetime]  # when it was last said to stand in something planned
    due_at: Mapped[datetime] = mapped_column(index=True)
