"""Publications a second with workers beside engines, and what a look-ahead costs as the tables grow. PostgreSQL only.

python -m bench.scaling [--part rates|cost] [--count 4000] [--most 1000000]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event, func, select, text, update
from sqlalchemy.orm import Session

from bench.ground import cleared_post, fresh_database, machine, many_publications, row
from content_library import clock
from content_library.database import Database
from content_library.models.desk import EngineBeat
from content_library.settings import Timing
from scheduler import transitions, watch, worker_beats
from scheduler.account_queue import AccountQueue
from scheduler.models import Publication, PublicationState
from tests.fakes import FakeServer

ROOT = Path(__file__).resolve().parent.parent
ACCOUNTS = 40
PARTS = ((1, 0), (2, 0), (1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (2, 4))
"""Engines and workers; the first is the embedded engine that everything else is compared to."""
SIZES = (10_000, 100_000, 1_000_000)
MANY_ACCOUNTS = (10, 100, 1000)
DUE = 200
BACKLOG = 20_000
ROUNDS = 20
WARMING = 800
"""Publications that are not counted: what a process does first, it makes and PostgreSQL plans."""
WIDTHS = (44, 16, 16, 24)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--part", choices=("rates", "cost"))
    options.add_argument("--count", type=int, default=4000)
    options.add_argument("--most", type=int, default=SIZES[-1])
    chosen = options.parse_args()
    print(f"Scaling · {machine()} · PostgreSQL, {ACCOUNTS} accounts, counting network on loopback")
    if chosen.part != "cost":
        rates(chosen.count)
    if chosen.part != "rates":
        cost([size for size in SIZES if size <= chosen.most])
    return 0


def rates(count: int) -> None:
    """The same publications for every cast, each on a database of its own."""
    embedded = 0.0
    for engines, workers in PARTS:
        with FakeServer.start() as server, fresh_database("postgresql") as database:
            rate, share = rate_of(database, server, count, engines=engines, workers=workers)
            sent = len(server.posts())
        assert sent == WARMING + count, f"{sent} posts stand for {WARMING + count} publications"
        embedded = embedded or rate
        cast = f"{engines} engine{'s' * (engines > 1)}, {workers or 'no'} worker{'s' * (workers != 1)}"
        said = (f"{rate:.0f}/s", f"{rate / embedded:.2f} of embedded", f"{share:.0%} by workers")
        print(row(cast, *said, widths=WIDTHS), flush=True)


def rate_of(
    database: Database, server: FakeServer, count: int, *, engines: int, workers: int
) -> tuple[float, float]:
    """Publications a second from when they are due to when the last is out, and the share workers sent."""
    with database.write() as session:
        post, accounts, _ = cleared_post(session, server, accounts=ACCOUNTS)
        post_id, account_ids = post.id, [account.id for account in accounts]
    cast = f"{engines} + {workers}"
    with a_cast(database, engines=engines, workers=workers):
        _all_due_at_once(database, post_id, account_ids, WARMING)
        _wait(f"{cast}, warming", lambda: _published(database), until=WARMING)
        due = _all_due_at_once(database, post_id, account_ids, count)
        _wait(cast, lambda: _published(database), until=WARMING + count)
        with database.read() as session:
            last = session.scalar(select(func.max(Publication.published_at)))
            known = [one.worker for one in worker_beats.known(session)]
            by_workers = select(func.count()).where(
                Publication.claimed_by.in_(known), Publication.due_at == due
            )
            share = (session.scalar(by_workers) or 0) / count
    assert last is not None
    return count / (last - due).total_seconds(), share


def _all_due_at_once(database: Database, post_id: int, account_ids: list[int], count: int) -> datetime:
    """Plan so many for one moment ten seconds from now, which is returned."""
    with database.write() as session:
        post, accounts = _found(session, post_id, account_ids)
        due = clock.now(session) + timedelta(seconds=10)
        many_publications(session, post, accounts, count=count, due=[due] * count)
    return due


def _found(session: Session, post_id: int, account_ids: list[int]):  # type: ignore[no-untyped-def]
    from content_library.models.account import Account
    from content_library.models.post import Post

    return session.get_one(Post, post_id), [session.get_one(Account, one) for one in account_ids]


@contextmanager
def a_cast(database: Database, *, engines: int, workers: int) -> Iterator[None]:
    """So many processes, up and waiting; ended when this is over."""
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        for part in ["worker"] * workers + ["engine"] * engines:
            environment = {
                **os.environ,
                "DESKCAST_DATABASE_URL": database.url,
                "DESKCAST_DATA": folder,
                "DRILL_PART": part,
            }
            command = [sys.executable, "-m", "tests.drills.engine_process"]
            started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
        try:
            _wait("up", lambda: _up(database), until=workers + bool(engines))
            time.sleep(1.0)
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(60)


def _up(database: Database) -> int:
    with database.read() as session:
        engines = session.get(EngineBeat, watch.STARTED) is not None
        return len(worker_beats.known(session)) + engines


def _published(database: Database) -> int:
    done = select(func.count()).where(Publication.state == PublicationState.PUBLISHED)
    with database.read() as session:
        return session.scalar(done) or 0


def _wait(what: str, count: Callable[[], int], *, until: int) -> None:
    shown = time.perf_counter()
    while (now := count()) < until:
        time.sleep(0.25)
        if time.perf_counter() - shown > 5:
            shown = time.perf_counter()
            print(f"    {what}: {now} of {until}", file=sys.stderr)


@dataclass
class Taken:
    """How long one round took, and how many statements it needed."""

    milliseconds: float
    statements: int


def cost(sizes: list[int]) -> None:
    """Of what happens every second, with years of publications in the table."""
    for size in sizes:
        _cost_of(size, accounts=100)
    for accounts in MANY_ACCOUNTS:
        _cost_of(min(100_000, sizes[-1]), accounts=accounts)
    _cost_of(min(100_000, sizes[-1]), accounts=100, due=BACKLOG)


def _cost_of(size: int, *, accounts: int, due: int = DUE) -> None:
    with FakeServer.start() as server, fresh_database("postgresql") as database:
        with database.write() as session:
            post, places, _ = cleared_post(session, server, accounts=accounts)
            soon = datetime.now(UTC) + timedelta(seconds=1)
            many_publications(session, post, places, count=accounts, due=[soon] * accounts)
        fill(database, size, accounts=accounts)
        with database.write() as session:
            post, places = _found(session, post.id, [place.id for place in places])
            many_publications(session, post, places, count=due, due=[datetime.now(UTC)] * due)
            worker_beats.beat(session, "bench", accounts=16, busy=0, note="", now=clock.now(session))
        print(f"  {size:,} publications, {accounts} accounts, {due:,} due", flush=True)
        for name, do in _acts(places[0].id).items():
            found = [_taken(database, do) for _ in range(ROUNDS)]
            p50 = statistics.median(one.milliseconds for one in found)
            print(row(f"    {name}", f"{p50:.1f} ms", f"{found[0].statements} statements", widths=WIDTHS))


def _acts(account_id: int) -> dict[str, Callable[[Session, datetime], object]]:
    timing, queue = Timing(), AccountQueue()

    def claim(session: Session, now: datetime, *, late_s: float = -5, only: int | None = None) -> object:
        until = now - timedelta(seconds=late_s)
        return transitions.claim(
            session, engine="bench:1", now=now, until=until, lease_s=180, most=500, per_account=100,
            account_id=only,
        )  # fmt: skip

    return {
        "look-ahead, nothing due": lambda session, now: claim(session, now, late_s=86_400),
        "look-ahead, claims up to 500": claim,
        "look-ahead, rings for workers": lambda s, now: queue.hand_over(s, now=now, timing=timing),
        "a worker's claim of one account": lambda session, now: claim(session, now, only=account_id),
    }


def _taken(database: Database, do: Callable[[Session, datetime], object]) -> Taken:
    """One round, taken back afterwards."""
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    session = database.session(writing=True)
    try:
        now = clock.now(session)
        event.listen(database.engine, "before_cursor_execute", count)
        began = time.perf_counter()
        do(session, now)
        took = time.perf_counter() - began
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
        session.rollback()
        session.close()
    return Taken(took * 1000, statements)


def fill(database: Database, size: int, *, accounts: int) -> None:
    """So many more, published one after the other over five years: what there is already, in runs of their own."""
    runs = max(1, size // accounts)
    with database.write() as session:
        session.execute(
            update(Publication).values(
                state=PublicationState.PUBLISHED, published_at=Publication.due_at, version=2
            )
        )
    print(f"    filling {size:,}", file=sys.stderr)
    for first in range(0, runs, 1000):
        with database.write() as session:
            _more(session, first, min(runs, first + 1000))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _more(session: Session, first: int, last: int) -> None:
    """As many runs of what the first run has."""
    session.execute(
        text(
            "INSERT INTO runs (post_id, number, cause, created_at)"
            " SELECT post_id, 1000000 + n, cause, created_at FROM runs, generate_series(:first, :last - 1) AS n"
            " WHERE number < 1000000"
        ),
        {"first": first, "last": last},
    )
    names = [
        name for name in Publication.__table__.c.keys()  # noqa: SIM118 - the table's columns, not the class's
        if name not in ("id", "source_key", "client_key", "run_id", "due_at", "late_at", "published_at", "state_at")
    ]  # fmt: skip
    kept = ", ".join(names)
    at = "now() - (more.number - 1000000 + 1) * interval '5 years' / 10000"
    session.execute(
        text(
            f"INSERT INTO publications ({kept}, source_key, client_key, run_id, due_at, late_at, published_at,"
            f" state_at) SELECT {', '.join('p.' + name for name in names)},"
            " 'old-' || p.id || '-' || more.id, left(md5(p.id || '-' || more.id), 36), more.id,"
            f" {at}, {at}, {at}, {at}"
            " FROM publications AS p JOIN runs AS first ON first.id = p.run_id AND first.number < 1000000"
            " JOIN runs AS more ON more.number BETWEEN 1000000 + :first AND 1000000 + :last - 1"
        ),
        {"first": first, "last": last},
    )


if __name__ == "__main__":
    sys.exit(main())
