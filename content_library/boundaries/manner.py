"""How a text sounds and reads: shouting, strings of exclamation marks, sentences that are hard to follow."""

from dataclasses import dataclass
from functools import cache

import regex

_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'’-]*")
_SENTENCE_END = regex.compile(r"[.!?…:]+(?:\s|$)|\n+")
_ADDRESS = regex.compile(r"https?://\S+|[@#]\S+")
_LOUD_WORDS, _LETTERS_IN_LOUD_WORD = 3, 3
_LONG_WORD = 6
_ENOUGH_WORDS = 25
"""A formula of reading says nothing about less."""


@cache
def _more_than(marks: int) -> regex.Pattern[str]:
    return regex.compile(rf"[!?！？]{{{marks + 1},}}")


def find_shouting(text: str, *, marks: int = 2) -> list[tuple[int, int]]:
    """Three words in capitals one after the other, and more than `marks` exclamation or question marks in a row."""
    loud = [run for run in _capital_runs(text) if len(run) >= _LOUD_WORDS]
    marked = _more_than(marks).finditer(text)
    return sorted([*((run[0][0], run[-1][1]) for run in loud), *(match.span() for match in marked)])


def _capital_runs(text: str) -> list[list[tuple[int, int]]]:
    runs: list[list[tuple[int, int]]] = [[]]
    for match in _WORD.finditer(text):
        word = match[0]
        if len(word) >= _LETTERS_IN_LOUD_WORD and word.isupper():
            runs[-1].append(match.span())
        elif len(word) > 1 and runs[-1]:
            runs.append([])
    return runs


@dataclass(frozen=True)
class Reading:
    """`index`: LIX after Björnsson (1968), words a sentence plus the share of words of more than six letters in
    percent. Under 30 easy, 40 a newspaper, over 50 hard. It needs no dictionary, so it holds for many languages."""

    index: float
    words: int


def reading(text: str) -> Reading | None:
    """None where there is too little to say."""
    plain = _ADDRESS.sub(" ", text)
    words = _WORD.findall(plain)
    if len(words) < _ENOUGH_WORDS:
        return None
    sentences = sum(1 for part in _SENTENCE_END.split(plain) if _WORD.search(part))
    long = sum(len(word) > _LONG_WORD for word in words)
    return Reading(len(words) / max(sentences, 1) + 100 * long / len(words), len(words))
