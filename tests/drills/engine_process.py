"""A real engine or worker in a process of its own; what the drills kill, stop and starve.

`python -m tests.drills.engine_process` runs one from the environment, as `deskcast engine` does. `nursery()` reads an
environment a line and forks an engine for each, because a drill needs hundreds and importing takes a second.

DRILL_NETWORKS: `counting` (of every class) or `real`. DRILL_SENDERS: have a sender ready before anything is claimed.
DRILL_CLOCK: a file with the seconds by which this machine's clock is wrong. DRILL_PAUSE_AT, DRILL_WAIT_AT: see `hooks`.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from app.mail_rendering import renderer
from content_library.database import Database
from content_library.settings import Settings, load
from scheduler import engine, worker_process
from scheduler.clock_watch import ClockWatch
from scheduler.senders import Senders
from scheduler.world import World
from service_channel.networks.base import Network
from service_channel.networks.page import Page
from tests.drills import classes, hooks
from tests.drills.engines import READY
from tests.factories import VAULT
from tests.posting_fakes import RenewingNetwork

_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    settings = load()
    database = Database(settings.database_url, clock=_wrong_clock(os.environ.get("DRILL_CLOCK", "")))
    world = _world(settings, database)
    if pause_at := os.environ.get("DRILL_PAUSE_AT", ""):
        hooks.pause_at(pause_at, database)
    if wait_at := os.environ.get("DRILL_WAIT_AT", ""):
        hooks.wait_at(wait_at, Path(os.environ["DRILL_SIGNALS"]))
    if os.environ.get("DRILL_SENDERS") and world.senders is not None:
        world.senders.start()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    crash_at = os.environ.get("DESKCAST_CRASH_AT", "")
    if os.environ.get("DRILL_PART") == "worker":
        worker_process.run(settings, database, crash_at=crash_at, world=world)
    else:
        engine.run(settings, database, renderer(settings), crash_at=crash_at, world=world)


def _world(settings: Settings, database: Database) -> World:
    networks, senders = _networks(settings)
    return World(
        database=database,
        networks=networks,
        senders=senders,
        vault=VAULT,
        media_folder=settings.media_folder,
        timing=settings.timing,
        engine=f"{socket.gethostname()}:{os.getpid()}",
        clock_watch=ClockWatch(settings.timing.clock_drift),
    )


def _networks(settings: Settings) -> tuple[Mapping[str, Network], Senders]:
    if os.environ.get("DRILL_NETWORKS") != "real":
        known = {"page": Page(), "bluesky": RenewingNetwork(), **classes.posting()}
        return known, Senders(classes.posting, most=settings.senders, preload="tests.drills.classes")
    from tests.drills import real_networks  # heavy, and most drills do without

    senders = Senders(
        real_networks.sent_by_senders, most=settings.senders, preload="tests.drills.real_networks"
    )
    return {"page": Page(), **real_networks.networks()}, senders


def _wrong_clock(file: str) -> Callable[[], datetime] | None:
    if not file:
        return None
    return lambda: datetime.now(UTC) + timedelta(seconds=float(Path(file).read_text()))


def nursery() -> None:
    """Fork an engine for each line; print its pid. The children end with their parent's input, or when killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave at once
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # and what a killed engine leaves behind, too
    configure_mappers()  # once here instead of in every child
    gc.freeze()
    for line in sys.stdin:
        environment = json.loads(line)
        if environment.get("DRILL_NETWORKS") == "real":
            import_module("tests.drills.real_networks")  # once here, for all children to come
        pid = os.fork()
        if pid == 0:
            _become_engine(environment)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become_engine(environment: dict[str, str]) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.update(environment)
        with Path(environment["DRILL_LOG"]).open("ab") as log, Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)  # the nursery's own input is not this one's
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        main()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
