"""A team's checklist: sentences its people confirm, each of them, when they approve.

A decision keeps the sentences as they were, so a list may change at any time and needs no version of its own.
"""

from collections.abc import Iterable, Sequence

from content_library.errors import InvalidInput
from content_library.models.review import Verdict

MOST = 12
LONGEST = 200


def checked_list(lines: Iterable[str]) -> list[str]:
    """The sentences as they are kept: one a line, each once. Raises InvalidInput at `sentences`."""
    sentences = list(dict.fromkeys(" ".join(line.split()) for line in lines if line.strip()))
    if len(sentences) > MOST:
        raise _wrong(f"Write at most {MOST} sentences. A longer list is ticked without reading.")
    long = next((s for s in sentences if len(s) > LONGEST), None)
    if long is not None:
        raise _wrong(f"Keep each sentence under {LONGEST} characters. “{long[:40]}…” is longer.")
    return sentences


def ticked(sentences: Sequence[str], verdict: Verdict, checked: Iterable[str]) -> list[str]:
    """What of the list was ticked. Raises InvalidInput at `checked` when something is missing to approve."""
    said = set(checked)
    missing = [sentence for sentence in sentences if sentence not in said]
    if verdict is Verdict.APPROVE and missing:
        named = ", ".join(f"“{sentence}”" for sentence in missing)
        sentence = f"Approving needs the whole checklist. Not ticked: {named}"
        raise InvalidInput(sentence, {"checked": sentence})
    return [sentence for sentence in sentences if sentence in said]


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {"sentences": sentence})
