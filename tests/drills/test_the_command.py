"""`deskcast` itself: nothing of the drills inside it but the crash hook, and nothing left of it when it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.drills.engines import QUICK, ROOT, wait_until
from tests.drills.stage import Stage
from tests.support.databases import Databases
from tests.support.processes import free_port

pytestmark = [pytest.mark.network, pytest.mark.slow]

PATIENCE_S = 90.0  # a process of its own imports everything first, on a busy machine for long
PROMPTLY_S = 60.0
NAME = "desk.example"


@dataclass
class Command:
    """A running command, as somebody typed it in a terminal of its own."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int

    def said(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    def wait_until_said(self, words: str) -> None:
        def is_said() -> bool:
            assert words in self.said() or self.process.poll() is None, self.said()
            return words in self.said()

        wait_until(is_said, f"“{words}”", said=self.said, within=PATIENCE_S)

    def is_ready(self) -> bool:
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{self.port}/readyz", headers={"Host": NAME}, trust_env=False, timeout=5
            )
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def parts(self) -> list[psutil.Process]:
        """Every process this one has started, and what those have started."""
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def part(self, name: str) -> psutil.Process | None:
        """The child that is `name`."""
        program = {"web": "gunicorn", "engine": "engine"}[name]
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
                if program in child.cmdline():
                    return child
        return None

    def kill(self, *names: str) -> None:
        """As the power would, and wait until others have taken their places."""
        victims = {name: self.part(name) for name in names}
        for victim in victims.values():
            assert victim is not None
            victim.kill()
        for name, victim in victims.items():
            wait_until(
                lambda n=name, v=victim: self.part(n) not in (None, v),  # type: ignore[misc]
                f"another {name}\n{self.said()}",
                within=PATIENCE_S,
            )

    def ends(self, number: signal.Signals, *, within: float = PROMPTLY_S) -> int:
        """What it ends with after a signal as a terminal sends it: to the whole group in the foreground."""
        parts = self.parts()
        assert parts
        os.killpg(self.process.pid, number)
        status = self.process.wait(within)
        _, left = psutil.wait_procs(parts, timeout=1)
        assert not left, f"still there: {left}\n{self.said()}"
        socket.create_server(("127.0.0.1", self.port)).close()  # raises where it is taken
        return status


@contextmanager
def command(
    name: str, url: str, folder: Path, *, port: int = 0, crash_at: str = "", **more: str
) -> Iterator[Command]:
    """A command on a database; whatever happens, nothing of it stays behind."""
    log = folder / "command.log"
    environment = {
        **os.environ,
        **QUICK,
        "DESKCAST_DATABASE_URL": url,
        "DESKCAST_DATA": str(folder / "data"),
        "DESKCAST_DEMO": "0",
        "DESKCAST_WEB_WORKERS": "1",
        "DESKCAST_CRASH_AT": crash_at,
        "PORT": str(port),
        **more,
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", name], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield Command(process, log, port)
    finally:
        if process.poll() is None:
            parent = psutil.Process(process.pid)
            for member in (parent, *parent.children(recursive=True)):
                member.kill()
        process.wait()


@pytest.fixture
def sqlite_url(databases: Databases) -> Iterator[str]:
    """For what does not depend on the kind of database."""
    url = databases.new_url("sqlite")
    yield url
    databases.discard(url)


def test_an_engine_dies_and_the_next_one_finishes(stage: Stage) -> None:
    stage.plan("page")
    with command("engine", stage.url, stage.engines.folder, crash_at="sent") as victim:
        assert victim.process.wait(PATIENCE_S) == -signal.SIGKILL, victim.said()
    with command("engine", stage.url, stage.engines.folder) as last:
        stage.wait_until_over(within=PATIENCE_S)
        last.process.terminate()
        assert last.process.wait(PROMPTLY_S) == 0
    stage.assert_promise()
    assert "Traceback" not in last.said()


def test_a_part_that_dies_is_started_again_and_all_parts_end_together(stage: Stage) -> None:
    """It is ready under its public name alone, on a machine that sends everything else through a proxy."""
    port = free_port()
    surroundings = {
        "DESKCAST_PUBLIC_URL": f"http://{NAME}:{port}",
        "DESKCAST_TRUSTED_HOSTS": NAME,
        "http_proxy": "http://127.0.0.1:9",
    }
    with command("run", stage.url, stage.engines.folder, port=port, **surroundings) as deskcast:
        deskcast.wait_until_said("Stop       Ctrl+C")
        assert deskcast.is_ready()
        deskcast.kill("engine", "web")
        stage.plan("page")
        stage.wait_until_over(within=PATIENCE_S)
        wait_until(deskcast.is_ready, "the web server answers again", within=PATIENCE_S)
        assert deskcast.ends(signal.SIGTERM) == 0
        assert "The engine process ended (-9); starting it again." in deskcast.said()
        assert "The web process ended (-9); starting it again." in deskcast.said()
    stage.assert_promise()


def test_ctrl_c_ends_all_parts(sqlite_url: str, tmp_path: Path) -> None:
    with command("run", sqlite_url, tmp_path, port=free_port()) as deskcast:
        deskcast.wait_until_said("Stop       Ctrl+C")
        assert deskcast.ends(signal.SIGINT) == 0
        assert "Traceback" not in deskcast.said()


def test_a_terminal_that_is_closed_while_it_starts_leaves_nothing_behind(
    sqlite_url: str, tmp_path: Path
) -> None:
    with command("run", sqlite_url, tmp_path, port=free_port()) as deskcast:
        wait_until(lambda: len(deskcast.parts()) == 2, "both parts are started", within=PATIENCE_S)
        assert deskcast.ends(signal.SIGHUP) == 0
        assert "did not come up" not in deskcast.said()


def test_a_port_that_is_taken_is_said_at_once(sqlite_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with command("run", sqlite_url, tmp_path, port=port) as deskcast:
            assert deskcast.process.wait(PATIENCE_S) == 1
            assert f"cannot listen on 127.0.0.1:{port} (Address already in use)" in deskcast.said()
            assert "set PORT to another" in deskcast.said()
