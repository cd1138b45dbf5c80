"""Keeping what looks at feeds found: their news, their rows, and when each is asked again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from content_library import polling
from content_library.feed_shapes import ReadFeed
from content_library.feed_store import KnownFeed, store
from content_library.models.feed import Feed, Subscription
from content_library.web_fetch import Fetched

MAX_URL = 2000


@dataclass(frozen=True)
class DueFeed:
    """The row of a feed as it was claimed."""

    id: int
    url: str
    site_url: str
    title: str
    etag: str | None
    last_modified: str | None
    body_sha256: str | None
    checked_at: datetime | None
    changed_at: datetime | None
    full_fetch_at: datetime | None
    average_gap_s: int | None
    failures: int
    note: str
    created_at: datetime


@dataclass(frozen=True)
class Look:
    """What came of asking: news in `read`, an unchanged document (neither), or an `error` in words."""

    feed: DueFeed
    fetched: Fetched | None = None
    read: ReadFeed | None = None
    error: str = ""

    @property
    def is_full(self) -> bool:
        return self.fetched is not None and not self.fetched.not_modified


def note(session: Session, looks: Sequence[Look], now: datetime) -> None:
    """Keep what several looks found: the news of each, then one statement for all their rows."""
    rows = []
    for look in looks:
        new = 0
        if look.read is not None:
            known = KnownFeed(look.feed.id, look.feed.created_at, look.feed.checked_at)
            new = store(session, known, look.read.entries, now=now)
        rows.append(_row(look, new, now))
    session.execute(_UPDATE, rows)
    for look in looks:
        moved_to = look.fetched.permanent_redirect if look.fetched and not look.error else None
        if moved_to and moved_to != look.feed.url:
            _move(session, look.feed, moved_to, now)


def _row(look: Look, new: int, now: datetime) -> dict[str, Any]:
    """The feed's row after a look: what was learned, and when to ask again."""
    feed, fetched = look.feed, look.fetched
    if look.error:
        return _failed_row(look, now)
    assert fetched is not None
    changed_at, gap = _rhythm(look, new, now)
    usual = polling.usual_interval(gap, quiet_for=now - (changed_at or feed.created_at))
    asked = polling.asked_for(
        ttl_minutes=look.read.ttl_minutes if look.read else None,
        cache_control=fetched.headers.get("cache-control", ""),
        retry_after_s=fetched.retry_after_s,
    )
    interval = polling.interval_after_answer(usual, asked)
    due_at = polling.next_poll_at(feed.url, now=now, interval=interval, not_before=now + asked)
    return {
        **_unchanged(feed, now),
        "failures": 0,
        "error": "",
        "due_at": due_at,
        "etag": fetched.etag if look.is_full else fetched.etag or feed.etag,
        "last_modified": fetched.last_modified
        if look.is_full
        else fetched.last_modified or feed.last_modified,
        "body_sha256": fetched.body_sha256 if look.is_full else feed.body_sha256,
        "full_fetch_at": now if look.is_full else feed.full_fetch_at,
        "changed_at": changed_at,
        "average_gap_s": round(gap.total_seconds()) if gap is not None else None,
        **(_described(feed, look.read) if look.read else {}),
    }


def _failed_row(look: Look, now: datetime) -> dict[str, Any]:
    failures = look.feed.failures + 1
    retry_after_s = look.fetched.retry_after_s if look.fetched else None
    wait = polling.interval_after_error(failures, retry_after_s=retry_after_s)
    return {**_unchanged(look.feed, now), "failures": failures, "error": look.error, "due_at": now + wait}


def _unchanged(feed: DueFeed, now: datetime) -> dict[str, Any]:
    kept = {name: getattr(feed, name) for name in _WRITTEN if hasattr(feed, name)}
    return {**kept, "feed_id": feed.id, "checked_at": now, "note": feed.note}


def _described(feed: DueFeed, read: ReadFeed) -> dict[str, Any]:
    return {
        "title": (read.title or feed.title)[:300],
        "site_url": read.site_url[:2000] or feed.site_url,
        "note": " ".join(read.notes),
    }


def _rhythm(look: Look, new: int, now: datetime) -> tuple[datetime | None, timedelta | None]:
    """When it last changed and how often it does; after the first answer the dates in it tell."""
    feed = look.feed
    known = timedelta(seconds=feed.average_gap_s) if feed.average_gap_s is not None else None
    if not new or look.read is None:
        return feed.changed_at, known
    if feed.changed_at is not None:
        return now, polling.average_gap(known, changed_at=feed.changed_at, now=now)
    dates = sorted(entry.published_at for entry in look.read.entries)
    gap = (dates[-1] - dates[0]) / (len(dates) - 1) if len(dates) > 1 else None
    return min(dates[-1], now), gap or None


def _move(session: Session, feed: DueFeed, url: str, now: datetime) -> None:
    """Ask at the new address from now on; if another feed is there already, the desks follow that one."""
    if len(url) > MAX_URL:
        return
    other = session.scalar(select(Feed.id).where(Feed.url == url))
    if other is None:
        session.execute(
            update(Feed)
            .where(Feed.id == feed.id)
            .values(url=url)
            .execution_options(synchronize_session=False)
        )
        return
    there = set(session.scalars(select(Subscription.desk_id).where(Subscription.feed_id == other)))
    for subscription in session.scalars(select(Subscription).where(Subscription.feed_id == feed.id)):
        if subscription.desk_id in there:
            subscription.is_active, subscription.removed_at = False, now
        else:
            subscription.feed_id = other
    session.flush()


_WRITTEN = (
    "checked_at",
    "due_at",
    "etag",
    "last_modified",
    "body_sha256",
    "full_fetch_at",
    "changed_at",
    "average_gap_s",
    "failures",
    "error",
    "title",
    "site_url",
    "note",
)
_UPDATE = (
    update(Feed.__table__)  # type: ignore[arg-type]
    .where(Feed.__table__.c.id == bindparam("feed_id"))
    .values({**{name: bindparam(name) for name in _WRITTEN}, "leased_until": None})
)
