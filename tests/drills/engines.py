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

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 90.0  # on a busy machine; nothing is judged by it

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


def wait_until(true: Callable[[], bool], what: str, *, within: float = WITHIN_S) -> None:
    ends = time.monotonic() + within
    while not true():
        if time.monotonic() > ends:
            raise AssertionError(f"not within {within:g} s: {what}")
        time.sleep(0.02)


@dataclass
class EngineProcess:
    pid: int
    log: Path

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait_dead(self, *, within: float = WITHIN_S) -> None:
        wait_until(lambda: not self.is_alive(), f"engine {self.pid} is gone\n{self.said()}", within=within)

    def kill(self) -> None:
        """As the power would."""
        self._signal(signal.SIGKILL)
        self.wait_dead()

    def is_paused(self) -> bool:
        return " T (stopped)" in self._status() or "\tT (stopped)" in self._status()

    def _status(self) -> str:
        return Path(f"/proc/{self.pid}/status").read_text()

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
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Nursery:
    """Forks engines quickly; see `tests.drills.engine_process`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.drills.engine_process", "--nursery"]
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

    def start(self, *, crash_at: str = "", pause_at: str = "", part: str = "engine") -> EngineProcess:
        """`crash_at` and `pause_at` name the point where it kills itself, or where it is put to sleep."""
        log = self.folder / f"{part}-{len(self.started) + 1}.log"
        environment = {
            **self.timing,
            "DESKCAST_DATABASE_URL": self.url,
            "DESKCAST_DATA": str(self.folder / "data"),
            "DESKCAST_CRASH_AT": crash_at,
            "DRILL_PAUSE_AT": pause_at,
            "DRILL_PART": part,
            "DRILL_LOG": str(log),
        }
        engine = EngineProcess(self.nursery.fork(environment), log)
        self.started.append(engine)
        return engine

    def end_all(self) -> None:
        for engine in self.started:
            if engine.is_alive():
                engine.kill()
