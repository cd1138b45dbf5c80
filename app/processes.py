"""Starting Deskcast: the database brought up to date, then web and engine as two processes under one parent."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from urllib.parse import urlsplit

import click

from app import demo, migrate
from content_library import catalogue, users
from content_library.database import Database
from content_library.settings import Settings

START_S = 60.0
STOP_S = 70.0
RESTART_PAUSE_S = 2.0
LISTEN_EVERY_S = 0.1
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where such a server is asked

Say = Callable[[str], object]


def prepare_database(settings: Settings, *, say: Say) -> None:
    """Create or migrate the database and put the built-in formats and teams in place."""
    settings.data.mkdir(parents=True, exist_ok=True)
    applied = migrate.upgrade(settings.database_url)
    say(f"  database   {'up to date' if not applied else 'migrated: ' + ', '.join(applied)}")
    database = Database(settings.database_url)
    with database.write() as session:
        catalogue.install(session, now=datetime.now(UTC))
    database.dispose()


def run(settings: Settings) -> int:
    """Prepare, start both processes, say where to go, and stay until stopped; returns the exit status."""
    say = click.echo
    say("Deskcast is starting.")
    if problem := _cannot_listen(settings):
        say(f"Deskcast cannot listen on {settings.host}:{settings.port} ({problem}).", err=True)
        say("Stop what uses this port, or set PORT to another.", err=True)
        return 1
    say(f"  data       {settings.data}")
    prepare_database(settings, say=say)
    invitation = _first_people(settings, say=say)
    family = Family(
        {
            "web": _web_server(settings),
            "engine": [sys.executable, "-m", "app.cli", "engine"],
        }
    )
    family.start()
    if _wait_until_ready(settings, family):
        _say_where(settings, invitation, say=say)
        return family.watch()
    family.stop()
    if family.is_asked_to_stop:
        return 0
    say("The web server did not come up. Run `deskcast doctor` to see why.", err=True)
    return 1


def become_web(settings: Settings) -> None:
    """Replace this process by the web server."""
    command = _web_server(settings)
    os.execv(command[0], command)  # noqa: S606 - our own interpreter with fixed arguments


def _web_server(settings: Settings) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "app:create_app()",
        "--bind", _place(settings.host, settings.port),
        "--workers", str(settings.web_workers),
        "--threads", str(settings.web_threads),
        "--graceful-timeout", "20",
        "--timeout", "60",
        "--log-level", "warning",
        "--no-control-socket",
        "--preload",
    ]  # fmt: skip


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _first_people(settings: Settings, *, say: Say) -> str:
    """On an empty database: the demo desk, or a one-time link to set up; returns the link, if any."""
    database = Database(settings.database_url)
    try:
        if settings.demo:
            if demo.load(database, settings):
                say("  demo       Brindlemoor Home is loaded; its first post is due in under a minute")
            return ""
        with database.write() as session:
            secret = users.set_up_secret(session)
        return f"{settings.public_url}/set-up/{secret}" if secret else ""
    finally:
        database.dispose()


def _say_where(settings: Settings, invitation: str, *, say: Say) -> None:
    say("")
    say(f"  Open       {settings.public_url}")
    if invitation:
        say(f"  Set up     {invitation}")
        say("             This link works once, for the first administrator.")
    elif demo.is_demo(settings):
        say("  Sign in    choose a person on the sign-in page: one click, no password to remember")
    else:
        say("  Sign in    with your e-mail address and password")
    say("  Stop       Ctrl+C")
    say("")


def _cannot_listen(settings: Settings) -> str:
    """Why the web server will not get its address; nothing where it will."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server does
        try:
            probe.bind((settings.host, settings.port))
        except OSError as problem:
            return problem.strerror or str(problem)
    return ""


def _wait_until_ready(settings: Settings, family: "Family") -> bool:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and family.is_alive("web") and family.pause(2 * LISTEN_EVERY_S):
        if _is_ready(settings):
            return True
    return False


def _is_ready(settings: Settings) -> bool:
    """Asks as a proxy in front would: here, by the public name, whatever else this machine sends through a proxy."""
    host = EVERYWHERE.get(settings.host, settings.host)
    asked = urllib.request.Request(
        f"http://{_place(host, settings.port)}/readyz", headers={"Host": urlsplit(settings.public_url).netloc}
    )
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with directly.open(asked, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Family:
    """Child processes under one parent: started together, restarted when one dies, stopped together."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self._commands = commands
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.is_asked_to_stop = False

    def start(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` outlives its terminal
                signal.signal(number, self._stop_soon)
        for name in self._commands:
            self._spawn(name)

    def is_alive(self, name: str) -> bool:
        return self._children[name].poll() is None

    def watch(self) -> int:
        """Stay until asked to stop; a child that dies is started again."""
        while self.pause(0.5):
            for name, child in list(self._children.items()):
                if child.poll() is not None:
                    self._replace(name, child)
        self.stop()
        return 0

    def pause(self, seconds: float) -> bool:
        """Let time pass. False, and early, once this family is asked to stop."""
        ends = time.monotonic() + seconds
        while not self.is_asked_to_stop and time.monotonic() < ends:
            time.sleep(LISTEN_EVERY_S)
        return not self.is_asked_to_stop

    def stop(self) -> None:
        """Ask every child to finish what it is doing, and wait for it."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        ends = time.monotonic() + STOP_S
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, ends - time.monotonic()))
            self._end_what_is_left(child)

    def _replace(self, name: str, dead: subprocess.Popen[bytes]) -> None:
        """A new child for one that died. What the dead one had started itself must not keep its place."""
        click.echo(f"The {name} process ended ({dead.returncode}); starting it again.", err=True)
        self._end_what_is_left(dead)
        if self.pause(RESTART_PAUSE_S):
            self._spawn(name)

    def _end_what_is_left(self, child: subprocess.Popen[bytes]) -> None:
        """Every child leads a group of its own: this ends all of it."""
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def _spawn(self, name: str) -> None:
        self._children[name] = subprocess.Popen(  # noqa: S603 - our own interpreter with fixed arguments
            self._commands[name],
            start_new_session=True,
        )

    def _stop_soon(self, _number: int, _frame: FrameType | None) -> None:
        self.is_asked_to_stop = True
