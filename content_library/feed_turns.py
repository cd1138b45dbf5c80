"""Whose turn it is: many are asked at once, but few of one host. Pure, and safe to use from many threads."""

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit


class HasUrl(Protocol):
    @property
    def url(self) -> str: ...


Asked = TypeVar("Asked", bound=HasUrl)


class Turns(Generic[Asked]):
    """Iterate in each thread: it gives the next whose host is not busy, waits while all hosts are, ends when empty.

    Each is held to be under way until the same thread asks for the next one. After `stop` nobody gets a turn.
    """

    def __init__(self, asked: Sequence[Asked], *, per_host: int, stop: threading.Event | None = None) -> None:
        self.left = len(asked)
        self._per_host, self._stop = per_host, stop
        self._busy: Counter[str] = Counter()
        self._waiting: dict[str, deque[Asked]] = {}
        for one in asked:
            self._waiting.setdefault(host_of(one.url), deque()).append(one)
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[Asked]:
        while (one := self._take()) is not None:
            try:
                yield one
            finally:
                self._give_back(one)

    def _take(self) -> Asked | None:
        with self._changed:
            while self._waiting and not (self._stop and self._stop.is_set()):
                host = next((host for host in self._waiting if self._busy[host] < self._per_host), None)
                if host is not None:
                    return self._taken(host)
                self._changed.wait()
            return None

    def _taken(self, host: str) -> Asked:
        line = self._waiting[host]
        one = line.popleft()
        if not line:
            del self._waiting[host]
        self._busy[host] += 1
        self.left -= 1
        return one

    def _give_back(self, one: Asked) -> None:
        with self._changed:
            self._busy[host_of(one.url)] -= 1
            self._changed.notify_all()


def host_of(url: str) -> str:
    """The host and port of an address; an address without one is its own host."""
    try:
        return urlsplit(url).netloc.lower() or url
    except ValueError:
        return url
