"""What is proved about earlier tries of a part, and so whether it may be sent again.

Sending again is safe where the network drops the second one: for ever where we choose the identity, for a while where
the server remembers our key. Everywhere else it needs a proof that nothing is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from content_library.settings import Timing
from scheduler.models import Attempt, AttemptOutcome
from service_channel.networks.base import NetworkClass, OutgoingPart, Promise

TOLD = "told"  # the act of a person who looked and saw that it is not there
SAFE_SHARE = 0.8  # of the time a server remembers a key (publication protocol, step 9)
LOOKS_THAT_PROVE = 2
UNCLEAR_TRIES = 2  # one, and one more after it was proved absent

_attempts = cast(Table, Attempt.__table__)
_HISTORY = (
    select(_attempts.c.act, _attempts.c.outcome, _attempts.c.started_at, _attempts.c.status)
    .where(
        _attempts.c.publication_id == bindparam("this"),
        _attempts.c.position == bindparam("at"),
        _attempts.c.act.in_(("send", "look", TOLD)),
    )
    .order_by(_attempts.c.id)
)
_MAY_BE_OUT = (AttemptOutcome.UNKNOWN, AttemptOutcome.OPEN)


@dataclass(frozen=True)
class Tries:
    """The tries of one part, the looks for it and what people said, in order.

    `quiet`: how long after a try began something of it may still be on its way; "not there" counts from then on.
    """

    rows: Sequence[Any]
    quiet: timedelta

    @property
    def last_send(self) -> Any:
        """The last try; None before the first."""
        return next((row for row in reversed(self.rows) if row.act == "send"), None)

    @property
    def quiet_at(self) -> datetime:
        """From when on nothing of the last try is on its way."""
        started: datetime = self.last_send.started_at
        return started + self.quiet

    @property
    def unclear(self) -> int:
        """How many tries ended without a proof since a person was asked last."""
        count = 0
        for row in self.rows:
            count = 0 if row.act == TOLD else count + (row.act == "send" and row.outcome in _MAY_BE_OUT)
        return count

    @property
    def absences(self) -> int:
        """How often it was looked for since nothing was on its way, and was not there; a person counts for all."""
        seen, since = 0, None
        for row in self.rows:
            if row.act == "send":
                seen, since = (
                    (0, row.started_at + self.quiet) if row.outcome in _MAY_BE_OUT else (seen, since)
                )
            elif row.act == TOLD:
                seen = LOOKS_THAT_PROVE
            elif row.outcome is AttemptOutcome.ABSENT and since is not None and row.started_at >= since:
                seen += 1
        return seen

    @property
    def may_be_out(self) -> bool:
        """Whether a try may have arrived, for all that is known."""
        unclear = any(row.act == "send" and row.outcome in _MAY_BE_OUT for row in self.rows)
        return unclear and self.absences < LOOKS_THAT_PROVE


def tries_of(session: Session, publication_id: int, position: int, *, timing: Timing) -> Tries:
    """Everything that was tried for one part."""
    found = session.connection().execute(_HISTORY, {"this": publication_id, "at": position}).all()
    return Tries(found, timedelta(seconds=timing.send_deadline + timing.settle))


def is_remembered(promise: Promise, part: OutgoingPart, *, now: datetime) -> bool:
    """Whether the server still drops a second post under the part's key."""
    if promise.kind is NetworkClass.IDENTIFIED:
        return True
    window = timedelta(seconds=promise.key_window_s * SAFE_SHARE)
    return promise.kind is NetworkClass.KEYED and now < part.created_at + window


def may_send(
    session: Session,
    publication_id: int,
    part: OutgoingPart,
    promise: Promise,
    *,
    now: datetime,
    timing: Timing,
) -> bool:
    """Whether another try cannot make a second post, as far as is known."""
    if is_remembered(promise, part, now=now):
        return True
    return not tries_of(session, publication_id, part.index, timing=timing).may_be_out
