"""The built-in public page: a network of class I whose identity is a unique key in our own database.

A database error is raised, not answered: what it left behind is unknown until the row is read again.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from service_channel.networks.base import (
    Access,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    SendResult,
)


@dataclass(frozen=True)
class StandingPost:
    """What stands on the page under a key. `digest` is of the payload it was put with."""

    ref: RemoteRef
    digest: str


class PageStore(Protocol):
    """The way to the page's table; each call is a transaction of its own and durable when it returns."""

    def put_once(self, key: str, payload: Mapping[str, Any]) -> StandingPost:
        """Insert unless something stands under the key; answers what stands there then. Never overwrites."""
        ...

    def find(self, key: str) -> StandingPost | None:
        """What stands under the key and was not taken down."""
        ...

    def delete(self, key: str) -> None:
        """Take down what stands there; nothing there is fine."""
        ...


class Page:
    key = "page"

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.IDENTIFIED)

    def answers_at(self, access: Access) -> str:
        return ""

    def new_key(self, now: datetime) -> str:
        """`now` has no part in it: 122 random bits."""
        return uuid.uuid4().hex

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        return Preparation(Prepared())

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        wanted = payload(access, part)
        standing = _store(access).put_once(part.key, wanted)
        request = {"key": part.key, "digest": wanted["digest"]}
        if standing.digest != wanted["digest"]:
            message = (
                "Something else already stands on the page under this post's key. Nothing was overwritten."
            )
            return SendResult(Outcome.REFUSED, request=request, message=message)
        return SendResult(Outcome.SENT, standing.ref, request=request)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        standing = _store(access).find(part.key)
        if standing is None:
            return FindResult(Presence.ABSENT)
        same = standing.digest == payload(access, part)["digest"]
        return FindResult(Presence.FOUND if same else Presence.DIFFERENT, standing.ref)

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        standing = _store(access).find(ref.remote_id)
        return FindResult(Presence.FOUND, standing.ref) if standing else FindResult(Presence.ABSENT)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        _store(access).delete(ref.remote_id)
        return SendResult(Outcome.SENT, ref)

    def check(self, access: Access) -> FindResult:
        return FindResult(Presence.FOUND, RemoteRef(access.handle))


def payload(access: Access, part: OutgoingPart) -> dict[str, Any]:
    """What the page shows, and its `digest`. `path` is where a file lies now, so it has no part in that."""
    media = [
        {"sha256": one.sha256, "mime": one.mime, "alt": one.alt, "width": one.width, "height": one.height}
        for one in part.media
    ]
    shown = {
        "account_id": access.account_id,
        "publication_id": part.publication_id,
        "title": part.title,
        "text": part.text,
        "language": part.language,
        "media": media,
        "source": dict(part.source),
        "published_at": part.created_at.astimezone(UTC).isoformat(),
    }
    canonical = json.dumps(shown, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {**shown, "digest": hashlib.sha256(canonical.encode()).hexdigest()}


def _store(access: Access) -> PageStore:
    return cast(PageStore, access.store)
