"""Which feeds a web page names."""

from dataclasses import asdict, dataclass
from typing import Any

import lxml.etree
import lxml.html

from content_library.confined import ConfinedPool, Killed, WorkFailed, shared_pool
from content_library.feed_cleaning import absolute_link, plain_text
from content_library.feed_text import decode

MAX_PAGE = 1_000_000
MAX_FEEDS = 20

_TYPES = {
    "application/rss+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/feed+json": "JSON Feed",
    "application/json": "JSON Feed",
    "application/rdf+xml": "RSS",
    "application/xml": "RSS",
    "text/xml": "RSS",
}
_FEED_LIKE = (
    "/feed",
    "/rss",
    "/atom",
    "feed.xml",
    "rss.xml",
    "atom.xml",
    "index.xml",
    "feed.json",
    ".rss",
    ".atom",
)


@dataclass(frozen=True, slots=True)
class DiscoveredFeed:
    """`is_named` when the page itself says that this is its feed; otherwise the link only looks like one."""

    url: str
    title: str
    kind: str
    is_named: bool


def discover_feeds(body: bytes, url: str, *, content_type: str = "") -> list[DiscoveredFeed]:
    """The feeds of a page that came from `url`, those it names first. Never raises."""
    document = _page(decode(body[:MAX_PAGE], content_type))
    if document is None:
        return []
    base = _base(document, url)
    found: dict[str, DiscoveredFeed] = {}
    for feed in [*_named(document, base), *_looking_like_one(document, base)]:
        found.setdefault(feed.url, feed)
    return list(found.values())[:MAX_FEEDS]


def discover_feeds_safely(
    body: bytes, url: str, *, content_type: str = "", pool: ConfinedPool | None = None
) -> list[DiscoveredFeed]:
    """`discover_feeds` in a process that can be killed; a page that kills it names no feeds."""
    try:
        plain, _ = (pool or shared_pool()).run(
            "content_library.feed_discovery:discover_for_parent",
            body[:MAX_PAGE],
            url=url,
            content_type=content_type,
        )
    except (Killed, WorkFailed):
        return []
    return [DiscoveredFeed(**feed) for feed in plain]


def discover_for_parent(body: bytes, *, url: str, content_type: str) -> tuple[list[dict[str, Any]], bytes]:
    """What runs in the confined process."""
    return [asdict(feed) for feed in discover_feeds(body, url, content_type=content_type)], b""


def _page(text: str) -> Any:
    """The page parsed, or nothing. Bytes, because lxml refuses text that declares an encoding."""
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return None


def _base(document: Any, url: str) -> str:
    for element in document.iter("base"):
        return absolute_link(element.get("href") or "", url) or url
    return url


def _named(document: Any, base: str) -> list[DiscoveredFeed]:
    found = []
    for element in document.iter("link"):
        relations = (element.get("rel") or "").lower().split()
        kind = _TYPES.get((element.get("type") or "").lower().partition(";")[0].strip())
        link = absolute_link(element.get("href") or "", base)
        if kind and link and ("alternate" in relations or "feed" in relations):
            title = plain_text(element.get("title") or "", 200)
            found.append(DiscoveredFeed(link, title, kind, is_named=True))
    return found


def _looking_like_one(document: Any, base: str) -> list[DiscoveredFeed]:
    found = []
    for element in document.iter("a"):
        link = absolute_link(element.get("href") or "", base)
        path = link.partition("?")[0].partition("#")[0].rstrip("/").lower()
        if link and path.endswith(_FEED_LIKE):
            title = plain_text(str(element.text_content()), 200)
            found.append(DiscoveredFeed(link, title, "RSS", is_named=False))
    return found
