"""Whether the links of what is planned still lead somewhere: when to look, and when one counts as dead.

Looking is slow and happens outside transactions; the gate reads the stored rows and never fetches.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content_library.database import Database
from content_library.insert_once import insert_once
from content_library.models.feed import LinkCheck
from content_library.web_fetch import Fetcher, LinkResult

LONGEST = 2000
AGAIN_WHEN_OK = timedelta(hours=24)
AGAIN_AFTER_FAILURE = timedelta(minutes=15)
APART = timedelta(minutes=5)  # two failures closer than this are one
FAILURES_TO_DIE = 2
WATCHED_FOR = timedelta(days=60)  # looked at for that long after it last stood in something planned
GONE = frozenset({404, 410})
_LEASE = timedelta(minutes=5)


class LinkState(StrEnum):
    OK = "ok"
    DEAD = "dead"
    UNKNOWN = "unknown"


def watch(session: Session, urls: Iterable[str], now: datetime) -> None:
    """Look after these links from now on; those never seen are looked at first. Repeat it while they are planned."""
    wanted = sorted({url for url in urls if 0 < len(url) <= LONGEST})
    if not wanted:
        return
    rows = [{"url": url, "failures": 0, "watched_at": now, "due_at": now, "error": ""} for url in wanted]
    insert_once(session, LinkCheck, rows, unique=("url",))
    idle = LinkCheck.watched_at < now - timedelta(hours=1)
    session.execute(update(LinkCheck).where(LinkCheck.url.in_(wanted), idle).values(watched_at=now))


def states(session: Session, urls: Iterable[str]) -> Mapping[str, LinkState]:
    """What is known of each link."""
    wanted = list(urls)
    rows = session.execute(select(LinkCheck.url, LinkCheck.is_ok).where(LinkCheck.url.in_(wanted)))
    known = dict(rows.all())
    names = {True: LinkState.OK, False: LinkState.DEAD, None: LinkState.UNKNOWN}
    return {url: names[known.get(url)] for url in wanted}


def check_due(
    database: Database, fetcher: Fetcher, now: datetime, most: int = 50, *, threads: int = 8
) -> int:
    """Look at the links whose time has come; returns how many."""
    with database.write() as session:
        due = _claim(session, now, most)
    if not due:
        return 0
    with ThreadPoolExecutor(min(threads, len(due))) as pool:
        results = list(pool.map(fetcher.check_link, due.values()))
    with database.write() as session:
        for check_id, result in zip(due, results, strict=True):
            _note(session.get_one(LinkCheck, check_id), result, now)
    return len(due)


def _claim(session: Session, now: datetime, most: int) -> dict[int, str]:
    """Ids and addresses of the due links, set aside for as long as looking may take."""
    found = session.execute(
        select(LinkCheck.id, LinkCheck.url)
        .where(LinkCheck.due_at <= now, LinkCheck.watched_at > now - WATCHED_FOR)
        .order_by(LinkCheck.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    due = dict(found.all())
    session.execute(update(LinkCheck).where(LinkCheck.id.in_(due)).values(due_at=now + _LEASE))
    return due


def _note(check: LinkCheck, result: LinkResult, now: datetime) -> None:
    """One failure changes nothing a person sees: sites hiccup. A page that says it is gone is believed at once."""
    is_new_failure = check.failures == 0 or check.checked_at is None or now - check.checked_at >= APART
    check.status, check.error, check.checked_at = result.status, result.error or "", now
    if result.ok:
        check.is_ok, check.failures, check.due_at = True, 0, now + AGAIN_WHEN_OK
        return
    check.failures += 1 if is_new_failure else 0
    if result.status in GONE or check.failures >= FAILURES_TO_DIE:
        check.is_ok = False
    check.due_at = now + min(AGAIN_WHEN_OK, AGAIN_AFTER_FAILURE * 2 ** min(check.failures - 1, 10))
