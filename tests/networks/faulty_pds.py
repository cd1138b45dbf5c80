"""A server between the adapter and a real Bluesky server that passes calls on, or fails them as ordered."""

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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_opener = build_opener(ProxyHandler({}))
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing sends RST
_PASSED = ("content-type", "retry-after", "ratelimit-reset", "dpop-nonce", "www-authenticate")


@dataclass
class Fault:
    """What happens to the next call of `method`. `applied`: the real server gets it first."""

    method: str
    status: int = 500
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = False
    reset: bool = False
    drip_s: float = 0.0
    drip_headers: bool = False


class FaultyPds:
    """`url` is its address; `calls` are the methods it was asked for, in order."""

    def __init__(self, target: str, server: "_Server") -> None:
        self.target, self._server = target, server
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.calls: list[str] = []
        self._faults: list[Fault] = []

    def order(self, method: str, **fault: Any) -> None:
        """Fail the next call of `method`, for example `putRecord`; more orders are taken one after the other."""
        self._faults.append(Fault(method, **fault))

    def take(self, method: str) -> Fault | None:
        fault = next((fault for fault in self._faults if fault.method == method), None)
        if fault:
            self._faults.remove(fault)
        return fault

    def count(self, method: str) -> int:
        return self.calls.count(method)


@contextmanager
def faulty_pds(target: str) -> Iterator[FaultyPds]:
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.pds = FaultyPds(target, server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.pds
        server.shutdown()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    pds: FaultyPds

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._handle(None)

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""

    def _handle(self, body: bytes | None) -> None:
        pds = self.server.pds
        method = self.path.partition("?")[0].rpartition(".")[2]
        pds.calls.append(method)
        fault = pds.take(method)
        if fault is None:
            return self._answer(*self._passed_on(body))
        if fault.applied:
            self._passed_on(body)
        return self._fail(fault)

    def _passed_on(self, body: bytes | None) -> tuple[int, bytes, dict[str, str]]:
        request = Request(self.server.pds.target + self.path, data=body)
        for name in ("Authorization", "Content-Type", "DPoP"):
            if self.headers.get(name):
                request.add_header(name, self.headers[name])
        try:
            with _opener.open(request, timeout=20) as answer:
                return answer.status, answer.read(), _kept(answer.headers)
        except HTTPError as error:
            with error:
                return error.code, error.read(), _kept(error.headers)

    def _fail(self, fault: Fault) -> None:
        if fault.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            os.close(self.connection.detach())
            self.close_connection = True
        elif fault.drip_s:
            self._drip(fault)
        else:
            octets = fault.body if isinstance(fault.body, bytes) else json.dumps(fault.body).encode()
            self._answer(fault.status, octets, {"content-type": "application/json", **fault.headers})

    def _answer(self, status: int, octets: bytes, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(octets)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + octets)

    def _drip(self, fault: Fault) -> None:
        self.close_connection = True
        self.wfile.write(
            b"HTTP/1.1 200 -\r\n" if fault.drip_headers else b"HTTP/1.1 200 -\r\nContent-Length: 9999\r\n\r\n"
        )
        ends = time.monotonic() + fault.drip_s
        while time.monotonic() < ends:
            self.wfile.write(b"x-drop: 1\r\n" if fault.drip_headers else b" ")
            time.sleep(0.1)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _PASSED if headers.get(name)}
