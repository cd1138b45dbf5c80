"""What is refused before any parser sees a feed, and how its bytes become text.

Bytes are decoded here, once, so that no encoding can hide from the checks what a parser would see.
"""

import codecs
import re
from collections.abc import Iterator

from content_library.feed_shapes import FeedUnreadable

MAX_BODY = 5_000_000
MAX_DEPTH = 200
MAX_ATTRIBUTES = 100
MAX_TAGS = 200_000

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", re.IGNORECASE)
# What the web calls the first is the second.
_REALLY = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
_PLAIN = bytes(range(0x20, 0x7F)) + rb" \x41 \u0041 +AGE- ~{ &#65;"

_PAGE = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(?:[\w.-]{1,20}:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
_INTERNAL_SUBSET = re.compile(r"<!DOCTYPE[^>\[]{0,2000}\[", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_TAG = re.compile(r"""<(/?)([A-Za-z_][^\s/<>]{0,200})((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_NEVER_CLOSED = frozenset({"br", "img", "hr", "input", "wbr", "meta", "source", "area", "col"})


def decode(body: bytes, content_type: str) -> str:
    """Bytes to text: byte-order mark, then the header's charset, the declaration's, UTF-8, Windows-1252."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body.decode(encoding, "replace").replace("\0", "")
    for encoding in _candidates(body, content_type):
        try:
            return body.decode(encoding).replace("\0", "")
        except (UnicodeError, ValueError):
            continue
    return body.decode("utf-8", "replace").replace("\0", "")


def is_page(text: str) -> bool:
    """Whether this is a web page and not a feed."""
    start = text[:4000]
    return bool(_PAGE.search(start)) and not _FEED_ROOT.search(start)


def refuse_what_could_explode(text: str) -> None:
    """Raises FeedUnreadable for own entities, and for more nesting, attributes or tags than any feed has."""
    if _ENTITY.search(text) or _INTERNAL_SUBSET.search(text):
        raise FeedUnreadable(
            "The feed defines its own entities, and we do not read such feeds. Ask its owner for a plain one."
        )
    open_tags: list[str] = []
    for count, (closing, name, rest) in enumerate(_tags(text)):
        if count > MAX_TAGS:
            raise FeedUnreadable("The feed has more tags than we read. Ask its owner for a shorter one.")
        if closing:
            _close(open_tags, name)
            continue
        if rest.count("=") > MAX_ATTRIBUTES and _attribute_count(rest) > MAX_ATTRIBUTES:
            raise FeedUnreadable(f"A tag in the feed has more than {MAX_ATTRIBUTES} attributes.")
        if not rest.endswith("/") and name.lower() not in _NEVER_CLOSED:
            open_tags.append(name)
        if len(open_tags) > MAX_DEPTH:
            raise FeedUnreadable(f"The feed is nested more than {MAX_DEPTH} levels deep.")


def _candidates(body: bytes, content_type: str) -> Iterator[str]:
    named = _CHARSET.search(content_type)
    declared = _DECLARED.search(body[:400])
    names = (named and named[1], declared and declared[1].decode("ascii", "replace"), "utf-8")
    if body[:4] in (b"<\0?\0", b"<\0r\0", b"<\0f\0"):
        yield "utf-16-le"
    if body[:4] in (b"\0<\0?", b"\0<\0r", b"\0<\0f"):
        yield "utf-16-be"
    for name in names:
        encoding = _text_encoding(name) if name else None
        if encoding:
            yield encoding
    yield "cp1252"


def _text_encoding(name: str) -> str | None:
    """Only encodings in which plain ASCII means itself."""
    try:
        encoding = codecs.lookup(name).name
        encoding = _REALLY.get(encoding, encoding)
        return encoding if _PLAIN.decode(encoding) == _PLAIN.decode("ascii") else None
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError):
        return None


def _tags(text: str) -> Iterator[tuple[str, str, str]]:
    for start, end in _marked_up(text):
        for match in _TAG.finditer(text, start, end):
            yield match[1], match[2], match[3]


def _marked_up(text: str) -> Iterator[tuple[int, int]]:
    """The stretches outside CDATA sections and comments, each found once."""
    position = 0
    while True:
        start, close = _next_quoted(text, position)
        if start < 0:
            yield position, len(text)
            return
        yield position, start
        end = text.find(close, start)
        if end < 0:
            return
        position = end + len(close)


def _next_quoted(text: str, position: int) -> tuple[int, str]:
    start = text.find("<!", position)
    while start >= 0:
        if text.startswith("<![CDATA[", start):
            return start, "]]>"
        if text.startswith("<!--", start):
            return start, "-->"
        start = text.find("<!", start + 2)
    return -1, ""


def _close(open_tags: list[str], name: str) -> None:
    """Close the nearest tag of that name, and with it what was left open inside."""
    for position in range(len(open_tags) - 1, -1, -1):
        if open_tags[position] == name:
            del open_tags[position:]
            return


def _attribute_count(rest: str) -> int:
    return re.sub(r"\"[^\"]*\"|'[^']*'", "", rest).count("=")
