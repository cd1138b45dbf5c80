"""One exchange over a connection whose every address was checked: the core under all doors to the web.

A name is resolved once, every address it gives is checked, and the connection goes to a checked address;
TLS and the Host header still use the name. One deadline covers looking up, connecting and every read.
"""

import http.client
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from content_library.checked_connection import (
    CONNECT_S,
    SAFE_METHODS,
    Resolver,
    connection_classes,
    look_up,
    port_message,
    tls_context,
)
from content_library.deadline_sockets import READ_S, Exchange, time_left, under_way
from content_library.web_addresses import FetchError, FetchErrorKind, FetchPolicy, Target

DEADLINE_S = 30.0
MAX_BYTES = 5_000_000

_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, decoded. `truncated` only when the caller asked for a part."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool = False

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(found) if found else None


class CheckedWire:
    """Connections to checked addresses, kept open between exchanges. Safe to use from many threads."""

    def __init__(self, policy: FetchPolicy, *, resolve: Resolver | None = None) -> None:
        self.policy = policy
        self._resolve = resolve or look_up
        self._tls = tls_context(policy)
        self._kept = self._pool_manager()
        self._fresh = self._pool_manager()

    def exchange(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        deadline_at: float,
        max_bytes: int = MAX_BYTES,
        truncate: bool = False,
    ) -> Answer:
        """Send one request, follow nothing. `deadline_at` is on the monotonic clock.

        Raises FetchError. A safe request is sent again once if a kept connection turns out to be dead; any
        other request gets a connection of its own, so that a failure never leaves open whether it was sent
        twice.
        """
        if not self.policy.may_use_port(target.port):
            raise FetchError(port_message(target.port), FetchErrorKind.REFUSED_ADDRESS)
        for may_repeat in (method in SAFE_METHODS, False):
            state = Exchange(target, deadline_at)
            token = under_way.set(state)
            try:
                return self._once(method, target, headers, body, max_bytes, truncate)
            except FetchError:
                raise
            except _TROUBLE as error:
                if state.raw is not None:
                    state.raw.close()
                if may_repeat and state.reused and not state.received and time.monotonic() < deadline_at:
                    continue
                _raise_plainly(error, state)
            finally:
                under_way.reset(token)
        raise AssertionError("the second try always returns or raises")

    def close(self) -> None:
        self._kept.clear()
        self._fresh.clear()

    def _once(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        truncate: bool,  # noqa: FBT001
    ) -> Answer:
        keep = method in SAFE_METHODS
        manager = self._kept if keep else self._fresh
        sent_headers = dict(headers) if keep else {**headers, "Connection": "close"}
        response = manager.connection_from_host(target.host, target.port, target.scheme).urlopen(
            method,
            target.path,
            body=body,
            headers=sent_headers,
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
        )
        try:
            content, whole = _read(response, max_bytes, truncate=truncate)
        except BaseException:
            response.close()
            raise
        if not whole:
            response.close()
        response.release_conn()
        return Answer(response.status, tuple(response.headers.items()), content, truncated=not whole)

    def _pool_manager(self) -> urllib3.PoolManager:
        manager = urllib3.PoolManager(
            num_pools=128, maxsize=8, cert_reqs="CERT_REQUIRED", ssl_context=self._tls
        )
        plain, secure = connection_classes(self.policy, self._resolve)
        manager.pool_classes_by_scheme = {
            "http": type("_Pool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_SecurePool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        return manager


def _read(response: BaseHTTPResponse, max_bytes: int, *, truncate: bool) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    while True:
        if truncate and size >= max_bytes:
            return b"".join(parts)[:max_bytes], False
        part = response.read(_CHUNK, decode_content=True)
        if not part:
            return b"".join(parts), True
        size += len(part)
        parts.append(part)
        if size > max_bytes and not truncate:
            raise FetchError(
                f"The answer is larger than {_megabytes(max_bytes)}. We stopped reading it.",
                FetchErrorKind.TOO_LARGE,
                maybe_sent=True,
            )
        time_left()


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:g} MB"


# --- plain words for what went wrong ------------------------------------------------------------------

_TROUBLE = (HTTPError, http.client.HTTPException, OSError, ValueError, EOFError, zlib.error)
_TIMEOUTS = (TimeoutError, ReadTimeoutError, ConnectTimeoutError)


def _raise_plainly(error: Exception, state: Exchange) -> NoReturn:
    kind, sentence = _describe(error, state)
    raise FetchError(sentence, kind, maybe_sent=state.connected) from error


def _describe(error: Exception, state: Exchange) -> tuple[FetchErrorKind, str]:
    host = state.target.host
    causes = _causes(error)
    if any(isinstance(cause, _TIMEOUTS) for cause in causes):
        return FetchErrorKind.TIMEOUT, f"{host} took too long to answer. We try again later."
    if any(isinstance(cause, ssl.SSLError | SSLError | ssl.CertificateError) for cause in causes):
        return (
            FetchErrorKind.TLS,
            f"The secure connection to {host} failed: its certificate cannot be trusted.",
        )
    if not state.connected and any(isinstance(cause, OSError | NewConnectionError) for cause in causes):
        return FetchErrorKind.CONNECT, f"{host} cannot be reached. We try again later."
    return FetchErrorKind.PROTOCOL, f"{host} gave an answer that is not proper HTTP, or broke off."


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    queue_: list[Any] = [error]
    while queue_ and len(found) < 20:
        current = queue_.pop()
        if not isinstance(current, BaseException) or current in found:
            continue
        found.append(current)
        queue_ += [current.__cause__, *current.args]
    return found
