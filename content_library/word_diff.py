"""What changed between two texts, word by word, as a person would mark it. Pure.

Words, punctuation and spaces are compared as they are written; a gap of nothing but spaces between two changes
belongs to the change, so that a rewritten sentence is one mark and not twenty.
"""

from collections.abc import Iterator
from typing import Literal

import regex
from rapidfuzz.distance import Indel

Op = Literal["equal", "insert", "delete"]
Change = tuple[Op, str]

_TOKEN = regex.compile(r"https?://\S+|[\p{L}\p{N}\p{M}_]+(?:['’\-][\p{L}\p{N}\p{M}_]+)*|\n|[^\S\n]+|\X")


def word_diff(before: str, after: str) -> list[Change]:
    """The pieces in reading order. The equal and deleted ones together are `before`, the equal and inserted
    ones `after`."""
    if before == after:
        return [("equal", after)] if after else []
    return list(_merged(_runs(_TOKEN.findall(before), _TOKEN.findall(after))))


def is_changed(changes: list[Change]) -> bool:
    return any(op != "equal" for op, _ in changes)


def _runs(old: list[str], new: list[str]) -> Iterator[tuple[str, str, str]]:
    """Alternating (equal, deleted, inserted) texts, in order."""
    equal = deleted = inserted = ""
    for code in Indel.opcodes(old, new):
        if code.tag == "equal":
            same = "".join(old[code.src_start : code.src_end])
            if (deleted or inserted) and same.isspace() and "\n" not in same and code.src_end < len(old):
                deleted, inserted = deleted + same, inserted + same
                continue
            if deleted or inserted:
                yield equal, deleted, inserted
                equal = deleted = inserted = ""
            equal += same
            continue
        deleted += "".join(old[code.src_start : code.src_end])
        inserted += "".join(new[code.dest_start : code.dest_end])
    yield equal, deleted, inserted


def _merged(runs: Iterator[tuple[str, str, str]]) -> Iterator[Change]:
    for equal, deleted, inserted in runs:
        tail = _common_tail(deleted, inserted)
        pieces: tuple[Change, ...] = (
            ("equal", equal),
            ("delete", deleted[: len(deleted) - len(tail)]),
            ("insert", inserted[: len(inserted) - len(tail)]),
            ("equal", tail),
        )
        yield from (piece for piece in pieces if piece[1])


def _common_tail(deleted: str, inserted: str) -> str:
    """A space taken into a change that turned out to be its last."""
    kept = len(deleted) - len(deleted.rstrip(" "))
    return deleted[len(deleted) - kept :] if kept and inserted.endswith(" " * kept) else ""
