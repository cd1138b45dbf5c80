"""Which teams must clear a revision, in which order, and why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedReview:
    """`step` counts from 1; reviews of one step run side by side; `quorum` different people must approve."""

    step: int
    team_key: str
    quorum: int
    why: str


def planned_reviews(steps: Sequence[Sequence[dict[str, Any]]]) -> list[PlannedReview]:
    """The reviews a format's steps ask for, in order."""
    return [
        PlannedReview(number, part["team"], int(part.get("quorum", 1)), part.get("why", ""))
        for number, step in enumerate(steps, start=1)
        for part in step
    ]
