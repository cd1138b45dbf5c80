"""mastodon_mock on loopback: others' stateful stand-in for Mastodon, with its Idempotency-Key and its fault rules.

It runs in a process of its own and ends with its input. `python -m tests.support.mock_mastodon FOLDER` is that
process; it prints its port.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.request import ProxyHandler, Request, build_opener

STARTS_WITHIN_S = 60.0
ANSWERS_WITHIN_S = 20.0
_ROOT = Path(__file__).resolve().parent.parent.parent
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class MockUser:
    name: str
    account_id: str
    token: str


class MockMastodon:
    """`with MockMastodon() as mock:`. `url` is where it listens."""

    def __init__(self) -> None:
        self.url = ""
        self._folder = Path(tempfile.mkdtemp(prefix="deskcast-mastodon-"))
        self._log: IO[bytes] = (self._folder / "log").open("wb")
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

    def add_user(self, name: str) -> MockUser:
        made = self.call("POST", "/api/v1/_mock/dev_user", {"username": name})
        return MockUser(name, made["id"], made["access_token"])

    def order(self, *, times: int | None = 1, path: str = "/api/v1/statuses", **effect: Any) -> None:
        """How the next `times` posts (None: all) go wrong: `type` status, ratelimit, malformed, latency, timeout."""
        rule = {"match": {"methods": ["POST"], "path": path}, "effect": effect, "count": times}
        self.call("POST", "/api/v1/_mock/faults", rule)

    def behave(self) -> None:
        self.call("DELETE", "/api/v1/_mock/faults")

    def statuses(self, account_id: str) -> list[dict[str, Any]]:
        """What readers see of an account, newest first."""
        found: list[dict[str, Any]] = []
        while True:
            below = f"&max_id={found[-1]['id']}" if found else ""
            page = self.call("GET", f"/api/v1/accounts/{account_id}/statuses?limit=40{below}")
            if not page:
                return found
            found += page

    def texts(self, account_id: str) -> list[str]:
        """What stands there, as it was written."""
        found = self.statuses(account_id)
        return [self.call("GET", f"/api/v1/statuses/{one['id']}/source")["text"] for one in found]

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        request = Request(f"{self.url}{path}", method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with _opener.open(request, timeout=ANSWERS_WITHIN_S) as answer:
            return json.loads(answer.read() or b"null")

    def stop(self) -> None:
        if self._process is not None:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.mock_mastodon", str(self._folder)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"mastodon_mock did not start:\n{(self._folder / 'log').read_text()[-4000:]}")
        self.url = f"http://127.0.0.1:{int(line)}"
        ends = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            if time.monotonic() > ends:
                raise RuntimeError("mastodon_mock does not answer.")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with _opener.open(f"{self.url}/health", timeout=2):
                return True
        except OSError:
            return False


def main() -> None:
    import uvicorn
    from mastodon_mock.app import create_app
    from mastodon_mock.config import DatabaseConfig, MastodonMockConfig

    folder = Path(sys.argv[1])
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = MastodonMockConfig(
        domain="mastodon.example",
        database=DatabaseConfig(path=str(folder / "mock.sqlite")),
        media_storage_path=str(folder / "media"),
    )
    server = uvicorn.Server(uvicorn.Config(create_app(config), log_level="warning"))
    threading.Thread(target=_until_input_ends, args=(server,), daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.run(sockets=[listening])


def _until_input_ends(server: Any) -> None:
    sys.stdin.read()
    server.should_exit = server.force_exit = True


if __name__ == "__main__":
    main()
