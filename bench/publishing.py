"""Publications per second and lateness, next to the bare rate of two durable commits on the same machine and disk.

python -m bench.publishing [--kind sqlite|postgresql] [--count 3000]
"""

import argparse
import statistics
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text

from bench.ground import BOTH, cleared_post, fresh_database, machine, many_publications, row
from content_library.database import Database
from content_library.settings import Timing
from scheduler import jobs, publishing
from scheduler.clock_watch import ClockWatch
from scheduler.jobs import Duty
from scheduler.models import Publication, PublicationState
from scheduler.workers import Workers
from scheduler.world import World
from service_channel.networks.page import Page
from tests.factories import VAULT
from tests.fakes import CountingNetwork, FakeServer

ACCOUNTS = 40
THREADS = 8
LATE_COUNT, LATE_SPAN_S = 240, 120


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=BOTH)
    options.add_argument("--count", type=int, default=3000)
    options.add_argument("--lateness-s", type=float, default=LATE_SPAN_S)
    chosen = options.parse_args()
    print(
        f"Publishing · {machine()} · {THREADS} sender threads, {ACCOUNTS} accounts, counting network on loopback"
    )
    for kind in (chosen.kind,) if chosen.kind else BOTH:
        with FakeServer.start() as server, fresh_database(kind) as database:
            throughput(kind, database, server, chosen.count)
            lateness(kind, database, server, span_s=chosen.lateness_s)
    return 0


def throughput(kind: str, database: Database, server: FakeServer, count: int) -> None:
    """All of `count` due at once."""
    bare = bare_rate(database)
    past = datetime.now(UTC) - timedelta(seconds=5)
    with database.write() as session:
        post, accounts, _ = cleared_post(session, server, accounts=ACCOUNTS)
        many_publications(session, post, accounts, count=count, due=[past] * count)
    before = server.count()
    seconds = _run(database, until=count)
    sent = server.count() - before
    assert sent == count, f"{sent} posts stand for {count} publications"
    rate = count / seconds
    print(
        row(
            f"{kind}: publications/s",
            f"{rate:.0f}",
            f"bare 2 commits/s {bare:.0f}",
            f"ratio {rate / bare:.2f}",
        )
    )


def lateness(kind: str, database: Database, server: FakeServer, *, span_s: float) -> None:
    """240 spread over two minutes: how long after its time each reached the network."""
    start = datetime.now(UTC) + timedelta(seconds=6)
    due = [start + timedelta(seconds=span_s * n / LATE_COUNT) for n in range(LATE_COUNT)]
    with database.write() as session:
        from content_library.models.account import Account
        from content_library.models.post import Post

        post = session.scalars(select(Post)).one()
        accounts = list(session.scalars(select(Account).where(Account.network == "bluesky")))
        done = session.scalar(select(func.count()).select_from(Publication)) or 0
        many_publications(session, post, accounts, count=LATE_COUNT, due=due)
    _run(database, until=done + LATE_COUNT)
    with database.read() as session:
        rows = session.execute(
            select(Publication.due_at, Publication.published_at).where(Publication.due_at >= start)
        ).all()
    late = sorted((published - due_at).total_seconds() * 1000 for due_at, published in rows)
    p50, p95 = statistics.median(late), late[int(len(late) * 0.95)]
    print(row(f"{kind}: lateness ms, {LATE_COUNT} in {span_s:.0f} s", f"p50 {p50:.0f}", f"p95 {p95:.0f}",
              f"max {late[-1]:.0f}", f"limit 250: {p95 / 250:.2f}"))  # fmt: skip


def _run(database: Database, *, until: int) -> float:
    """An engine's look-ahead and senders in this process, until `until` are published; returns seconds."""
    network = CountingNetwork()
    world = World(
        database, {"page": Page(), "bluesky": network}, VAULT, Path("."), Timing(), "bench", ClockWatch(120)
    )
    workers = Workers(lambda claim: publishing.publish_one(world, claim), threads=THREADS)
    duty = Duty(world, None, workers, None, None)  # type: ignore[arg-type]
    stop = threading.Event()
    ticker = threading.Thread(target=_tick, args=(duty, stop))
    began = time.perf_counter()
    ticker.start()
    shown = began
    while (published := _published(database)) < until:
        time.sleep(0.05)
        if time.perf_counter() - shown > 5:
            shown = time.perf_counter()
            print(f"    {published} of {until}", file=sys.stderr)
    seconds = time.perf_counter() - began
    stop.set()
    ticker.join()
    workers.stop(timeout_s=10)
    network.close()
    return seconds


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
