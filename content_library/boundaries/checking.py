"""Running the boundaries in force over what would go out, and saying what is still owed for what was found. Pure.

The same check runs while typing, at submission and at sending.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from content_library.boundaries.lexicon import find_words
from content_library.boundaries.links import find_unwanted
from content_library.boundaries.manner import find_shouting, reading
from content_library.boundaries.personal_data import personal_data
from content_library.boundaries.prices import find_prices
from content_library.boundaries.rules import Detector, Rule, Severity

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Around:
    """What a check knows beside the text. `regions`: countries whose telephone numbers are read without a code."""

    products: Sequence[str] = ()
    regions: Sequence[str] = ()
    dead_links: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """Where a text touches a boundary: characters `start` to `end` of a field. `words` is empty for personal data."""

    field: str
    start: int
    end: int
    words: str

    def as_data(self) -> dict[str, Any]:
        return {"field": self.field, "start": self.start, "end": self.end, "words": self.words}


@dataclass(frozen=True)
class Finding:
    """A boundary that a text touches, and where."""

    rule: Rule
    places: tuple[Place, ...]

    @property
    def words(self) -> list[str]:
        """What was found, each once."""
        return list(dict.fromkeys(place.words for place in self.places if place.words))


def check(texts: Mapping[str, str], rules: Iterable[Rule], around: Around) -> list[Finding]:
    """What `texts` (field → text) touch, the severest first."""
    written = {field: text for field, text in texts.items() if text}
    found = [Finding(rule, places) for rule in rules if (places := _places(written, rule, around))]
    return sorted(found, key=lambda f: (_ORDER[f.rule.severity], f.rule.name))


_ORDER = {Severity.BLOCK: 0, Severity.WARN: 1, Severity.INFORM: 2}


def _places(texts: Mapping[str, str], rule: Rule, around: Around) -> tuple[Place, ...]:
    look = _DETECTORS[rule.detector]
    return tuple(
        Place(field, start, end, "" if rule.is_private else text[start:end])
        for field, text in texts.items()
        for start, end in look(text, rule.settings, around)
    )


def _words(text: str, settings: Mapping[str, Any], _around: Around) -> Spans:
    return find_words(text, settings.get("words", ()), settings.get("allowed", ()))


def _personal(text: str, settings: Mapping[str, Any], around: Around) -> Spans:
    wanted = settings.get("kinds")
    found = personal_data(
        text,
        regions=settings.get("regions") or around.regions,
        patterns=[(p["name"], p["shape"]) for p in settings.get("patterns", ())],
        allowed=settings.get("allowed", ()),
    )
    return [(p.start, p.end) for p in found if not wanted or p.kind in wanted]


def _prices(text: str, _settings: Mapping[str, Any], _around: Around) -> Spans:
    return find_prices(text)


def _links(text: str, settings: Mapping[str, Any], around: Around) -> Spans:
    return find_unwanted(
        text,
        refused=settings.get("refused", ()),
        allowed=settings.get("allowed", ()),
        shortened=bool(settings.get("shortened", True)),
        dead=around.dead_links,
    )


def _products(text: str, settings: Mapping[str, Any], around: Around) -> Spans:
    return find_words(text, around.products, settings.get("allowed", ()))


def _manner(text: str, settings: Mapping[str, Any], _around: Around) -> Spans:
    return find_shouting(text, marks=int(settings.get("marks", 2)))


def _reading(text: str, settings: Mapping[str, Any], _around: Around) -> Spans:
    level = reading(text)
    return [(0, len(text))] if level and level.index > float(settings.get("most", 50)) else []


_DETECTORS: Mapping[Detector, Callable[[str, Mapping[str, Any], Around], Spans]] = {
    Detector.WORDS: _words,
    Detector.PERSONAL_DATA: _personal,
    Detector.PRICES: _prices,
    Detector.LINKS: _links,
    Detector.PRODUCTS: _products,
    Detector.MANNER: _manner,
    Detector.READING: _reading,
}


@dataclass(frozen=True)
class Owed:
    """What a finding still asks of the author: `field` is empty where nothing but another text helps."""

    rule: Rule
    field: str
    sentence: str


def owed(findings: Iterable[Finding], answers: Mapping[str, Mapping[str, str]]) -> list[Owed]:
    """What keeps these findings from going on, given the author's answers (rule key → {reason, evidence})."""
    every = (_owed(finding, answers.get(finding.rule.key, {})) for finding in findings)
    return [one for several in every for one in several]


def _owed(finding: Finding, answer: Mapping[str, str]) -> list[Owed]:
    rule, named = finding.rule, _named(finding)
    if rule.severity is Severity.BLOCK:
        return [Owed(rule, "", f"{rule.name}: {named} cannot go out. {rule.advice}".strip())]
    missing = []
    if rule.severity is Severity.WARN and not answer.get("reason"):
        missing.append(Owed(rule, "reason", f"{rule.name}: {named}. Change it, or say why it stands."))
    if rule.needs_evidence and not answer.get("evidence"):
        missing.append(Owed(rule, "evidence", f"{rule.name}: say what {named} rests on."))
    return missing


def _named(finding: Finding) -> str:
    words = finding.words
    if not words or finding.rule.detector is Detector.READING:
        return "what is marked"
    shown = ", ".join(f"“{w[:40]}”" for w in words[:3])
    return shown if len(words) <= 3 else f"{shown} and {len(words) - 3} more"
