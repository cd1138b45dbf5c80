"""Running a function in a process that can be killed: for documents and pictures from strangers.

Workers are started fresh (never forked from a process with threads and secrets), reused, limited in
processor time and memory for each job, and replaced when a job had to be killed.
"""

import atexit
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from functools import cache
from typing import Any

from content_library.confined_worker import FRAME, MAX_BLOB, MAX_HEAD, pack

CPU_SECONDS = 10
WALL_SECONDS = 10.0
MEMORY_BYTES = 512 * 2**20


class Killed(Exception):
    """The job was ended. `reason` is "time", "memory" or "crash"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The work was ended: {reason}.")
        self.reason = reason


class WorkFailed(Exception):
    """The function raised. `kind` is the exception's class name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class ConfinedPool:
    """A few reusable workers, started when first needed. Safe to use from many threads."""

    def __init__(
        self,
        *,
        size: int = 2,
        cpu_seconds: int = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._limits = {"cpu_seconds": cpu_seconds, "memory_bytes": memory_bytes}
        self._wall_seconds = wall_seconds
        self._size = size
        self._reset()
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (method := forget()) and method())

    def run(self, function: str, payload: bytes, **options: Any) -> tuple[Any, bytes]:
        """Call `module:name` there as `name(payload, **options)`; it answers (JSON-able, bytes).

        Waits for a free worker; the wall time counts from then. Raises Killed or WorkFailed.
        """
        job = {"function": function, "options": options, **self._limits}
        with self._free:
            worker = self._take()
            try:
                head, blob = worker.do(pack(job, payload), time.monotonic() + self._wall_seconds)
            except BaseException:
                worker.kill()
                raise
            self._give_back(worker, worn=head.get("worn") is not False)
        if "error" not in head:
            return head.get("result"), blob
        if head["error"] == "MemoryError":
            raise Killed("memory")
        raise WorkFailed(str(head["error"]), str(head.get("message")))

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().kill()

    def _take(self) -> "_Worker":
        while True:
            try:
                worker = self._idle.get_nowait()
            except queue.Empty:
                return _Worker()
            if worker.is_alive():
                return worker
            worker.kill()

    def _give_back(self, worker: "_Worker", *, worn: bool) -> None:
        if worn:
            worker.kill()
        else:
            self._idle.put(worker)

    def _reset(self) -> None:
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._free = threading.BoundedSemaphore(self._size)

    def _forget(self) -> None:
        """In a forked child: the workers belong to the parent."""
        for worker in list(self._idle.queue):
            worker.disown()
        self._reset()


@cache
def shared_pool() -> ConfinedPool:
    """The pool of this process: one worker for each processor, at least two."""
    pool = ConfinedPool(size=max(2, os.cpu_count() or 2))
    atexit.register(pool.close)
    return pool


class _Worker:
    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "content_library.confined_worker", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_bare_environment(),
                start_new_session=True,
            )

    def do(self, frame: bytes, deadline_at: float) -> tuple[dict[str, Any], bytes]:
        try:
            self._connection.settimeout(max(0.01, deadline_at - time.monotonic()))
            self._connection.sendall(frame)
            head_size, blob_size = FRAME.unpack(self._receive(FRAME.size, deadline_at))
            if head_size > MAX_HEAD or blob_size > MAX_BLOB:
                raise Killed("memory")
            head = json.loads(self._receive(head_size, deadline_at))
            blob = self._receive(blob_size, deadline_at)
        except TimeoutError:
            raise Killed("time") from None
        except (OSError, EOFError):
            raise Killed(self._why_it_ended()) from None
        except (ValueError, RecursionError):
            raise Killed("crash") from None
        if not isinstance(head, dict):
            raise Killed("crash")
        return head, blob

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def disown(self) -> None:
        self._connection.close()
        self._process.returncode = 0

    def _receive(self, size: int, deadline_at: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            left = deadline_at - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            part = self._connection.recv(min(size - len(data), 1 << 20))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def _why_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "crash"
        return {-signal.SIGXCPU: "time", -signal.SIGABRT: "memory"}.get(code, "crash")


def _bare_environment() -> dict[str, str]:
    """No secrets; one malloc arena, as each reserves address space that would count against the limit."""
    return {
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "MALLOC_ARENA_MAX": "1",
        "LANG": "C.UTF-8",
    }
