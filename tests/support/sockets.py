"""No test leaves this machine, and only tests that say so open sockets on it.

Python's audit events see every connection and every look-up of a name. Unix sockets are always open.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_loopback_is_open = True
LOCAL_NAMES = {"localhost", "ip6-localhost"}


class SocketRefused(RuntimeError):
    """A test tried to reach something it must not; not an OSError, so that no code mistakes it for bad weather."""


def install() -> None:
    """Put the wall up, for the life of this process. Loopback stays open until `closed()`."""
    sys.addaudithook(_hook)


@contextmanager
def closed() -> Iterator[None]:
    """Refuse loopback too, meanwhile."""
    global _loopback_is_open
    before, _loopback_is_open = _loopback_is_open, False
    try:
        yield
    finally:
        _loopback_is_open = before


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        _check_address(arguments[0], arguments[1])
    elif event == "socket.getaddrinfo":
        _check_name(arguments[0])


def _check_address(sock: socket.socket, address: Any) -> None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return
    host = str(address[0])
    if not is_loopback(host):
        raise SocketRefused(
            f"A test tried to reach {host}:{address[1]}; nothing outside this machine is reachable."
        )
    if not _loopback_is_open:
        raise SocketRefused(
            f"This test used {host}:{address[1]}. Mark it with @pytest.mark.network if it needs sockets on loopback."
        )


def _check_name(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name and name not in LOCAL_NAMES and not _is_literal(name):
        raise SocketRefused(
            f"A test asked the name service for {name!r}; nothing outside this machine is reachable."
        )


def is_loopback(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    return _is_literal(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
