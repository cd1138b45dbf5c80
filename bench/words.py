"""Words to fill a library with: few are common, most are rare, as in any language."""

import random
from itertools import accumulate, product

COMMON = "kettle"  # in about a third of the posts
RARE = "bimetal"  # in one of five thousand
TOPICS = [f"{what} {part}" for what, part in product(
    ("Kettles", "Ovens", "Hobs", "Fridges", "Washers", "Lamps", "Heating", "Returns"),
    ("basics", "care", "repair", "safety", "news"),
)]  # fmt: skip
PRODUCTS = [
    f"{name} {number}" for name in ("Aran", "Bute", "Coll", "Lewis", "Skye") for number in (100, 200, 300)
]
_STARTS = (
    "des",
    "rin",
    "war",
    "cle",
    "fil",
    "tem",
    "lid",
    "pan",
    "mol",
    "ver",
    "sta",
    "hol",
    "bri",
    "gla",
    "nor",
)
_MIDDLES = ("a", "er", "i", "on", "ut", "el", "ar", "in")
_ENDS = ("cale", "se", "m", "ner", "ter", "per", "sing", "ted", "ly", "ble", "dow", "rack")


class Words:
    """The same seed gives the same words."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._known = ["".join(parts) for parts in product(_STARTS, _MIDDLES, _ENDS)]
        self._random.shuffle(self._known)
        self._known.insert(60, COMMON)
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self._known) + 1)))

    def title(self) -> str:
        return " ".join(self._some(6)).capitalize()

    def text(self, *, rare: bool) -> str:
        """Forty to seventy words in sentences of ten."""
        found = self._some(self._random.randint(40, 70))
        if rare:
            found[5] = RARE
        sentences = [" ".join(found[n : n + 10]).capitalize() + "." for n in range(0, len(found), 10)]
        return "\n\n".join([" ".join(sentences[:3]), " ".join(sentences[3:])])

    def _some(self, count: int) -> list[str]:
        return self._random.choices(self._known, cum_weights=self._weights, k=count)
