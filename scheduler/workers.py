"""Hands claimed publications to threads, each at its moment; one account never in two threads at once.

What waited so long that its lease does not suffice any more is given back unseen, with all that waits for the same
account, and claimed anew.
"""

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from content_library.database import cause, is_away
from scheduler.transitions import Claim
from scheduler.waiting_claims import Waiting, waiting

log = logging.getLogger(__name__)


class Workers:
    """`run` does everything for one claim and must not raise; `give_back` takes those that are too old for it.

    `send_by_s`: how many seconds of its lease a claim needs. `monotonic` is a clock that never jumps, in seconds.
    """

    def __init__(
        self,
        run: Callable[[Claim], None],
        *,
        threads: int,
        give_back: Callable[[Sequence[Claim]], None] = lambda _late: None,
        send_by_s: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._give_back = give_back
        self._send_by_s = send_by_s
        self._monotonic = monotonic
        self._due: list[Waiting] = []
        self._lanes: dict[int, deque[Waiting]] = {}  # accounts being worked on, and what waits for them
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"sender-{n}", daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, claims: Sequence[Claim], *, now: datetime, monotonic: float | None = None) -> None:
        """Queue claims for their due times. `now` is the clock they are meant by; `monotonic`, the same moment."""
        monotonic = self._monotonic() if monotonic is None else monotonic
        with self._changed:
            for one in waiting(claims, now=now, monotonic=monotonic, send_by_s=self._send_by_s):
                heapq.heappush(self._due, one)
            self._changed.notify_all()

    def waiting(self) -> int:
        """How many claims are queued or being worked on."""
        with self._changed:
            return len(self._due) + sum(len(lane) + 1 for lane in self._lanes.values())

    def stop(self, *, timeout_s: float) -> list[Claim]:
        """Start nothing new, wait for what is under way, and return what was not begun."""
        with self._changed:
            self._stopping = True
            lanes = [one for lane in self._lanes.values() for one in lane]
            left = [one.claim for one in (*self._due, *lanes)]
            self._due.clear()
            for lane in self._lanes.values():
                lane.clear()
            self._changed.notify_all()
        ends = self._monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, ends - self._monotonic()))
        return left

    def _work(self) -> None:
        while (first := self._next()) is not None:
            self._lane_of(first)

    def _next(self) -> Waiting | None:
        """The next whose moment has come and whose account is free; None when stopping."""
        with self._changed:
            while not self._stopping:
                pause = self._due[0].at - self._monotonic() if self._due else None
                if pause is not None and pause <= 0:
                    one = heapq.heappop(self._due)
                    account_id = one.claim.account_id
                    if account_id in self._lanes:
                        self._lanes[account_id].append(one)
                        continue
                    self._lanes[account_id] = deque()
                    self._changed.notify()
                    return one
                self._changed.wait(pause)
            return None

    def _lane_of(self, first: Waiting) -> None:
        """The first of an account, and what has come for it meanwhile."""
        following: Waiting | None = first
        while following is not None:
            if following.until > self._monotonic():
                self._one(following.claim)
            else:
                self._too_old(following)
            following = self._rest_of(first.claim.account_id)

    def _one(self, claim: Claim) -> None:
        try:
            self._run(claim)
        except Exception:
            log.exception("publication %s: the lease brings it back", claim.publication_id)

    def _too_old(self, found: Waiting) -> None:
        """It, and everything that waits for an account of which anything is as old: its order is to stay."""
        with self._changed:
            waits = [*self._due, *(one for lane in self._lanes.values() for one in lane)]
            now = self._monotonic()
            of = {one.claim.account_id for one in (found, *waits) if one.until <= now}
            back = [found.claim, *(one.claim for one in waits if one.claim.account_id in of)]
            for account_id in of & self._lanes.keys():
                self._lanes[account_id].clear()
            self._due = [one for one in self._due if one.claim.account_id not in of]
            heapq.heapify(self._due)
        try:
            self._give_back(back)
        except Exception as problem:
            if is_away(problem):
                log.warning("%d claims: their lease brings them back: %s", len(back), cause(problem))
            else:
                log.exception("%d claims: their lease brings them back", len(back))

    def _rest_of(self, account_id: int) -> Waiting | None:
        with self._changed:
            lane = self._lanes[account_id]
            if lane:
                return lane.popleft()
            del self._lanes[account_id]
            return None
