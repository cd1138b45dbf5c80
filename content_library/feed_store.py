"""Putting what a feed said into the tables: its new items, the stories behind them, what is proposed to which desk.

One call is a handful of statements whatever the feed's size, so that many feeds can be stored in a second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from content_library.feed_shapes import ReadEntry
from content_library.insert_once import insert_once
from content_library.models.feed import FeedItem, Proposal, ProposalState, Story, Subscription
from content_library.story_matching import (
    SAME_TITLE_WITHIN,
    item_keys,
    known_item,
    telling_links,
    title_key,
)

FIRST_PROPOSALS = 5
FLOOD_TIMES = 5  # so many times the usual number is a flood
USUAL_AT_LEAST = 2.0
LONGEST_HTML = 20_000
LONGEST_TEXT = 20_000
USUAL_OF = timedelta(days=30)


@dataclass(frozen=True)
class KnownFeed:
    """What storing needs to know of a feed. `checked_at` is None before its first answer."""

    id: int
    created_at: datetime
    checked_at: datetime | None


@dataclass(frozen=True)
class Fresh:
    """An entry never seen in this feed before. `link_key` only where the link tells it from the others."""

    entry: ReadEntry
    key: str
    link_key: str | None
    title_key: str | None


class Offer(NamedTuple):
    """A story as one feed tells it."""

    story_id: int
    item_id: int
    dated_at: datetime


def store(session: Session, feed: KnownFeed, entries: Sequence[ReadEntry], *, now: datetime) -> int:
    """Keep what is new and propose it to the desks that follow the feed; returns how many items are new."""
    fresh = _fresh(session, feed.id, entries)
    if not fresh:
        return 0
    story_ids = _stories(session, feed.id, fresh, now)
    item_ids = _items(session, feed.id, fresh, story_ids, now)
    newest_first = sorted(range(len(fresh)), key=lambda n: fresh[n].entry.published_at, reverse=True)
    offers = [
        Offer(story_ids[n], item_ids[fresh[n].key], fresh[n].entry.published_at)
        for n in newest_first
        if fresh[n].key in item_ids
    ]
    _propose_to_all(session, feed, offers, now)
    return len(offers)


def propose_newest(session: Session, subscription: Subscription, *, now: datetime) -> int:
    """To a desk that begins to follow a feed others follow already: its newest stories, a few."""
    newest = session.execute(
        select(FeedItem.story_id, FeedItem.id, FeedItem.published_at)
        .where(FeedItem.feed_id == subscription.feed_id)
        .order_by(FeedItem.published_at.desc(), FeedItem.id.desc())
        .limit(FIRST_PROPOSALS)
    ).all()
    return _propose(session, subscription.id, subscription.desk_id, _offers(newest), now)


def propose_flood(session: Session, subscription: Subscription, since: datetime, *, now: datetime) -> int:
    """What came in a flood, once a person has said so."""
    held = session.execute(
        select(FeedItem.story_id, FeedItem.id, FeedItem.published_at).where(
            FeedItem.feed_id == subscription.feed_id, FeedItem.first_seen_at >= since
        )
    ).all()
    return _propose(session, subscription.id, subscription.desk_id, _offers(held), now)


def flood_size(session: Session, subscription: Subscription) -> int:
    """How many items wait for a person."""
    if subscription.flood_at is None:
        return 0
    offered = select(Proposal.story_id).where(Proposal.desk_id == subscription.desk_id)
    waiting = select(func.count(FeedItem.story_id.distinct())).where(
        FeedItem.feed_id == subscription.feed_id,
        FeedItem.first_seen_at >= subscription.flood_at,
        FeedItem.story_id.not_in(offered),
    )
    return session.scalar(waiting) or 0


def _fresh(session: Session, feed_id: int, entries: Sequence[ReadEntry]) -> list[Fresh]:
    """Entries whose key and link this feed never had. A known item under a changed guid takes the new key."""
    keys, links = item_keys(entries), telling_links(entries)
    by_key, by_link = _known(session, feed_id, keys, links)
    found: dict[str, Fresh] = {}
    renamed: list[dict[str, Any]] = []
    for entry, key, link in zip(entries, keys, links, strict=True):
        known = known_item(key, link, by_key=by_key, by_link=by_link)
        if known is None:
            found.setdefault(key, Fresh(entry, key, link, title_key(entry.title)))
        elif key not in by_key:
            renamed.append({"item_id": known, "new_key": key, "new_guid": entry.guid})
    _rename(session, renamed)
    return list(found.values())


def _known(
    session: Session, feed_id: int, keys: Iterable[str], links: Iterable[str | None]
) -> tuple[dict[str, int], dict[str, int]]:
    columns = (FeedItem.id, FeedItem.key, FeedItem.link_key)
    of_feed = select(*columns).where(FeedItem.feed_id == feed_id)
    wanted_links = {link for link in links if link}
    rows = session.execute(of_feed.where(FeedItem.key.in_(set(keys)))).all()
    missing = wanted_links - {row.link_key for row in rows}
    if missing:
        rows = [*rows, *session.execute(of_feed.where(FeedItem.link_key.in_(missing))).all()]
    return {row.key: row.id for row in rows}, {row.link_key: row.id for row in rows if row.link_key}


def _rename(session: Session, renamed: list[dict[str, Any]]) -> None:
    if not renamed:
        return
    table = FeedItem.__table__
    statement = (
        update(FeedItem.__table__)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("item_id"))
        .values(key=bindparam("new_key"), guid=bindparam("new_guid"))
    )
    session.execute(statement, renamed)


def _stories(session: Session, feed_id: int, fresh: Sequence[Fresh], now: datetime) -> list[int]:
    """The story of each fresh item: one known by its link, by its title in another feed, or a new one."""
    by_link = _by_link(session, {one.link_key for one in fresh if one.link_key})
    unlinked = [one for one in fresh if one.link_key not in by_link]
    by_title = _by_title(session, feed_id, unlinked)
    new = [one for one in unlinked if one.key not in by_title]
    linked = sorted((one for one in new if one.link_key), key=lambda one: one.link_key or "")
    rows = [_story_row(one, now) for one in linked]
    if rows:
        made = insert_once(session, Story, rows, unique=("link_key",))
        by_link.update({row.link_key: row.id for row in made})
        raced = {row["link_key"] for row in rows} - by_link.keys()
        by_link.update(_by_link(session, raced))
    by_key = _insert_unlinked(session, [one for one in new if not one.link_key], now)
    return [by_link.get(one.link_key) or by_title.get(one.key) or by_key[one.key] for one in fresh]


def _by_link(session: Session, keys: set[Any]) -> dict[str | None, int]:
    if not keys:
        return {}
    rows = session.execute(select(Story.link_key, Story.id).where(Story.link_key.in_(keys)))
    return {row.link_key: row.id for row in rows}


def _by_title(session: Session, feed_id: int, fresh: Sequence[Fresh]) -> dict[str, int]:
    """Item key → a story that another feed tells under the same title within three days."""
    wanted = {one.title_key for one in fresh if one.title_key}
    if not wanted:
        return {}
    rows = session.execute(
        select(Story.title_key, Story.id, FeedItem.published_at)
        .join(FeedItem, FeedItem.story_id == Story.id)
        .where(Story.title_key.in_(wanted), FeedItem.feed_id != feed_id)
    ).all()
    return {
        one.key: row.id
        for one in fresh
        for row in rows
        if row.title_key == one.title_key
        and abs(row.published_at - one.entry.published_at) <= SAME_TITLE_WITHIN
    }


def _story_row(one: Fresh, now: datetime) -> dict[str, Any]:
    return {
        "link": one.entry.link,
        "link_key": one.link_key,
        "title": one.entry.title[:500],
        "title_key": one.title_key,
        "first_seen_at": now,
    }


def _insert_unlinked(session: Session, fresh: Sequence[Fresh], now: datetime) -> dict[str, int]:
    if not fresh:
        return {}
    statement = insert(Story).returning(Story.id, sort_by_parameter_order=True)
    ids = session.scalars(statement, [_story_row(one, now) for one in fresh]).all()
    return dict(zip((one.key for one in fresh), ids, strict=True))


def _items(
    session: Session, feed_id: int, fresh: Sequence[Fresh], story_ids: Sequence[int], now: datetime
) -> dict[str, int]:
    rows = sorted(
        (
            {
                "feed_id": feed_id,
                "story_id": story_id,
                "key": one.key,
                "link_key": one.link_key,
                "first_seen_at": now,
                **_said(one.entry),
            }
            for one, story_id in zip(fresh, story_ids, strict=True)
        ),
        key=lambda row: str(row["key"]),
    )
    return {row.key: row.id for row in insert_once(session, FeedItem, rows, unique=("feed_id", "key"))}


def _said(entry: ReadEntry) -> dict[str, Any]:
    return {
        "guid": entry.guid,
        "link": entry.link,
        "title": entry.title[:500],
        "author": entry.author[:200],
        "summary_html": entry.summary_html if len(entry.summary_html) <= LONGEST_HTML else "",
        "summary_text": entry.summary_text[:LONGEST_TEXT],
        "licence": entry.licence[:300],
        "published_at": entry.published_at,
        "date_source": entry.date_source.value,
    }


def _propose_to_all(session: Session, feed: KnownFeed, offers: Sequence[Offer], now: datetime) -> None:
    followers = session.execute(
        select(Subscription.id, Subscription.desk_id)
        .where(Subscription.feed_id == feed.id, Subscription.is_active)
        .order_by(Subscription.desk_id)
    ).all()
    if not followers:
        return
    if feed.checked_at is None:
        offers = offers[:FIRST_PROPOSALS]
    elif _is_flood(session, feed, len(offers), now):
        _hold(session, [follower.id for follower in followers], now)
        return
    for follower in followers:
        _propose(session, follower.id, follower.desk_id, offers, now)


def _is_flood(session: Session, feed: KnownFeed, new: int, now: datetime) -> bool:
    """More than five times what usually comes in the time since the last look."""
    if new <= FLOOD_TIMES * USUAL_AT_LEAST or feed.checked_at is None:
        return False
    begin = max(feed.created_at, now - USUAL_OF)
    came = session.scalar(
        select(func.count())
        .select_from(FeedItem)
        .where(FeedItem.feed_id == feed.id, FeedItem.published_at >= begin, FeedItem.first_seen_at < now)
    )
    days = max((now - begin) / timedelta(days=1), 1.0)
    usual = (came or 0) / days * ((now - feed.checked_at) / timedelta(days=1))
    return new > FLOOD_TIMES * max(usual, USUAL_AT_LEAST)


def _hold(session: Session, subscription_ids: Sequence[int], now: datetime) -> None:
    session.execute(
        update(Subscription)
        .where(Subscription.id.in_(subscription_ids), Subscription.flood_at.is_(None))
        .values(flood_at=now)
        .execution_options(synchronize_session=False)
    )


def _propose(
    session: Session,
    subscription_id: int,
    desk_id: int,
    offers: Sequence[Offer],
    now: datetime,
) -> int:
    """Offer stories to a desk, each once for ever; returns how many are new to it."""
    of_story = {offer.story_id: offer for offer in reversed(offers)}
    rows = [
        {
            "desk_id": desk_id,
            "story_id": story_id,
            "item_id": of_story[story_id].item_id,
            "dated_at": of_story[story_id].dated_at,
            "subscription_id": subscription_id,
            "state": ProposalState.PROPOSED,
            "proposed_at": now,
        }
        for story_id in sorted(of_story)
    ]
    return len(insert_once(session, Proposal, rows, unique=("desk_id", "story_id")))


def _offers(rows: Iterable[Any]) -> list[Offer]:
    return [Offer(*row) for row in rows]
