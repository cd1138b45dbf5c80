"""How fast an engine grows while it publishes: megabytes an hour, next to the limit.

python -m bench.memory [--kind sqlite|postgresql] [--minutes 60]
"""

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psutil

from bench.ground import BOTH, fresh_database, machine, row
from bench.publishing import engine_at_work, plan
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


def sampled(seconds: float) -> list[tuple[float, float]]:
    """(Seconds since the start, megabytes) of this process, garbage taken out first."""
    process, began = psutil.Process(), time.monotonic()
    found: list[tuple[float, float]] = []
    while (at := time.monotonic() - began) < seconds:
        gc.collect()
        found.append((at, process.memory_info().rss / MB))
        if len(found) % 30 == 1:
            print(f"    {at / 60:.0f} min: {found[-1][1]:.1f} MB", file=sys.stderr)
        time.sleep(EVERY_S)
    return found


def report(kind: str, samples: Sequence[tuple[float, float]]) -> None:
    warm = [(at, size) for at, size in samples if at >= WARM_UP_S]
    slope = statistics.linear_regression(*zip(*warm, strict=True)).slope * 3600
    print(
        row(
            f"{kind}: memory slope",
            f"{slope:+.2f} MB/h",
            f"{warm[0][1]:.0f} MB at first",
            f"{warm[-1][1]:.0f} MB at last",
            f"limit {LIMIT_MB:g}: {slope / LIMIT_MB:.2f}",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
