"""What a feed becomes once read: plain data, and the two ways of not being a feed."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class FeedUnreadable(Exception):
    """It may be a feed, but it cannot be read; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAFeed(Exception):
    """Something else came back. `is_page` when it is a web page, which may name its feeds."""

    def __init__(self, message: str, *, is_page: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_page = is_page


class DateSource(StrEnum):
    """Where an entry's date comes from."""

    PUBLISHED = "published"
    UPDATED = "updated"
    LOCALISED = "localised"
    LAST_MODIFIED = "last_modified"
    FIRST_SEEN = "first_seen"


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One entry. Titles, authors and tags are text; `summary_html` is clean; links are absolute or empty."""

    guid: str | None
    link: str
    title: str
    author: str
    summary_html: str
    summary_text: str
    published_at: datetime
    date_source: DateSource
    tags: tuple[str, ...] = ()
    image_url: str = ""
    licence: str = ""

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        return cls(
            **{
                **plain,
                "published_at": datetime.fromisoformat(plain["published_at"]),
                "date_source": DateSource(plain["date_source"]),
                "tags": tuple(plain["tags"]),
            }
        )


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A whole feed. `notes` are sentences about what was odd but readable."""

    title: str
    site_url: str
    language: str
    ttl_minutes: int | None
    entries: tuple[ReadEntry, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def as_plain(self) -> dict[str, Any]:
        """As JSON can carry it."""
        plain = asdict(self)
        for entry in plain["entries"]:
            entry["published_at"] = entry["published_at"].isoformat()
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        entries = tuple(ReadEntry.from_plain(entry) for entry in plain["entries"])
        return cls(**{**plain, "entries": entries, "notes": tuple(plain["notes"])})
