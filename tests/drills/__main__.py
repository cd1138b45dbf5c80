"""All drills, the heavy ones too: `python -m tests.drills --seed 7`, or `make drills SEED=7`.

The seed decides every moment and every order. Each drill is named as it passes; the last line counts them.
"""

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence

import pytest

SEED = "DESKCAST_TEST_SEED"
# Nothing of pytest's own but what breaks off: the lines are those of `Spoken`.
QUIET = ("-qq", "--no-header", "--no-summary", "-p", "no:cacheprovider")


class Spoken:
    """Says each drill as it ends, why it failed, and at the very end how many did what."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()

    def pytest_report_teststatus(self) -> tuple[str, str, str]:
        return "", "", ""  # pytest itself says nothing

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._fail(report.nodeid, report)
        elif report.when == "call":
            self._say(f"  ✓ {report.nodeid.removeprefix('tests/drills/')} ({report.duration:.1f} s)")
            self.ended["passed"] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._fail(report.nodeid, report)

    def summary(self) -> str:
        return f"{self.ended['passed']} passed, {self.ended['failed']} failed"

    def _fail(self, name: str, report: pytest.TestReport | pytest.CollectReport) -> None:
        self._say(f"  ✗ {name.removeprefix('tests/drills/')}\n{report.longreprtext}")
        for title, said in report.sections:
            self._say(f"--- {title}\n{said}")
        self.ended["failed"] += 1

    def _say(self, words: str) -> None:
        sys.__stdout__.write(f"{words}\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]


def run(seed: str, workers: int, others: Sequence[str]) -> int:
    os.environ[SEED] = seed
    sys.stdout.write(f"seed {seed}: make drills SEED={seed} repeats it\n")
    spoken = Spoken()
    side_by_side = ["-n", str(workers), "--dist", "loadgroup"] if workers else []
    where = [] if any(one.startswith("tests") for one in others) else ["tests/drills"]
    arguments = [*QUIET, "-m", "not proof", *side_by_side, *others, *where]
    status = pytest.main(arguments, plugins=[spoken])
    if status and not spoken.ended["failed"]:
        spoken.ended["failed"] += 1  # nothing was found, or it was broken off
    sys.stdout.write(f"{spoken.summary()}\n")
    return int(status)


def main() -> None:
    parser = argparse.ArgumentParser(description="All drills. What else is given is for pytest: files, -k …")
    parser.add_argument("--seed", default="", help="anything; the same again makes the same choices")
    parser.add_argument("--workers", type=int, default=2, help="how many drills at once")
    known, others = parser.parse_known_args()
    seed = known.seed or str(random.SystemRandom().randrange(1_000_000))
    sys.exit(run(seed, known.workers, others))


if __name__ == "__main__":
    main()
