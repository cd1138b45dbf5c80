"""Starting Deskcast: the database brought up to date, then web and engine as two processes under one parent."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import click

from app import demo, migrate
from content_library import catalogue, users
from content_library.database import Database
from content_library.settings import Settings

START_S = 60.0
STOP_S = 70.0
RESTART_PAUSE_S = 2.0

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
    say(f"  data       {settings.data}")
    prepare_database(settings, say=say)
    invitation = _first_people(settings, say=say)
    family = Family(
        {
            "web": [sys.executable, "-m", "app.cli", "web"],
            "engine": [sys.executable, "-m", "app.cli", "engine"],
        }
    )
    family.start()
    if not _wait_until_ready(settings, family):
        family.stop()
        say("The web server did not come up. Run `deskcast doctor` to see why.")
        return 1
    _say_where(settings, invitation, say=say)
    return family.watch()


def become_web(settings: Settings) -> None:
    """Replace this process by the web server."""
    os.execv(  # noqa: S606 - our own interpreter with fixed arguments
        sys.executable,
        [
            sys.executable, "-m", "gunicorn", "app:create_app()",
            "--bind", f"{settings.host}:{settings.port}",
            "--workers", str(settings.web_workers),
            "--threads", str(settings.web_threads),
            "--graceful-timeout", "20",
            "--timeout", "60",
            "--log-level", "warning",
            "--no-control-socket",
            "--preload",
        ],
    )  # fmt: skip


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


def _wait_until_ready(settings: Settings, family: "Family") -> bool:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - a comparison
    address = f"http://{host}:{settings.port}/readyz"
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and family.is_alive("web"):
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            time.sleep(0.2)
    return False


class Family:
    """Child processes under one parent: started together, restarted when one dies, stopped together."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self._commands = commands
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False

    def start(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._asked_to_stop)
        for name in self._commands:
            self._spawn(name)

    def is_alive(self, name: str) -> bool:
        return self._children[name].poll() is None

    def watch(self) -> int:
        """Stay until asked to stop; a child that dies is started again."""
        while not self._stopping:
            time.sleep(0.5)
            for name, child in list(self._children.items()):
                if child.poll() is not None and not self._stopping:
                    click.echo(f"The {name} process ended ({child.returncode}); starting it again.", err=True)
                    time.sleep(RESTART_PAUSE_S)
                    self._spawn(name)
        self.stop()
        return 0

    def stop(self) -> None:
        """Ask every child to finish what it is doing, and wait for it."""
        self._stopping = True
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        ends = time.monotonic() + STOP_S
        for child in self._children.values():
            try:
                child.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()

    def _spawn(self, name: str) -> None:
        self._children[name] = subprocess.Popen(  # noqa: S603 - our own interpreter with fixed arguments
            self._commands[name],
            start_new_session=True,
        )

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
