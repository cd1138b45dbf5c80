"""The first minute: one command in an empty folder, and within a minute a post is out that nobody clicked out."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx
import psutil
import pytest
from playwright.sync_api import BrowserContext, Page

from app.demo.people import PASSWORD, PEOPLE
from tests.browser import first_person
from tests.journeys.house import until
from tests.support.processes import free_port

pytestmark = [pytest.mark.network, pytest.mark.slow]

GENEROUS_S = 180
FIRST_POST = "Descale your Tern kettle"
PUBLIC = "/p/brindlemoor"
FEEDS = (f"{PUBLIC}/feed.atom", f"{PUBLIC}/feed.json")


@dataclass
class Running:
    """`deskcast run`, as somebody started it in a terminal."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    def get(self, path: str) -> httpx.Response | None:
        """None while nobody answers."""
        try:
            return httpx.get(self.url + path, trust_env=False, timeout=30)
        except httpx.TransportError:
            return None

    def shows(self, path: str, words: str) -> bool:
        answer = self.get(path)
        return answer is not None and answer.status_code == 200 and words in answer.text

    def wait_until_ready(self) -> None:
        until(
            "an address to open",
            lambda: "Stop       Ctrl+C" in self.said() or self._is_over(),
            within=GENEROUS_S,
        )
        assert self.shows("/readyz", "ready"), self.said()

    def interrupt(self) -> list[psutil.Process]:
        """Ctrl+C; returns the processes that had been at work."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(GENEROUS_S) == 0, self.said()
        return family

    def items(self) -> list[dict[str, Any]]:
        answer = self.get(f"{PUBLIC}/feed.json")
        assert answer is not None
        return list(answer.json()["items"])

    def _is_over(self) -> bool:
        assert self.process.poll() is None, self.said()
        return False


@contextmanager
def deskcast_run(folder: Path, port: int, **settings: str) -> Iterator[Running]:
    """Started in `folder` with nothing but a port of its own. Whatever happens, nothing stays behind."""
    log = folder / "said.log"
    log.write_bytes(b"")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "run"], cwd=folder, env=_environment(port, settings), stdout=output,
            stderr=output, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        yield Running(f"http://localhost:{port}", process, log)
    finally:
        if process.poll() is None:
            parent = psutil.Process(process.pid)
            for member in (parent, *parent.children(recursive=True)):
                member.kill()
        process.wait()


def _environment(port: int, settings: Mapping[str, str]) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DESKCAST_")}
    return {**ours, "PORT": str(port), "PYTHONUNBUFFERED": "1", **settings}


def test_the_first_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Start, the due post goes out by itself, Ctrl+C stops all of it, and the next start finds everything there."""
    port, started = free_port(), time.monotonic()
    with deskcast_run(tmp_path, port) as first:
        first.wait_until_ready()
        ready_s = time.monotonic() - started
        for path in (PUBLIC, *FEEDS):
            until(f"the first post on {path}", lambda at=path: first.shows(at, FIRST_POST), within=GENEROUS_S)  # type: ignore[misc]
        out_s = time.monotonic() - started
        with capsys.disabled():
            click.echo(f"\nFirst minute: ready after {ready_s:.1f} s, the first post out after {out_s:.1f} s")
        items = first.items()
        all_stopped(first.interrupt())
    assert (tmp_path / "var").is_dir()
    with deskcast_run(tmp_path, port) as again:
        again.wait_until_ready()
        assert "is loaded" not in again.said()
        assert [item["id"] for item in again.items()] == [item["id"] for item in items]
        all_stopped(again.interrupt())


def all_stopped(family: list[psutil.Process]) -> None:
    assert len(family) >= 2, "web and engine were not both at work"
    _gone, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def test_without_the_demo_a_link_that_works_once_sets_everything_up(
    tmp_path: Path, desktop: BrowserContext
) -> None:
    page = desktop.new_page()
    with deskcast_run(tmp_path, port := free_port(), DESKCAST_DEMO="0") as first:
        first.wait_until_ready()
        link = re.search(r"Set up +(http://\S+/set-up/\S+)", first.said())
        assert link is not None, first.said()
        page.goto(first.url)
        no_demo_here(page, tmp_path)
        page.goto(link[1])
        first_person.set_up(page)
        assert page.get_by_role("heading", level=1).inner_text() == "Today at Winter"
        page.goto(f"{first.url}/settings/people")
        assert "Ada Winter" in page.locator("main").inner_text()
        used = page.goto(link[1])
        assert used is not None and used.status == 404
        assert "has been used" in page.locator("main").inner_text()
        first.interrupt()
    with deskcast_run(tmp_path, port, DESKCAST_DEMO="0") as again:
        again.wait_until_ready()
        assert "/set-up/" not in again.said()
        desktop.clear_cookies()
        page.goto(again.url)
        no_demo_here(page, tmp_path)
        page.get_by_label("E-mail").fill(first_person.EMAIL)
        page.get_by_label("Password").fill(first_person.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/d/winter/")
        again.interrupt()


def no_demo_here(page: Page, folder: Path) -> None:
    """The sign-in page does not know the demo's people, the database holds none of them, and nobody comes in as one."""
    assert page.url.split("?")[0].endswith("/sign-in")
    shown = page.content() + "".join(
        file.read_bytes().decode("latin-1") for file in (folder / "var").glob("deskcast.db*")
    )
    for secret in (PASSWORD, *(person.name for person in PEOPLE), *(person.email for person in PEOPLE)):
        assert secret not in shown, secret
    token = page.locator("input[name=csrf_token]").first.input_value()
    answer = page.request.post(
        page.url.split("?")[0] + "/demo", form={"csrf_token": token, "email": PEOPLE[0].email},
        headers={"Origin": page.url.split("/sign-in")[0]},
    )  # fmt: skip
    assert answer.status == 404
