"""What a worker does for one account: claim what is due, send each at its moment and in order, until nothing is left.

The claims are the same as an engine's, with lease and fencing: two that are at one account do each other no harm.
"""

import heapq
import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from content_library import clock
from scheduler import transitions
from scheduler.transitions import Claim
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
    _due: list[tuple[float, int, Claim]] = field(default_factory=list)  # by moment, monotonic seconds
    _looked_at: float = -math.inf
    _was_full: bool = False

    def run(self) -> None:
        """Until nothing of this account is due within the look-ahead."""
        try:
            while not self.stopping.is_set() and self._is_anything_left():
                self._next()
        finally:
            self._give_back()

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
        with world.database.write() as session:
            now, monotonic = clock.now(session), world.monotonic()
            is_sane = world.clock_watch.tick(now, monotonic)
            found = transitions.claim(
                session, engine=world.engine, now=now, until=now + timedelta(seconds=timing.look_ahead),
                lease_s=timing.lease, most=room, per_account=room, account_id=self.account_id,
            ) if is_sane else []  # fmt: skip
        self._was_full = len(found) == room
        for claim in found:
            at = monotonic + (claim.due_at - now).total_seconds()
            heapq.heappush(self._due, (at, claim.publication_id, claim))

    def _next(self) -> None:
        """Send the first, where its moment has come; else wait for it, at most until the next look."""
        pause = self._due[0][0] - self.world.monotonic()
        if pause > 0:
            self.stopping.wait(min(pause, self.world.timing.tick))
            return
        claim = heapq.heappop(self._due)[2]
        try:
            self.publish(claim)
        except Exception:
            log.exception("publication %s: the lease brings it back", claim.publication_id)

    def _give_back(self) -> None:
        left = [claim for _, _, claim in self._due]
        if left:
            with self.world.database.write() as session:
                transitions.give_back(session, left, now=clock.now(session))
