"""Processes that cannot send after their time: for networks where a sender that wakes up late would post twice.

Each is single-threaded and arms a timer of the kernel before it sends; when the timer rings, the process is ended by
the signal itself, without a line of ours having to run. A process that was stopped and goes on receives the signal
first. So once the deadline and the settle time are over, nothing of that try can still be on its way.
"""

import ctypes
import logging
import multiprocessing
import os
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from service_channel.networks.base import (
    Access,
    Network,
    Outcome,
    OutgoingPart,
    Prepared,
    SendResult,
)

log = logging.getLogger(__name__)

Networks = Callable[[], Mapping[str, Network]]
"""Makes the networks in a sender; it is pickled, so a function of a module, or a `partial` of one."""

_TOLERANCE_S = 0.05
_READY_WITHIN_S = 30.0
_ANSWERS_WITHIN_S = 1.0  # of the deadline, until the end of the process shows
_PR_SET_PDEATHSIG = 1
_NO_TIME = SendResult(Outcome.NOT_SENT, message="No sender was free in time.")
_LOST = SendResult(Outcome.UNKNOWN, message="No answer came in time, so the sending was ended.")


@dataclass(frozen=True)
class _Job:
    network: str
    access: Access
    part: OutgoingPart
    prepared: Prepared
    deadline_s: float
    ends_at: float  # by the monotonic clock, which all processes of a machine share


@dataclass
class _Sender:
    process: BaseProcess
    line: Connection

    def end(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.join()
        self.process.close()


class Senders:
    """A few senders, each started when it is needed: from a process of its own that has no threads."""

    def __init__(self, make: Networks, *, most: int = 4, preload: str = "service_channel.accounts") -> None:
        self._make, self._most = make, most
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([preload])
        self._idle: queue.LifoQueue[_Sender] = queue.LifoQueue()
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._all: list[_Sender] = []
        self._ended = False

    def start(self) -> None:
        """Have one at hand, so that the first post does not wait for it; importing everything takes seconds."""
        if not self.pids():
            self._idle.put(self._new())

    def send(
        self, network: str, access: Access, part: OutgoingPart, prepared: Prepared, *, ends_at: float
    ) -> SendResult:
        """Send in a process that is ended at `ends_at` (monotonic seconds). UNKNOWN where it said nothing."""
        if not self._free.acquire(timeout=max(0.0, ends_at - time.monotonic())):
            return _NO_TIME
        try:
            bare = Access(access.account_id, access.handle, access.secret, access.session)
            job = _Job(network, bare, part, prepared, max(0.0, ends_at - time.monotonic()), ends_at)
            return self._sent(job)
        finally:
            self._free.release()

    def pids(self) -> list[int]:
        """The processes there are."""
        with self._lock:
            return [sender.process.pid for sender in self._all if sender.process.pid is not None]

    def stop(self) -> None:
        """End them all; what is under way is ended too, so call it when nothing is."""
        with self._lock:
            self._ended, left = True, self._all
            self._all = []
        for sender in left:
            sender.end()

    def _sent(self, job: _Job) -> SendResult:
        try:
            sender = self._taken()
        except (OSError, EOFError):
            log.exception("no sender could be started")
            return _NO_TIME
        if time.monotonic() >= job.ends_at:  # it was not given to anybody, so nothing can be there
            self._idle.put(sender)
            return _NO_TIME
        try:
            sender.line.send_bytes(pickle.dumps(job))
            left = job.ends_at - time.monotonic() + _ANSWERS_WITHIN_S
            if sender.line.poll(max(0.0, left)):
                result: SendResult = pickle.loads(sender.line.recv_bytes())  # noqa: S301 - our own process
                self._idle.put(sender)
                return result
        except (OSError, EOFError):
            log.warning("publication %s: its sender ended", job.part.publication_id)
        self._dispose(sender)
        return _LOST

    def _taken(self) -> _Sender:
        while True:
            try:
                sender = self._idle.get_nowait()
            except queue.Empty:
                return self._new()
            if sender.process.is_alive():
                return sender
            self._dispose(sender)

    def _new(self) -> _Sender:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._make), name="deskcast-sender", daemon=True
        )
        process.start()
        theirs.close()
        sender = _Sender(process, ours)
        with self._lock:
            self._all.append(sender)
        if not ours.poll(_READY_WITHIN_S):
            self._dispose(sender)
            raise OSError("a sender did not get ready")
        ours.recv_bytes()
        return sender

    def _dispose(self, sender: _Sender) -> None:
        with self._lock:
            if sender not in self._all:
                return
            self._all.remove(sender)
        sender.end()


def _serve(line: Connection, make: Networks) -> None:
    """A sender's life: job after job until its engine hangs up or dies."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    networks = make()
    line.send_bytes(b"ready")
    while True:
        try:
            job: _Job = pickle.loads(line.recv_bytes())  # noqa: S301 - from our own engine
            line.send_bytes(pickle.dumps(_within_its_time(networks, job)))
        except (EOFError, OSError):  # the engine hung up, or did not wait for the answer
            return


def _within_its_time(networks: Mapping[str, Network], job: _Job) -> SendResult:
    if not _armed(job.ends_at):
        return _NO_TIME
    try:
        return networks[job.network].send(job.access, job.part, job.prepared, deadline_s=job.deadline_s)
    except Exception as crash:
        return SendResult(Outcome.UNKNOWN, message=f"Sending it broke off ({type(crash).__name__}).")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _armed(ends_at: float) -> bool:
    """Set the timer so that it rings at `ends_at` at the latest. False where that is over.

    Between reading the clock and setting the timer the process may have slept: then it is set again.
    """
    while (left := ends_at - time.monotonic()) > 0:
        signal.setitimer(signal.ITIMER_REAL, left)
        if left - (ends_at - time.monotonic()) <= _TOLERANCE_S:
            return True
    signal.setitimer(signal.ITIMER_REAL, 0)
    return False


def _die_with_parent() -> None:
    """Where the system can (Linux): end with the process that started us."""
    parent = os.getppid()
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (AttributeError, OSError):
        return
    if os.getppid() != parent:
        os._exit(1)
