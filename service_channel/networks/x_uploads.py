"""Bringing pictures and their alt texts to X before the post: nobody sees them there.

Sources: docs.x.com, Upload media (one request for a picture), Create media metadata.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from service_channel.networks.base import Outcome, OutgoingMedia
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.x_records import is_post_id

_CHANGED = "An image is not the one that was approved any more."


def upload(line: Caller, media: OutgoingMedia) -> str:
    """X's number for a picture with its alt text. Raises Failed."""
    octets = media.path.read_bytes()
    if hashlib.sha256(octets).hexdigest() != media.sha256:
        raise Failed(Outcome.REFUSED, _CHANGED)
    reply = line.call(
        "POST",
        "/2/media/upload",
        data={"media_category": "tweet_image", "media_type": media.mime},
        files={"media": (media.sha256[:16], octets, media.mime)},
    )
    media_id = _media_id(reply.body.get("data"))
    if media.alt:
        line.post("/2/media/metadata", {"id": media_id, "metadata": {"alt_text": {"text": media.alt}}})
    return media_id


def _media_id(data: Mapping[str, Any] | Any) -> str:
    if not isinstance(data, dict) or not is_post_id(data.get("id")):
        raise Failed(Outcome.NOT_SENT, "X took a picture and did not say under which number.")
    work = data.get("processing_info")
    state = work.get("state", "succeeded") if isinstance(work, dict) else "succeeded"
    if state == "failed":
        raise Failed(Outcome.REFUSED, "X cannot work with a picture.")
    if state != "succeeded":
        raise Failed(Outcome.NOT_SENT, "X is still working on a picture.", retry_after=30.0)
    return str(data["id"])
