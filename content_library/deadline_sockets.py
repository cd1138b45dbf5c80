"""Sockets whose every read and write ends with one deadline, however slowly the other side drips."""

import http.client
import socket
import ssl
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from content_library.web_addresses import Target

READ_S = 15.0


@dataclass(slots=True)
class Exchange:
    """What is known about the exchange under way in this thread."""

    target: Target
    deadline_at: float
    connected: bool = False
    reused: bool = False
    received: bool = False
    raw: http.client.HTTPResponse | None = None


under_way: ContextVar[Exchange | None] = ContextVar("exchange_under_way", default=None)


class DeadlineSocket(socket.socket):
    """A socket whose every read and write ends with the exchange's deadline; a slow drip does not help."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(time_left())
        return _note_received(super().recv_into(buffer, nbytes, flags))

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.settimeout(time_left())
        super().sendall(data, flags)


class DeadlineTlsSocket(ssl.SSLSocket):
    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(time_left())
        return _note_received(super().recv_into(buffer, nbytes, flags))

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(time_left())
        return super().send(data, flags)


def time_left(at_most: float = READ_S) -> float:
    state = under_way.get()
    if state is None:
        return at_most
    left = state.deadline_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of the whole exchange has passed")
    return min(left, at_most)


def _note_received(count: int) -> int:
    state = under_way.get()
    if state is not None and count:
        state.received = True
    return count
