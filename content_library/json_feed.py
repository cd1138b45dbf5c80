"""JSON Feed 1.0 and 1.1, read by ourselves: https://www.jsonfeed.org/version/1.1/."""

import html
import json
from datetime import datetime
from typing import Any

from content_library.feed_cleaning import (
    MAX_NAME,
    HtmlCleaner,
    absolute_link,
    plain_text,
    text_of,
    title_text,
)
from content_library.feed_dates import DateReader, from_iso
from content_library.feed_shapes import DateSource, FeedUnreadable, NotAFeed, ReadEntry, ReadFeed

VERSION = "jsonfeed.org/version/1"
MAX_ENTRIES = 500
MAX_TAGS = 20


def read_json_feed(text: str, *, url: str, last_modified: str | None, now: datetime) -> ReadFeed:
    """Raises FeedUnreadable for broken JSON, NotAFeed for JSON that is something else."""
    document = _load(text)
    if not isinstance(document, dict) or VERSION not in _text(document.get("version")):
        raise NotAFeed("This address gives JSON, but not a JSON Feed. Look for the site's feed address.")
    items = [item for item in _list(document.get("items")) if isinstance(item, dict)]
    language = plain_text(_text(document.get("language")), 20)
    dates = DateReader(language=language, last_modified=last_modified, now=now)
    cleaner = HtmlCleaner(url)
    author = _author(document)
    return ReadFeed(
        title=title_text(_text(document.get("title")), is_markup=False),
        site_url=absolute_link(_text(document.get("home_page_url")), url),
        language=language,
        ttl_minutes=None,
        entries=tuple(_entry(item, url, cleaner, dates, author) for item in items[:MAX_ENTRIES]),
        notes=_notes(items),
    )


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedUnreadable("The JSON of this feed is broken. Tell its owner.") from error


def _entry(
    item: dict[str, Any], url: str, cleaner: HtmlCleaner, dates: DateReader, feed_author: str
) -> ReadEntry:
    summary = cleaner.clean(_markup(item))
    published_at, source = dates.choose(_dates(item))
    images = (absolute_link(_text(item.get(key)), url) for key in ("image", "banner_image"))
    return ReadEntry(
        guid=plain_text(_text(item.get("id")), 2000) or None,
        link=absolute_link(_text(item.get("url")) or _text(item.get("external_url")), url),
        title=title_text(_text(item.get("title")), is_markup=False),
        author=_author(item) or feed_author,
        summary_html=summary,
        summary_text=text_of(summary),
        published_at=published_at,
        date_source=source,
        tags=tuple(plain_text(_text(tag), MAX_NAME) for tag in _list(item.get("tags"))[:MAX_TAGS]),
        image_url=next(filter(None, images), ""),
    )


def _markup(item: dict[str, Any]) -> str:
    plain = _text(item.get("summary"))
    if plain:
        return html.escape(plain, quote=False)
    return _text(item.get("content_html")) or html.escape(_text(item.get("content_text")), quote=False)


def _dates(item: dict[str, Any]) -> list[tuple[DateSource, datetime | None, str]]:
    fields = (("date_published", DateSource.PUBLISHED), ("date_modified", DateSource.UPDATED))
    written = [(source, _text(item.get(key))) for key, source in fields]
    return [(source, from_iso(text), text) for source, text in written]


def _author(thing: dict[str, Any]) -> str:
    """`authors` of 1.1, else `author` of 1.0."""
    people = [*_list(thing.get("authors")), thing.get("author")]
    names = [_text(person.get("name")) for person in people if isinstance(person, dict)]
    return plain_text(", ".join(dict.fromkeys(filter(None, names))), MAX_NAME)


def _notes(items: list[dict[str, Any]]) -> tuple[str, ...]:
    if len(items) <= MAX_ENTRIES:
        return ()
    return (f"The feed has {len(items)} entries; we read the first {MAX_ENTRIES}.",)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Strings as they are; numbers, which the format tells readers to accept as ids, as text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""
