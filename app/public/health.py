"""Whether this installation lives and is ready, in words that give nothing away."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import migrate
from app.extensions import db, now, settings
from content_library.models.desk import EngineBeat

Answer = tuple[dict[str, object], int]
LATE_BEATS = 6  # how many housekeeping ticks the engine may miss
LATE_AT_LEAST_S = 60.0

_UNREACHABLE = "cannot be reached"


def health() -> Answer:
    """The process is alive. Failing (503) when the database is away, or the engine fell silent after having run."""
    try:
        engine, is_late = _engine(now())
        database, is_away = "answers", False
    except SQLAlchemyError:
        current_app.logger.warning("health check: the database cannot be reached")
        engine, is_late, database, is_away = "not known", False, _UNREACHABLE, True
    good = not (is_late or is_away)
    checks = {"web": "answers", "database": database, "engine": engine}
    return {"status": "ok" if good else "failing", "checks": checks}, 200 if good else 503


def ready() -> Answer:
    """The database answers and has the tables of this version."""
    checks = {"database": _said(_database), "tables": _said(_tables)}
    good = checks == {"database": "answers", "tables": "up to date"}
    return {"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503


def _engine(at: datetime) -> tuple[str, bool]:
    last = db().scalar(select(func.max(EngineBeat.at)))
    if last is None:
        return "has not run here yet", False
    seconds = max(0.0, (at - last).total_seconds())
    if seconds > max(LATE_AT_LEAST_S, LATE_BEATS * settings().timing.housekeeping_tick):
        return (
            f"late: it last reported {seconds:.0f} seconds ago. Nothing goes out until it runs again.",
            True,
        )
    return "runs", False


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
