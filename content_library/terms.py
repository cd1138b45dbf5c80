"""Reading the terms that posts in review and approved posts name, and stopping what was cleared on another copy.

Reading is slow and happens outside transactions. That another copy stands there, and that what rested on the old one
ends, is one transaction: nothing can be sent between the two.
"""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content_library import audit
from content_library.clearance import drop_all, under_way
from content_library.confined import Killed, WorkFailed, shared_pool
from content_library.database import Database
from content_library.models.review import Submission
from content_library.models.terms import TermsCopy, TermsPage
from content_library.transitions import flush, hold_submission
from content_library.web_fetch import Fetched, Fetcher, FetchError

AGAIN = timedelta(hours=6)
AGAIN_AFTER_FAILURE = timedelta(minutes=15)
LEASE = timedelta(minutes=5)
_WORDS_OF = "content_library.terms_text:words_of"


@dataclass(frozen=True)
class Read:
    """What was found at an address: its hash and text, or why nothing was."""

    sha256: str = ""
    text: str = ""
    error: str = ""


def check_due(
    database: Database, fetcher: Fetcher, *, now: datetime, most: int = 20, threads: int = 4
) -> int:
    """Read the pages whose time has come; returns how many posts lost their clearance."""
    with database.write() as session:
        due = _claim(session, now=now, most=most)
    if not due:
        return 0
    with ThreadPoolExecutor(min(threads, len(due))) as pool:
        results = list(pool.map(lambda url: _read(fetcher, url), due.values()))
    fallen = 0
    for page_id, found in zip(due, results, strict=True):
        with database.write() as session:
            fallen += note(session, session.get_one(TermsPage, page_id), found, now=now)
    return fallen


def _claim(session: Session, *, now: datetime, most: int) -> dict[int, str]:
    """Ids and addresses of the due pages that something under way names, set aside while they are read."""
    named = {url for submission in _with_terms(session) for url in submission.terms}
    if not named:
        return {}
    found = session.execute(
        select(TermsPage.id, TermsPage.url)
        .where(TermsPage.due_at <= now, TermsPage.url.in_(named))
        .order_by(TermsPage.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    due: dict[int, str] = dict(found.all())
    session.execute(update(TermsPage).where(TermsPage.id.in_(due)).values(due_at=now + LEASE))
    return due


def _with_terms(session: Session) -> Iterable[Submission]:
    return session.scalars(under_way().where(Submission.has_terms)).all()


def _read(fetcher: Fetcher, url: str) -> Read:
    try:
        found = fetcher.get(url)
        if found.status >= 400:
            return Read(error=f"It answers {found.status}.")
        return _as_read(found)
    except (FetchError, Killed, WorkFailed) as problem:
        return Read(error=str(problem)[:300])


def _as_read(found: Fetched) -> Read:
    _nothing, words = shared_pool().run(_WORDS_OF, found.body, content_type=found.content_type)
    text = words.decode()
    return Read(hashlib.sha256(words).hexdigest() if text else found.body_sha256, text)


def note(session: Session, page: TermsPage, found: Read, *, now: datetime) -> int:
    """Keep what was read. Where it is another text than what was cleared, that ends; returns how many posts."""
    page.checked_at, page.error = now, found.error
    page.due_at = now + (AGAIN_AFTER_FAILURE if found.error else AGAIN)
    if found.error:
        return 0
    if all(copy.sha256 != found.sha256 for copy in page.copies):
        page.copies.append(TermsCopy(sha256=found.sha256, text=found.text, read_at=now))
    page.sha256 = found.sha256
    flush(session)
    return sum(_apply(session, s, page, now=now) for s in _with_terms(session) if page.url in s.terms)


def _apply(session: Session, submission: Submission, page: TermsPage, *, now: datetime) -> int:
    """The first copy that is read is the one that counts; another one ends what rested on it."""
    known = submission.terms[page.url]
    if known == page.sha256:
        return 0
    if not known:
        hold_submission(session, submission)
        submission.terms = {**submission.terms, page.url: page.sha256}
        flush(session)
        return 0
    post = submission.post
    audit.record(
        session, "terms.changed", submission, actor=None, now=now,
        summary=f"The terms of “{post.title}” have changed", details={
            "url": page.url, "before": known, "after": page.sha256, "post_id": post.id,
        },
    )  # fmt: skip
    why = f"the terms behind {page.url} have changed since they were read."
    return drop_all(session, [submission], actor=None, now=now, why=why)
