"""How long it takes to find the boundaries that a text touches, by the rules Deskcast comes with.

python -m bench.findings [--characters 2000] [--times 200]
"""

import argparse
import statistics
import time

from bench.ground import machine, row
from content_library.boundaries.builtin import BUILTIN_BOUNDARIES
from content_library.boundaries.checking import Around, check
from content_library.boundaries.rules import Rule

LIMIT_MS = 50
AROUND = Around(products=("Tern kettle", "Pip toaster", "Fen pots"), regions=("DE", "AT", "GB"))
PLAIN = (
    "Hard water? The limescale filter fits every Tern kettle since 2019 and needs changing twice a year. Free in "
    "November, guaranteed: https://www.brindlemoor.example/shop/tern-filter, 39 € instead of 59 €. "
)
DRESSED = PLAIN.replace("a", "á").replace("o", "о")  # accents, and a Cyrillic о


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--characters", type=int, default=2_000)
    options.add_argument("--times", type=int, default=200)
    chosen = options.parse_args()
    print(f"Findings · {machine()} · {len(BUILTIN_BOUNDARIES)} rules, {chosen.characters} characters")
    for name, sentence in (("plain", PLAIN), ("dressed up", DRESSED)):
        measure(name, (sentence * chosen.characters)[: chosen.characters], chosen.times)
    return 0


def measure(name: str, text: str, times: int) -> None:
    rules = [
        Rule(b.key, 0, 1, b.name, b.detector, b.severity, b.settings, b.advice, b.team_key, b.needs_evidence)
        for b in BUILTIN_BOUNDARIES
    ]
    check({"text": text}, rules, AROUND)
    taken = sorted(_timed(text, rules) for _ in range(times))
    p50, p95 = statistics.median(taken), taken[int(times * 0.95)]
    print(row(f"{name}: ms", f"p50 {p50:.1f}", f"p95 {p95:.1f}", f"limit {LIMIT_MS}: {p95 / LIMIT_MS:.2f}"))


def _timed(text: str, rules: list[Rule]) -> float:
    began = time.perf_counter()
    found = check({"text": text}, rules, AROUND)
    assert found
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    raise SystemExit(main())
