"""Hands claimed publications to threads, each at its moment; one account never in two threads at once."""

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from scheduler.transitions import Claim

log = logging.getLogger(__name__)


class Workers:
    """`run` does everything for one claim and must not raise. `monotonic` is a clock that never jumps, in seconds."""

    def __init__(
        self, run: Callable[[Claim], None], *, threads: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._run = run
        self._monotonic = monotonic
        self._due: list[tuple[float, int, Claim]] = []
        self._lanes: dict[int, deque[Claim]] = {}  # accounts being worked on, and what waits for them
        self._changed = threading.Condition()
        self._stopping = False
        self._count = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"sender-{n}", daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, claims: Sequence[Claim], *, now: datetime) -> None:
        """Queue claims for their due times. `now` is the clock the due times are meant by."""
        base = self._monotonic()
        with self._changed:
            for claim in claims:
                self._count += 1
                at = base + (claim.due_at - now).total_seconds()
                heapq.heappush(self._due, (at, self._count, claim))
            self._changed.notify_all()

    def waiting(self) -> int:
        """How many claims are queued or being worked on."""
        with self._changed:
            return len(self._due) + sum(len(lane) + 1 for lane in self._lanes.values())

    def stop(self, *, timeout_s: float) -> list[Claim]:
        """Start nothing new, wait for what is under way, and return what was not begun."""
        with self._changed:
            self._stopping = True
            left = [claim for _, _, claim in self._due] + [c for lane in self._lanes.values() for c in lane]
            self._due.clear()
            for lane in self._lanes.values():
                lane.clear()
            self._changed.notify_all()
        ends = self._monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, ends - self._monotonic()))
        return left

    def _work(self) -> None:
        while (claim := self._next()) is not None:
            self._one(claim)

    def _next(self) -> Claim | None:
        """The next claim whose moment has come and whose account is free; None when stopping."""
        with self._changed:
            while not self._stopping:
                pause = self._due[0][0] - self._monotonic() if self._due else None
                if pause is not None and pause <= 0:
                    claim = heapq.heappop(self._due)[2]
                    if claim.account_id in self._lanes:
                        self._lanes[claim.account_id].append(claim)
                        continue
                    self._lanes[claim.account_id] = deque()
                    self._changed.notify()
                    return claim
                self._changed.wait(pause)
            return None

    def _one(self, claim: Claim) -> None:
        following: Claim | None = claim
        while following is not None:
            try:
                self._run(following)
            except Exception:
                log.exception("publication %s: the lease brings it back", following.publication_id)
            following = self._rest_of(claim.account_id)

    def _rest_of(self, account_id: int) -> Claim | None:
        with self._changed:
            lane = self._lanes[account_id]
            if lane:
                return lane.popleft()
            del self._lanes[account_id]
            return None
