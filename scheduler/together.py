"""Threads that want a transaction of the same kind at the same moment share one.

Whoever comes first does it for all who wait by then, and the first who came meanwhile does the next: the more there is
to do, the less each one costs. Alone, nobody waits for anybody.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Do = Callable[[Sequence[Asked]], Sequence[Answer]]
"""Answers several, each in its place, in one transaction: all of it or, raising, nothing."""


def _held() -> threading.Lock:
    """A lock that its maker waits at: a fifth of the work of an Event, hundreds of times a second."""
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    sleeping: threading.Lock = field(default_factory=_held)  # let go by whoever wakes him, once
    answers: list[Answer] = field(default_factory=list)  # the one, once it is there
    is_failed: bool = False


class Together(Generic[Asked, Answer]):
    """One kind of transaction. `most` share one at the most."""

    def __init__(self, *, most: int = 64) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[Asked, Answer]] = []
        self._is_led = False

    def ask(self, do: Do[Asked, Answer], asked: Asked) -> Answer:
        """The answer to `asked`. Where the shared transaction fails, everybody does his own and meets his own error."""
        mine: _Waiting[Asked, Answer] = _Waiting(asked)
        with self._lock:
            self._waiting.append(mine)
            leads, self._is_led = not self._is_led, True
        if not leads:
            mine.sleeping.acquire()
        if not mine.answers and not mine.is_failed:
            self._lead(do)
        return do([asked])[0] if mine.is_failed else mine.answers[0]

    def _lead(self, do: Do[Asked, Answer]) -> None:
        """Do it for those who wait; the leader's own is the first of them."""
        with self._lock:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            for one, answer in zip(batch, do([one.asked for one in batch]), strict=True):
                one.answers.append(answer)
        except BaseException as problem:
            for one in batch:
                one.answers.clear()
                one.is_failed = True
            if len(batch) > 1:
                log.warning(
                    "what %d wanted to do together failed, so each does it alone: %r", len(batch), problem
                )
            if len(batch) == 1 or not isinstance(problem, Exception):
                raise
        finally:
            self._hand_over(batch)

    def _hand_over(self, done: Sequence[_Waiting[Asked, Answer]]) -> None:
        with self._lock:
            following = self._waiting[:1]
            self._is_led = bool(following)
        for one in (*done, *following):
            one.sleeping.release()
