"""A counting network on which the weather changes from call to call, told by a machine and seen by a witness.

What the fake network does with time (a post applied late, a post hidden from readers) happens here on the machine's
clock, so that a run can be repeated; everything else is the fake network's own doing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from service_channel.networks.base import (
    Access,
    FindResult,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    RemoteRef,
    SendResult,
)
from tests.fakes import CountingNetwork, FakeServer, Mode

HIDDEN_FOR = timedelta(seconds=90)
RETRY_AFTER_S = 120.0
IMPATIENT_S = 0.05


class Looking(StrEnum):
    """How a look is answered."""

    CLEAR = "clear"
    UNREADABLE = "unreadable"
    BREAKS = "breaks"
    DIFFERENT = "different"


class Preparing(StrEnum):
    """How preparing is answered."""

    CLEAR = "clear"
    NOT_SENT = "not_sent"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    BREAKS = "breaks"


class Watching(Protocol):
    """Whoever sees everything that leaves and everything that comes back."""

    def leaving(self, access: Access, part: OutgoingPart) -> int: ...
    def came_back(self, attempt_id: int, access: Access, result: SendResult) -> None: ...


@dataclass(frozen=True)
class UnderWay:
    """Sent and not answered; it arrives at the latest at `until`."""

    access: Access
    part: OutgoingPart
    prepared: Prepared
    until: datetime


class Weather(CountingNetwork):
    """Set `sending`, `looking`, `preparing` or `deleting`: each is for the next call of its kind, then it clears."""

    def __init__(self, server: FakeServer, clock: Callable[[], datetime], quiet: timedelta) -> None:
        super().__init__()
        self.witness: Watching
        self._server, self._clock, self._quiet = server, clock, quiet
        self.under_way: list[UnderWay] = []
        self._hidden: dict[str, datetime] = {}
        self.clear_sky()

    def clear_sky(self) -> None:
        """From now on everything works."""
        self.sending: Mode | None = Mode.OK  # None: the adapter itself breaks after the network has it
        self.looking, self.preparing, self.deleting = Looking.CLEAR, Preparing.CLEAR, Outcome.SENT

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        preparing, self.preparing = self.preparing, Preparing.CLEAR
        if preparing is Preparing.BREAKS:
            raise OSError("the disk is gone")
        if preparing is Preparing.CLEAR:
            return super().prepare(access, part, deadline_s=deadline_s)
        return Preparation(None, Outcome(preparing.value), "It cannot be prepared.")

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        attempt_id = self.witness.leaving(access, part)
        sending, self.sending = self.sending, Mode.OK
        result = self._sent(sending, access, part, prepared, deadline_s)
        self.witness.came_back(attempt_id, access, result)
        if sending is None:
            raise ValueError("an answer that makes no sense")
        return result

    def _sent(
        self, sending: Mode | None, access: Access, part: OutgoingPart, prepared: Prepared, deadline_s: float
    ) -> SendResult:
        if sending is Mode.LATE:
            self.under_way.append(UnderWay(access, part, prepared, self._clock() + self._quiet))
            return SendResult(Outcome.UNKNOWN, request={"text": part.text}, message="No answer.")
        if sending is Mode.SLOW_DRIP:
            deadline_s = IMPATIENT_S
        if sending not in (None, Mode.OK, Mode.HIDDEN):
            self._server.order(
                sending, times=1, seconds=RETRY_AFTER_S if sending is Mode.RATE_LIMITED else 0.1
            )
        result = super().send(access, part, prepared, deadline_s=deadline_s)
        if sending is Mode.HIDDEN and result.ref is not None:
            self._hidden[result.ref.remote_id] = self._clock() + HIDDEN_FOR
        return result if sending is not None else SendResult(Outcome.UNKNOWN)

    def arrive(self, one: UnderWay) -> None:
        """What was under way gets there after all."""
        self.under_way.remove(one)
        super().send(one.access, one.part, one.prepared, deadline_s=5)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        looking, self.looking = self.looking, Looking.CLEAR
        if looking is Looking.BREAKS:
            raise ValueError("an answer that makes no sense")
        if looking is Looking.UNREADABLE:
            return FindResult(Presence.UNREADABLE, message="No route.")
        if looking is Looking.DIFFERENT:
            return FindResult(Presence.DIFFERENT)
        found = super().find(access, part, deadline_s=deadline_s)
        if found.ref is not None and self._hidden.get(found.ref.remote_id, self._clock()) > self._clock():
            return FindResult(Presence.ABSENT, None, 404)
        return found

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        deleting, self.deleting = self.deleting, Outcome.SENT
        if deleting is not Outcome.SENT:
            return SendResult(deleting, message="Not now.")
        return super().delete(access, ref, deadline_s=deadline_s)


def standing_text(payload: dict[str, Any], position: int) -> str:
    """What a part of an approved payload says."""
    return str(payload["parts"][position]["text"])
