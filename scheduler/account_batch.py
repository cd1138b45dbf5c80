"""What a worker does for one account: claim what is due, send each at its moment and in order, until nothing is left.

The claims are the same as an engine's, with lease and fencing: two that are at one account do each other no harm.
"""

import heapq
import logging
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

from content_library import clock
from scheduler import transitions
from scheduler.transitions import Claim
from scheduler.waiting_claims import Waiting, waiting
from scheduler.world import World

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Claims at a time: what a quick network takes within the lease."""


@dataclass
class AccountBatch:
    """`publish` does everything for one claim. When `stopping` is set, what is not begun is given back."""

    world: World
    account_id: int
    publish: Callable[[Claim], None]
    stopping: threading.Event
    at_once: int = AT_ONCE
    claiming: AbstractContextManager[object] = field(default_factory=nullcontext)  # entered to claim
    _due: list[Waiting] = field(default_factory=list)  # by moment
    _looked_at: float = -math.inf
    _was_full: bool = False

    def run(self) -> None:
        """Until nothing of this account is due within the look-ahead."""
        try:
            while not self.stopping.is_set() and self._is_anything_left():
                self._next()
        finally:
            self._give_back(self._due)

    def _is_anything_left(self) -> bool:
        is_time = self.world.monotonic() - self._looked_at >= self.world.timing.tick
        if is_time or (self._was_full and not self._due):
            self._look()
        return bool(self._due)

    def _look(self) -> None:
        """Claim what has become due since, which may come before what is waited for."""
        world, timing = self.world, self.world.timing
        room = self.at_once - len(self._due)
        self._looked_at = world.monotonic()
        if room <= 0:
            return
        with self.claiming, world.database.write() as session:
            now, monotonic = clock.now(session), world.monotonic()
            is_sane = world.clock_watch.tick(now, monotonic)
            found = transitions.claim(
                session, engine=world.engine, now=now, until=now + timedelta(seconds=timing.look_ahead),
                lease_s=timing.lease, most=room, per_account=room, account_id=self.account_id,
            ) if is_sane else []  # fmt: skip
        self._was_full = len(found) == room
        for one in waiting(found, now=now, monotonic=monotonic, send_by_s=timing.send_deadline):
            heapq.heappush(self._due, one)

    def _next(self) -> None:
        """Send the first, where its moment has come; else wait for it, at most until the next look."""
        now = self.world.monotonic()
        pause = self._due[0].at - now
        if pause > 0:
            self.stopping.wait(min(pause, self.world.timing.tick))
            return
        if self._due[0].until <= now:
            self._give_back([one for one in self._due if one.until <= now])
            self._looked_at = -math.inf  # they are due, so they are claimed anew at once
            return
        claim = heapq.heappop(self._due).claim
        try:
            self.publish(claim)
        except Exception:
            log.exception("publication %s: the lease brings it back", claim.publication_id)

    def _give_back(self, those: Sequence[Waiting]) -> None:
        """What is not begun: we are leaving, or its lease does not suffice any more."""
        if not those:
            return
        self._due = [one for one in self._due if one not in those]
        heapq.heapify(self._due)
        with self.world.database.write() as session:
            transitions.give_back(session, [one.claim for one in those], now=clock.now(session))
