"""What time it is: the database's clock where it has one, so that many machines agree."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def now(session: Session) -> datetime:
    """The current instant, aware UTC.

    PostgreSQL: `clock_timestamp()`. SQLite: this host's clock (`unixepoch('subsec')` silently gives NULL on
    SQLite 3.40). Tests put a callable into the session's `clock`.
    """
    clock: Callable[[], datetime] | None = session.info.get("clock")
    if clock is not None:
        return clock()
    if session.get_bind().dialect.name == "postgresql":
        answer = session.connection().scalar(_NOW)
        assert isinstance(answer, datetime)
        return answer.astimezone(UTC)
    return datetime.now(UTC)


_NOW = select(func.clock_timestamp())  # made once: every transaction asks it
