"""Whether this installation lives and is ready, in words that give nothing away; strangers get one word."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from alembic.runtime.migration import MigrationContext
from flask import Flask, current_app, g
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import callers, condition, migrate
from app.extensions import db, now, settings
from content_library.models.desk import EngineBeat
from scheduler import conservation, watch

Answer = tuple[dict[str, object], int]
LATE_BEATS = 6  # how many housekeeping ticks the engine may miss
LATE_AT_LEAST_S = 60.0

STARTED = "deskcast.started"  # by the clock that nobody sets: when this process began to serve

_UNREACHABLE = "cannot be reached"


def note_start(app: Flask) -> None:
    app.extensions[STARTED] = time.monotonic()


def health() -> Answer:
    """The process is alive. Failing (503) when the database is away, no engine was started, the engine or its watchdog
    silent, or when something should have gone out and has not."""
    checks = {"web": "answers", "database": "answers"}
    try:
        checks["engine"], is_late = _engine(now())
        troubles = _troubles(now())
    except SQLAlchemyError:
        current_app.logger.warning("health check: the database cannot be reached")
        checks |= {"database": _UNREACHABLE, "engine": "not known"}
        is_late, troubles = True, {}
    good = not (is_late or troubles)
    told: dict[str, object] = {"status": "ok" if good else "failing"}
    if _may_know():
        told["checks"] = checks | troubles
    return told, 200 if good else 503


def _may_know() -> bool:
    """This machine itself, a monitor with the token, administrators. Everybody else gets the word alone."""
    person = g.get("user")
    return callers.is_here() or callers.has_token() or (person is not None and person.is_administrator)


def ready() -> Answer:
    """The database answers and has the tables of this version."""
    checks = {"database": _said(_database), "tables": _said(_tables)}
    good = checks == {"database": "answers", "tables": "up to date"}
    return {"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503


def _engine(at: datetime) -> tuple[str, bool]:
    last = db().scalar(select(func.max(EngineBeat.at)))
    limit = max(LATE_AT_LEAST_S, LATE_BEATS * settings().timing.housekeeping_tick)
    if last is None:
        return _never_ran(limit)
    seconds = max(0.0, (at - last).total_seconds())
    if seconds > limit:
        return (
            f"late: it last reported {seconds:.0f} seconds ago. Nothing goes out until it runs again.",
            True,
        )
    return "runs", False


def _never_ran(limit: float) -> tuple[str, bool]:
    """An engine says within seconds that it has started. One that starts beside this process is given that time."""
    if time.monotonic() - current_app.extensions[STARTED] <= limit:
        return "has not run here yet", False
    return "has not run here yet. Nothing goes out until one is started.", True


def _troubles(at: datetime) -> dict[str, str]:
    """What the watchdog is for, asked here too: it may be the one that is late."""
    found = {}
    if condition.watchdog(condition.beats(db(), settings(), now=at)) is not None:
        found["watchdog"] = "late: nobody counts what is overdue. Look at the engine’s log."
    late = watch.of_engine(watch.overdue(db(), now=at, timing=settings().timing))
    if late:
        found["publications"] = (
            f"overdue: {late} should have gone out, been looked for or been given up by now."
        )
    if conservation.read_book(db()).missing:
        found["conservation"] = "does not add up: what was planned is not what is there. See the status page."
    return found


def _said(check: Callable[[], str]) -> str:
    try:
        return check()
    except SQLAlchemyError:
        current_app.logger.warning("readiness check: the database cannot be reached")
        db().rollback()
        return _UNREACHABLE


def _database() -> str:
    db().execute(select(1)).one()
    return "answers"


def _tables() -> str:
    current = MigrationContext.configure(db().connection()).get_current_revision()
    return "up to date" if current == _newest() else "need a migration: run deskcast migrate"


@lru_cache(maxsize=1)
def _newest() -> str | None:
    return migrate.newest_revision()
