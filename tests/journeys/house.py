"""Deskcast as people get it: web and engine as two processes over one database, and people with browsers."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import lxml.html

from tests.support.processes import end, free_port, wait_until_listening

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "DESKCAST_POLL_TICK_S": "0.5",
    "DESKCAST_TICK_S": "0.5",
    "DESKCAST_RECONCILE_TICK_S": "1",
    "DESKCAST_HOUSEKEEPING_TICK_S": "1",
}


@dataclass
class House:
    """A running installation. `run` is the command line over the same database."""

    url: str
    folder: Path
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *command],
            cwd=ROOT, env=dict(self.environment), capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    def start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "app.cli", name], cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        log.close()

    def kill(self, name: str) -> None:
        """As the power would."""
        os.killpg(self.processes.pop(name).pid, signal.SIGKILL)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", errors="replace")


@contextmanager
def open_house(database_url: str, folder: Path, *, prepare: str = "migrate", **more: str) -> Iterator[House]:
    """Prepared by a command, with web and engine running; stopped as an administrator would."""
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("DESKCAST_")},
        "DESKCAST_DATA": str(folder),
        "DESKCAST_DATABASE_URL": database_url,
        "DESKCAST_DEMO": "0",
        "DESKCAST_UNDO_S": "0",
        "DESKCAST_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "DESKCAST_FETCH_ALLOW": "127.0.0.1:*,localhost:*",
        "DESKCAST_WEB_WORKERS": "1",
        "PYTHONUNBUFFERED": "1",
        **QUICK,
        **more,
    }
    house = House(f"http://127.0.0.1:{port}", folder, environment)
    prepared = house.run(prepare)
    assert prepared.returncode == 0, prepared.stderr
    house.start("web")
    house.start("engine")
    try:
        wait_until_listening(house.processes["web"], port=port, log=folder / "web.log", within=60)
        yield house
    finally:
        for process in house.processes.values():
            end(process, within=30)


def until(what: str, found: Callable[[], Any], *, within: float = 60.0) -> Any:
    """Ask again and again until there is an answer. `within` is in seconds."""
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        if answer := found():
            return answer
        time.sleep(0.25)
    raise AssertionError(f"{what}: not within {within:.0f} s")


class Person:
    """Somebody with a browser: opens pages, fills in the forms that are on them, sends them."""

    def __init__(self, house: House) -> None:
        self._browser = httpx.Client(base_url=house.url, follow_redirects=True, timeout=60, trust_env=False)
        self.page = ""
        self.at = ""

    @classmethod
    def signed_in(cls, house: House, email: str, password: str) -> "Person":
        person = cls(house)
        person.open("/sign-in")
        person.send("/sign-in", email=email, password=password)
        assert "/sign-in" not in person.at, person.page
        return person

    def open(self, address: str) -> str:
        return self._took(self._browser.get(address))

    def send(
        self, address: str, *, form_to: str = "", files: Mapping[str, Any] | None = None, **fields: Any
    ) -> str:
        """Send the form of the page that goes to this address, with some fields filled in.

        `form_to`: where the form goes by itself, when a button of it goes to `address`.
        """
        form = {**self._form(form_to or address), **{k: v for k, v in fields.items() if v is not None}}
        form = {k: v for k, v in form.items() if v != []}
        return self._took(
            self._browser.post(
                address, data=form, files=files, headers={"Origin": str(self._browser.base_url)}
            )
        )

    def json(self, address: str) -> Any:
        return self._browser.get(address).json()

    def close(self) -> None:
        self._browser.close()

    def _took(self, answer: httpx.Response) -> str:
        self.page, self.at = answer.text, str(answer.url)
        assert answer.status_code < 400, f"{answer.status_code} {answer.url}\n{_words(answer.text)[:3000]}"
        return self.page

    def _form(self, address: str) -> dict[str, Any]:
        """What the form of this page that goes to `address` would send as it stands; else its token alone."""
        page = lxml.html.fromstring(self.page, base_url=self.at)
        page.make_links_absolute(self.at)
        wanted = str(self._browser.base_url.join(address)).split("?")[0]
        fields: dict[str, Any] = {}
        for form in page.forms:
            if (form.get("action") or self.at).split("?")[0] == wanted:
                for name, value in form.form_values():
                    fields.setdefault(name, []).append(value)
                return fields
        tokens = page.xpath("//input[@name='csrf_token']/@value")
        return {"csrf_token": tokens[0]} if tokens else {}


def _words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
