"""The network process of the drills: it keeps posts by key, counts them, logs every body, and misbehaves on order.

`python -m tests.fakes --port 0 --log FILE` prints its port. Posts stand at /accounts/<account>/posts/<key>:
PUT puts once (200 for the same content, 409 for other), GET reads, DELETE takes down. POST at /accounts/<account>/posts
puts under an id the server chooses, once for each Idempotency-Key it remembers; GET there lists what can be seen.
/_control takes orders and /_state tells what stands there; both are for the tests only.
"""

import argparse
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

TOKEN = "let-us-in"
PASSWORD = "of a person who signs in"
DRIP_S = 0.2
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing sends RST


class Mode(StrEnum):
    """How the next PUTs are answered. REVOKED is for every call; HIDDEN is for what is put meanwhile.

    UNRENEWED is for renewing a token.
    """

    OK = "ok"
    RATE_LIMITED = "rate_limited"  # 429 with Retry-After, not applied
    REFUSED = "refused"  # 422 with words, not applied
    FAIL_BEFORE = "fail_before"  # 500, not applied
    FAIL_AFTER = "fail_after"  # 500, applied
    RESET_BEFORE = "reset_before"  # connection reset, not applied
    RESET_AFTER = "reset_after"  # connection reset, applied
    SILENT = "silent"  # no answer; the connection ends after `seconds`, not applied
    LATE = "late"  # no answer; applied after `seconds`
    GARBAGE = "garbage"  # 200 that makes no sense, applied
    SLOW_DRIP = "slow_drip"  # applied; the answer comes byte by byte for `seconds`
    FORGETFUL = "forgetful"  # applied; no key is remembered from here on, nor any from before
    DUPLICATE = "duplicate"  # applied; answers "duplicate", as if it had been there
    HIDDEN = "hidden"  # applied and said so, but reading does not show it for `seconds`
    REVOKED = "revoked"  # 401
    UNRENEWED = (
        "unrenewed"  # what is put is answered as ever; a token is renewed, and the answer to that is lost
    )


@dataclass
class Order:
    """`times` None: until the next order. `first_tries`: only what was never put before; trying again goes well."""

    mode: Mode = Mode.OK
    times: int | None = None
    seconds: float = 2.0
    first_tries: bool = False


@dataclass
class Standing:
    digest: str
    body: Mapping[str, Any]
    visible_at: float = 0.0
    made_at: float = 0.0


@dataclass
class State:
    """Everything the process knows. One lock, held only for the blink of an eye."""

    log: TextIO
    order: Order = field(default_factory=Order)
    posts: dict[str, Standing] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=lambda: [TOKEN])  # the last one is good, and renews itself once
    made: int = 0
    arrived: int = 0
    applied: int = 0
    under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_order(self, path: str) -> Order:
        """The order for the PUT that just arrived; used up where it was for so many times."""
        with self.lock:
            order = self.order
            if order.first_tries and path in self.tried:
                return Order()
            self.tried.add(path)
            if order.times is not None:
                order.times -= 1
                if order.times <= 0:
                    self.order = Order()
            return order

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """A PUT is under way: it may still be applied."""
        with self.lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1

    def write(self, event: str, path: str, mode: Mode, body: Mapping[str, Any] | None = None) -> None:
        line = {"at": time.time(), "event": event, "path": path, "mode": mode, "body": body}
        with self.lock:
            self.arrived += event == "arrived"
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()

    def apply(self, path: str, body: Mapping[str, Any], order: Order) -> tuple[int, dict[str, Any]]:
        """Put once: 201 for new, 200 for the same again, 409 for something else."""
        visible_at = time.monotonic() + order.seconds if order.mode is Mode.HIDDEN else 0.0
        wanted = Standing(digest(body), body, visible_at)
        with self.lock:
            standing = self.posts.setdefault(path, wanted)
            self.applied += standing is wanted
        if standing is wanted:
            self.write("applied", path, order.mode)
        if standing.digest != wanted.digest:
            return 409, {"error": "taken", "message": "something else stands here"}
        return 201 if standing is wanted else 200, {"id": path, "digest": standing.digest}

    def make(self, folder: str, key: str, body: Mapping[str, Any], order: Order) -> dict[str, Any]:
        """Put under a new id, or answer with what was put under this key before."""
        visible_at = time.monotonic() + order.seconds if order.mode is Mode.HIDDEN else 0.0
        with self.lock:
            if order.mode is Mode.FORGETFUL:
                self.keys.clear()
            known = self.keys.get(key) if key else None
            path = known or f"{folder}/{self.made + 1}"
            if known is None:
                self.made += 1
                self.applied += 1
                self.posts[path] = Standing(digest(body), body, visible_at, time.time())
            if key and order.mode is not Mode.FORGETFUL:
                self.keys[key] = path
        if known is None:
            self.write("applied", path, order.mode)
        return {"id": path, "digest": digest(body)}

    def listed(self, folder: str) -> list[dict[str, Any]]:
        """What can be seen of an account, the newest first."""
        with self.lock:
            seen = [
                {"id": path, "made_at": one.made_at, "body": one.body}
                for path, one in self.posts.items()
                if path.startswith(f"{folder}/") and one.visible_at <= time.monotonic()
            ]
        return sorted(seen, key=lambda one: -one["made_at"])

    def summary(self) -> dict[str, Any]:
        with self.lock:
            posts = {path: standing.body for path, standing in self.posts.items()}
            counts = {name: getattr(self, name) for name in ("arrived", "applied", "under_way")}
            return {"posts": posts, "mode": self.order.mode, **counts}


def digest(body: Mapping[str, Any]) -> str:
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int, log: TextIO) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.state = State(log)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_PUT(self) -> None:
        with self.server.state.one_more():
            self._put()

    def _put(self) -> None:
        state, body = self.server.state, self._body()
        order = state.take_order(self.path)
        state.write("arrived", self.path, order.mode, body)
        if not self._is_let_in(order):
            return
        if self._turned_away(order):
            return
        if order.mode is Mode.LATE:
            time.sleep(order.seconds)
        status, answer = state.apply(self.path, body, order)
        self._answer_applied(order, status, answer)

    def do_GET(self) -> None:
        if self.path == "/_state":
            return self._answer(200, self.server.state.summary())
        if not self._is_let_in(self.server.state.order):
            return None
        standing = self.server.state.posts.get(self.path)
        if self.path == "/me":
            return self._answer(200, {"id": "me"})
        if self.path.endswith("/posts"):
            return self._answer(200, {"posts": self.server.state.listed(self.path)})
        if standing is None or standing.visible_at > time.monotonic():
            return self._answer(404, {"error": "absent"})
        return self._answer(200, {"id": self.path, "digest": standing.digest})

    def do_DELETE(self) -> None:
        state = self.server.state
        if not self._is_let_in(state.order):
            return
        with state.lock:
            state.posts.pop(self.path, None)
        state.write("deleted", self.path, state.order.mode)
        self._answer(200, {"id": self.path})

    def do_POST(self) -> None:
        if self.path == "/_control":
            return self._ordered()
        if self.path == "/token":
            return self._renew()
        with self.server.state.one_more():
            return self._make()

    def _make(self) -> None:
        state, body = self.server.state, self._body()
        key = self.headers.get("Idempotency-Key") or ""
        order = state.take_order(key or f"{self.path} {digest(body)}")
        state.write("arrived", self.path, order.mode, body)
        if not self._is_let_in(order) or self._turned_away(order):
            return
        if order.mode is Mode.LATE:
            time.sleep(order.seconds)
        self._answer_applied(order, 201, state.make(self.path, key, body, order))

    def _renew(self) -> None:
        """A new token for the one that is good by now, once: whoever asks with an older one is signed out."""
        state, said = self.server.state, self._body()
        with state.lock:
            is_good = said.get("token") == state.tokens[-1] or said.get("password") == PASSWORD
            if is_good:
                state.tokens.append(f"{TOKEN} {len(state.tokens) + 1}")
            token, is_lost = state.tokens[-1], state.order.mode is Mode.UNRENEWED
        if not is_good:
            return self._answer(401, {"message": "This token was used before."})
        return self._reset() if is_lost else self._answer(200, {"token": token})

    def _ordered(self) -> None:
        """An order: {mode, times, seconds, first_tries}."""
        order = self._body()
        with self.server.state.lock:
            self.server.state.order = Order(**{**order, "mode": Mode(order["mode"])})
        self._answer(200, {})

    def log_message(self, format: str, *args: Any) -> None:
        """The log is the file of bodies."""

    def _turned_away(self, order: Order) -> bool:
        """Answer what is not applied."""
        match order.mode:
            case Mode.RATE_LIMITED:
                self._answer(429, {"error": "slow down"}, {"Retry-After": f"{order.seconds:g}"})
            case Mode.REFUSED:
                self._answer(422, {"error": "refused", "message": "We do not take this text."})
            case Mode.FAIL_BEFORE:
                self._answer(500, {"error": "broken"})
            case Mode.RESET_BEFORE:
                self._reset()
            case Mode.SILENT:
                time.sleep(order.seconds)
                self._reset()
            case _:
                return False
        return True

    def _answer_applied(self, order: Order, status: int, answer: dict[str, Any]) -> None:
        match order.mode:
            case Mode.FAIL_AFTER:
                self._answer(500, {"error": "broken"})
            case Mode.RESET_AFTER | Mode.LATE:
                self._reset()
            case Mode.GARBAGE:
                self._send(200, b"\x00<html>{]")
            case Mode.DUPLICATE:
                self._answer(409, {"error": "duplicate"})
            case Mode.SLOW_DRIP:
                self._drip(order.seconds)
            case _:
                self._answer(status, answer)

    def _is_let_in(self, order: Order) -> bool:
        token = self.server.state.tokens[-1]
        if order.mode is not Mode.REVOKED and self.headers.get("Authorization") == f"Bearer {token}":
            return True
        self._answer(401, {"error": "signed out", "message": "This token is not accepted."})
        return False

    def _body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}"
        )
        return found

    def _answer(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(body).encode(), headers)

    def _send(self, status: int, octets: bytes, headers: Mapping[str, str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(octets)}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + octets)

    def _drip(self, seconds: float) -> None:
        self.wfile.write(b"HTTP/1.1 200 -\r\nContent-Length: 100000\r\n\r\n")
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.wfile.write(b" ")
            time.sleep(DRIP_S)
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        os.close(self.connection.detach())
        self.close_connection = True


def serve(port: int, log: Path, *, until_input_ends: bool) -> None:
    """Print the port, then answer until killed."""
    with log.open("a", encoding="utf-8") as lines, _Server(port, lines) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        if until_input_ends:
            threading.Thread(target=_end_with_input, daemon=True).start()
        server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="A network for the drills.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument(
        "--until-input-ends", action="store_true", help="end with the process that started it"
    )
    arguments = parser.parse_args()
    serve(arguments.port, arguments.log, until_input_ends=arguments.until_input_ends)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)
