"""How quickly a reviewer gets through 10,000 open reviews: the queue, a review, a decision.

python -m bench.deciding [--kind sqlite|postgresql] [--posts 20000] [--requests 40] [--explain]

Two people of two teams decide on the same posts, one after the other, as a browser would: the page of a review is asked
for, and its form is sent with the token that stands in it. Half of the posts are in review. The second decision on a
post is its last: it approves the post and binds what is planned with it.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from bench.filling import MANY_IN_REVIEW, Library, fill
from bench.ground import BOTH, fresh_database, machine, row
from bench.pages import statements
from content_library.database import Database
from content_library.models.desk import Team
from content_library.models.review import Review, ReviewState
from content_library.settings import load
from tests.factories import client_for

WARM_UPS = 5
LIMIT_MS = 100
WIDTHS = (30, 9, 9, 10, 12)
_HIDDEN = re.compile(r'name="(csrf_token|seen_revision|seen_hash)"[^>]*value="([^"]*)"')


@dataclass(frozen=True)
class Figures:
    """Milliseconds, and the statements of one request."""

    taken: list[float]
    statements: int

    @property
    def p50(self) -> float:
        return statistics.median(self.taken)

    @property
    def p95(self) -> float:
        return sorted(self.taken)[min(len(self.taken) - 1, int(len(self.taken) * 0.95))]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=BOTH)
    options.add_argument("--posts", type=int, default=20_000)
    options.add_argument("--requests", type=int, default=40)
    options.add_argument("--explain", action="store_true", help="show the statements of each")
    chosen = options.parse_args()
    print(f"Deciding · {machine()} · limit: p95 {LIMIT_MS} ms")
    kinds = (chosen.kind,) if chosen.kind else BOTH
    within = [measure(kind, chosen.posts, chosen.requests, chosen.explain) for kind in kinds]
    return 0 if all(within) else 1


def measure(kind: str, count: int, requests: int, explain: bool) -> bool:
    """Fill a database and decide in it; returns whether everything is within the limit."""
    with fresh_database(kind) as database, tempfile.TemporaryDirectory() as folder:
        library = fill(database, count, MANY_IN_REVIEW)
        print(f"\n{kind}, {library.in_review:,} posts in review, each with two teams")
        app = _application(database, Path(folder))
        if explain:
            _explain(database, app, library)
        found = _decide(database, app, library, requests)
    print(row("", "p50 ms", "p95 ms", "of limit", "statements", widths=WIDTHS))
    for name, figures in found.items():
        ratio = figures.p95 / LIMIT_MS
        line = row(
            name,
            f"{figures.p50:.0f}",
            f"{figures.p95:.0f}",
            f"{ratio:.2f}",
            figures.statements,
            widths=WIDTHS,
        )
        print(line + ("  over the limit" if ratio > 1 else ""))
    return all(figures.p95 <= LIMIT_MS for figures in found.values())


def _application(database: Database, folder: Path) -> Flask:
    settings = load(
        {"DESKCAST_DATA": str(folder), "DESKCAST_PUBLIC_URL": "http://localhost", "DESKCAST_DEMO": "0"}
    )
    return create_app(settings, database)


def _decide(database: Database, app: Flask, library: Library, requests: int) -> dict[str, Figures]:
    marketing, legal = (client_for(app, person) for person in (library.viewer, library.lawyer))
    count = requests + WARM_UPS
    first = _open_reviews(database, "marketing", count)
    second = _open_reviews(database, "legal", count)
    reading = iter(first)
    return {
        "queue": _timed(database, lambda: marketing.get("/reviews"), requests),
        "queue, page 20": _timed(database, lambda: marketing.get("/reviews?page=20"), requests),
        "a review": _timed(database, lambda: marketing.get(f"/reviews/{next(reading)}"), requests),
        "a decision": _decisions(database, marketing, first, requests),
        "a post’s last decision": _decisions(database, legal, second, requests),
        "the queue after that": _timed(database, lambda: legal.get("/reviews"), requests),
    }


def _open_reviews(database: Database, team: str, most: int) -> list[int]:
    """The oldest open reviews of a team, which the queue shows first."""
    wanted = (
        select(Review.id)
        .where(
            Review.state == ReviewState.OPEN,
            Review.team_id == select(Team.id).filter_by(key=team).scalar_subquery(),
        )
        .order_by(Review.opened_at, Review.id)
        .limit(most)
    )
    with database.read() as session:
        return list(session.scalars(wanted))


def _timed(database: Database, ask: Callable[[], Any], requests: int) -> Figures:
    for _ in range(WARM_UPS - 1):
        assert ask().status_code == 200
    with statements(database) as said:
        assert ask().status_code == 200
    taken = []
    for _ in range(requests):
        began = time.perf_counter()
        answer = ask()
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200
    return Figures(taken, len(said))


def _decisions(database: Database, client: FlaskClient, review_ids: list[int], requests: int) -> Figures:
    """The form of each review is read first; only its sending is timed."""
    taken: list[float] = []
    many = 0
    for number, review_id in enumerate(review_ids[: requests + WARM_UPS]):
        form = _form(client, review_id)
        with statements(database) as said:
            began = time.perf_counter()
            answer = client.post(f"/reviews/{review_id}/decision", data=form)
            taken_ms = (time.perf_counter() - began) * 1000
        assert answer.status_code == 303, f"review {review_id}: {answer.status}"
        many = len(said)
        if number >= WARM_UPS:
            taken.append(taken_ms)
    return Figures(taken, many)


def _form(client: FlaskClient, review_id: int) -> dict[str, str]:
    """What the page of a review sends back for an approval."""
    page = client.get(f"/reviews/{review_id}").get_data(as_text=True)
    hidden = dict(_HIDDEN.findall(page))
    assert {"csrf_token", "seen_revision", "seen_hash"} <= set(hidden), (
        f"review {review_id} cannot be decided"
    )
    return {**hidden, "verdict": "approve"}


def _explain(database: Database, app: Flask, library: Library) -> None:
    """Each statement of the queue, a review and a decision; of those that read, the planner's word on it."""
    client = client_for(app, library.viewer)
    review_id = _open_reviews(database, "marketing", 1)[0]
    form = _form(client, review_id)
    asks: dict[str, Callable[[], Any]] = {
        "queue": lambda: client.get("/reviews"),
        "a review": lambda: client.get(f"/reviews/{review_id}"),
        "a decision": lambda: client.post(f"/reviews/{review_id}/decision", data=form),
    }
    for name, ask in asks.items():
        with statements(database) as said:
            ask()
        print(f"--- {name}")
        for statement, values in said:
            _explain_one(database, statement, values)


def _explain_one(database: Database, statement: str, values: Any) -> None:
    if not statement.startswith("SELECT"):
        print(f"             {' '.join(statement.split())[:120]}")
        return
    with database.engine.connect() as connection:
        began = time.perf_counter()
        connection.exec_driver_sql(statement, values).fetchall()
        print(f"{(time.perf_counter() - began) * 1000:8.2f} ms  {' '.join(statement.split())}")
        how = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        for line in connection.exec_driver_sql(how + statement, values):
            print("             ", line[-1])


if __name__ == "__main__":
    sys.exit(main())
