"""Facts in a text: written `{{name}}`, and what stands there instead. Pure.

Spaces and case in a name are forgiven; a name nobody knows stays as it is, so that people see what they wrote.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONGEST_NAME = 60
LONGEST_VALUE = 500
MOST_LINES = 6

_NAMED = re.compile(r"\{\{([^{}\n]{1,200})\}\}")
BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True)
class Problem:
    """`name` is empty for braces that were opened and not closed."""

    name: str

    @property
    def sentence(self) -> str:
        if not self.name:
            return "“{{” begins the name of a fact, and “}}” has to end it on the same line. Close it, or take it out."
        return f"There is no fact called “{self.name}” on this desk. Choose one from the list or write the value."


def fact_key(name: str) -> str:
    """What makes two names the same."""
    return " ".join(name.split()).casefold()


def names_in(texts: Iterable[str]) -> dict[str, str]:
    """Key → name as it was first written, of every fact the texts name."""
    found: dict[str, str] = {}
    for text in texts:
        for match in _NAMED.finditer(text):
            name = " ".join(match[1].split())
            if name:
                found.setdefault(fact_key(name), name)
    return found


def written_out(text: str, values: Mapping[str, str]) -> str:
    """The text with the values of the facts it names. `values` by key."""
    return _NAMED.sub(lambda match: values.get(fact_key(match[1]), match[0]), text)


def problems_in(text: str) -> list[Problem]:
    """What is still between braces once the facts are written out."""
    unknown = [Problem(name) for name in names_in([text]).values()]
    return unknown or ([Problem("")] if "{{" in text else [])
