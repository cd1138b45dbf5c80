"""The pages a text names as its terms: which they are, and the copy that was read of each."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from content_library.content import links_in
from content_library.insert_once import insert_once
from content_library.models.review import Submission
from content_library.models.terms import TermsCopy, TermsPage

FIELDS = ("terms", "rules")
"""Fields of formats in which an address is one of terms."""

LONGEST = 2000


def terms_links(content: Mapping[str, Any]) -> list[str]:
    """The addresses a post names as its terms."""
    fields = content["fields"]
    found = links_in([str(fields.get(key, "")) for key in FIELDS])
    return [url for url in found if len(url) <= LONGEST]


def as_read(session: Session, content: Mapping[str, Any], *, now: datetime) -> dict[str, str]:
    """Address → hash of the copy that was read last; empty for one that is yet to be read, which it is soon."""
    urls = terms_links(content)
    if not urls:
        return {}
    rows = [{"url": url, "sha256": "", "due_at": now, "error": ""} for url in sorted(urls)]
    insert_once(session, TermsPage, rows, unique=("url",))
    known: dict[str, str] = dict(
        session.execute(select(TermsPage.url, TermsPage.sha256).where(TermsPage.url.in_(urls))).all()
    )
    return {url: known.get(url, "") for url in urls}


def copies_of(session: Session, submission: Submission) -> list[tuple[str, TermsCopy | None, str]]:
    """What stood behind each address when it was submitted: (address, copy, why there is none)."""
    pages = _pages(session, submission.terms)
    return [
        (url, _copy(pages.get(url), sha256), _error(pages.get(url)))
        for url, sha256 in submission.terms.items()
    ]


def _pages(session: Session, urls: Iterable[str]) -> dict[str, TermsPage]:
    found = select(TermsPage).where(TermsPage.url.in_(list(urls))).options(joinedload(TermsPage.copies))
    return {page.url: page for page in session.scalars(found).unique()}


def _copy(page: TermsPage | None, sha256: str) -> TermsCopy | None:
    return next((copy for copy in page.copies if copy.sha256 == sha256), None) if page else None


def _error(page: TermsPage | None) -> str:
    return page.error if page else ""
