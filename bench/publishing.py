"""Publications per second and lateness, next to the bare rate of two durable commits on the same machine and disk.

python -m bench.publishing [--kind sqlite|postgresql] [--count 3000] [--part throughput|steady|peak]
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import func, select, text

from bench.ground import BOTH, cleared_post, fresh_database, machine, many_publications, row
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.post import Post
from content_library.settings import ENGINE_THREADS as THREADS
from content_library.settings import Timing
from scheduler import jobs, publishing
from scheduler.clock_watch import ClockWatch
from scheduler.jobs import Duty
from scheduler.models import Publication, PublicationState
from scheduler.workers import Workers
from scheduler.world import World
from service_channel.networks.base import Access, OutgoingPart, Prepared, SendResult
from service_channel.networks.page import Page
from tests.factories import VAULT
from tests.fakes import CountingNetwork, FakeServer

ACCOUNTS = 100
LEAST = {"sqlite": 300, "postgresql": 500}  # publications a second
DISTANCE_S = 0.05  # what an answer of a network takes at the peak


@dataclass(frozen=True)
class Load:
    """So many publications, evenly over a time; how late p95 may be, and how far away the network is."""

    name: str
    count: int
    span_s: float
    limit_ms: float
    distance_s: float = 0.0


STEADY = Load("20 a second for two minutes", 2400, 120, 250)
PEAK = Load("2,000 in one minute, 50 ms away", 2000, 60, 5000, DISTANCE_S)


class Distant(CountingNetwork):
    """The counting network, so many seconds away."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        time.sleep(self._seconds)
        return super().send(access, part, prepared, deadline_s=deadline_s)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=BOTH)
    options.add_argument("--count", type=int, default=3000)
    options.add_argument("--part", choices=("throughput", "steady", "peak"))
    chosen = options.parse_args()
    print(
        f"Publishing · {machine()} · {THREADS} sender threads, {ACCOUNTS} accounts, counting network on loopback"
    )
    for kind in (chosen.kind,) if chosen.kind else BOTH:
        with FakeServer.start() as server, fresh_database(kind) as database:
            if chosen.part in (None, "throughput"):
                throughput(kind, database, server, chosen.count)
            for part, load in (("steady", STEADY), ("peak", PEAK)):
                if chosen.part in (None, part):
                    lateness(kind, database, server, load)
    return 0


def throughput(kind: str, database: Database, server: FakeServer, count: int) -> None:
    """All of `count` due at once."""
    bare = bare_rate(database)
    past = datetime.now(UTC) - timedelta(seconds=5)
    plan(database, server, [past] * count)
    before, spent_before = server.count(), cpu_seconds()
    seconds = _run(database, CountingNetwork(), until=_published(database) + count)
    spent = {who: (cpu_seconds()[who] - then) / count * 1000 for who, then in spent_before.items()}
    sent = server.count() - before
    assert sent == count, f"{sent} posts stand for {count} publications"
    rate = count / seconds
    print(
        row(
            f"{kind}: publications/s",
            f"{rate:.0f}",
            f"least {LEAST[kind]}: {rate / LEAST[kind]:.2f}",
            f"bare 2 commits/s {bare:.0f}",
            f"ratio {rate / bare:.2f}",
        )
    )
    print(row(f"{kind}: CPU each", *(f"{who} {ms:.1f} ms" for who, ms in spent.items())))


def cpu_seconds() -> dict[str, float]:
    """What this process, which is the engine here, and every PostgreSQL of this machine have computed so far."""
    servers = 0.0
    for process in psutil.process_iter(["name", "cpu_times"]):
        if "postgres" in (process.info["name"] or "") and process.info["cpu_times"]:
            servers += process.info["cpu_times"].user + process.info["cpu_times"].system
    return {"engine": time.process_time(), "PostgreSQL": servers}


def lateness(kind: str, database: Database, server: FakeServer, load: Load) -> None:
    """How long after its time each reached the network, its answer included."""
    start = datetime.now(UTC) + timedelta(seconds=6)
    due = [start + timedelta(seconds=load.span_s * n / load.count) for n in range(load.count)]
    plan(database, server, due)
    _run(database, Distant(load.distance_s), until=_published(database) + load.count)
    with database.read() as session:
        rows = session.execute(
            select(Publication.due_at, Publication.published_at).where(Publication.due_at >= start)
        ).all()
    late = sorted((published - due_at).total_seconds() * 1000 for due_at, published in rows)
    p50, p95 = statistics.median(late), late[int(len(late) * 0.95)]
    print(row(f"{kind}: lateness ms, {load.name}", f"p50 {p50:.0f}", f"p95 {p95:.0f}", f"max {late[-1]:.0f}",
              f"limit {load.limit_ms:.0f}: {p95 / load.limit_ms:.2f}"))  # fmt: skip


def plan(database: Database, server: FakeServer, due: list[datetime]) -> None:
    """Publications of one cleared post, at these times."""
    with database.write() as session:
        post = session.scalars(select(Post)).one_or_none()
        if post is None:
            post, _, _ = cleared_post(session, server, accounts=ACCOUNTS)
        accounts = list(session.scalars(select(Account).where(Account.network == "bluesky")))
        many_publications(session, post, accounts, count=len(due), due=due)


def _run(database: Database, network: CountingNetwork, *, until: int) -> float:
    """Seconds until `until` are published."""
    with engine_at_work(database, network):
        began = shown = time.perf_counter()
        while (published := _published(database)) < until:
            time.sleep(0.25)  # counting takes the database its time, too
            if time.perf_counter() - shown > 5:
                shown = time.perf_counter()
                print(f"    {published} of {until}", file=sys.stderr)
        return time.perf_counter() - began


@contextmanager
def engine_at_work(database: Database, network: CountingNetwork) -> Iterator[None]:
    """An engine's look-ahead and senders in this process."""
    world = World(
        database, {"page": Page(), "bluesky": network}, VAULT, Path("."), Timing(), "bench", ClockWatch(120)
    )
    workers = Workers(lambda claim: publishing.publish_one(world, claim), threads=THREADS)
    duty = Duty(world, None, workers, None, None)  # type: ignore[arg-type]
    stop = threading.Event()
    ticker = threading.Thread(target=_tick, args=(duty, stop))
    ticker.start()
    try:
        yield
    finally:
        stop.set()
        ticker.join()
        workers.stop(timeout_s=10)
        network.close()


def _tick(duty: Duty, stop: threading.Event) -> None:
    while not stop.is_set():
        jobs.look_ahead(duty)
        stop.wait(0.5)


def _published(database: Database) -> int:
    with database.read() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(Publication)
                .where(Publication.state == PublicationState.PUBLISHED)
            )
            or 0
        )


def bare_rate(database: Database, *, pairs: int = 400) -> float:
    """Pairs of the smallest durable transactions per second, in one thread: the floor of this disk."""
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare (id integer PRIMARY KEY, n integer)"))
        connection.execute(text("INSERT INTO bare VALUES (1, 0)"))
    began = time.perf_counter()
    for _ in range(pairs * 2):
        with database.engine.execution_options(begin_immediate=True).begin() as connection:
            connection.execute(text("UPDATE bare SET n = n + 1 WHERE id = 1"))
    return pairs / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
