"""What the chat networks have in common: whether a part fits, the approved bytes of a picture, and what was typed."""

import hashlib
import ipaddress
import secrets
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import httpx

from content_library.network_limits import limits_of
from service_channel.networks.base import ConnectRefused, Outcome, OutgoingMedia, OutgoingPart
from service_channel.networks.calls import Failed

NO_SENSE = "The server said yes, but not to what."
CONNECT_DEADLINE_S = 20.0

_KINDS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}


def random_key() -> str:
    """24 letters and digits, 96 random bits: short enough for a nonce of Discord (25), and without a full stop."""
    return secrets.token_hex(12)


def media_problem(network: str, name: str, part: OutgoingPart) -> str:
    """Why the pictures of a part would be refused by what `LIMITS` says of the network; "" if they would not."""
    limits = limits_of(network)
    if len(part.media) > limits.images:
        return f"{name} takes {limits.images} pictures in one post; this one has {len(part.media)}."
    if any(media.mime not in limits.mimes for media in part.media):
        kinds = ", ".join(_KINDS[mime].upper() for mime in limits.mimes)
        return f"{name} takes pictures of these kinds only: {kinds}."
    if any(media.path.stat().st_size > limits.image_bytes for media in part.media):
        return f"A picture is larger than the {limits.image_bytes // 1_000_000} MB {name} takes."
    if any(len(media.alt) > limits.alt_graphemes for media in part.media):
        return f"{name} takes descriptions of pictures up to {limits.alt_graphemes} characters."
    return ""


def fetched_media_problem(network: str, name: str, part: OutgoingPart) -> str:
    """The same where the network fetches the pictures itself, by their address."""
    if any(not media.url.startswith("https://") for media in part.media):
        return (
            f"{name} fetches pictures from this installation, which cannot be reached from outside by https."
        )
    return media_problem(network, name, part)


def approved_octets(media: OutgoingMedia) -> bytes:
    """Raises Failed unless they are exactly those that were approved."""
    octets = media.path.read_bytes()
    if hashlib.sha256(octets).hexdigest() != media.sha256:
        raise Failed(Outcome.REFUSED, "An image is not the one that was approved any more.")
    return octets


def file_name(number: int, media: OutgoingMedia) -> str:
    return f"picture-{number + 1}.{_KINDS.get(media.mime, 'bin')}"


def typed(given: Mapping[str, str], name: str, otherwise: str) -> str:
    """What was typed into a field. Raises ConnectRefused with the sentence `otherwise` where that is nothing."""
    value = given.get(name, "").strip()
    if not value:
        raise ConnectRefused(otherwise, name)
    return value


def typed_address(given: Mapping[str, str], otherwise: str) -> SplitResult:
    """A pasted https address. Only a machine of one's own may be called without TLS. Raises ConnectRefused."""
    pasted = typed(given, "address", otherwise)
    try:
        parts, seen_by_client = urlsplit(pasted), httpx.URL(pasted)
        is_address = bool(parts.hostname) and parts.port != 0 and pasted.isprintable() and " " not in pasted
        is_address = is_address and seen_by_client.host == parts.hostname
    except (ValueError, httpx.InvalidURL):  # a port that is no number, a bracket that is not closed
        is_address = False
    if not is_address or parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.fragment:
        raise ConnectRefused(otherwise, "address")
    if parts.scheme == "http" and not _is_own(parts.hostname or ""):
        raise ConnectRefused(
            "Use an address that begins with https://: without it others could read along.", "address"
        )
    return parts


def fingerprint(text: str) -> str:
    """Tells secret addresses apart without showing them."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_own(hostname: str) -> bool:
    if hostname == "localhost":
        return True
    try:
        address = ipaddress.ip_address(hostname)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
