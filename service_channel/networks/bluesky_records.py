"""What a part looks like as a Bluesky record, and when two of them are the same post. Pure."""

import base64
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from service_channel.networks import facets
from service_channel.networks.base import OutgoingMedia, OutgoingPart, Prepared, RemoteRef

COLLECTION = "app.bsky.feed.post"
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"  # base32-sortable, as TIDs are written
_RAW_SHA256 = b"\x01\x55\x12\x20"  # CID version 1, raw bytes, SHA-256 of 32 bytes


class TidClock:
    """Timestamp identifiers: 53 bits of microseconds and 10 random bits, 13 characters.

    They rise within one process. Between processes a random part of a millisecond and the random bits, drawn
    anew for each, keep them apart.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self, now: datetime) -> str:
        wanted = int(now.timestamp() * 1_000_000) + secrets.randbelow(1_000)
        with self._lock:
            self._last = max(wanted, self._last + 1)
            return _sortable(self._last << 10 | secrets.randbelow(1 << 10))


def post_record(part: OutgoingPart, prepared: Prepared) -> dict[str, Any]:
    """The record of a part: the same part and preparation give the same record at every try."""
    record: dict[str, Any] = {"$type": COLLECTION, "text": part.text, "createdAt": _instant(part.created_at)}
    if part.language:
        record["langs"] = [part.language]
    if found := facets.facets(part.text, prepared.mentions):
        record["facets"] = found
    if part.parent:
        record["reply"] = {"root": _strong(part.root or part.parent), "parent": _strong(part.parent)}
    if part.media:
        images = [_image(media, prepared.uploads[media.sha256]) for media in part.media]
        record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
    return record


def is_same_post(value: Any, part: OutgoingPart) -> bool:
    """Whether a record read back is this part. Who a mention points to may have changed between two tries."""
    uploads = {media.sha256: {"ref": {"$link": blob_cid(media.sha256)}} for media in part.media}
    try:
        return _essence(value) == _essence(post_record(part, Prepared(uploads=uploads)))
    except (AttributeError, IndexError, KeyError, TypeError):
        return False


def blob_cid(sha256: str) -> str:
    """The address the network gives to exactly these bytes."""
    digest = _RAW_SHA256 + bytes.fromhex(sha256)
    return "b" + base64.b32encode(digest).decode().rstrip("=").lower()


def at_uri(did: str, key: str) -> str:
    return f"at://{did}/{COLLECTION}/{key}"


def ref_of(did: str, key: str, cid: str) -> RemoteRef:
    return RemoteRef(at_uri(did, key), cid, f"https://bsky.app/profile/{did}/post/{key}")


def key_in(remote_id: str, did: str) -> str:
    """The record key in an at:// address of this account's posts, "" for any other address."""
    prefix = at_uri(did, "")
    return remote_id.removeprefix(prefix) if remote_id.startswith(prefix) else ""


def _sortable(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _strong(ref: RemoteRef) -> dict[str, str]:
    return {"uri": ref.remote_id, "cid": ref.cid}


def _image(media: OutgoingMedia, blob: Any) -> dict[str, Any]:
    image: dict[str, Any] = {"alt": media.alt, "image": blob}
    if media.width > 0 and media.height > 0:
        image["aspectRatio"] = {"width": media.width, "height": media.height}
    return image


def _essence(record: Mapping[str, Any]) -> tuple[Any, ...]:
    images = record.get("embed", {}).get("images", [])
    return (
        record["$type"],
        record["text"],
        record["createdAt"],
        record.get("langs"),
        record.get("reply"),
        [(image["alt"], image["image"]["ref"]["$link"]) for image in images],
        facets.without_mentions(record.get("facets", [])),
    )
