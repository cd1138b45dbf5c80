"""From an approved payload to what an adapter sends: parts, media, and the envelope chosen at the first mark."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from content_library.among import among
from content_library.content import canonical_json
from content_library.many_rows import Insert
from content_library.models.account import Account, AccountState
from content_library.models.media import Media
from content_library.models.post import Rendition
from scheduler.models import Part, Publication, PublicationState
from service_channel.networks.base import (
    Network,
    OutgoingMedia,
    OutgoingPart,
    Poll,
    Prepared,
    RemoteRef,
)

ENVELOPE_RULE = "key, created_at and reply references are added at sending"


class MediaChanged(Exception):
    """A picture on disk is not the one that was approved, or is gone."""


@dataclass(frozen=True)
class Envelope:
    """What is added at sending: chosen once, committed before the first try, hashed apart from the payload."""

    key: str
    created_at: datetime

    def as_data(self) -> dict[str, Any]:
        return {"rule": ENVELOPE_RULE, "key": self.key, "created_at": self.created_at.isoformat()}

    def sha256(self) -> str:
        return hashlib.sha256(f"deskcast:envelope:v1\n{canonical_json(self.as_data())}".encode()).hexdigest()


@dataclass(frozen=True)
class Claimed:
    """A claimed publication with what is needed to prepare it; `id` and the rest name its account."""

    publication_id: int
    fence: int
    state: PublicationState
    desk_id: int
    revision_id: int | None
    payload: str | None
    id: int
    network: str
    handle: str
    account_state: AccountState


def read_claimed(session: Session, ids: Sequence[int]) -> dict[int, Claimed]:
    """One look at publications, their payloads and their accounts, by the publication's id."""
    rows = session.connection().execute(_CLAIMED, {"ids": ids})
    return {row[0]: Claimed(*row) for row in rows}


def _claimed() -> Any:
    return (
        select(
            Publication.id,
            Publication.fence,
            Publication.state,
            Publication.desk_id,
            Publication.revision_id,
            Rendition.payload,
            Account.id,
            Account.network,
            Account.handle,
            Account.state,
        )
        .join(Account, Account.id == Publication.account_id)
        .outerjoin(Rendition, Rendition.id == Publication.rendition_id)
        .where(among("ids", Publication.id))
    )


class Standing(Protocol):
    """What is known of a part: a row, or the part itself."""

    @property
    def position(self) -> int: ...
    @property
    def key(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def draft(self) -> str: ...
    @property
    def remote_id(self) -> str | None: ...
    @property
    def cid(self) -> str: ...
    @property
    def url(self) -> str: ...


def standing_parts(session: Session, ids: Sequence[int]) -> dict[int, list[Standing]]:
    """The parts of publications whose envelope is chosen, in order, as plain rows; nothing of the others."""
    found: dict[int, list[Standing]] = {}
    for row in session.connection().execute(_PARTS, {"ids": ids}):
        found.setdefault(row.publication_id, []).append(cast(Standing, row))
    return found


def is_complete(known: Sequence[Standing]) -> bool:
    """Whether every part is out already."""
    return bool(known) and all(part.remote_id is not None for part in known)


def next_part(
    publication_id: int,
    payload: str,
    media: Mapping[str, OutgoingMedia],
    known: Sequence[Standing],
    *,
    now: datetime,
) -> OutgoingPart:
    """The first part that is not out yet, its pictures checked byte by byte. Raises MediaChanged."""
    position = next((part.position for part in known if part.remote_id is None), 0)
    check_media(media)
    part = outgoing(publication_id, payload, position, media, now=now)
    return with_envelope(part, known) if known else part


def parts_of(session: Session, publication_id: int) -> list[Part]:
    """The parts whose envelope is chosen, in order."""
    return list(
        session.scalars(select(Part).where(Part.publication_id == publication_id).order_by(Part.position))
    )


@dataclass(frozen=True)
class Chosen:
    """A part whose envelope has just been chosen: nothing was tried under it."""

    position: int
    key: str
    created_at: datetime
    draft: str = ""
    remote_id: str | None = None
    cid: str = ""
    url: str = ""


def choose_envelopes(
    session: Session, wanted: Mapping[int, tuple[str, Network]], *, now: datetime
) -> Mapping[int, Sequence[Standing]]:
    """The parts of publications; at the first mark their keys and times are chosen here.

    `wanted`: publication → its payload, and the network that says what a key is.
    """
    known = standing_parts(session, list(wanted))
    chosen: dict[int, Sequence[Standing]] = {
        one: [Chosen(place, network.new_key(now), now) for place in range(len(json.loads(payload)["parts"]))]
        for one, (payload, network) in wanted.items()
        if one not in known
    }
    if chosen:
        rows = [_as_row(one, part) for one, parts in chosen.items() for part in parts]
        _CHOOSE.all(session.connection(), rows)
    return chosen | known


def _as_row(publication_id: int, part: Standing) -> dict[str, Any]:
    envelope = Envelope(part.key, part.created_at)
    return {
        "publication_id": publication_id,
        "position": part.position,
        "key": part.key,
        "created_at": part.created_at,
        "envelope": envelope.as_data(),
        "envelope_sha256": envelope.sha256(),
        "draft": part.draft,
        "cid": part.cid,
        "url": part.url,
    }


def keep_draft(session: Session, publication_id: int, part: OutgoingPart, prepared: Prepared) -> OutgoingPart:
    """The part with what was prepared for it on the network, kept before anything makes it public."""
    if prepared.draft == part.draft:
        return part
    session.connection().execute(
        _DRAFTED, {"this": publication_id, "at": part.index, "draft": prepared.draft}
    )
    return replace(part, draft=prepared.draft)


def outgoing(
    publication_id: int, payload: str, position: int, media: Mapping[str, OutgoingMedia], *, now: datetime
) -> OutgoingPart:
    """One part as an adapter takes it, its envelope still empty. Raises MediaChanged."""
    document = json.loads(payload)
    part = document["parts"][position]
    try:
        pictures = tuple(replace(media[m["sha256"]], alt=m["alt"]) for m in part["media"])
    except KeyError:
        raise MediaChanged("A picture of this post is no longer in the library.") from None
    return OutgoingPart(
        publication_id=publication_id,
        index=position,
        title=document["title"],
        text=part["text"],
        language=document["language"],
        media=pictures,
        key="",
        created_at=now,
        source={name: words for name, words in (document.get("source") or {}).items() if words},
        poll=_poll(part.get("poll")),
    )


def _poll(said: Mapping[str, Any] | None) -> Poll | None:
    if said is None:
        return None
    return Poll(tuple(said["options"]), said["minutes"], said.get("question", ""))


def with_envelope(part: OutgoingPart, parts: Sequence[Standing]) -> OutgoingPart:
    """The part with what was chosen for it, and its place in the thread."""
    own = parts[part.index]
    before = parts[part.index - 1] if part.index else None
    first = parts[0] if part.index else None
    return replace(
        part, key=own.key, created_at=own.created_at, draft=own.draft, parent=_ref(before), root=_ref(first)
    )


def _ref(part: Standing | None) -> RemoteRef | None:
    return None if part is None else RemoteRef(part.remote_id or "", part.cid, part.url)


def media_of(session: Session, desk_id: int, payload: str, folder: Path) -> dict[str, OutgoingMedia]:
    """The pictures a payload names, by hash. Their bytes are checked against it by `check_media`."""
    wanted = pictures_in(payload)
    if not wanted:
        return {}
    rows = session.scalars(select(Media).where(Media.desk_id == desk_id, Media.sha256.in_(wanted)))
    return {
        m.sha256: OutgoingMedia(folder / m.name, m.sha256, m.mime, m.alt, m.width, m.height) for m in rows
    }


def pictures_in(payload: str) -> set[str]:
    """The hashes of the pictures a payload names."""
    return {m["sha256"] for part in json.loads(payload)["parts"] for m in part["media"]}


def addressed(part: OutgoingPart, address: Callable[[str], str]) -> OutgoingPart:
    """The part with where each picture can be fetched, by its hash; "" where it cannot."""
    if not part.media:
        return part
    return replace(part, media=tuple(replace(one, url=address(one.sha256)) for one in part.media))


def check_media(media: Mapping[str, OutgoingMedia]) -> None:
    """Raises MediaChanged unless every file holds exactly the bytes that were approved."""
    for one in media.values():
        try:
            found = hashlib.sha256(one.path.read_bytes()).hexdigest()
        except OSError:
            raise MediaChanged("A picture of this post cannot be read from disk.") from None
        if found != one.sha256:
            raise MediaChanged("A picture on disk is not the one that was approved.")


_parts = cast(Table, Part.__table__)
_PARTS = (
    select(
        _parts.c.publication_id,
        _parts.c.position,
        _parts.c.key,
        _parts.c.created_at,
        _parts.c.draft,
        _parts.c.remote_id,
        _parts.c.cid,
        _parts.c.url,
    )
    .where(among("ids", _parts.c.publication_id))
    .order_by(_parts.c.publication_id, _parts.c.position)
)
_CHOOSE = Insert(
    _parts,
    "publication_id", "position", "key", "created_at", "envelope", "envelope_sha256", "draft", "cid", "url",
)  # fmt: skip
_DRAFTED = (
    update(_parts)
    .where(_parts.c.publication_id == bindparam("this"), _parts.c.position == bindparam("at"))
    .values(draft=bindparam("draft"))
)
_CLAIMED = _claimed()
