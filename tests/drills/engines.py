"""Starting, killing and pausing engine processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 90.0  # on a busy machine; nothing is judged by it
READY, REACHED, GO_ON = "ready", "reached", "go-on"
"""What an engine says once it is up; the files by which it and a drill wait for one another."""

QUICK = {
    "DESKCAST_LOOK_AHEAD_S": "0.1",
    "DESKCAST_MEDIA_DEADLINE_S": "0.1",
    "DESKCAST_SEND_DEADLINE_S": "0.3",
    "DESKCAST_LEASE_S": "0.7",
    "DESKCAST_SETTLE_S": "0.2",
    "DESKCAST_TICK_S": "0.05",
    "DESKCAST_RECONCILE_TICK_S": "0.05",
    "DESKCAST_HOUSEKEEPING_TICK_S": "2",
    "DESKCAST_ENGINE_THREADS": "4",
}
UNDER_LOAD = {**QUICK, "DESKCAST_SEND_DEADLINE_S": "1.5", "DESKCAST_LEASE_S": "2.5"}
WITH_WORKERS = {
    **UNDER_LOAD,
    "DESKCAST_WORKER_BEAT_S": "0.2",
    "DESKCAST_WORKER_SILENT_S": "2",
    "DESKCAST_WORKER_ACCOUNTS": "4",
}
THROUGH_SENDERS = {
    **QUICK,
    "DESKCAST_SEND_DEADLINE_S": "1.5",
    "DESKCAST_LEASE_S": "2.5",
    "DESKCAST_SETTLE_S": "0.4",
    "DESKCAST_LOOK_GAP_S": "0.2",
    "DRILL_SENDERS": "yes",
}
"""A post takes another process here, which has to be awake in time on a busy machine."""
WORKERS_THROUGH_SENDERS = {**WITH_WORKERS, **THROUGH_SENDERS}
ON_REAL_NETWORKS = {
    **THROUGH_SENDERS,
    "DESKCAST_SEND_DEADLINE_S": "5",
    "DESKCAST_MEDIA_DEADLINE_S": "1",
    "DESKCAST_LEASE_S": "8",
    "DRILL_NETWORKS": "real",
}


def wait_until(
    true: Callable[[], bool], what: str, *, said: Callable[[], str] = str, within: float = WITHIN_S
) -> None:
    """Raises AssertionError with `what` was waited for, and with what `said` by then."""
    ends = time.monotonic() + within
    while not true():
        if time.monotonic() > ends:
            raise AssertionError(f"not within {within:g} s: {what}\n{said()}")
        time.sleep(0.02)


@dataclass
class EngineProcess:
    pid: int
    log: Path
    signals: Path

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait_dead(self, *, within: float = WITHIN_S) -> None:
        wait_until(lambda: not self.is_alive(), f"engine {self.pid} is gone", said=self.said, within=within)

    def kill(self) -> None:
        """As the power would."""
        self._signal(signal.SIGKILL)
        self.wait_dead()

    def wait_ready(self) -> None:
        """Until it has begun; what it imports and starts before is not what a drill is about."""
        wait_until(lambda: READY in self._log(), f"engine {self.pid} is ready", said=self.said, within=60)

    def wait_reached(self) -> None:
        """Until one of its threads waits at the point it was started with."""
        wait_until((self.signals / REACHED).exists, "it waits there", said=self.said)

    def go_on_there(self) -> None:
        (self.signals / GO_ON).touch()

    def is_paused(self) -> bool:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return " T (stopped)" in status or "\tT (stopped)" in status

    def everything(self) -> list[psutil.Process]:
        """The engine and its senders."""
        try:
            engine = psutil.Process(self.pid)
            return [engine, *engine.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self, *, within: float = WITHIN_S) -> None:
        """Ask it to finish, and wait until it has."""
        self.ask_to_end()
        self.wait_dead(within=within)

    def ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)

    def said(self) -> str:
        return self._log()[-4000:]

    def _log(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Nursery:
    """Forks engines quickly; see `tests.drills.engine_process`."""

    def __init__(self) -> None:
        # Not with `-m`: a sender would import the whole module, because the main one has its name.
        command = [sys.executable, "-c", "from tests.drills.engine_process import nursery; nursery()"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def fork(self, environment: Mapping[str, str]) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(environment) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@dataclass
class Engines:
    """The engines of one drill, all on one database."""

    nursery: Nursery
    url: str
    folder: Path
    timing: Mapping[str, str] = field(default_factory=lambda: QUICK)
    started: list[EngineProcess] = field(default_factory=list)

    def start_worker(self, *, crash_at: str = "") -> EngineProcess:
        """A worker process, which takes from engines what it sends."""
        return self.start(crash_at=crash_at, part="worker")

    def start(
        self, *, crash_at: str = "", pause_at: str = "", wait_at: str = "", part: str = "engine"
    ) -> EngineProcess:
        """Each names a point: where it kills itself, where it is put to sleep, where one thread of it waits."""
        name = f"{part}-{len(self.started) + 1}"
        log, signals = self.folder / f"{name}.log", self.folder / f"{name}.signals"
        environment = {
            **self.timing,
            "DESKCAST_DATABASE_URL": self.url,
            "DESKCAST_DATA": str(self.folder / "data"),
            "DESKCAST_CRASH_AT": crash_at,
            "DRILL_PAUSE_AT": pause_at,
            "DRILL_WAIT_AT": wait_at,
            "DRILL_SIGNALS": str(signals),
            "DRILL_PART": part,
            "DRILL_LOG": str(log),
        }
        engine = EngineProcess(self.nursery.fork(environment), log, signals)
        self.started.append(engine)
        return engine

    def end_all(self) -> None:
        for engine in self.started:
            if engine.is_alive():
                left = engine.everything()
                for process in left:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
                engine.wait_dead()
