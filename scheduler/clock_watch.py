"""Whether this machine's clock can be trusted: wall time against a clock that never jumps. Pure.

A jump beyond the allowed drift stops publishing; it goes on by itself once both clocks have agreed for a minute.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

AGREED_S = 60.0


@dataclass
class ClockWatch:
    """Feed it both clocks each tick. `drift_s`: the jump that stops publishing, in seconds."""

    drift_s: float
    _base: float | None = None
    _candidate: float = 0.0
    _since: float = 0.0
    jumped: bool = False
    is_said: bool = False  # people were told of the jump

    def expected(self, monotonic: float) -> datetime:
        """What the wall clock would show had it gone on steadily."""
        return datetime.fromtimestamp((self._base or 0.0) + monotonic, UTC)

    def tick(self, wall: datetime, monotonic: float) -> bool:
        """True while the clock is sane."""
        offset = wall.timestamp() - monotonic
        if self._base is None:
            self._base = offset
        if not self.jumped and abs(offset - self._base) <= self.drift_s:
            return True
        if not self.jumped or abs(offset - self._candidate) > self.drift_s:
            self.jumped, self._candidate, self._since = True, offset, monotonic
        if monotonic - self._since >= AGREED_S:
            self.jumped, self._base = False, offset
        return not self.jumped
