"""Named points of publishing, where drills stop the world. Nothing happens here in normal service."""

import os
import signal
from collections.abc import Callable

POINTS = (
    "claimed",
    "prepared",
    "before_mark",
    "marked",
    "before_send",
    "sent",
    "before_record",
    "recorded",
    "looked",
)

_hook: Callable[[str], None] | None = None


def reach(point: str) -> None:
    """Say that the work has come to a point."""
    if _hook is not None:
        _hook(point)


def on_reach(hook: Callable[[str], None] | None) -> None:
    """Call `hook` at every point from now on; None takes it away."""
    global _hook
    _hook = hook


def die_at(wanted: str) -> None:
    """Kill this process, as the power would, when it first comes to a point (`marked`) or to its nth (`marked:3`)."""
    point, _, nth = wanted.partition(":")
    left = int(nth or 1)

    def count_down(reached: str) -> None:
        nonlocal left
        if reached == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    on_reach(count_down)
