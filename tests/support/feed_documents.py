"""Feeds in a few words, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

FIRST_DAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    title: str
    link: str = ""
    guid: str = ""
    author: str = ""
    summary: str = "<p>Short and <b>good</b>.</p>"
    at: datetime = FIRST_DAY


def items(
    count: int, *, base: str = "https://news.example", first: int = 1, topic: str = "kitchen"
) -> list[Item]:
    """Numbered items, the newest first, an hour apart."""
    numbers = range(first + count - 1, first - 1, -1)
    return [
        Item(
            f"Story number {n} of the {topic}",
            f"{base}/{n}",
            f"guid-{base}-{n}",
            at=FIRST_DAY + timedelta(minutes=n),
        )
        for n in numbers
    ]


def rss(
    entries: Sequence[Item], *, title: str = "Kitchen News", site: str = "https://news.example/"
) -> bytes:
    body = "".join(_rss_item(entry) for entry in entries)
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>{site}</link>{body}</channel></rss>"
    ).encode()


def _rss_item(item: Item) -> str:
    guid = f'<guid isPermaLink="false">{escape(item.guid)}</guid>' if item.guid else ""
    link = f"<link>{escape(item.link)}</link>" if item.link else ""
    author = f"<author>{escape(item.author)}</author>" if item.author else ""
    return (
        f"<item><title>{escape(item.title)}</title>{link}{guid}{author}"
        f"<pubDate>{format_datetime(item.at)}</pubDate><description>{escape(item.summary)}</description></item>"
    )
