"""Claims that wait in this process: when each is to begin, and until when beginning it is of any use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from scheduler.transitions import Claim

_numbers = count()


@dataclass(frozen=True, order=True)
class Waiting:
    """A claim in the order of its moment. `at` and `until` are monotonic seconds, so no clock that jumps moves them.

    Begun after `until`, its lease would be over before it is sent: the mark would refuse it. A queue that took it up
    all the same would spend its time on what is too old while the rest grows too old as well.
    """

    at: float
    number: int = field(default_factory=lambda: next(_numbers))
    until: float = field(default=0.0, compare=False)
    claim: Claim = field(kw_only=True, compare=False)


def waiting(claims: Sequence[Claim], *, now: datetime, monotonic: float, send_by_s: float) -> list[Waiting]:
    """`now` is the clock that claims are meant by, `monotonic` the same moment; sending takes up to `send_by_s`."""
    return [
        Waiting(
            at=monotonic + (claim.due_at - now).total_seconds(),
            until=monotonic + (claim.leased_until - now).total_seconds() - send_by_s,
            claim=claim,
        )
        for claim in claims
    ]
