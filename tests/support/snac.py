"""snac on loopback: a small real server that speaks Mastodon's API, ignores Idempotency-Key and deletes nothing.

Built once into the cache of the tests, started in a twentieth of a second, thrown away.
`python -m tests.support.snac --install` builds it ahead of the tests (seconds; needs make, a C compiler and the
headers of libcurl and OpenSSL: on Debian libcurl4-openssl-dev and libssl-dev).
"""

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener, urlopen

from tests.support.cache import cache
from tests.support.processes import free_port

VERSION = "2.75"
# The upstream release as Debian 13 keeps it.
SOURCE = f"http://deb.debian.org/debian/pool/main/s/snac2/snac2_{VERSION}.orig.tar.xz"
SHA256 = "aed2ef5669bab51f44b3d9d9740fc6e1595caefa30a52edf49dc0db757fc946c"
STARTS_WITHIN_S = 20.0
ANSWERS_WITHIN_S = 20.0
_ROOT = Path(__file__).resolve().parent.parent.parent
# Ends with whoever holds the other end of its input.
_UNTIL_INPUT_ENDS = 'exec 3<&0; "$0" httpd "$1" </dev/null & read -r _ <&3; kill -9 $!; wait $!'
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class SnacUser:
    name: str
    account_id: str
    password: str
    token: str


def installed() -> Path:
    """The program; builds it first where it is missing, in a process of its own that may leave the machine."""
    program = _program()
    if not program.exists():
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.snac", "--install"],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"snac could not be built:\n{done.stdout}{done.stderr}")
    return program


class Snac:
    """`with Snac() as snac:`. `url` is where it listens."""

    def __init__(self) -> None:
        self.url = ""
        self._folder = Path(tempfile.mkdtemp(prefix="deskcast-snac-"))
        self.data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def add_user(self, name: str) -> SnacUser:
        """A new account, with the token it would get from snac's own page for that."""
        said = self._run("adduser", str(self.data), name)
        password = next(
            line.removeprefix("User password is ") for line in said.splitlines() if "password is" in line
        )
        form = urlencode({"login": name, "passwd": password}).encode()
        token = self._open(Request(f"{self.url}/oauth/x-snac-get-token", form)).decode().strip()
        account = self.get("/api/v1/accounts/verify_credentials", token=token)
        return SnacUser(name, account["id"], password, token)

    def statuses(self, name: str) -> list[dict[str, Any]]:
        """What readers see of an account, newest first (up to 256)."""
        return list(self.get(f"/api/v1/accounts/{name}/statuses"))

    def texts(self, name: str) -> list[str]:
        """What stands there, as it was written."""
        return [status["text"] for status in self.statuses(name)]

    def date(self, status_id: str, moment: datetime) -> None:
        """Let a status have been made at another time."""
        digest = status_id[10:]
        path = self.data / "object" / digest[:2] / f"{digest}.json"
        note = json.loads(path.read_text())
        note["published"] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path.write_text(json.dumps(note))

    def get(self, path: str, *, token: str = "") -> Any:
        request = Request(f"{self.url}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        return json.loads(self._open(request))

    def post(self, path: str, body: dict[str, Any], *, token: str) -> Any:
        request = Request(f"{self.url}{path}", json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {token}")
        return json.loads(self._open(request))

    def stop(self) -> None:
        if self._process is not None:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        program, port = installed(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._run("init", str(self.data), answers=f"127.0.0.1\n{port}\n127.0.0.1:{port}\n\n\n")
        settings = self.data / "server.json"
        settings.write_text(json.dumps(json.loads(settings.read_text()) | {"protocol": "http"}))
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _UNTIL_INPUT_ENDS, str(program), str(self.data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            if time.monotonic() > ends:
                raise RuntimeError("snac did not start.")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return bool(self.get("/nodeinfo_2_0"))
        except OSError:
            return False

    def _run(self, *arguments: str, answers: str = "") -> str:
        command = [str(installed()), *arguments]
        return subprocess.run(command, input=answers, capture_output=True, text=True, check=True).stdout

    def _open(self, request: Request) -> bytes:
        with _opener.open(request, timeout=ANSWERS_WITHIN_S) as answer:
            return bytes(answer.read())


def _program() -> Path:
    return cache() / f"snac-{VERSION}-{SHA256[:16]}" / "snac"


def _build() -> None:
    """Build in a folder beside, then rename: half a program is never found."""
    folder = _program().parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as beside:
        with tarfile.open(fileobj=io.BytesIO(_fetched()), mode="r:xz") as archive:
            archive.extractall(beside, filter="data")
        source = Path(beside) / f"snac2-{VERSION}"
        subprocess.run(["make", "-C", str(source)], check=True, stdout=subprocess.DEVNULL)
        work = Path(beside) / "work"
        work.mkdir()
        shutil.copy(source / "snac", work)
        try:
            work.rename(folder)
        except OSError:
            if not _program().exists():  # otherwise somebody else was quicker
                raise


def _fetched() -> bytes:
    with urlopen(SOURCE, timeout=120) as answer:
        octets = bytes(answer.read())
    if hashlib.sha256(octets).hexdigest() != SHA256:
        raise RuntimeError(f"{SOURCE} is not what it was.")
    return octets


def main() -> None:
    parser = argparse.ArgumentParser(description="snac, a small real server for the tests.")
    parser.add_argument(
        "--install", action="store_true", help="build it now; without it say where it would be"
    )
    if parser.parse_args().install and not _program().exists():
        _build()
    sys.stdout.write(f"{_program()}\n")


if __name__ == "__main__":
    main()
