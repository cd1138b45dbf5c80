"""Counting across processes: one sum for all, on from where a process ended, and never at the cost of the work."""

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client.registry import Collector

from app.metrics import COUNTERS, HISTOGRAMS, Figures
from content_library import meters

ROOT = Path(__file__).resolve().parents[2]
FORKING = """
import os, sys
from pathlib import Path
from app.metrics import shared
figures = shared(Path(sys.argv[1]))
figures.add("attempts", ("bluesky", "send", "sent"), 1)
for _ in range(2):
    if os.fork() == 0:
        figures.add("attempts", ("bluesky", "send", "sent"), 10)
        figures.observe("lateness", (), 0.2)
        os._exit(0)
    os.wait()
figures.add("attempts", ("bluesky", "send", "sent"), 1)
class Nothing:
    def collect(self):
        return []
print(figures.text(Nothing()).decode())
"""


class Nothing(Collector):
    def collect(self):
        return []


def count_in_a_process(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stdout


def test_processes_add_up_and_the_next_one_counts_on(tmp_path: Path):
    first = count_in_a_process(tmp_path)
    sent = 'deskcast_attempts_total{act="send",network="bluesky",outcome="sent"}'
    assert f"{sent} 22.0" in first
    assert "deskcast_lateness_seconds_count 2.0" in first
    assert "HELP deskcast_attempts_total Calls to networks that have ended" in first
    again = count_in_a_process(tmp_path)
    assert f"{sent} 44.0" in again
    files = sorted(f.name for f in tmp_path.rglob("counter_*"))
    assert files == ["counter_0.db", "counter_1.db"], "places of processes that ended are taken again"


def test_a_disk_without_room_ends_the_counting_and_nothing_else():
    figures = Figures()

    class Full:
        def labels(self, *_labels: str) -> None:
            raise OSError("No space left on device")

    figures._counters["attempts"] = Full()  # type: ignore[assignment]
    figures.add("attempts", ("bluesky", "send", "sent"), 1)
    figures.add("claims_given_back", (), 1)
    assert b"deskcast_claims_given_back_total 0.0" in figures.text(Nothing())


def test_a_folder_that_cannot_be_used_leaves_the_process_alone(tmp_path: Path):
    (tmp_path / "taken").write_text("a file")
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path / "taken")], cwd=ROOT, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert 'outcome="sent"} 2.0' in done.stdout


def test_no_label_can_have_values_without_end():
    bounded = {"network", "act", "outcome", "result", "reason", "endpoint", "status"}
    labels = [spec[2] for spec in COUNTERS.values()] + [spec[2] for spec in HISTOGRAMS.values()]
    assert {name for names in labels for name in names} <= bounded


def test_nobody_listens_until_somebody_is_named():
    heard: list[tuple[str, tuple[str, ...], float]] = []

    class Ear:
        def add(self, name: str, labels: tuple[str, ...], amount: float) -> None:
            heard.append((name, labels, amount))

        def observe(self, name: str, labels: tuple[str, ...], value: float) -> None:
            heard.append((name, labels, value))

    meters.count("mails", "sent")
    meters.to(Ear())
    try:
        meters.count("mails", "sent")
        meters.count("mails", "sent", amount=0)
        meters.observe("lateness", 1.5)
    finally:
        meters.to(None)
    assert heard == [("mails", ("sent",), 1), ("lateness", (), 1.5)]
