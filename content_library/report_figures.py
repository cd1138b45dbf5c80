"""The figures of a report as plain data, and from how many on a share or a percentile says something. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from content_library.percentiles import nearest_rank

ENOUGH = 5
"""A median, a percentile or a share of fewer than these says nothing."""


@dataclass
class Answers:
    """A team's answers in a period: minutes with how often each was taken."""

    working: Counter[int] = field(default_factory=Counter)
    clock: Counter[int] = field(default_factory=Counter)
    in_time: int = 0
    reminded: int = 0
    still_open: int = 0

    @property
    def count(self) -> int:
        return self.working.total()

    def minutes(self, which: str, percent: int) -> int | None:
        """A percentile of `working` or `clock` minutes; None when there are too few."""
        counted: Counter[int] = getattr(self, which)
        return nearest_rank(counted, percent) if counted.total() >= ENOUGH else None

    @property
    def share_in_time(self) -> int | None:
        return share(self.in_time, self.count)


def share(part: int, whole: int) -> int | None:
    """In whole percent; None when there are too few."""
    return round(100 * part / whole) if whole >= ENOUGH else None


@dataclass(frozen=True)
class Pass:
    """First tries that were answered, and how many of them passed."""

    tries: int = 0
    passed: int = 0

    @property
    def share(self) -> int | None:
        return share(self.passed, self.tries)

    def __add__(self, other: "Pass") -> "Pass":
        return Pass(self.tries + other.tries, self.passed + other.passed)


@dataclass(frozen=True)
class Agreed:
    """What agreements cleared for a team: how much of it was drawn, looked at since, and a breach."""

    cleared: int = 0
    drawn: int = 0
    looked_at: int = 0
    breaches: int = 0
