"""Figures for Prometheus: what every process counts, in files they share, and what the database says when asked.

Web processes and engines each write their own file in one folder of this machine; whoever is asked adds them up. A
process takes the first file nobody holds and counts on in it, so that a restart loses nothing and files do not pile
up. Engines on another machine are read there: each machine shows its own.
"""

import fcntl
import logging
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, values
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

FORM = "1"  # of the files: a release that changes names, labels or buckets below begins new ones
FILE_SIZE = 2 * 1024 * 1024
LATE_S = (0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 900, 3600)
TOOK_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

COUNTERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "attempts": ("deskcast_attempts", "Calls to networks that have ended", ("network", "act", "outcome")),
    "looks": ("deskcast_looks", "Looks whether a post is there, after an unclear answer", ("network", "result")),
    "gate_refusals": ("deskcast_gate_refusals", "Reasons not to send, asked at the moment of sending", ("reason",)),
    "claims_given_back": ("deskcast_claims_given_back", "Publications claimed by an engine and not sent by it", ()),
    "mails": ("deskcast_mails", "Tries to deliver a mail", ("outcome",)),
    "feed_polls": ("deskcast_feed_polls", "Feeds that were asked", ("outcome",)),
    "http": ("deskcast_http_requests", "Answered requests", ("endpoint", "status")),
}  # fmt: skip
HISTOGRAMS: dict[str, tuple[str, str, tuple[str, ...], tuple[float, ...]]] = {
    "lateness": ("deskcast_lateness_seconds", "How long after its time a publication was out", (), LATE_S),
    "http_took": ("deskcast_http_request_seconds", "How long an answer took", ("endpoint",), TOOK_S),
}  # fmt: skip


class Figures:
    """Counts in this process; `folder` is where other processes' counts are, None where there are none."""

    def __init__(self, folder: Path | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._folder = folder
        self._registry = CollectorRegistry()
        self._broken = False
        self._counters = {
            key: Counter(name, text, labels, registry=self._registry)
            for key, (name, text, labels) in COUNTERS.items()
        }
        self._histograms = {
            key: Histogram(name, text, labels, buckets=buckets, registry=self._registry)
            for key, (name, text, labels, buckets) in HISTOGRAMS.items()
        }

    def add(self, name: str, labels: tuple[str, ...], amount: float) -> None:
        """Part of `meters.Sink`: never raises."""
        counter = self._counters[name]
        self._surely(lambda: (counter.labels(*labels) if labels else counter).inc(amount))

    def observe(self, name: str, labels: tuple[str, ...], value: float) -> None:
        """Part of `meters.Sink`: never raises."""
        histogram = self._histograms[name]
        self._surely(lambda: (histogram.labels(*labels) if labels else histogram).observe(value))

    def _surely(self, write: Callable[[], None]) -> None:
        """No figure is worth a publication: when the disk is full, counting ends and the work goes on."""
        if self._broken:
            return
        try:
            write()
        except Exception:
            self._broken = True
            log.exception("figures cannot be written; this process counts no more")

    def text(self, asked: Collector) -> bytes:
        """Everything, in Prometheus' text format. `asked` is read now."""
        now = CollectorRegistry()
        now.register(asked)
        counted = self._registry
        if self._folder is not None:
            counted = CollectorRegistry()
            MultiProcessCollector(counted, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(counted) + generate_latest(now)


def shared(folder: Path) -> Figures:
    """The figures of a process that shares them with others of its machine; alone where the folder is unusable."""
    folder = folder / FORM
    try:
        folder.mkdir(parents=True, exist_ok=True)
        values.ValueClass = values.MultiProcessValue(_Place(folder))  # type: ignore[no-untyped-call]
    except OSError as problem:
        log.warning("figures are not shared between processes: %s", problem.strerror)
        return Figures()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return Figures(folder)


class _Place:
    """Names the file this process writes. After a fork the child takes a place of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid, self._lock, self._name = 0, -1, ""
        self()

    def __call__(self) -> str:
        if self._pid != os.getpid():
            self._take()
        return self._name

    def _take(self) -> None:
        if self._lock >= 0:  # the parent's, which goes on holding it
            os.close(self._lock)
            self._lock = -1
        for number in count():
            lock = os.open(self._folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self._prepare(str(number))
            self._pid, self._lock, self._name = os.getpid(), lock, str(number)
            return

    def _prepare(self, name: str) -> None:
        """Room on the disk now: a page of a mapped file that finds none later would end the process."""
        for kind in ("counter", "histogram"):
            file = os.open(self._folder / f"{kind}_{name}.db", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(file, 0, FILE_SIZE)
            finally:
                os.close(file)
