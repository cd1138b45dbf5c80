"""Signed addresses at which a network may fetch a picture of a post itself, each for one picture and for a while."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

LASTS = timedelta(hours=6)
"""Networks fetch within minutes; a container that waits for its turn may fetch again."""


def address(public_url: str, key: str, sha256: str, *, now: datetime) -> str:
    """Where the picture with this hash can be fetched; "" where the installation is not on the public web."""
    if not is_public(public_url):
        return ""
    until = int((now + LASTS).timestamp())
    return f"{public_url}/m/{sha256}/{until}/{_sign(key, sha256, until)}"


def is_good(key: str, sha256: str, until: int, signature: str, *, now: datetime) -> bool:
    """Whether such an address was given out by us and is not over."""
    in_time = now < datetime.fromtimestamp(until, UTC) <= now + LASTS
    return hmac.compare_digest(signature, _sign(key, sha256, until)) and in_time


def is_public(public_url: str) -> bool:
    """Networks fetch over https, and never from a machine's own name."""
    parts = urlsplit(public_url)
    return parts.scheme == "https" and "." in (parts.hostname or "")


def _sign(key: str, sha256: str, until: int) -> str:
    said = f"deskcast:media-link:v1\n{sha256}\n{until}"
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()
