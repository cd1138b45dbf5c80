"""How quickly feeds are read, beside the library `reader` in the same minute; and what a hostile document costs.

python -m bench.feeds [--kind sqlite|postgresql] [--feeds 1000] [--without-peer]

The peer is installed once, into a folder of its own outside the repository (DESKCAST_TEST_CACHE, or
~/.cache/deskcast); nothing of Deskcast uses it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from bench.feed_server import ENTRIES, HARM, feed_server, feed_urls
from bench.ground import BOTH, fresh_database, machine, row
from content_library import feeds
from content_library.database import Database
from content_library.models.feed import Feed, FeedItem
from content_library.web_addresses import FetchPolicy
from content_library.web_fetch import Fetcher
from tests import factories as make

PEER = "reader==3.26"
NOTED_FIRST, NOTED_AGAIN = 47, 692  # feeds/s of the peer, noted when the design was made, on two shared cores
HOSTS = 100
GOOD_BESIDE = 50
LIMIT_S, LIMIT_MB = 10.0, 512
WIDTHS = (40, 12, 28, 18)


@dataclass(frozen=True)
class Rates:
    """Feeds per second."""

    first: float
    again: float


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=BOTH)
    options.add_argument("--feeds", type=int, default=1000)
    options.add_argument("--without-peer", action="store_true")
    chosen = options.parse_args()
    print(f"Feeds · {machine()} · {chosen.feeds} feeds of {ENTRIES} entries on {HOSTS} hosts of loopback")
    with feed_server(hosts=HOSTS) as bases:
        urls = feed_urls(bases, chosen.feeds)
        peer = None if chosen.without_peer else _peer(urls)
        for kind in (chosen.kind,) if chosen.kind else BOTH:
            _report(kind, _ours(kind, urls), peer)
        return 0 if hostile(bases) else 1


def _ours(kind: str, urls: list[str]) -> Rates:
    """First everything new, then everything unchanged (304), as the engine polls."""
    with fresh_database(kind) as database, _fetcher() as fetcher:
        now = datetime.now(UTC)
        _follow(database, urls, now)
        first = _rate(lambda: _poll(database, fetcher, now), len(urls))
        with database.read() as session:
            kept = session.scalar(select(func.count()).select_from(FeedItem))
        assert kept == len(urls) * ENTRIES, f"{kept} entries are kept"
        again = _rate(lambda: _poll(database, fetcher, now + timedelta(hours=25)), len(urls))
    return Rates(first, again)


def _poll(database: Database, fetcher: Fetcher, now: datetime) -> int:
    """Ask until nothing is due; returns how many were asked. None may fail."""
    asked = 0
    while (polled := feeds.poll_due(database, fetcher, now)).asked:
        assert not polled.failed, f"{polled.failed} feeds failed"
        asked += polled.asked
        print(f"    {asked} feeds asked", file=sys.stderr)
    return asked


def _rate(poll: Callable[[], int], expected: int) -> float:
    began = time.perf_counter()
    asked = poll()
    seconds = time.perf_counter() - began
    assert asked == expected, f"{asked} of {expected} feeds were asked"
    return asked / seconds


def _follow(database: Database, urls: list[str], now: datetime) -> None:
    with database.write() as session:
        desk = make.make_desk(session)
        person = make.make_user(session, "Maya Okafor", desk=desk)
        for url in urls:
            feeds.follow(session, desk, url, format_key="industry_news", actor=person, now=now)


def _fetcher() -> Fetcher:
    return Fetcher(FetchPolicy(allow=("[127.0.0.0/8]:*",)))


def _report(kind: str, ours: Rates, peer: Rates | None) -> None:
    for what, rate, theirs, noted in (
        ("first fetch", ours.first, peer and peer.first, NOTED_FIRST),
        ("all unchanged (304)", ours.again, peer and peer.again, NOTED_AGAIN),
    ):
        against = f"reader {theirs:.0f}" if theirs else f"reader, as once noted: {noted}"
        ratio = f"ratio {rate / (theirs or noted):.2f}"
        print(row(f"{kind}: {what}, feeds/s", f"{rate:.0f}", against, ratio, widths=WIDTHS))


def _peer(urls: list[str]) -> Rates | None:
    """The peer on the same feeds, with the number of workers that suits it best; None if it is not to be had."""
    try:
        python = _installed_peer()
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f"{PEER} cannot be installed here ({error}); compared to {NOTED_FIRST} and {NOTED_AGAIN} instead"
        )
        return None
    with tempfile.TemporaryDirectory(prefix="deskcast-peer-") as folder:
        listed = Path(folder) / "urls.json"
        listed.write_text(json.dumps(urls), encoding="utf-8")
        script = Path(__file__).with_name("reader_peer.py")
        command = [str(python), str(script), str(listed), f"{folder}/reader.db"]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    for workers, rates in found.items():
        cells = f"{rates['first']:.0f}", f"unchanged {rates['again']:.0f}", f"{rates['entries']} entries"
        print(row(f"{PEER}, {workers} workers: feeds/s", *cells, widths=WIDTHS))
    return Rates(max(r["first"] for r in found.values()), max(r["again"] for r in found.values()))


def _installed_peer() -> Path:
    """The Python of the peer's environment; made at the first time."""
    cache = (
        os.environ.get("DESKCAST_TEST_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "deskcast"
    )
    folder = Path(cache) / PEER.replace("==", "-")
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        print(f"Installing {PEER} for comparison into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q", PEER]
        subprocess.run(pip, check=True)
        ready.touch()
    return python


def hostile(bases: list[str]) -> bool:
    """Each harmful document among fifty good feeds; returns whether the limits hold."""
    alone_s, _, _, _ = _beside(bases, "")
    print(f"\nOne hostile document among {GOOD_BESIDE} feeds (these alone: {alone_s:.1f} s)")
    print(row("document", "all over", "the good ones over", "memory, MB: reader, engine", widths=WIDTHS))
    held = True
    for path in HARM:
        good_s, all_s, reader_mb, engine_mb = _beside(bases, path)
        delay_s = good_s - alone_s
        print(row(path.strip("/"), f"{all_s:.1f} s", f"{good_s:.1f} s ({delay_s:+.1f} s)",
                  f"{reader_mb:.0f}, {engine_mb:+.0f}", widths=WIDTHS))  # fmt: skip
        held = held and reader_mb <= LIMIT_MB and delay_s < LIMIT_S / 2
    return held


def _beside(bases: list[str], path: str) -> tuple[float, float, float, float]:
    """Seconds until the good ones are kept, until all is over; peak MB of a reading process; MB the engine grew."""
    with fresh_database("sqlite") as database, _fetcher() as fetcher, _Peak() as peak:
        now = datetime.now(UTC)
        harmful = [bases[0] + path] if path else []
        _follow(database, harmful + feed_urls(bases, GOOD_BESIDE), now)
        began = time.perf_counter()
        poll = threading.Thread(target=feeds.poll_due, args=(database, fetcher, now))
        poll.start()
        while _kept(database) < GOOD_BESIDE and poll.is_alive():
            time.sleep(0.02)
        good_s = time.perf_counter() - began
        poll.join()
        assert _kept(database) == GOOD_BESIDE, "not every good feed was read"
        return good_s, time.perf_counter() - began, peak.worker_mb, peak.own_growth_mb


def _kept(database: Database) -> int:
    with database.read() as session:
        good = select(func.count()).select_from(Feed).where(Feed.checked_at.is_not(None), Feed.error == "")
        return session.scalar(good) or 0


class _Peak:
    """The most memory that this process and its confined workers have used, by the kernel's own high-water marks."""

    worker_mb = own_growth_mb = 0.0

    def __enter__(self) -> "_Peak":
        Path("/proc/self/clear_refs").write_text("5")
        self._before = _high_water_mb("self")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.own_growth_mb = _high_water_mb("self") - self._before
            self.worker_mb = max([self.worker_mb, *(_high_water_mb(pid) for pid in _workers())])


def _workers() -> list[str]:
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        try:
            found += [p for p in children.read_text().split() if "confined_worker" in _command(p)]
        except OSError:  # the thread is gone
            continue
    return found


def _command(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _high_water_mb(pid: str) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next(
        (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0
    )


if __name__ == "__main__":
    sys.exit(main())
