"""How quickly pages come at 10,000 and 100,000 posts, with how many statements, and how heavy they are.

python -m bench.pages [--kind sqlite|postgresql] [--posts 10000,100000] [--requests 40] [--explain PART]

Each page is asked for through the whole WSGI application by a signed-in person (the public page by
a stranger), without a network between.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event

from app import create_app
from bench.filling import COMMON, RARE, Library, fill
from bench.ground import BOTH, fresh_database, machine, row
from content_library.database import Database
from content_library.models.format import Kind
from content_library.models.post import PostState
from content_library.settings import load
from tests.factories import client_for

WARM_UPS = 5
LIMIT_MS, LIMIT_STATEMENTS, LIMIT_KIB = 100, 15, 150
LIMIT_REPORT_MS = 300
WIDTHS = (26, 9, 9, 13, 12, 13)


@dataclass(frozen=True)
class Figures:
    """One page: milliseconds, statements of one request, KiB of HTML."""

    p50: float
    p95: float
    statements: int
    kib: float

    @property
    def ratios(self) -> tuple[float, float, float]:
        return self.p95 / LIMIT_MS, self.statements / LIMIT_STATEMENTS, self.kib / LIMIT_KIB

    @property
    def is_within(self) -> bool:
        return max(self.ratios) <= 1


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=BOTH)
    options.add_argument("--posts", default="10000,100000")
    options.add_argument("--requests", type=int, default=40)
    options.add_argument(
        "--explain", default="", help="show the statements of the pages whose name begins so"
    )
    chosen = options.parse_args()
    print(f"Pages · {machine()} · limits: p95 {LIMIT_MS} ms, {LIMIT_STATEMENTS} statements, {LIMIT_KIB} KiB")
    within = [
        measure(kind, int(count), chosen.requests, chosen.explain)
        for kind in ((chosen.kind,) if chosen.kind else BOTH)
        for count in chosen.posts.split(",")
    ]
    return 0 if all(within) else 1


def measure(kind: str, count: int, requests: int, explain: str) -> bool:
    """Fill a database and measure every page on it; returns whether all are within the limits."""
    with fresh_database(kind) as database, tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        library = fill(database, count)
        filled_s = time.perf_counter() - began
        print(
            f"\n{kind}, {count:,} posts, {library.in_review:,} of them in review (filled in {filled_s:.0f} s)"
        )
        print(row("page", "p50 ms", "p95 ms", "of limit", "statements", "KiB", widths=WIDTHS))
        client = _client(database, library, Path(folder))
        if explain:
            _explain(database, client, library, explain)
        stranger = client.application.test_client()
        found = {
            name: _figures(database, stranger if url.startswith("/p/") else client, url, requests)
            for name, url in addresses(library).items()
        }
        first_looks = {days: _first_look(database, library, Path(folder), days) for days in (7, 30, 90)}
    for name, figures in found.items():
        print(_line(name, figures))
    for days, taken in first_looks.items():
        print(
            f"report, {days} days, first look in five minutes: {taken:.0f} ms ({taken / LIMIT_REPORT_MS:.2f} of limit)"
        )
    return all(figures.is_within for figures in found.values())


def addresses(library: Library) -> dict[str, str]:
    """The pages people have open all day, each with the address that costs most."""
    desk = f"/d/{library.desk.handle}"
    pages = max(1, min(10_000, int(library.posts * 0.9)) // 25)
    return {
        "library": f"{desk}/library",
        "library, common word": f"{desk}/library?q={COMMON}",
        "library, rare word": f"{desk}/library?q={RARE}",
        "library, state and kind": f"{desk}/library?state={PostState.DRAFT}&kind={Kind.QUESTION}",
        "library, page 200": f"{desk}/library?page={min(200, pages)}",
        "calendar, month": f"{desk}/calendar",
        "calendar, week": f"{desk}/calendar/week",
        "calendar, agenda": f"{desk}/calendar/agenda",
        "review queue": "/reviews",
        "review queue, page 20": "/reviews?page=20",
        "a post": f"{desk}/posts/{library.post_id}",
        "today": f"{desk}/",
        "report, 90 days, again": f"{desk}/reports?period=90",
        "public page": f"/p/{library.desk.handle}",
    }


def _client(database: Database, library: Library, folder: Path) -> FlaskClient:
    settings = load(
        {"DESKCAST_DATA": str(folder), "DESKCAST_PUBLIC_URL": "http://localhost", "DESKCAST_DEMO": "0"}
    )
    return client_for(create_app(settings, database), library.viewer)


def _figures(database: Database, client: FlaskClient, url: str, requests: int) -> Figures:
    for _ in range(WARM_UPS):
        _get(client, url)
    with statements(database) as said:
        body = _get(client, url)
    taken = []
    for _ in range(requests):
        began = time.perf_counter()
        _get(client, url)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    p95 = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
    return Figures(statistics.median(taken), p95, len(said), len(body) / 1024)


def _first_look(database: Database, library: Library, folder: Path, days: int) -> float:
    """Milliseconds of a report nobody has asked this process for, the median of five."""
    taken = []
    for _ in range(5):
        fresh = Database(database.url)
        client = _client(fresh, library, folder)
        _get(client, f"/d/{library.desk.handle}/library")  # connections and templates are there
        began = time.perf_counter()
        _get(client, f"/d/{library.desk.handle}/reports?period={days}")
        taken.append((time.perf_counter() - began) * 1000)
        fresh.dispose()
    return statistics.median(taken)


def _get(client: FlaskClient, url: str) -> bytes:
    answer = client.get(url)
    assert answer.status_code == 200, f"{url} answers {answer.status}"
    return answer.data


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database meanwhile, without BEGIN."""
    said: list[tuple[str, Any]] = []

    def listen(_conn: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            said.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)


def _explain(database: Database, client: FlaskClient, library: Library, beginning: str) -> None:
    """Every statement of a page with its milliseconds and the planner's word on it."""
    how = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    for name, url in addresses(library).items():
        if not name.startswith(beginning):
            continue
        _get(client, url)
        with statements(database) as said:
            _get(client, url)
        print(f"--- {name}: {url}")
        with database.engine.connect() as connection:
            for statement, values in said:
                began = time.perf_counter()
                connection.exec_driver_sql(statement, values).fetchall()
                taken_ms = (time.perf_counter() - began) * 1000
                print(f"{taken_ms:8.2f} ms  {' '.join(statement.split())}")
                for line in connection.exec_driver_sql(how + statement, values):
                    print("             ", line[-1])


def _line(name: str, found: Figures) -> str:
    time_, many, heavy = found.ratios
    over = "" if found.is_within else "  over the limit"
    return row(
        name, f"{found.p50:.0f}", f"{found.p95:.0f}", f"{time_:.2f}", f"{found.statements} ({many:.2f})",
        f"{found.kib:.0f} ({heavy:.2f})", widths=WIDTHS,
    ) + over  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
