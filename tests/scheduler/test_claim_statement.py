"""Who is busy is asked once for a claim, whatever PostgreSQL believes about the table: after an outage it is wrong."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from scheduler import transitions
from scheduler.account_queue import _waiting_accounts
from scheduler.models import Publication
from tests.scheduler.road import Road

pytestmark = [pytest.mark.network, pytest.mark.on("postgresql")]

DUE = 40


def plan_of(session: Session, statement: Any, known: Any = None) -> list[dict[str, Any]]:
    """What PostgreSQL did for a statement, step by step."""
    cursor = session.connection().connection.cursor()
    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", known)
    return list(steps(cursor.fetchone()[0][0]["Plan"]))


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def times_asked(plan: list[dict[str, Any]], alias: str) -> list[int]:
    """How often each scan of a table ran; `alias` as SQLAlchemy names it."""
    return [step["Actual Loops"] for step in plan if step.get("Alias") == alias]


@pytest.fixture
def backlog(road: Road) -> Road:
    ids = road.plan(count=DUE)
    with road.database.write() as session:
        session.execute(
            update(Publication)
            .where(Publication.id.in_(ids))
            .values(due_at=road.clock() - timedelta(hours=1), version=Publication.version + 1)
        )
    return road


@pytest.mark.parametrize("of_one", [False, True])
def test_a_claim_asks_once_who_is_busy(backlog: Road, of_one: bool) -> None:
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, known: Any, *_rest: Any) -> None:
        if "UPDATE publications SET" in statement:
            said.append((statement, known))

    with backlog.database.read() as session:
        account_id = session.scalar(select(Publication.account_id).limit(1)) if of_one else None
    event.listen(backlog.database.engine, "before_cursor_execute", note)
    with backlog.database.write() as session:
        claims = transitions.claim(
            session, engine="here", now=backlog.clock(), until=backlog.clock() + timedelta(minutes=5), lease_s=180,
            most=10, per_account=10, account_id=account_id,
        )  # fmt: skip
    assert claims
    event.remove(backlog.database.engine, "before_cursor_execute", note)
    with backlog.database.session(writing=True) as session:
        plan = plan_of(session, *said[0])
        session.rollback()
    assert times_asked(plan, "publications_1") == [1]
    assert times_asked(plan, "publications_2") == [1]


def test_ringing_asks_once_who_is_busy_and_what_was_rung(backlog: Road) -> None:
    with backlog.database.read() as session:
        asked = _waiting_accounts(backlog.clock()).compile(
            session.get_bind(), compile_kwargs={"literal_binds": True}
        )
        plan = plan_of(session, str(asked).replace("%%", "%"))
    assert times_asked(plan, "publications") == [1]
    assert times_asked(plan, "publications_1") == [1]
    assert times_asked(plan, "procrastinate_jobs") == [1]
