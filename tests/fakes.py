"""A network that counts: its process (`FakeServer`) and the adapter that speaks to it (`CountingNetwork`).

`python -m tests.fakes --port 0 --log FILE` runs the process alone and prints its port.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from service_channel.networks.base import (
    Access,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    SendResult,
)
from tests.fake_network_server import PASSWORD, TOKEN, Mode, digest, main

__all__ = ["CountingNetwork", "FakeServer", "Mode"]

CHECK_DEADLINE_S = 5.0
_ROOT = Path(__file__).resolve().parent.parent
_REFUSED = {400, 403, 413, 422}


class FakeServer:
    """The process. `with FakeServer.start() as server:`; `server.access()` signs in to it."""

    def __init__(self, process: subprocess.Popen[str], port: int, folder: Path) -> None:
        self._process, self.port, self._folder = process, port, folder
        self.log = folder / "bodies.jsonl"

    @classmethod
    def start(cls, *, port: int = 0) -> Self:
        folder = Path(tempfile.mkdtemp(prefix="deskcast-fake-"))
        command = [
            sys.executable,
            "-m",
            "tests.fakes",
            "--port",
            str(port),
            "--log",
            str(folder / "bodies.jsonl"),
        ]
        process = subprocess.Popen(
            [*command, "--until-input-ends"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("The fake network did not start.")
        return cls(process, int(line), folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def access(self, account_id: int = 1, *, token: str = TOKEN) -> Access:
        return Access(account_id, f"desk-{account_id}", {"host": self.host, "token": token})

    def order(
        self, mode: Mode, *, times: int | None = None, seconds: float = 2.0, first_tries: bool = False
    ) -> None:
        """How to behave from now on, for the next `times` PUTs, or for the first PUT of every post."""
        order = {"mode": mode, "times": times, "seconds": seconds, "first_tries": first_tries}
        self._call("POST", "/_control", order)

    def sign_in(self) -> Mapping[str, Any]:
        """What an account keeps when a person signs in anew."""
        return {"host": self.host, **self._call("POST", "/token", {"password": PASSWORD})}

    def posts(self) -> dict[str, dict[str, Any]]:
        """What stands there: path → body."""
        found: dict[str, dict[str, Any]] = self._state()["posts"]
        return found

    def count(self) -> int:
        return len(self.posts())

    def arrived(self) -> int:
        """How many PUTs came in, applied or not."""
        return int(self._state()["arrived"])

    def is_quiet(self) -> bool:
        """No PUT is under way any more, so nothing more will be applied."""
        return int(self._state()["under_way"]) == 0

    def events(self) -> list[dict[str, Any]]:
        """Every line of the log: {at, event, path, mode, body}."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def kill(self) -> None:
        """As if the machine went dark; what it knew is lost, its log stays until `stop`."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _state(self) -> dict[str, Any]:
        return self._call("GET", "/_state", None)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        line = _Line(self.host)
        try:
            answer = line.exchange(method, path, TOKEN, body, time.monotonic() + 10)
        finally:
            line.close()
        assert answer.status == 200, answer
        return answer.json()


class CountingNetwork:
    """A network of class I over `FakeServer`: keeps one connection a thread, and is lean enough for measuring."""

    def __init__(self, key: str = "counting") -> None:
        self.key = key
        self._mine = threading.local()
        self._lines: list[_Line] = []

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.IDENTIFIED)

    def answers_at(self, access: Access) -> str:
        return str(access.secret["host"])

    def new_key(self, now: datetime) -> str:
        return uuid.uuid4().hex

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        return Preparation(Prepared())

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        path, body = _path(access, part.key), _body(part)
        try:
            answer = self._exchange(access, "PUT", path, body, deadline_s)
        except _Broken as broken:
            return SendResult(broken.outcome, request=body, message=str(broken))
        if answer.status == 409:
            return self._taken(access, part, answer, deadline_s)
        outcome, found = _outcome(answer), answer.json()
        ref = None
        if outcome is Outcome.SENT:
            if found.get("digest") == digest(body):
                ref = RemoteRef(path, "", f"http://{access.secret['host']}{path}")
            else:
                outcome = Outcome.UNKNOWN
        message = str(found.get("message", ""))
        return SendResult(outcome, ref, answer.status, body, found, message, answer.retry_after)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        path = _path(access, part.key)
        try:
            answer = self._exchange(access, "GET", path, None, deadline_s)
        except _Broken as broken:
            return FindResult(Presence.UNREADABLE, message=str(broken))
        if answer.status == 404:
            return FindResult(Presence.ABSENT, None, 404)
        found = answer.json()
        if answer.status != 200 or "digest" not in found:
            return FindResult(Presence.UNREADABLE, None, answer.status)
        same = found["digest"] == digest(_body(part))
        ref = RemoteRef(path, "", f"http://{access.secret['host']}{path}")
        return FindResult(Presence.FOUND if same else Presence.DIFFERENT, ref, 200, found)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        try:
            answer = self._exchange(access, "DELETE", ref.remote_id, None, deadline_s)
        except _Broken as broken:
            return SendResult(broken.outcome, message=str(broken))
        return SendResult(_outcome(answer), ref, answer.status, retry_after=answer.retry_after)

    def check(self, access: Access) -> FindResult:
        try:
            answer = self._exchange(access, "GET", "/me", None, CHECK_DEADLINE_S)
        except _Broken as broken:
            return FindResult(Presence.UNREADABLE, message=str(broken))
        presence = {200: Presence.FOUND, 401: Presence.ABSENT}.get(answer.status, Presence.UNREADABLE)
        return FindResult(presence, None, answer.status)

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def _taken(self, access: Access, part: OutgoingPart, answer: "_Answer", deadline_s: float) -> SendResult:
        found = self.find(access, part, deadline_s=deadline_s)
        outcomes = {Presence.FOUND: Outcome.SENT, Presence.DIFFERENT: Outcome.REFUSED}
        outcome = outcomes.get(found.presence, Outcome.UNKNOWN)
        ref = found.ref if outcome is Outcome.SENT else None
        return SendResult(outcome, ref, answer.status, _body(part), answer.json())

    def _exchange(
        self, access: Access, method: str, path: str, body: Mapping[str, Any] | None, deadline_s: float, *,
        key: str = "",
    ) -> "_Answer":  # fmt: skip
        line = self._line(str(access.secret["host"]))
        ends = time.monotonic() + deadline_s
        return line.exchange(method, path, str(access.secret["token"]), body, ends, key=key)

    def _line(self, host: str) -> "_Line":
        lines: dict[str, _Line] = self._mine.__dict__.setdefault("lines", {})
        if host not in lines:
            lines[host] = _Line(host)
            self._lines.append(lines[host])
        return lines[host]


class _Broken(Exception):
    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True)
class _Answer:
    status: int
    octets: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        with suppress(ValueError):
            found = json.loads(self.octets)
            if isinstance(found, dict):
                return found
        return {}

    @property
    def retry_after(self) -> float | None:
        return float(self.headers["retry-after"]) if "retry-after" in self.headers else None


class _Line:
    """One kept connection, every exchange within one total deadline. For one thread."""

    def __init__(self, host: str) -> None:
        name, _, port = host.rpartition(":")
        self._address = (name, int(port))
        self._socket: socket.socket | None = None

    def exchange(
        self,
        method: str,
        path: str,
        token: str,
        body: Mapping[str, Any] | None,
        ends: float,
        *,
        key: str = "",
    ) -> _Answer:
        """Raises _Broken."""
        octets = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: fake\r\nAuthorization: Bearer {token}\r\n"
        head += f"Idempotency-Key: {key}\r\n" if key else ""
        wire = self._connected(ends)
        try:
            wire.sendall(f"{head}Content-Length: {len(octets)}\r\n\r\n".encode() + octets)
            return _read(wire, ends)
        except (OSError, ValueError) as error:
            self.close()
            raise _Broken(Outcome.UNKNOWN, f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def _connected(self, ends: float) -> socket.socket:
        if self._socket is None:
            try:
                self._socket = socket.create_connection(self._address, _left(ends))
            except OSError as error:
                raise _Broken(Outcome.NOT_SENT, f"{type(error).__name__}: {error}") from error
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket


def _read(wire: socket.socket, ends: float) -> _Answer:
    octets = b""
    while b"\r\n\r\n" not in octets:
        octets += _received(wire, ends)
    head, _, content = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    while len(content) < int(headers["content-length"]):
        content += _received(wire, ends)
    return _Answer(int(first.split()[1]), content, headers)


def _received(wire: socket.socket, ends: float) -> bytes:
    wire.settimeout(_left(ends))
    octets = wire.recv(65_536)
    if not octets:
        raise ConnectionResetError("the server hung up")
    return octets


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def _outcome(answer: _Answer) -> Outcome:
    if answer.status in (200, 201):
        return Outcome.SENT
    if answer.status == 429:
        return Outcome.NOT_SENT
    if answer.status == 401:
        return Outcome.SIGNED_OUT
    return Outcome.REFUSED if answer.status in _REFUSED else Outcome.UNKNOWN


def _path(access: Access, key: str) -> str:
    return f"/accounts/{access.account_id}/posts/{key}"


def _body(part: OutgoingPart) -> dict[str, Any]:
    return {
        "publication_id": part.publication_id,
        "index": part.index,
        "title": part.title,
        "text": part.text,
        "language": part.language,
        "created_at": part.created_at.isoformat(),
        "media": [{"sha256": media.sha256, "alt": media.alt} for media in part.media],
        "parent": part.parent.remote_id if part.parent else None,
        "root": part.root.remote_id if part.root else None,
    }


if __name__ == "__main__":
    main()
