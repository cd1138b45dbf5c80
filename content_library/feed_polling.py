"""Asking feeds: which are due, what each said, and when it is asked again. Fetching never holds a transaction.

A look is three steps: claim (a lease in the row), fetch and read (no database), note (one transaction for many).
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from sqlalchemy import or_, select, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from content_library import polling
from content_library.database import Database
from content_library.errors import NotFound
from content_library.feed_noting import DueFeed, Look, note
from content_library.feed_reader import FeedUnreadable, NotAFeed, read_feed_safely
from content_library.feed_turns import Turns
from content_library.models.feed import Feed, Subscription
from content_library.web_fetch import Fetched, Fetcher, FetchError

log = logging.getLogger(__name__)

LEASE_S = 120.0
MOST = 500
PER_HOST = 2
CHANGED_AT_ONCE = 8  # feeds with news in one transaction: it must stay short
UNCHANGED_AT_ONCE = 200


@dataclass(frozen=True)
class Polled:
    """How many feeds were asked, how many of them had something new, and how many could not be read."""

    asked: int = 0
    changed: int = 0
    failed: int = 0


def claim_due(session: Session, now: datetime, most: int = MOST, lease_s: float = LEASE_S) -> list[int]:
    """Ids of the feeds whose time has come and that somebody follows, the longest overdue first; leased."""
    followed = select(Subscription.id).where(Subscription.feed_id == Feed.id, Subscription.is_active)
    free = or_(Feed.leased_until.is_(None), Feed.leased_until <= now)
    ids = list(
        session.scalars(
            select(Feed.id)
            .where(Feed.due_at <= now, free, followed.exists())
            .order_by(Feed.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
    )
    if ids:
        lease(session, ids, now, lease_s)
    return ids


def lease(session: Session, feed_ids: Sequence[int], now: datetime, lease_s: float = LEASE_S) -> None:
    """Keep others from asking these feeds meanwhile."""
    session.execute(
        update(Feed)
        .where(Feed.id.in_(feed_ids))
        .values(leased_until=now + timedelta(seconds=lease_s))
        .execution_options(synchronize_session=False)
    )


def poll_one(database: Database, fetcher: Fetcher, feed_id: int, now: datetime) -> Look:
    """Ask one feed and keep what it said. Raises NotFound."""
    with database.read() as session:
        feeds = load(session, [feed_id])
    if not feeds:
        raise NotFound("There is no such feed.")
    look = look_at(fetcher, feeds[0], now)
    _keep(database, [look], now)
    return look


def poll_due(
    database: Database,
    fetcher: Fetcher,
    now: datetime,
    *,
    threads: int = 8,
    most: int = MOST,
    per_host: int = PER_HOST,
    stop: threading.Event | None = None,
) -> Polled:
    """Ask every feed that is due, many at once and few of one host; keep the answers in short transactions.

    What `stop` leaves unasked stays due; its lease ends by itself.
    """
    with database.write() as session:
        feeds = load(session, claim_due(session, now, most))
    asked = changed = failed = 0
    for looks in _ask_all(fetcher, Turns(feeds, per_host=per_host, stop=stop), now, threads):
        asked += len(looks)
        changed += sum(look.read is not None for look in looks)
        failed += sum(bool(look.error) for look in looks)
        for batch in _batches(looks):
            _keep(database, batch, now)
    return Polled(asked, changed, failed)


def _ask_all(fetcher: Fetcher, turns: Turns[DueFeed], now: datetime, threads: int) -> Iterator[list[Look]]:
    """Everything that has been answered since the last time, while threads go on asking."""
    answers: SimpleQueue[Look | None] = SimpleQueue()
    crowd = min(threads, turns.left)
    for _ in range(crowd):
        threading.Thread(target=_ask, args=(fetcher, turns, now, answers), daemon=True).start()
    while crowd:
        found = [answers.get(), *_drained(answers)]
        crowd -= found.count(None)
        looks = [look for look in found if look is not None]
        if looks:
            yield looks


def _ask(fetcher: Fetcher, turns: Turns[DueFeed], now: datetime, answers: SimpleQueue[Look | None]) -> None:
    try:
        for feed in turns:
            answers.put(_surely(fetcher, feed, now))
    finally:
        answers.put(None)


def _surely(fetcher: Fetcher, feed: DueFeed, now: datetime) -> Look:
    """One feed's accident is its own."""
    try:
        return look_at(fetcher, feed, now)
    except Exception:
        log.exception("feed %s could not be asked", feed.id)
        return Look(feed, error="Something went wrong on our side while reading this feed. We try again.")


def _drained(answers: SimpleQueue[Look | None]) -> Iterator[Look | None]:
    while True:
        try:
            yield answers.get_nowait()
        except Empty:
            return


def _batches(looks: Sequence[Look]) -> Iterator[list[Look]]:
    """What fits into one short transaction: many feeds without news, few with."""
    news = [look for look in looks if look.read is not None]
    rest = [look for look in looks if look.read is None]
    for group, size in ((rest, UNCHANGED_AT_ONCE), (news, CHANGED_AT_ONCE)):
        for begin in range(0, len(group), size):
            yield group[begin : begin + size]


def _keep(database: Database, looks: Sequence[Look], now: datetime) -> None:
    """One transaction for all; if a feed says what cannot be stored, one for each, and that feed is told so."""
    try:
        with database.write() as session:
            note(session, looks, now)
    except (DataError, IntegrityError, ValueError):
        if len(looks) == 1:
            log.exception("feed %s could not be stored", looks[0].feed.id)
            broken = Look(looks[0].feed, looks[0].fetched, error="What this feed says cannot be stored.")
            with database.write() as session:
                note(session, [broken], now)
            return
        for look in looks:
            _keep(database, [look], now)


def load(session: Session, ids: Sequence[int]) -> list[DueFeed]:
    """The rows, in the order of the ids."""
    columns = [getattr(Feed, name) for name in DueFeed.__dataclass_fields__]
    rows = {row.id: row for row in session.execute(select(*columns).where(Feed.id.in_(ids)))}
    return [DueFeed(*rows[id_]) for id_ in ids if id_ in rows]


def look_at(fetcher: Fetcher, feed: DueFeed, now: datetime) -> Look:
    """Fetch and read; never raises for what the other side did. The same bytes again are no news."""
    full = polling.needs_full_fetch(feed.full_fetch_at, now=now)
    try:
        fetched = fetcher.get(
            feed.url,
            etag=None if full else feed.etag,
            last_modified=None if full else feed.last_modified,
        )
    except FetchError as error:
        return Look(feed, error=error.message)
    if fetched.not_modified:
        return Look(feed, fetched)
    if fetched.status >= 300:
        return Look(feed, fetched, error=_status_sentence(fetched.status))
    if fetched.body_sha256 == feed.body_sha256:
        return Look(feed, fetched)
    return _read(feed, fetched, now)


def _read(feed: DueFeed, fetched: Fetched, now: datetime) -> Look:
    try:
        read = read_feed_safely(
            fetched.body,
            content_type=fetched.content_type,
            url=fetched.final_url,
            now=now,
            last_modified=fetched.last_modified,
        )
    except (NotAFeed, FeedUnreadable) as error:
        return Look(feed, fetched, error=error.message)
    return Look(feed, fetched, read)


def _status_sentence(status: int) -> str:
    if status == 410:
        return "The site says that this feed is gone for good (410). Look for its new address, or remove it."
    if status == 404:
        return "There is nothing at this address (404). Look for the feed’s new address on the site."
    if status in (401, 403):
        return f"The site does not let us read this feed ({status})."
    if status == 429:
        return "The site asks us to come less often (429). We wait as long as it says."
    return f"The site answers with an error ({status}). We try again by ourselves."
