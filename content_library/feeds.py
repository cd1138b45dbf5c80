"""The feeds a desk follows: finding one at an address, following it, pausing, leaving; and asking them (polling).

Looking at an address takes seconds and happens before, never inside, the transaction that follows the feed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content_library import audit, polling
from content_library.errors import InvalidInput, NotFound
from content_library.feed_discovery import DiscoveredFeed, discover_feeds_safely
from content_library.feed_noting import Look, note
from content_library.feed_polling import Polled, claim_due, lease, load, poll_due, poll_one
from content_library.feed_reader import FeedUnreadable, NotAFeed, ReadFeed, read_feed_safely
from content_library.feed_store import flood_size, propose_flood, propose_newest
from content_library.insert_once import insert_once
from content_library.models.desk import Desk
from content_library.models.feed import Feed, FeedItem, Proposal, ProposalState, Subscription
from content_library.models.format import Format
from content_library.models.user import User
from content_library.permissions import can_draft, can_manage_desk, require
from content_library.transitions import flush
from content_library.web_fetch import Fetched, Fetcher, FetchError

__all__ = [
    "DiscoveredFeed",
    "FoundFeed",
    "Polled",
    "change",
    "check_may_follow",
    "claim_check",
    "claim_due",
    "flood_size",
    "follow",
    "followed",
    "get_subscription",
    "item_counts",
    "look_for",
    "pause",
    "poll_due",
    "poll_one",
    "release_flood",
    "remove",
    "resume",
    "subscribe",
]

MAY_FOLLOW = "Only agents and leads of this desk, and administrators, can change which feeds it follows."
LOOK_DEADLINE_S = 20.0
LONGEST_URL = 2000


@dataclass(frozen=True)
class FoundFeed:
    """A feed as it was just read; `url` is where it lives, after permanent redirects."""

    url: str
    fetched: Fetched
    read: ReadFeed


def look_for(fetcher: Fetcher, address: str, *, now: datetime) -> FoundFeed | list[DiscoveredFeed]:
    """What is at an address: a feed, or the several feeds a page names. No transaction may be open.

    Raises InvalidInput with a sentence at `url`.
    """
    url = address.strip() if "://" in address else f"https://{address.strip()}"
    fetched = _fetch(fetcher, url)
    try:
        return _found(fetched, now)
    except FeedUnreadable as broken:
        raise _bad(broken.message) from broken
    except NotAFeed as other:
        if not other.is_page:
            raise _bad(other.message) from other
    named = discover_feeds_safely(fetched.body, fetched.final_url, content_type=fetched.content_type)
    if not named:
        raise _bad(
            "This page names no feed. Look on the site for “RSS”, “Atom” or “feed”, and enter that link."
        )
    if len(named) > 1:
        return named
    return _the_one(fetcher, named[0], now)


def check_may_follow(desk: Desk, *, actor: User) -> None:
    """Raise PermissionDenied before anything is fetched."""
    require(can_draft(actor, desk.id) or can_manage_desk(actor, desk.id), MAY_FOLLOW)


def subscribe(
    session: Session,
    desk: Desk,
    found: FoundFeed,
    *,
    format_key: str,
    actor: User,
    now: datetime,
    licence_note: str = "",
) -> Subscription:
    """Follow a feed that was just looked at; its newest stories are proposed at once.

    A feed that others follow already is shared. Raises InvalidInput when this desk follows it already.
    """
    check_may_follow(desk, actor=actor)
    feed = _shared_feed(session, found.url, now)
    subscription = _follow(session, desk, feed, format_key, licence_note, actor=actor, now=now)
    if feed.checked_at is None:
        (row,) = load(session, [feed.id])
        note(session, [Look(row, found.fetched, found.read)], now)
        session.refresh(feed)
    else:
        propose_newest(session, subscription, now=now)
    _record(session, "feed.followed", subscription, f"Follows {feed.title or feed.url}", actor=actor, now=now)
    return subscription


def follow(
    session: Session,
    desk: Desk,
    url: str,
    *,
    format_key: str,
    actor: User,
    now: datetime,
    licence_note: str = "",
) -> Subscription:
    """Follow the feed at exactly this address, unseen; the next poll tells whether there is one."""
    check_may_follow(desk, actor=actor)
    if not url.startswith(("http://", "https://")) or len(url) > LONGEST_URL:
        raise _bad("Enter the whole address of the feed, such as https://example.org/feed.xml.")
    feed = _shared_feed(session, url, now)
    subscription = _follow(session, desk, feed, format_key, licence_note, actor=actor, now=now)
    propose_newest(session, subscription, now=now)
    _record(session, "feed.followed", subscription, f"Follows {feed.title or feed.url}", actor=actor, now=now)
    return subscription


def followed(session: Session, desk_id: int) -> list[Subscription]:
    """The feeds of a desk, by title; paused ones too."""
    found = session.scalars(
        select(Subscription).where(Subscription.desk_id == desk_id, Subscription.removed_at.is_(None))
    )
    return sorted(found, key=lambda one: ((one.feed.title or one.feed.url).casefold(), one.id))


def get_subscription(session: Session, desk_id: int, subscription_id: int) -> Subscription:
    """A feed this desk follows. Raises NotFound, also for another desk's."""
    found = session.scalar(
        select(Subscription).where(
            Subscription.id == subscription_id,
            Subscription.desk_id == desk_id,
            Subscription.removed_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("This desk does not follow such a feed.")
    return found


def item_counts(session: Session, subscriptions: Sequence[Subscription]) -> Mapping[int, int]:
    """How many items each feed has brought, by feed id."""
    feed_ids = [subscription.feed_id for subscription in subscriptions]
    rows = session.execute(
        select(FeedItem.feed_id, func.count())
        .where(FeedItem.feed_id.in_(feed_ids))
        .group_by(FeedItem.feed_id)
    )
    return dict(rows.all())


def change(
    session: Session,
    subscription: Subscription,
    *,
    format_key: str,
    licence_note: str,
    actor: User,
    now: datetime,
) -> None:
    """What its stories become, and the licence note that goes along."""
    _may_change(subscription, actor)
    _check_format(session, format_key)
    subscription.format_key, subscription.licence_note = format_key, licence_note.strip()
    flush(session)
    _record(session, "feed.changed", subscription, f"Changed {_name(subscription)}", actor=actor, now=now)


def pause(session: Session, subscription: Subscription, *, actor: User, now: datetime) -> None:
    """Nothing new from this feed for this desk until it is resumed."""
    _may_change(subscription, actor)
    subscription.is_active = False
    flush(session)
    _record(session, "feed.paused", subscription, f"Paused {_name(subscription)}", actor=actor, now=now)


def resume(session: Session, subscription: Subscription, *, actor: User, now: datetime) -> None:
    """Ask the feed again, soon."""
    _may_change(subscription, actor)
    subscription.is_active = True
    subscription.feed.due_at = min(subscription.feed.due_at, now)
    flush(session)
    _record(session, "feed.resumed", subscription, f"Resumed {_name(subscription)}", actor=actor, now=now)


def remove(session: Session, subscription: Subscription, *, actor: User, now: datetime) -> None:
    """Leave a feed. What nobody has decided on yet goes with it; drafts made from it stay."""
    _may_change(subscription, actor)
    subscription.is_active, subscription.removed_at, subscription.flood_at = False, now, None
    waiting = session.scalars(
        select(Proposal).where(
            Proposal.subscription_id == subscription.id,
            Proposal.state.in_((ProposalState.PROPOSED, ProposalState.SNOOZED)),
        )
    )
    for proposal in waiting:
        session.delete(proposal)
    flush(session)
    _record(session, "feed.left", subscription, f"Left {_name(subscription)}", actor=actor, now=now)


def release_flood(
    session: Session, subscription: Subscription, *, take: bool, actor: User, now: datetime
) -> int:
    """Decide on what came in a flood: propose all of it, or leave it out. Returns how many stories are new."""
    _may_change(subscription, actor)
    since, subscription.flood_at = subscription.flood_at, None
    flush(session)
    if since is None:
        return 0
    proposed = propose_flood(session, subscription, since, now=now) if take else 0
    did = f"Took {proposed} stories of a flood from" if take else "Left out a flood from"
    _record(session, "feed.flood", subscription, f"{did} {_name(subscription)}", actor=actor, now=now)
    return proposed


def claim_check(session: Session, subscription: Subscription, *, actor: User, now: datetime) -> int:
    """Check now: the id to give to `poll_one` once this transaction is over. Raises InvalidInput within a minute."""
    _may_change(subscription, actor)
    feed = subscription.feed
    under_way = feed.leased_until is not None and feed.leased_until > now
    if under_way or not polling.may_check_now(feed.checked_at, now=now):
        raise InvalidInput("This feed was checked less than a minute ago. Wait a moment, then try again.")
    lease(session, [feed.id], now)
    return feed.id


def _fetch(fetcher: Fetcher, url: str) -> Fetched:
    try:
        fetched = fetcher.get(url, deadline_s=LOOK_DEADLINE_S)
    except FetchError as error:
        raise _bad(error.message) from error
    if fetched.status >= 400:
        raise _bad(f"The site answers {fetched.status} at this address. Check it in a browser.")
    return fetched


def _found(fetched: Fetched, now: datetime) -> FoundFeed:
    read = read_feed_safely(
        fetched.body,
        content_type=fetched.content_type,
        url=fetched.final_url,
        now=now,
        last_modified=fetched.last_modified,
    )
    url = (fetched.permanent_redirect or fetched.url)[:LONGEST_URL]
    return FoundFeed(url, fetched, read)


def _the_one(fetcher: Fetcher, named: DiscoveredFeed, now: datetime) -> FoundFeed:
    try:
        return _found(_fetch(fetcher, named.url), now)
    except (FeedUnreadable, NotAFeed) as other:
        raise _bad(f"The page names a feed, {named.url}, but it cannot be read: {other.message}") from other


def _shared_feed(session: Session, url: str, now: datetime) -> Feed:
    insert_once(session, Feed, [{"url": url, "due_at": now, "created_at": now}], unique=("url",))
    return session.scalars(select(Feed).where(Feed.url == url)).one()


def _follow(
    session: Session,
    desk: Desk,
    feed: Feed,
    format_key: str,
    licence_note: str,
    *,
    actor: User,
    now: datetime,
) -> Subscription:
    _check_format(session, format_key)
    known = session.scalar(
        select(Subscription).where(Subscription.desk_id == desk.id, Subscription.feed_id == feed.id)
    )
    if known is not None and known.removed_at is None:
        raise _bad(f"This desk follows {feed.title or feed.url} already.")
    subscription = known or Subscription(desk_id=desk.id, feed=feed)
    subscription.format_key, subscription.licence_note = format_key, licence_note.strip()
    subscription.added_by_id, subscription.added_at = actor.id, now
    subscription.is_active, subscription.removed_at = True, None
    try:
        with session.begin_nested():
            session.add(subscription)
            flush(session)
    except IntegrityError as race:
        raise _bad("Somebody else on this desk added this feed at the same moment.") from race
    return subscription


def _check_format(session: Session, key: str) -> None:
    format_ = session.get(Format, key)
    if format_ is None or not format_.is_active:
        sentence = "Choose a format from the list."
        raise InvalidInput(sentence, {"format_key": sentence})


def _may_change(subscription: Subscription, actor: User) -> None:
    allowed = can_draft(actor, subscription.desk_id) or can_manage_desk(actor, subscription.desk_id)
    require(allowed, MAY_FOLLOW)


def _name(subscription: Subscription) -> str:
    return subscription.feed.title or subscription.feed.url


def _record(
    session: Session, verb: str, subscription: Subscription, summary: str, *, actor: User, now: datetime
) -> None:
    audit.record(
        session,
        verb,
        subscription,
        actor=actor,
        now=now,
        summary=summary,
        details={"url": subscription.feed.url, "format": subscription.format_key},
    )


def _bad(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {"url": sentence})
