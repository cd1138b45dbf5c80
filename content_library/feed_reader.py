"""From a feed's bytes to plain data: RSS, Atom and RDF through feedparser, JSON Feed by ourselves.

`read_feed` does the work, `read_feed_safely` does it in a process that can be killed. A flag that a feed is not
well-formed is a note and no failure: most such feeds are readable.
"""

import html
import io
from datetime import UTC, datetime
from typing import Any

import feedparser

from content_library.confined import ConfinedPool, Killed, WorkFailed, shared_pool
from content_library.feed_cleaning import (
    MAX_FIELD,
    MAX_NAME,
    HtmlCleaner,
    absolute_link,
    plain_text,
    text_of,
    title_text,
)
from content_library.feed_dates import DateReader, from_parts
from content_library.feed_shapes import DateSource, FeedUnreadable, NotAFeed, ReadEntry, ReadFeed
from content_library.feed_text import MAX_BODY, decode, is_page, refuse_what_could_explode
from content_library.json_feed import MAX_ENTRIES, MAX_TAGS, read_json_feed

__all__ = [
    "DateSource",
    "FeedUnreadable",
    "NotAFeed",
    "ReadEntry",
    "ReadFeed",
    "read_feed",
    "read_feed_safely",
]

_MINUTES = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}


def read_feed(
    body: bytes,
    *,
    content_type: str = "",
    url: str,
    now: datetime,
    last_modified: str | None = None,
) -> ReadFeed:
    """Read a feed that came from `url` at `now`. Raises FeedUnreadable or NotAFeed, nothing else."""
    if len(body) > MAX_BODY:
        raise FeedUnreadable(f"The feed is larger than {MAX_BODY // 1_000_000} MB. Ask for a shorter one.")
    text = decode(body, content_type).lstrip("\ufeff \t\r\n")
    if not text:
        raise NotAFeed("The address gives an empty page. Check it in a browser.")
    if text.startswith(("{", "[")):
        return read_json_feed(text, url=url, last_modified=last_modified, now=now)
    if is_page(text):
        raise NotAFeed("This is a web page and not a feed. We look for the feeds it names.", is_page=True)
    refuse_what_could_explode(text)
    return _shape(_parse(text), url=url, last_modified=last_modified, now=now)


def read_feed_safely(
    body: bytes,
    *,
    content_type: str = "",
    url: str,
    now: datetime,
    last_modified: str | None = None,
    pool: ConfinedPool | None = None,
) -> ReadFeed:
    """`read_feed` in a process of its own, ended after 10 s or 512 MB. Safe to use from many threads."""
    try:
        plain, _ = (pool or shared_pool()).run(
            "content_library.feed_reader:read_for_parent",
            body[: MAX_BODY + 1],
            content_type=content_type,
            url=url,
            now=now.astimezone(UTC).isoformat(),
            last_modified=last_modified,
        )
    except Killed as killed:
        raise FeedUnreadable(_why_killed(killed)) from killed
    except WorkFailed as failed:
        raise FeedUnreadable("The feed cannot be read. Tell its owner.") from failed
    if "not_a_feed" in plain:
        raise NotAFeed(plain["not_a_feed"], is_page=plain["is_page"])
    if "unreadable" in plain:
        raise FeedUnreadable(plain["unreadable"])
    return ReadFeed.from_plain(plain)


def read_for_parent(
    body: bytes, *, content_type: str, url: str, now: str, last_modified: str | None
) -> tuple[dict[str, Any], bytes]:
    """What runs in the confined process: `read_feed` with plain data on both sides."""
    try:
        feed = read_feed(
            body,
            content_type=content_type,
            url=url,
            now=datetime.fromisoformat(now),
            last_modified=last_modified,
        )
    except NotAFeed as other:
        return {"not_a_feed": other.message, "is_page": other.is_page}, b""
    except FeedUnreadable as broken:
        return {"unreadable": broken.message}, b""
    return feed.as_plain(), b""


def _why_killed(killed: Killed) -> str:
    if killed.reason == "time":
        return "Reading the feed took more than 10 seconds, so we stopped. Ask its owner for a simpler one."
    if killed.reason == "memory":
        return "Reading the feed took more than 512 MB, so we stopped. Ask its owner for a simpler one."
    return "Reading the feed broke the reader. Ask its owner for a simpler one."


def _parse(text: str) -> Any:
    """feedparser's answer. A string argument could open a file or an address, so it gets a stream."""
    try:
        parsed = feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception as error:
        raise FeedUnreadable("The feed cannot be read: it is too far from any known form.") from error
    if not parsed.get("version") and not parsed.entries:
        raise NotAFeed("This address gives no feed that we know. Look for the site's feed address.")
    return parsed


def _shape(parsed: Any, *, url: str, last_modified: str | None, now: datetime) -> ReadFeed:
    feed = parsed.feed
    language = plain_text(_text(feed, "language"), 20)
    dates = DateReader(language=language, last_modified=last_modified, now=now)
    cleaner = HtmlCleaner(url)
    shared = {"author": _text(feed, "author"), "licence": _licence(feed)}
    entries = parsed.entries[:MAX_ENTRIES]
    return ReadFeed(
        title=_title(feed),
        site_url=absolute_link(_text(feed, "link"), url),
        language=language,
        ttl_minutes=_ttl(feed),
        entries=tuple(_entry(entry, url, cleaner, dates, shared) for entry in entries),
        notes=tuple(_notes(parsed)),
    )


def _entry(
    entry: Any, url: str, cleaner: HtmlCleaner, dates: DateReader, shared: dict[str, str]
) -> ReadEntry:
    summary = cleaner.clean(_markup(entry))
    published_at, source = dates.choose(_dates(entry))
    return ReadEntry(
        guid=plain_text(_text(entry, "id"), 2000) or None,
        link=absolute_link(_text(entry, "link"), url),
        title=_title(entry),
        author=title_text(_text(entry, "author") or shared["author"], is_markup=True, most=MAX_NAME),
        summary_html=summary,
        summary_text=text_of(summary),
        published_at=published_at,
        date_source=source,
        tags=_tags(entry),
        image_url=_image(entry, url),
        licence=_licence(entry) or shared["licence"],
    )


def _title(thing: Any) -> str:
    kind = _text(_mapping(thing, "title_detail"), "type")
    return title_text(_text(thing, "title"), is_markup=kind != "text/plain")


def _markup(entry: Any) -> str:
    """The summary, else the content, as HTML."""
    contents = _listed(entry, "content")
    for part in (_mapping(entry, "summary_detail"), *contents):
        value = _text(part, "value")
        if value.strip():
            return html.escape(value, quote=False) if _text(part, "type") == "text/plain" else value
    return ""


def _dates(entry: Any) -> list[tuple[DateSource, datetime | None, str]]:
    """feedparser answers for `updated` with `published` (and a warning), so it is asked for what is there."""
    keys = (
        ("published", DateSource.PUBLISHED),
        ("updated", DateSource.UPDATED),
        ("created", DateSource.UPDATED),
    )
    return [
        (source, from_parts(dict.get(entry, f"{key}_parsed")), str(dict.get(entry, key) or ""))
        for key, source in keys
        if dict.__contains__(entry, key)
    ]


def _tags(entry: Any) -> tuple[str, ...]:
    terms = (_text(tag, "label") or _text(tag, "term") for tag in _listed(entry, "tags")[:MAX_TAGS])
    return tuple(
        dict.fromkeys(filter(None, (title_text(term, is_markup=True, most=MAX_NAME) for term in terms)))
    )


def _image(entry: Any, url: str) -> str:
    media = [item for item in _listed(entry, "media_content") if _is_image(item)]
    enclosed = [item for item in _listed(entry, "enclosures") if _is_image(item)]
    named = _mapping(entry, "image")
    for item in (*_listed(entry, "media_thumbnail"), *media, *enclosed, named):
        link = absolute_link(_text(item, "url") or _text(item, "href"), url)
        if link:
            return link
    return ""


def _is_image(item: Any) -> bool:
    return _text(item, "type").startswith("image/") or _text(item, "medium") == "image"


def _licence(thing: Any) -> str:
    return title_text(_text(thing, "license") or _text(thing, "rights"), is_markup=True)


def _ttl(feed: Any) -> int | None:
    """Minutes from RSS `ttl`, else from the syndication module's period and frequency."""
    ttl = _text(feed, "ttl").strip()
    if ttl.isascii() and ttl.isdigit():
        return min(int(ttl[:9]), 525_600) or None
    period = _MINUTES.get(_text(feed, "sy_updateperiod").strip().lower())
    times = _text(feed, "sy_updatefrequency").strip() or "1"
    if period is None or not (times.isascii() and times.isdigit()):
        return None
    return max(1, period // max(1, int(times[:6])))


def _notes(parsed: Any) -> list[str]:
    notes = []
    if parsed.get("bozo"):
        notes.append("The feed is not well-formed, but it can be read.")
    if len(parsed.entries) > MAX_ENTRIES:
        notes.append(f"The feed has {len(parsed.entries)} entries; we read the first {MAX_ENTRIES}.")
    if any(len(_markup(entry)) > MAX_FIELD for entry in parsed.entries[:MAX_ENTRIES]):
        notes.append(f"A text in the feed is longer than {MAX_FIELD // 1000} kB; we read its beginning.")
    return notes


def _text(thing: Any, key: str) -> str:
    value = thing.get(key) if isinstance(thing, dict) else None
    return value if isinstance(value, str) else ""


def _mapping(thing: Any, key: str) -> dict[str, Any]:
    value = thing.get(key) if isinstance(thing, dict) else None
    return value if isinstance(value, dict) else {}


def _listed(thing: Any, key: str) -> list[Any]:
    value = thing.get(key) if isinstance(thing, dict) else None
    return value if isinstance(value, list) else []
