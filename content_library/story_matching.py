"""When two entries are the same article. Pure.

Inside one feed: the guid; a guid used more than once, with its link; else the link; else title and day; and the
same link under a changed guid is the same item, so that old news does not flood back when a site moves.
Across feeds: the link, then the canonical link, then an equal title of four words or more within three days.
Titles that are only alike are shown as a possible duplicate and never merged; inside one feed they are not even
compared.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from rapidfuzz import fuzz, process

SAME_TITLE_WITHIN = timedelta(days=3)
FEWEST_WORDS = 4
ALIKE_FROM = 92.0

_TRACKING = re.compile(
    r"(utm_|pk_|piwik_|mtm_|hsa_|vero_|oly_)\w*"
    r"|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok"
    r"|cmpid|ocid|ref_src|ref_url|at_medium|at_campaign|xtor|spm|s_cid|wt_mc",
    re.IGNORECASE,
)
_OWN_DATES = frozenset({"published", "updated", "localised"})
_PORTS = {"http": 80, "https": 443}
_INDEX_PAGE = re.compile(r"/(?:index\.(?:html?|php)|default\.aspx?)$", re.IGNORECASE)
_SAFE_IN_PATH = "/:@!$&'()*+,;=~-._"


class Likeness(StrEnum):
    SAME_LINK = "same_link"
    SAME_CANONICAL_LINK = "same_canonical_link"
    SAME_TITLE = "same_title"
    POSSIBLE_DUPLICATE = "possible_duplicate"

    @property
    def is_same(self) -> bool:
        return self is not Likeness.POSSIBLE_DUPLICATE


class Entry(Protocol):
    """What tells one entry of a feed from another; `feed_shapes.ReadEntry` is one."""

    @property
    def guid(self) -> str | None: ...
    @property
    def link(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def summary_text(self) -> str: ...
    @property
    def published_at(self) -> datetime: ...
    @property
    def date_source(self) -> str: ...


@dataclass(frozen=True, slots=True)
class KnownStory:
    """A story as the index keeps it; links as they were read."""

    story_id: int
    title: str
    published_at: datetime
    link: str = ""
    canonical_link: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    story_id: int
    likeness: Likeness
    score: float = 100.0


def normalise_link(url: str) -> str:
    """The form in which two links to one page are equal; empty for what is no web link.

    Without scheme, `www.`, usual port, tracking parameters, fragment, index page or trailing slash; the query
    sorted. It is for comparing, not for following.
    """
    parts = _split(url)
    if parts is None:
        return ""
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    port = parts.port
    where = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    path = quote(unquote(_INDEX_PAGE.sub("/", parts.path)), safe=_SAFE_IN_PATH).rstrip("/")
    pairs = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0])
    ]
    query = f"?{urlencode(sorted(pairs))}" if pairs else ""
    fragment = f"#{parts.fragment}" if parts.fragment.startswith("!") else ""
    return f"{where}{path}{query}{fragment}"


def link_key(url: str) -> str | None:
    """The normalised link as 64 characters for a column; None for what is no web link."""
    normalised = normalise_link(url)
    return _digest("link", normalised) if normalised else None


def title_key(title: str) -> str | None:
    """Equal for titles that differ in case, accents' spelling or punctuation; None below four words."""
    words = title_words(title)
    return _digest("title", " ".join(words)) if len(words) >= FEWEST_WORDS else None


def title_words(title: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", title).casefold()
    return re.findall(r"\w+", folded)


def item_key(
    *,
    guid: str | None,
    link: str,
    title: str,
    published_at: datetime | None,
    text: str = "",
    guid_repeats: bool = False,
) -> str:
    """64 characters that stand for one entry within its feed.

    `guid_repeats`: the feed uses this guid for more than one link. `published_at` is None where the entry itself
    has no date: the day it was first seen would be another one tomorrow. `text` stands in for a missing title.
    """
    normalised = normalise_link(link)
    if guid:
        return _digest("guid", guid, normalised) if guid_repeats else _digest("guid", guid)
    if normalised:
        return _digest("link", normalised)
    words = " ".join(title_words(title)) or text[:1000]
    return _digest("title", words, published_at.date().isoformat() if published_at else "")


def item_keys(entries: Sequence[Entry]) -> list[str]:
    """The key of each entry of one document, in order. Two entries with one key are one entry."""
    pairs = {(entry.guid, normalise_link(entry.link)) for entry in entries if entry.guid}
    links_of = Counter(guid for guid, _ in pairs)
    return [
        item_key(
            guid=entry.guid,
            link=entry.link,
            title=entry.title,
            published_at=entry.published_at if entry.date_source in _OWN_DATES else None,
            text=entry.summary_text,
            guid_repeats=links_of[entry.guid or ""] > 1,
        )
        for entry in entries
    ]


def telling_links(entries: Sequence[Entry]) -> list[str | None]:
    """The link key of each entry where it tells the entry from the others of its document, else None.

    A link that several entries share, or that is a site's front page, says nothing about an entry.
    """
    links = [normalise_link(entry.link) for entry in entries]
    counts = Counter(links)
    return [
        link_key(entry.link) if counts[link] == 1 and ("/" in link or "?" in link) else None
        for entry, link in zip(entries, links, strict=True)
    ]


def known_item(
    key: str, telling_link: str | None, *, by_key: Mapping[str, int], by_link: Mapping[str, int]
) -> int | None:
    """The item of this feed that an entry is, by its key or, under a changed guid, by its link."""
    if key in by_key:
        return by_key[key]
    return by_link.get(telling_link) if telling_link else None


class StoryIndex:
    """Known stories, ready to be asked about one more across feeds.

    `add` and `find` take a story that stands in another feed; entries of one feed are never compared here.
    """

    def __init__(self, stories: Iterable[KnownStory] = ()) -> None:
        self._links: dict[str, int] = {}
        self._titles: dict[str, list[KnownStory]] = {}
        self._sorted_titles: dict[int, str] = {}
        self._by_position: list[KnownStory] = []
        for story in stories:
            self.add(story)

    def add(self, story: KnownStory) -> None:
        for link in (story.link, story.canonical_link):
            normalised = normalise_link(link)
            if normalised:
                self._links.setdefault(normalised, story.story_id)
        key = title_key(story.title)
        if key:
            self._titles.setdefault(key, []).append(story)
            self._sorted_titles[len(self._by_position)] = _sorted_title(story.title)
            self._by_position.append(story)

    def find(self, story: KnownStory) -> Match | None:
        """The first rule that holds, strongest first; of alike titles the most alike."""
        for link, likeness in (
            (story.link, Likeness.SAME_LINK),
            (story.canonical_link, Likeness.SAME_CANONICAL_LINK),
        ):
            known = self._links.get(normalise_link(link)) if link else None
            if known is not None:
                return Match(known, likeness)
        return self._same_title(story) or self._alike(story)

    def _same_title(self, story: KnownStory) -> Match | None:
        key = title_key(story.title)
        for known in self._titles.get(key, ()) if key else ():
            if _near(known, story):
                return Match(known.story_id, Likeness.SAME_TITLE)
        return None

    def _alike(self, story: KnownStory) -> Match | None:
        if title_key(story.title) is None:
            return None
        title = _sorted_title(story.title)
        found = process.extract(
            title, self._sorted_titles, scorer=fuzz.ratio, score_cutoff=ALIKE_FROM, limit=50
        )
        for other, score, position in found:
            known = self._by_position[position]
            if _digits(other) == _digits(title) and _near(known, story):
                return Match(known.story_id, Likeness.POSSIBLE_DUPLICATE, round(score, 1))
        return None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        return None
    return parts if usable else None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _sorted_title(title: str) -> str:
    return " ".join(sorted(title_words(title)))


def _digits(title: str) -> list[str]:
    """Two titles with other numbers are other stories: “Update 3 of 4”, “Update 4 of 4”."""
    return re.findall(r"\d+", title)


def _near(one: KnownStory, other: KnownStory) -> bool:
    return abs(one.published_at - other.published_at) <= SAME_TITLE_WITHIN
