"""How text is folded into words for searching: the same tokens on every database. Pure."""

import unicodedata
from collections.abc import Iterable

import regex

_WORD = regex.compile(r"[\p{L}\p{N}]+")
MOST_TOKENS = 2_000
LONGEST = 40


def tokens(texts: Iterable[str]) -> list[str]:
    """The words of the texts, folded: case, accents and compatibility forms do not matter."""
    found: list[str] = []
    for text in texts:
        found.extend(word[:LONGEST] for word in _WORD.findall(fold(text)))
    return found[:MOST_TOKENS]


def fold(text: str) -> str:
    """Case-folded and without accents: “Käse” is found by “kase”, “ﬁx” by “fix”."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
