"""Putting an image on a server of Mastodon's API, unattached, and waiting until it can be attached."""

import hashlib
import mimetypes
import time
from urllib.parse import quote

from service_channel.networks.base import Outcome, OutgoingMedia
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.mastodon_wire import id_in

_PROCESSING = (202, 206)  # accepted, and not yet whole: docs.joinmastodon.org/methods/media


def upload(caller: Caller, media: OutgoingMedia, name: str, *, ends: float, pause_s: float) -> str:
    """The server's id of an image. Raises Failed unless it took exactly the approved bytes and has processed them.

    `name` is the file's, without its ending: snac keeps files under it, so it must be another for every image of
    every part. `ends` on the monotonic clock; `pause_s` between two questions whether it is ready.
    """
    octets = media.path.read_bytes()
    if hashlib.sha256(octets).hexdigest() != media.sha256:
        raise Failed(Outcome.REFUSED, "An image is not the one that was approved any more.")
    file = (f"{name}{mimetypes.guess_extension(media.mime) or ''}", octets, media.mime)
    reply = caller.post(
        "/api/v2/media", files={"file": file}, data={"description": media.alt} if media.alt else None
    )
    found = id_in(reply.body)
    if not found:
        raise Failed(Outcome.NOT_SENT, "The server did not say where it put an image.", reply.status)
    _wait(caller, found, reply, ends=ends, pause_s=pause_s)
    return found


def _wait(caller: Caller, media_id: str, reply: Reply, *, ends: float, pause_s: float) -> None:
    while reply.status in _PROCESSING:
        if time.monotonic() + pause_s >= ends:
            raise Failed(Outcome.NOT_SENT, "The server is still working on an image.", reply.status)
        time.sleep(pause_s)
        reply = _asked(caller, media_id)


def _asked(caller: Caller, media_id: str) -> Reply:
    try:
        return caller.get(f"/api/v1/media/{quote(media_id, safe='')}")
    except Failed as failed:
        if failed.status == 422:  # it could not be processed
            raise
        raise failed.before_sending() from None
