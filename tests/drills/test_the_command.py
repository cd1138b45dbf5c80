"""`deskcast engine` itself, killed where it hurts; nothing of the drills inside it but the crash hook."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.drills.engines import QUICK, ROOT
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow]

PATIENCE_S = 90.0  # a process of its own imports everything first, on a busy machine for long


@contextmanager
def command(stage: Stage, *, crash_at: str = "") -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        **QUICK,
        "DESKCAST_DATABASE_URL": stage.url,
        "DESKCAST_DATA": str(stage.engines.folder / "data"),
        "DESKCAST_CRASH_AT": crash_at,
    }
    with (stage.engines.folder / "command.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "engine"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("point", ["marked", "sent"])
def test_the_command_itself_dies_and_the_next_one_finishes(stage: Stage, point: str) -> None:
    stage.plan("page")
    with command(stage, crash_at=point) as first:
        assert first.wait(PATIENCE_S) == -signal.SIGKILL
    with command(stage) as second:
        stage.wait_until_over(within=PATIENCE_S)
        second.terminate()
        assert second.wait(PATIENCE_S) == 0
    stage.assert_promise()
    assert "Traceback" not in (stage.engines.folder / "command.log").read_text()
