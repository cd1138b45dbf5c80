"""What the doctor finds: a sentence, and whether something has to be done."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    ok: bool
    sentence: str


def fine(sentence: str) -> Finding:
    return Finding(ok=True, sentence=sentence)


def mend(sentence: str) -> Finding:
    """The sentence names the cause and the next step."""
    return Finding(ok=False, sentence=sentence)
