"""A real engine or worker in a process of its own, on a counting network; what the drills kill, stop and starve.

`python -m tests.drills.engine_process` runs one from the environment, as `deskcast engine` does. With `--nursery` it
reads an environment a line and forks an engine for each, because a drill needs hundreds and importing takes a second.
"""

import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from app.mail_rendering import renderer
from content_library.database import Database
from content_library.settings import load
from scheduler import engine, points, worker_process
from scheduler.clock_watch import ClockWatch
from scheduler.world import World
from service_channel.networks.page import Page
from tests.factories import VAULT
from tests.fakes import CountingNetwork

UNTIL_OTHERS_ARE_DONE_S = 0.3


def main() -> None:
    settings = load()
    database = Database(settings.database_url)
    world = World(
        database=database,
        networks={"page": Page(), "bluesky": CountingNetwork()},
        vault=VAULT,
        media_folder=settings.media_folder,
        timing=settings.timing,
        engine=f"{socket.gethostname()}:{os.getpid()}",
        clock_watch=ClockWatch(settings.timing.clock_drift),
    )
    crash_at = os.environ.get("DESKCAST_CRASH_AT", "")
    if pause_at := os.environ.get("DRILL_PAUSE_AT", ""):
        _pause_at(pause_at, database)
    if os.environ.get("DRILL_PART") == "worker":
        worker_process.run(settings, database, crash_at=crash_at, world=world)
    else:
        engine.run(settings, database, renderer(settings), crash_at=crash_at, world=world)


def _pause_at(point: str, database: Database) -> None:
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


def nursery() -> None:
    """Fork an engine for each line; print its pid. The children end with their parent's input, or when killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave at once
    configure_mappers()  # once here instead of in every child
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_engine(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become_engine(environment: dict[str, str]) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.update(environment)
        with Path(environment["DRILL_LOG"]).open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.close(0)
        main()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    nursery() if "--nursery" in sys.argv else main()
