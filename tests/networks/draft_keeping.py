"""What the scheduler does with drafts: it keeps what `prepare` left with the part, and gives it back at every call.

Contract tests give the same part twice and know nothing of drafts, and of no network at another address: `elsewhere`
stands in for accounts called "nowhere".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from service_channel.networks.base import (
    Access,
    FindResult,
    Network,
    OutgoingMedia,
    OutgoingPart,
    Preparation,
    Prepared,
    Promise,
    RemoteRef,
    Rereadable,
    SendResult,
)

NOWHERE = "nowhere"


class DraftKeeper:
    """A network whose parts keep their drafts by key; `media` is what parts without pictures get."""

    def __init__(self, network: Network, elsewhere: Network, media: tuple[OutgoingMedia, ...] = ()) -> None:
        self.network, self._elsewhere, self._media = network, elsewhere, media
        self.key = network.key
        self.drafts: dict[str, str] = {}

    def promise(self, access: Access) -> Promise:
        return self.network.promise(access)

    def answers_at(self, access: Access) -> str:
        return self.network.answers_at(access)

    def new_key(self, now: datetime) -> str:
        return self.network.new_key(now)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        done = self._of(access).prepare(access, self._whole(part), deadline_s=deadline_s)
        if done.prepared is not None:
            self.drafts[part.key] = done.prepared.draft
        return done

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        return self._of(access).send(access, self._whole(part), prepared, deadline_s=deadline_s)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        return self._of(access).find(access, self._whole(part), deadline_s=deadline_s)

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        network = self._of(access)
        assert isinstance(network, Rereadable)
        return network.stands(access, ref, deadline_s=deadline_s)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        return self._of(access).delete(access, ref, deadline_s=deadline_s)

    def check(self, access: Access) -> FindResult:
        return self._of(access).check(access)

    def _of(self, access: Access) -> Network:
        return self._elsewhere if access.handle == NOWHERE else self.network

    def _whole(self, part: OutgoingPart) -> OutgoingPart:
        media = part.media or (() if part.parent else self._media)
        return replace(part, media=media, draft=part.draft or self.drafts.get(part.key, ""))


def accesses(secret: Mapping[str, Any]) -> tuple[Access, Access, Access]:
    """A good access, one with another token, and one whose network cannot be reached."""
    good = Access(1, "cityworks", dict(secret))
    wrong = replace(good, secret={**secret, "access_token": "EAAstolen-token"})
    return good, wrong, replace(good, handle=NOWHERE)
