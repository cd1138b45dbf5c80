"""The same checked connections for clients that bring their own: as a transport for httpx and for requests.

Both read the whole answer before they hand it over, keep no cookies, take no proxies from the environment and
always check certificates. Redirects are the client's affair; each one comes back here and is checked again.
"""

import io
import time
from collections.abc import Mapping
from typing import Any

import httpx
import requests
import urllib3
from requests.adapters import HTTPAdapter

from content_library.checked_connection import Resolver
from content_library.checked_wire import DEADLINE_S, MAX_BYTES, Answer, CheckedWire
from content_library.web_addresses import FetchError, FetchErrorKind, FetchPolicy, parse_target

# The body handed over is decoded already; these would make a client decode or count it again. What governs
# the connection itself is ours to set.
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})
_OURS_TO_SEND = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


def httpx_transport(
    policy: FetchPolicy,
    *,
    deadline_s: float = DEADLINE_S,
    max_bytes: int = MAX_BYTES,
    resolve: Resolver | None = None,
) -> httpx.BaseTransport:
    """For `httpx.Client(transport=…)`. `ConnectError` and `ConnectTimeout` mean that nothing was sent."""
    return _HttpxTransport(CheckedWire(policy, resolve=resolve), deadline_s, max_bytes)


def requests_adapter(
    policy: FetchPolicy,
    *,
    deadline_s: float = DEADLINE_S,
    max_bytes: int = MAX_BYTES,
    resolve: Resolver | None = None,
) -> HTTPAdapter:
    """For `session.mount("https://", …)` and "http://". `ConnectTimeout` means that nothing was sent."""
    return _RequestsAdapter(CheckedWire(policy, resolve=resolve), deadline_s, max_bytes)


class _HttpxTransport(httpx.BaseTransport):
    def __init__(self, wire: CheckedWire, deadline_s: float, max_bytes: int) -> None:
        self._wire, self._deadline_s, self._max_bytes = wire, deadline_s, max_bytes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = self._wire.exchange(
                request.method,
                parse_target(str(request.url)),
                _sendable(request.headers),
                body=request.read() or None,
                deadline_at=time.monotonic() + self._seconds_for(request),
                max_bytes=self._max_bytes,
            )
        except FetchError as error:
            raise _for_httpx(error, request) from error
        return httpx.Response(answer.status, headers=_received(answer), content=answer.body, request=request)

    def close(self) -> None:
        self._wire.close()

    def _seconds_for(self, request: httpx.Request) -> float:
        """A request may bring a shorter deadline of its own, in its extensions."""
        return min(self._deadline_s, float(request.extensions.get("deadline_s", self._deadline_s)))


class _RequestsAdapter(HTTPAdapter):
    def __init__(self, wire: CheckedWire, deadline_s: float, max_bytes: int) -> None:
        self._wire, self._deadline_s, self._max_bytes = wire, deadline_s, max_bytes
        super().__init__()

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        """No pool of its own: nothing can leave except over the checked wire."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        try:
            answer = self._wire.exchange(
                request.method or "GET",
                parse_target(request.url or ""),
                _sendable(request.headers),
                body=_body_bytes(request.body),
                deadline_at=time.monotonic() + self._deadline_s,
                max_bytes=self._max_bytes,
            )
        except FetchError as error:
            raise _for_requests(error, request) from error
        return self.build_response(request, _as_urllib3(answer))

    def close(self) -> None:
        self._wire.close()


def _sendable(headers: Mapping[str, Any]) -> dict[str, str]:
    kept = {
        _text(name): _text(value)
        for name, value in headers.items()
        if _text(name).lower() not in _OURS_TO_SEND
    }
    return {**kept, "Accept-Encoding": "gzip, deflate"}


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _received(answer: Answer) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.headers if name.lower() not in _OF_THE_WIRE]


def _body_bytes(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return _body_bytes(body.read())
    return b"".join(_body_bytes(part) or b"" for part in body)


def _as_urllib3(answer: Answer) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(
        body=io.BytesIO(answer.body),
        status=answer.status,
        headers=urllib3.HTTPHeaderDict(_received(answer)),
        preload_content=False,
    )


def _for_httpx(error: FetchError, request: httpx.Request) -> httpx.HTTPError:
    if error.kind is FetchErrorKind.BAD_ADDRESS:
        return httpx.UnsupportedProtocol(error.message, request=request)
    timed_out = error.kind is FetchErrorKind.TIMEOUT
    if not error.maybe_sent:
        kind: type[httpx.RequestError] = httpx.ConnectTimeout if timed_out else httpx.ConnectError
    elif timed_out:
        kind = httpx.ReadTimeout
    else:
        kind = httpx.ReadError if error.kind is FetchErrorKind.TOO_LARGE else httpx.RemoteProtocolError
    return kind(error.message, request=request)


def _for_requests(error: FetchError, request: requests.PreparedRequest) -> requests.RequestException:
    kinds: dict[FetchErrorKind, type[requests.RequestException]] = {
        FetchErrorKind.BAD_ADDRESS: requests.exceptions.InvalidURL,
        FetchErrorKind.TLS: requests.exceptions.SSLError,
        FetchErrorKind.TOO_LARGE: requests.exceptions.ContentDecodingError,
    }
    kind = kinds.get(error.kind, requests.exceptions.ConnectionError)
    if error.kind is FetchErrorKind.TIMEOUT:
        kind = requests.exceptions.ReadTimeout if error.maybe_sent else requests.exceptions.ConnectTimeout
    return kind(error.message, request=request)
