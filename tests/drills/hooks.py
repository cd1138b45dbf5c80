"""What a drill does to an engine when it comes to a named point: put it to sleep, or let one thread wait."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from content_library.database import Database
from scheduler import points
from tests.drills.engines import GO_ON, REACHED

CLAIMING = "claiming"
"""No named point: what is due has been promised to this engine, and the transaction is not committed yet."""
UNTIL_OTHERS_ARE_DONE_S = 0.3


def pause_at(point: str, database: Database) -> None:
    """Stop the whole process when it first comes to a point.

    On SQLite none of its threads may hold the one write lock by then: that keeps everybody waiting, and nobody sends.
    On PostgreSQL none may be inside a transaction: the server would end it after a minute, which is another drill.
    """
    asleep = threading.Event()

    def stop(reached: str) -> None:
        if reached == point and not asleep.is_set():
            asleep.set()
            with database.write():
                time.sleep(UNTIL_OTHERS_ARE_DONE_S)
                _wait_for_others(database)
                # this thread's own signal: one for the process stops the main thread first, and this one lets go
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    points.on_reach(stop)


def _wait_for_others(database: Database) -> None:
    """Until no thread of this process is inside a transaction, on PostgreSQL."""
    pool = database.engine.pool
    until = time.monotonic() + 10
    while database.engine.dialect.name == "postgresql" and pool.checkedout() and time.monotonic() < until:  # type: ignore[attr-defined]
        time.sleep(0.0005)


def wait_at(point: str, signals: Path) -> None:
    """Let the first thread that comes to a point say so, and wait there until it is told to go on."""
    signals.mkdir(parents=True, exist_ok=True)

    def wait(reached: str) -> None:
        if reached != point:
            return
        try:
            (signals / REACHED).touch(exist_ok=False)
        except FileExistsError:
            return
        while not (signals / GO_ON).exists() and os.getppid() > 1:
            time.sleep(0.005)

    if point == CLAIMING:
        _while_claiming(lambda: wait(CLAIMING))
    else:
        points.on_reach(wait)


def _while_claiming(then: Any) -> None:
    @event.listens_for(Engine, "after_cursor_execute")
    def executed(_connection: Any, cursor: Any, statement: str, *_others: Any) -> None:
        if "UPDATE publications SET" in statement and "claimed_by=" in statement and cursor.rowcount:
            then()
