"""The words of a page with terms, without what is around them: runs in a confined process, for it is a stranger's page.

Menus, dates in the footer and advertisements change every day; only what the page itself says counts as its terms.
"""

from typing import Any

import trafilatura

from content_library.feed_text import decode

MOST = 400_000


def words_of(payload: bytes, *, content_type: str) -> tuple[Any, bytes]:
    """The text as UTF-8; nothing where it cannot be read as text."""
    if not _is_text(content_type):
        return None, b""
    page = decode(payload, content_type)
    if "html" not in content_type.lower():
        return None, _even(page).encode()
    found = trafilatura.extract(page, include_comments=False, favor_recall=True, deduplicate=False) or ""
    return None, _even(found).encode()


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in ("application/xhtml+xml", "")


def _even(text: str) -> str:
    """One space between words, so that only other words are another text."""
    lines = (" ".join(line.split()) for line in text[:MOST].splitlines())
    return "\n".join(line for line in lines if line)
