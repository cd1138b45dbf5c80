"""Whether the text a server shows is the text that was sent. Pure.

Servers show HTML: links as anchors, shortened by some; mentions with or without the server's name; paragraphs and
line breaks in their own way. What is compared is what a reader would call the same words.
"""

import unicodedata
from html.parser import HTMLParser
from urllib.parse import unquote

import regex
from rapidfuzz import fuzz

_SPACE = regex.compile(r"\s+")
_MENTION = regex.compile(r"@([\w-]+(?:\.[\w-]+)*)@[\w-]+(?:\.[\w-]+)*(?::\d+)?")
_SHORTENED = ("…", "...")
_NEARLY, _CONCEIVABLY = 80.0, 50.0  # of 100


def is_alike(shown: str, sent: str) -> bool:
    """Whether the HTML a server shows says what was sent."""
    return _folded(words_of(shown)) == _folded(sent)


def is_nearly_alike(shown: str, sent: str) -> bool:
    """Whether it could well be the same post in a form that is not known here."""
    return likeness(shown, sent) >= _NEARLY


def is_conceivable(shown: str, sent: str) -> bool:
    """Whether a server could have made the one of the other at all: whether its source is worth a question."""
    return likeness(shown, sent) >= _CONCEIVABLY


def likeness(shown: str, sent: str) -> float:
    """From 0 to 100."""
    return fuzz.ratio(_folded(words_of(shown)), _folded(sent))


def is_source(source: str, sent: str) -> bool:
    """Whether the source a server kept is what was sent, but for the spaces around it and the kind of line ends."""
    return _plain(source) == _plain(sent)


def words_of(shown: str) -> str:
    """The text of a status's HTML, each shortened link in full."""
    reader = _Words()
    reader.feed(shown)
    reader.close()
    return "".join(reader.words)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._links: list[tuple[str, int]] = []  # where the open anchors lead, and where their words begin

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self._links.append((given.get("href") or "", len(self.words)))
        elif tag == "img":  # a custom emoji
            self.words.append(given.get("alt") or "")
        elif tag in ("br", "p", "div", "li", "blockquote"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag != "a" or not self._links:
            return
        href, start = self._links.pop()
        if href and "".join(self.words[start:]).endswith(_SHORTENED):
            self.words[start:] = [href]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _folded(text: str) -> str:
    """Without spaces, percent signs of addresses, and the servers of those who are mentioned."""
    known = _MENTION.sub(r"@\1", unicodedata.normalize("NFC", unquote(text)))
    return str(_SPACE.sub("", known))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
