"""One exchange over a connection whose every address was checked: the core under all doors to the web.

A name is resolved once, every address it gives is checked, and the connection goes to a checked address;
TLS and the Host header still use the name. One deadline covers looking up, connecting and every read.
"""

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from content_library.web_addresses import FetchError, FetchErrorKind, FetchPolicy, IpAddress, Target

CONNECT_S = 5.0
READ_S = 15.0
DEADLINE_S = 30.0
MAX_BYTES = 5_000_000

Resolver = Callable[[str, int], list[str]]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CHUNK = 65_536
_ADDRESSES_TRIED = 4


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


@dataclass(slots=True)
class _Exchange:
    """What is known about the exchange under way in this thread."""

    target: Target
    deadline_at: float
    connected: bool = False
    reused: bool = False
    received: bool = False


_under_way: ContextVar[_Exchange | None] = ContextVar("exchange_under_way", default=None)


class CheckedWire:
    """Connections to checked addresses, kept open between exchanges. Safe to use from many threads."""

    def __init__(self, policy: FetchPolicy, *, resolve: Resolver | None = None) -> None:
        self.policy = policy
        self._resolve = resolve or look_up
        self._tls = _tls_context(policy)
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
            raise FetchError(_port_message(target.port), FetchErrorKind.REFUSED_ADDRESS)
        for may_repeat in (method in _SAFE_METHODS, False):
            state = _Exchange(target, deadline_at)
            token = _under_way.set(state)
            try:
                return self._once(method, target, headers, body, max_bytes, truncate)
            except FetchError:
                raise
            except _TROUBLE as error:
                if may_repeat and state.reused and not state.received and time.monotonic() < deadline_at:
                    continue
                _raise_plainly(error, state)
            finally:
                _under_way.reset(token)
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
        keep = method in _SAFE_METHODS
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
        plain, secure = _connection_classes(self.policy, self._resolve)
        manager.pool_classes_by_scheme = {
            "http": type("_Pool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_SecurePool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        return manager


def look_up(host: str, port: int) -> list[str]:
    """Ask the system's resolver for a host's addresses, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


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
        _time_left()


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:g} MB"


# --- sockets that know the deadline -------------------------------------------------------------------


class _DeadlineSocket(socket.socket):
    """A socket whose every read and write ends with the exchange's deadline; a slow drip does not help."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(_time_left())
        return _note_received(super().recv_into(buffer, nbytes, flags))

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.settimeout(_time_left())
        super().sendall(data, flags)


class _DeadlineTlsSocket(ssl.SSLSocket):
    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(_time_left())
        return _note_received(super().recv_into(buffer, nbytes, flags))

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(_time_left())
        return super().send(data, flags)


def _time_left(at_most: float = READ_S) -> float:
    state = _under_way.get()
    if state is None:
        return at_most
    left = state.deadline_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of the whole exchange has passed")
    return min(left, at_most)


def _note_received(count: int) -> int:
    state = _under_way.get()
    if state is not None and count:
        state.received = True
    return count


# --- connecting ---------------------------------------------------------------------------------------


def _connection_classes(
    policy: FetchPolicy, resolve: Resolver
) -> tuple[type[HTTPConnection], type[HTTPSConnection]]:
    class Plain(_Checked, HTTPConnection):
        connection_policy = policy
        resolver = staticmethod(resolve)

    class Secure(_Checked, HTTPSConnection):
        connection_policy = policy
        resolver = staticmethod(resolve)

    return Plain, Secure


class _Checked(HTTPConnection):
    """Mixed into urllib3's connections: replaces only how the socket comes to be."""

    connection_policy: FetchPolicy
    resolver: Resolver

    def _new_conn(self) -> socket.socket:
        port = int(self.port or 0)
        addresses = checked_addresses(self._dns_host, port, self.connection_policy, self.resolver)
        return _connect_first(addresses, port)

    def connect(self) -> None:
        super().connect()
        state = _under_way.get()
        if state is not None:
            state.connected = True

    def request(self, *args: Any, **kwargs: Any) -> None:
        state = _under_way.get()
        if state is not None and self.sock is not None and not state.connected:
            state.connected = state.reused = True
        super().request(*args, **kwargs)


def checked_addresses(host: str, port: int, policy: FetchPolicy, resolve: Resolver) -> list[IpAddress]:
    """Every address of the host, all of them allowed. Raises FetchError: one forbidden one refuses the host."""
    addresses = [ipaddress.ip_address(text) for text in _resolve_in_time(host, port, resolve)]
    if not addresses:
        raise FetchError(f"The name {host} has no address. Check the spelling.", FetchErrorKind.DNS)
    if not all(policy.permits(host, address, port) for address in addresses):
        raise FetchError(_refusal(host, port, policy, addresses), FetchErrorKind.REFUSED_ADDRESS)
    return addresses


def _resolve_in_time(host: str, port: int, resolve: Resolver) -> list[str]:
    """Look a name up; the system's resolver has no timeout of its own, so it runs beside us."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()
    threading.Thread(target=_answer_into, args=(answers, host, port, resolve), daemon=True).start()
    try:
        answer = answers.get(timeout=_time_left(CONNECT_S))
    except queue.Empty:
        raise FetchError(
            f"Looking up {host} took too long. We try again later.", FetchErrorKind.TIMEOUT
        ) from None
    if isinstance(answer, Exception):
        raise FetchError(f"The name {host} is not known. Check the spelling.", FetchErrorKind.DNS) from answer
    return answer


def _answer_into(
    answers: "queue.SimpleQueue[list[str] | Exception]", host: str, port: int, resolve: Resolver
) -> None:
    try:
        answers.put(resolve(host, port))
    except (OSError, ValueError) as error:
        answers.put(error)


def _refusal(host: str, port: int, policy: FetchPolicy, addresses: list[IpAddress]) -> str:
    if not policy.may_use_port(port) or all(policy.permits(host, address, 443) for address in addresses):
        return _port_message(port)
    return (
        f"{host} leads into a private network, and we only fetch from the public web. "
        "An administrator can allow it in the settings."
    )


def _port_message(port: int) -> str:
    return f"Port {port} is not one we fetch from. Use 80, 443, 8080 or 8443, or ask an administrator to allow it."


def _connect_first(addresses: list[IpAddress], port: int) -> socket.socket:
    trouble: OSError | None = None
    for address in addresses[:_ADDRESSES_TRIED]:
        try:
            return _connect(address, port)
        except OSError as error:
            trouble = error
    assert trouble is not None
    raise trouble


def _connect(address: IpAddress, port: int) -> socket.socket:
    left = _time_left(CONNECT_S)
    sock = _DeadlineSocket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(left)
        sock.connect((str(address), port))
        sock.settimeout(_time_left(CONNECT_S))
    except BaseException:
        sock.close()
        raise
    return sock


def _tls_context(policy: FetchPolicy) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if policy.ca_file is not None:
        context.load_verify_locations(policy.ca_file)
    context.sslsocket_class = _DeadlineTlsSocket
    return context


# --- plain words for what went wrong ------------------------------------------------------------------

_TROUBLE = (HTTPError, http.client.HTTPException, OSError, ValueError, EOFError, zlib.error)
_TIMEOUTS = (TimeoutError, ReadTimeoutError, ConnectTimeoutError)


def _raise_plainly(error: Exception, state: _Exchange) -> NoReturn:
    kind, sentence = _describe(error, state)
    raise FetchError(sentence, kind, maybe_sent=state.connected) from error


def _describe(error: Exception, state: _Exchange) -> tuple[FetchErrorKind, str]:
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
