"""Which teams must clear a revision, in which order, and why. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from content_library.boundaries.checking import Finding

_MOST_WORDS = 3


@dataclass(frozen=True)
class PlannedReview:
    """`step` counts from 1; reviews of one step run side by side; `quorum` different people must approve.

    `touched`: what in this very text asks for the team; without it and without the format, nobody would ask.
    """

    step: int
    team_key: str
    quorum: int
    why: str
    touched: tuple[str, ...] = ()

    @property
    def reasons(self) -> str:
        """Why the team is asked, in a line."""
        return " ".join(part for part in (self.why, *self.touched) if part)


def planned_reviews(
    steps: Sequence[Sequence[dict[str, Any]]], findings: Iterable[Finding] = ()
) -> list[PlannedReview]:
    """The reviews that a format's steps and the boundaries a text touches ask for, in order.

    A team that only a boundary asks for works beside those of the first step, so that it costs no time of its own.
    """
    planned = [
        PlannedReview(number, part["team"], int(part.get("quorum", 1)), part.get("why", ""))
        for number, step in enumerate(steps, start=1)
        for part in step
    ]
    for finding in findings:
        if finding.rule.team_key:
            planned = _with(planned, finding)
    return sorted(planned, key=lambda review: review.step)


def _with(planned: list[PlannedReview], finding: Finding) -> list[PlannedReview]:
    team, touched = finding.rule.team_key, _touched(finding)
    if all(review.team_key != team for review in planned):
        return [*planned, PlannedReview(1, team, 1, "", (touched,))]
    return [
        replace(review, touched=(*review.touched, touched)) if review.team_key == team else review
        for review in planned
    ]


def _touched(finding: Finding) -> str:
    words = ", ".join(f"“{word[:40]}”" for word in finding.words[:_MOST_WORDS])
    return f"{finding.rule.name}: {words}." if words else f"{finding.rule.name}."
