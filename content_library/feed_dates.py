"""When an entry was published: what the feed says, in whatever language, or when we first saw it."""

import email.utils
import re
from datetime import UTC, datetime
from typing import Any

import dateparser

from content_library.feed_shapes import DateSource

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

# Tried where a feed does not name its language. All languages at once would take seconds.
_COMMON_LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "sv", "da", "cs", "tr", "ja", "zh"]
_FULL_DATE = {
    "TIMEZONE": "UTC",
    "RETURN_AS_TIMEZONE_AWARE": True,
    "REQUIRE_PARTS": ["day", "month", "year"],
    "PARSERS": ["absolute-time"],
}
_MOST_FAILURES = 3


class DateReader:
    """Reads the dates of one feed document.

    `last_modified` is that header's text; `now` is when the document was fetched.
    """

    def __init__(self, *, language: str, last_modified: str | None, now: datetime) -> None:
        self._languages = _languages(language)
        self._document = http_date(last_modified)
        self._now = now
        self._failures = 0

    def choose(self, given: list[tuple[DateSource, datetime | None, str]]) -> tuple[datetime, DateSource]:
        """The date of an entry from its fields in order: (source, read by the parser or None, as written).

        A date in the future or before 1990 is a mistake, and the entry counts as first seen now.
        """
        for source, read, _ in given:
            if read is not None:
                return self._checked(read, source)
        for _, _, written in given:
            localised = self._localised(written)
            if localised is not None:
                return self._checked(localised, DateSource.LOCALISED)
        if self._document is not None:
            return self._checked(self._document, DateSource.LAST_MODIFIED)
        return self._now, DateSource.FIRST_SEEN

    def _checked(self, read: datetime, source: DateSource) -> tuple[datetime, DateSource]:
        if EARLIEST <= read <= self._now:
            return read, source
        return self._now, DateSource.FIRST_SEEN

    def _localised(self, written: str) -> datetime | None:
        text = written.strip()[:64]
        if self._failures >= _MOST_FAILURES or not re.search(r"\d", text):
            return None
        read = _read_words(text, self._languages)
        if read is None:
            self._failures += 1
        return read


def from_parts(parts: Any) -> datetime | None:
    """The instant of a UTC time tuple, as feedparser gives it."""
    if not parts:
        return None
    try:
        year, month, day, hour, minute, second = (int(part) for part in parts[:6])
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def from_iso(text: str) -> datetime | None:
    """RFC 3339, read leniently; without a zone it counts as UTC."""
    try:
        read = datetime.fromisoformat(text.strip())
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def http_date(text: str | None) -> datetime | None:
    try:
        read = email.utils.parsedate_to_datetime(text or "")
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _languages(language: str) -> list[str]:
    primary = re.split(r"[-_]", language.lower(), maxsplit=1)[0]
    primary = {"no": "nb"}.get(primary, primary)
    return [primary] if re.fullmatch(r"[a-z]{2}", primary) else _COMMON_LANGUAGES


def _read_words(text: str, languages: list[str]) -> datetime | None:
    """dateparser raises ValueError for a language it does not know, and more on odd input."""
    try:
        read = dateparser.parse(text, languages=languages, settings=_FULL_DATE)
    except ValueError:
        return None if languages is _COMMON_LANGUAGES else _read_words(text, _COMMON_LANGUAGES)
    except (OverflowError, TypeError, AttributeError, IndexError, KeyError, RecursionError):
        return None
    return from_parts(read.astimezone(UTC).timetuple()) if read else None
