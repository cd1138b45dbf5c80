"""Connections that go to checked addresses: resolved once, every address checked, the name kept for TLS."""

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection

from content_library.deadline_sockets import (
    DeadlineSocket,
    DeadlineTlsSocket,
    Exchange,
    time_left,
    under_way,
)
from content_library.web_addresses import FetchError, FetchErrorKind, FetchPolicy, IpAddress

CONNECT_S = 5.0

Resolver = Callable[[str, int], list[str]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ADDRESSES_TRIED = 4


def connection_classes(
    policy: FetchPolicy, resolve: Resolver
) -> tuple[type[HTTPConnection], type[HTTPSConnection]]:
    class Plain(_Checked, HTTPConnection):
        connection_policy = policy
        resolver = staticmethod(resolve)

    class Secure(_Checked, HTTPSConnection):
        connection_policy = policy
        resolver = staticmethod(resolve)

    return Plain, Secure


class _KnownResponse(http.client.HTTPResponse):
    """Known to the exchange, which closes it when urllib3 trips over its headers and forgets it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        state = under_way.get()
        if state is not None:
            state.raw = self


class _Checked(HTTPConnection):
    """Mixed into urllib3's connections: replaces only how the socket comes to be."""

    response_class = _KnownResponse
    connection_policy: FetchPolicy
    resolver: Resolver

    def _new_conn(self) -> socket.socket:
        port = int(self.port or 0)
        addresses = checked_addresses(self._dns_host, port, self.connection_policy, self.resolver)
        return _connect_first(addresses, port)

    def connect(self) -> None:
        super().connect()
        state = under_way.get()
        if state is not None:
            state.connected = True

    def request(self, method: str, *args: Any, **kwargs: Any) -> None:
        state = under_way.get()
        if state is not None and self.sock is not None and not state.connected:
            self._take_up(method, state)
        super().request(method, *args, **kwargs)

    def _take_up(self, method: str, state: Exchange) -> None:
        """Use a kept connection again, or open another one where a dead one would leave a doubt.

        A server that closes after its answer may be doing so while the next request is on its way.
        """
        if method in SAFE_METHODS:
            state.connected = state.reused = True
        else:
            self.close()


def look_up(host: str, port: int) -> list[str]:
    """Ask the system's resolver for a host's addresses, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


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
    literal = _literal(host)
    if literal is not None:
        return [literal]
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()
    threading.Thread(target=_answer_into, args=(answers, host, port, resolve), daemon=True).start()
    try:
        answer = answers.get(timeout=time_left(CONNECT_S))
    except queue.Empty:
        raise FetchError(
            f"Looking up {host} took too long. We try again later.", FetchErrorKind.TIMEOUT
        ) from None
    if isinstance(answer, OSError | ValueError):
        raise FetchError(f"The name {host} is not known. Check the spelling.", FetchErrorKind.DNS) from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def _literal(host: str) -> str | None:
    """The address a host spells out, also in the old forms `127.1`, `0x7f000001` and `2130706433`."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _answer_into(
    answers: "queue.SimpleQueue[list[str] | Exception]", host: str, port: int, resolve: Resolver
) -> None:
    try:
        answers.put(resolve(host, port))
    except Exception as error:
        answers.put(error)


def _refusal(host: str, port: int, policy: FetchPolicy, addresses: list[IpAddress]) -> str:
    if not policy.may_use_port(port) or all(policy.permits(host, address, 443) for address in addresses):
        return port_message(port)
    return (
        f"{host} leads into a private network, and we only fetch from the public web. "
        "An administrator can allow it in the settings."
    )


def port_message(port: int) -> str:
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
    left = time_left(CONNECT_S)
    sock = DeadlineSocket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(left)
        sock.connect((str(address), port))
        sock.settimeout(time_left(CONNECT_S))
    except BaseException:
        sock.close()
        raise
    return sock


def tls_context(policy: FetchPolicy) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if policy.ca_file is not None:
        context.load_verify_locations(policy.ca_file)
    context.sslsocket_class = DeadlineTlsSocket
    return context
