"""What every recorded-shape server has in common: it counts what stands there, remembers what it was asked, and
misbehaves on order where something is posted.

A server is a Flask application whose posting routes are marked with `@recorded.posting`:

    recorded = Recorded("mastodon")
    @recorded.app.post("/api/v1/statuses")
    @recorded.posting
    def post_status(): ...
"""

import json
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import Any

from flask import Flask, Response, request

from tests.support.served import served

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing sends RST


class Fault(StrEnum):
    RATE_LIMITED = "rate_limited"  # 429 with Retry-After: 30, not applied
    FAIL_BEFORE = "fail_before"  # 500, not applied
    FAIL_AFTER = "fail_after"  # 500, applied
    RESET_BEFORE = "reset_before"  # connection reset, not applied
    RESET_AFTER = "reset_after"  # connection reset, applied
    GARBAGE = "garbage"  # 200 that makes no sense, applied
    REDIRECT = "redirect"  # 302 to another address, not applied


@dataclass(frozen=True)
class Asked:
    """One call that came in. `body` is JSON, a form's fields, or the bytes."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Recorded:
    """`posts` is what readers see, by remote id. `rate_limited` is how this network says 429, where it is special."""

    name: str
    rate_limited: Callable[[], Response] | None = None
    posts: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.app = Flask(self.name)
        self.app.before_request(self._remember)
        self._faults: list[Fault] = []

    def order(self, fault: Fault, *, times: int = 1) -> None:
        """How the next `times` postings go wrong."""
        self._faults += [fault] * times

    def posting(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """Marks a route that posts something: the ones that go wrong on order."""

        @wraps(view)
        def posted(*args: Any, **named: Any) -> Any:
            return (
                self._wrong(self._faults.pop(0), view, args, named) if self._faults else view(*args, **named)
            )

        return posted

    @contextmanager
    def running(self) -> Iterator["Recorded"]:
        with served(self.app) as url:
            self.url = url
            yield self

    def _remember(self) -> None:
        body: Any = request.get_json(silent=True)
        if body is None:
            body = request.form.to_dict() if request.form else request.get_data()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.full_path.rstrip("?"), headers, body))

    def _wrong(self, fault: Fault, view: Callable[..., Any], args: Any, named: Any) -> Any:
        if fault in (Fault.FAIL_AFTER, Fault.RESET_AFTER, Fault.GARBAGE):
            view(*args, **named)
        if fault in (Fault.RESET_BEFORE, Fault.RESET_AFTER):
            return _reset()
        return {
            Fault.RATE_LIMITED: self.rate_limited or _rate_limited,
            Fault.FAIL_BEFORE: _failed,
            Fault.FAIL_AFTER: _failed,
            Fault.GARBAGE: lambda: Response("<html>welcome</html>", 200, content_type="text/html"),
            Fault.REDIRECT: lambda: Response("", 302, headers={"Location": f"{self.url}/elsewhere"}),
        }[fault]()


def _rate_limited() -> Response:
    return Response(
        json.dumps({"error": "Too many requests"}),
        429,
        headers={"Retry-After": "30"},
        content_type="application/json",
    )


def _failed() -> Response:
    return Response(json.dumps({"error": "Something broke"}), 500, content_type="application/json")


def _reset() -> Response:
    line: socket.socket = request.environ["werkzeug.socket"]
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    line.close()
    return Response("", 500)
