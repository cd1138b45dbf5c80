"""How fast an engine grows while it publishes: megabytes an hour, next to the limit.

Counted is what the process holds itself. Pages of the database's file that SQLite maps into it grow with the file and
are the system's to take back; they stand beside it.

python -m bench.memory [--kind sqlite|postgresql] [--minutes 60]
"""

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil

from bench.ground import BOTH, fresh_database, machine, row
from bench.publishing import engine_at_work, plan
from scheduler import heaps
from tests.fakes import CountingNetwork, FakeServer

A_SECOND = 2
EVERY_S = 10.0
WARM_UP_S = 300.0
LIMIT_MB = 1.0
MB = 1024 * 1024


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=BOTH, default="sqlite")
    options.add_argument("--minutes", type=float, default=60.0)
    chosen = options.parse_args()
    heaps.share()  # as an engine does before its threads start
    seconds = WARM_UP_S + chosen.minutes * 60
    print(
        f"Memory · {machine()} · {A_SECOND} publications a second for {chosen.minutes:g} min after {WARM_UP_S:g} s"
    )
    with FakeServer.start() as server, fresh_database(chosen.kind) as database:
        start = datetime.now(UTC) + timedelta(seconds=5)
        due = [start + timedelta(seconds=n / A_SECOND) for n in range(int(seconds * A_SECOND))]
        plan(database, server, due)
        with engine_at_work(database, CountingNetwork()):
            samples = sampled(seconds)
    report(chosen.kind, samples)
    return 0


@dataclass(frozen=True)
class Sample:
    """What this process took `at` seconds after the start, in megabytes: its own memory, and mapped pages of files."""

    at: float
    own: float
    mapped: float


def sampled(seconds: float) -> list[Sample]:
    """Of this process, garbage taken out first."""
    process, began = psutil.Process(), time.monotonic()
    found: list[Sample] = []
    while (at := time.monotonic() - began) < seconds:
        gc.collect()
        taken = process.memory_info()
        found.append(Sample(at, (taken.rss - taken.shared) / MB, taken.shared / MB))
        if len(found) % 30 == 1:
            said = f"{found[-1].own:.1f} MB of its own, {found[-1].mapped:.1f} MB of files"
            print(f"    {at / 60:.0f} min: {said}", file=sys.stderr)
        time.sleep(EVERY_S)
    return found


def report(kind: str, samples: Sequence[Sample]) -> None:
    warm = [sample for sample in samples if sample.at >= WARM_UP_S]
    slope = hourly(warm, [sample.own for sample in warm])
    print(
        row(
            f"{kind}: memory slope",
            f"{slope:+.2f} MB/h",
            f"{warm[0].own:.1f} MB at first",
            f"{warm[-1].own:.1f} MB at last",
            f"limit {LIMIT_MB:g}: {slope / LIMIT_MB:.2f}",
        )
    )
    print(row(f"{kind}: mapped files", f"{hourly(warm, [sample.mapped for sample in warm]):+.2f} MB/h"))


def hourly(samples: Sequence[Sample], sizes: Sequence[float]) -> float:
    """The slope of the line through all of them."""
    return statistics.linear_regression([sample.at for sample in samples], sizes).slope * 3600


if __name__ == "__main__":
    sys.exit(main())
