"""Web sites on loopback that say what a test tells them to, and remember what they were asked."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from content_library.web_fetch import Fetcher, FetchPolicy


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/xml"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]


class Site:
    """`site["/feed"] = Answer(…)`; an answer with an ETag or Last-Modified is a 304 to who has it already."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self._answers: dict[str, Answer] = {}

    def __setitem__(self, path: str, answer: Answer) -> None:
        self._answers[path] = answer

    def times_asked(self, path: str) -> int:
        return sum(asked.path == path for asked in self.asked)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        found = self._answers.get(asked.path, Answer(status=404, content_type="text/plain"))
        headers = {name.lower(): value for name, value in found.headers.items()}
        for validator, question in (("etag", "if-none-match"), ("last-modified", "if-modified-since")):
            if headers.get(validator) and asked.headers.get(question) == headers[validator]:
                return Answer(status=304, headers=found.headers)
        return found


@contextmanager
def site() -> Iterator[Site]:
    """A site that answers until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.site = Site(server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield server.site  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def fetcher() -> Iterator[Fetcher]:
    """The product's fetcher, allowed to visit loopback."""
    with Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as found:
        yield found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers)
        answer = self.server.site.answer(asked)  # type: ignore[attr-defined]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        body = b"" if self.command == "HEAD" or answer.status == 304 else answer.body
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the base class looks for this name

    def log_message(self, *_: Any) -> None:
        pass
