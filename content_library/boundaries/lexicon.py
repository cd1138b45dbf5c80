"""Words a rule is about, found as whole words however they are dressed up: leet digits, stretched letters, a star for a
vowel, marks between letters. Never inside another word, and not where an allowed phrase stands.

A word that ends in `*` also stands for every longer word that begins like it (`guarantee*`).
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

import regex

from content_library.boundaries.folding import Folded, fold

_WORN_AS = {
    "a": "a4@*", "b": "b8", "e": "e3€*", "g": "g9", "i": "i1!|*", "l": "l1|",
    "o": "o0*", "s": "s5$", "t": "t7+", "u": "u*",
}  # fmt: skip
_BEFORE, _AFTER = r"(?<![\p{L}\p{N}])", r"(?![\p{L}\p{N}])"
_SHORTEST_APART = 4
"""Letters with marks between them are read as a word from this length on."""


def find_words(typed: str, words: Sequence[str], allowed: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Where a word of the list stands in `typed`, in order; not where it lies inside an allowed phrase."""
    if not words:
        return []
    folded = fold(typed)
    free = [match.span() for match in _plainly(tuple(allowed)).finditer(folded.text)] if allowed else []
    return [
        folded.span(start, end)
        for start, end in _found(folded, tuple(words))
        if not any(begin <= start and end <= stop for begin, stop in free)
    ]


def _found(folded: Folded, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for match in _dressed_up(words).finditer(folded.text):
        if any(c.isalpha() for c in match[0]):  # a number is no word: 50 is not “so”
            yield match.span()


@lru_cache(maxsize=256)
def _dressed_up(words: tuple[str, ...]) -> regex.Pattern[str]:
    """One pattern for a whole list, the longer forms first."""
    either = "|".join(_forms(word) for word in sorted(words, key=len, reverse=True))
    return regex.compile(f"{_BEFORE}(?:{either}){_AFTER}")


@lru_cache(maxsize=256)
def _plainly(phrases: tuple[str, ...]) -> regex.Pattern[str]:
    either = "|".join(regex.escape(fold(phrase).text) for phrase in phrases)
    return regex.compile(f"{_BEFORE}(?:{either}){_AFTER}")


def _forms(word: str) -> str:
    """A word as it is written, worn or stretched; and, where it is long enough, with a mark between its letters."""
    longer = r"\p{L}*" if word.endswith("*") else ""
    letters = fold(word.rstrip("*")).text
    together = "".join(_run(letter, len(list(same))) for letter, same in groupby(letters)) + longer
    if len(letters) < _SHORTEST_APART or " " in letters:
        return together
    apart = r"[.\-_*·]".join(_worn(letter) for letter in letters)
    return f"{together}|{apart}"


def _run(letter: str, count: int) -> str:
    """`good` is not a stretched `god`: one letter is itself or three and more of it."""
    worn = _worn(letter)
    if letter.isspace():
        return worn
    return f"{worn}{{{count},}}" if count > 1 else f"(?:{worn}{{3,}}|{worn})"


def _worn(letter: str) -> str:
    if letter.isspace():
        return r"\s+"
    return f"[{regex.escape(_WORN_AS[letter])}]" if letter in _WORN_AS else regex.escape(letter)
