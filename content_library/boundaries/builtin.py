"""The boundaries Deskcast comes with, as data. A desk changes them, switches them off, and adds its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from content_library.boundaries.rules import Detector, Severity


@dataclass(frozen=True)
class BuiltinBoundary:
    key: str
    name: str
    detector: Detector
    severity: Severity
    advice: str
    owner: str = ""
    team_key: str = ""
    needs_evidence: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


BUILTIN_BOUNDARIES: tuple[BuiltinBoundary, ...] = (
    BuiltinBoundary(
        "personal_data", "Personal data", Detector.PERSONAL_DATA, Severity.BLOCK,
        "Take it out, or ask for it in a private message. The house’s own addresses can be allowed.", "legal",
    ),
    BuiltinBoundary(
        "expletives", "Strong language", Detector.WORDS, Severity.BLOCK, "Say it without the word.", "pr",
        settings={
            "words": [
                "arsehole*", "asshole*", "bastard*", "bitch*", "bollocks", "bullshit*", "cock", "cunt*", "dickhead*",
                "fuck*", "motherfucker*", "piss*", "prick", "shit*", "slut*", "twat*", "wank*", "whore*",
                "arschloch", "fick*", "fotze*", "scheiß*", "wichser*",
            ],
            "allowed": ["shih tzu", "cock-a-leekie", "stopcock", "ball cock"],
        },
    ),
    BuiltinBoundary(
        "sexual", "Sexual references", Detector.WORDS, Severity.WARN,
        "Is it needed? Innuendo travels without its context.", "pr",
        settings={"words": ["boobs", "erotic*", "horny", "nude*", "orgasm*", "porn*", "sex", "sexy", "sexual*"]},
    ),
    BuiltinBoundary(
        "free", "“Free”", Detector.WORDS, Severity.INFORM, "Say what it costs nothing for, and what it is tied to.",
        "legal", "legal",
        settings={
            "words": ["free", "for free", "free of charge", "gratis", "kostenlos", "umsonst"],
            "allowed": [
                "feel free", "free time", "set free", "free up", "frees up", "toll-free", "sugar-free", "fat-free",
                "gluten-free", "dairy-free", "lead-free", "bpa-free", "hands-free", "trouble-free", "free-range",
                "free range", "free to ask", "free to reply", "free to tell",
            ],
        },
    ),
    BuiltinBoundary(
        "promises", "Promises and guarantees", Detector.WORDS, Severity.INFORM,
        "Say what is promised, by whom, and for how long.", "legal", "legal", needs_evidence=True,
        settings={
            "words": [
                "guarantee*", "risk-free", "no risk", "money back", "lifetime", "always works", "never fails", "proven",
                "garantie*", "garantiert*",
            ],
        },
    ),
    BuiltinBoundary(
        "superlatives", "“Best” and other comparisons", Detector.WORDS, Severity.INFORM,
        "Name the test or the source, or say it without comparing.", "legal", "legal", needs_evidence=True,
        settings={
            "words": [
                "best", "cheapest", "lowest", "lowest price", "number one", "no. 1", "unbeatable", "leading",
                "better than", "cheaper than", "faster than", "market leader",
            ],
            "allowed": [
                "best wishes", "best regards", "best before", "all the best", "best practice", "best practices",
                "do our best", "doing our best", "your best", "at best", "best way", "best time", "works best",
                "the best of both", "leading to", "lowest setting", "lowest heat", "lowest shelf",
            ],
        },
    ),
    BuiltinBoundary(
        "prices", "Prices and reductions", Detector.PRICES, Severity.INFORM,
        "A price is a promise: it needs its terms and its last day.", "legal", "legal",
    ),
    BuiltinBoundary(
        "products", "Names of products", Detector.PRODUCTS, Severity.INFORM,
        "Product checks that what is said of it is true.", "product", "product",
    ),
    BuiltinBoundary(
        "links", "Links", Detector.LINKS, Severity.WARN,
        "Write the address people arrive at, so that they can see where they go.", "marketing",
        settings={"shortened": True, "refused": [], "allowed": []},
    ),
    BuiltinBoundary(
        "manner", "Shouting", Detector.MANNER, Severity.INFORM, "Say it in a normal voice.", "pr",
        settings={"marks": 2},
    ),
    BuiltinBoundary(
        "reading", "Hard to read", Detector.READING, Severity.INFORM,
        "Shorter sentences and shorter words are read to the end.", "marketing", settings={"most": 50},
    ),
)  # fmt: skip
