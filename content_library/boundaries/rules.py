"""A boundary as it is in force: what it looks for, how severe it is, and what it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Detector(StrEnum):
    """What a boundary looks for, with the settings it reads."""

    WORDS = "words"  # words: list, allowed: list
    PERSONAL_DATA = (
        "personal_data"  # kinds: list, regions: list, patterns: list of {name, shape}, allowed: list
    )
    PRICES = "prices"
    LINKS = "links"  # refused: list of hosts, allowed: list of hosts, shortened: bool
    PRODUCTS = "products"  # names of the desk's products
    MANNER = "manner"  # marks: how many in a row are too many, less one
    READING = "reading"  # most: LIX


class Severity(StrEnum):
    INFORM = "inform"
    WARN = "warn"  # goes on with a reason
    BLOCK = "block"


@dataclass(frozen=True)
class Rule:
    """One version of a boundary. `team_key`: the team that has to clear what it finds, or empty.

    `needs_evidence`: the author says what the claim rests on.
    """

    key: str
    version_id: int
    number: int
    name: str
    detector: Detector
    severity: Severity
    settings: Mapping[str, Any]
    advice: str = ""
    team_key: str = ""
    needs_evidence: bool = False

    @property
    def is_private(self) -> bool:
        """What it finds is not to be copied anywhere."""
        return self.detector is Detector.PERSONAL_DATA
