"""Bringing pictures to LinkedIn before the post: nobody sees them there.

Source: learn.microsoft.com, LinkedIn, Images API.
"""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from service_channel.networks.base import Outcome, OutgoingMedia
from service_channel.networks.calls import Caller, Failed

_CHANGED = "An image is not the one that was approved any more."
_NONSENSE = "LinkedIn did not say where a picture goes."
_STRAY = "LinkedIn named a place for a picture that is not its own."


def upload(line: Caller, api: str, author: str, media: OutgoingMedia) -> str:
    """LinkedIn's name for a picture. Raises Failed."""
    octets = media.path.read_bytes()
    if hashlib.sha256(octets).hexdigest() != media.sha256:
        raise Failed(Outcome.REFUSED, _CHANGED)
    asked = {"initializeUploadRequest": {"owner": author}}
    place = _place(line.post("/rest/images?action=initializeUpload", asked).body.get("value"))
    _check_place(place["uploadUrl"], api)
    line.call("PUT", place["uploadUrl"], content=octets, headers={"Content-Type": "application/octet-stream"})
    return place["image"]


def _place(value: Any) -> dict[str, str]:
    place = value if isinstance(value, dict) else {}
    if not isinstance(place.get("uploadUrl"), str) or not str(place.get("image")).startswith("urn:li:image:"):
        raise Failed(Outcome.NOT_SENT, _NONSENSE)
    return place


def _check_place(address: str, api: str) -> None:
    """The token goes along: to LinkedIn's own hosts and to no others."""
    there, ours = urlsplit(address), urlsplit(api)
    is_known = there.hostname == ours.hostname or (there.hostname or "").endswith(".linkedin.com")
    if not is_known or there.scheme not in ("https", ours.scheme):
        raise Failed(Outcome.NOT_SENT, _STRAY)
