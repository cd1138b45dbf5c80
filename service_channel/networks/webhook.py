"""Our own signed webhook, to any address. Class K by contract: what arrives twice has the same `webhook-id`.

It follows Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks): the headers webhook-id,
webhook-timestamp and webhook-signature, "v1," and HMAC-SHA256 over `id.timestamp.body` with a shared secret.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from content_library.network_limits import find_links, limits_of
from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import (
    Access,
    Asked,
    Connection,
    ConnectRefused,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingMedia,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Caller, Failed, Refusal, Reply, read_plainly
from service_channel.networks.chat_parts import (
    CONNECT_DEADLINE_S,
    NO_SENSE,
    fingerprint,
    media_problem,
    random_key,
    typed,
    typed_address,
)
from service_channel.networks.withheld import WITHHELD, Withheld

REMEMBERED_S = 30 * 86_400.0
"""By contract a receiver drops what it has seen, for ever. Nobody keeps everything for ever, so receivers are asked to
remember 30 days: far longer than anything unclear is left open here, and long enough for a restored backup.
"""

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64  # "At least 24 bytes (192 bits, 512 maximum)"

_WHICH = "Enter the address that is to be called. It begins with https://."
_MADE_WITH = (
    "Make one with: "
    "python3 -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\""
)
_BLIND = "A webhook cannot be asked what arrived."
_TURNED_AWAY = "The receiver does not accept the signature, or not any more. Connect the account again."
_NOBODY = "There is no receiver at this address any more. Connect the account again."
_A_PAGE = "The answer is a web page, so it is not a receiver of webhooks that answered."


class Webhook:
    """`transport_for` is asked once for the way out to the web; `clock` gives the seconds since 1970."""

    key = "webhook"
    asks: tuple[Asked, ...] = (
        Asked("address", "Address", "Where a POST with JSON goes for each post.", longest=2_000),
        Asked("secret", "Signing secret", f"It begins with whsec_. {_MADE_WITH}", is_secret=True, longest=200),
        Asked("name", "Name", "What to call it here.", is_required=False, longest=80),
    )  # fmt: skip
    help = (
        "Set up a receiver of Standard Webhooks and give it the same secret. A signed message of the type ping is sent "
        f"to test it. {_MADE_WITH}"
    )

    def __init__(
        self,
        transport_for: Callable[[], httpx.BaseTransport] | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._clock = clock

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.KEYED, REMEMBERED_S, can_read=False)

    def answers_at(self, access: Access) -> str:
        return str(access.secret.get("address") or "")

    def new_key(self, now: datetime) -> str:
        """The `webhook-id` of all tries. No full stop in it: it is signed together with what follows."""
        return random_key()

    def connect(self, given: Mapping[str, str]) -> Connection:
        """Send a signed ping. Raises ConnectRefused."""
        parts = typed_address(given, _WHICH)
        secret = typed(given, "secret", f"Enter the secret that the receiver knows too. {_MADE_WITH}")
        if _key_of(secret) is None:
            raise ConnectRefused(
                f"The secret is whsec_ and 24 to 64 random bytes in base64. {_MADE_WITH}", "secret"
            )
        kept = {"address": parts.geturl(), "secret": secret}
        try:
            self._ping(kept)
        except Failed as failed:
            raise _refused(failed) from failed
        mark, host = fingerprint(parts.geturl()), parts.hostname or ""
        return Connection(f"{host} ({mark[:8]})", given.get("name", "").strip() or host, mark, "", kept)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Nothing is uploaded: the receiver may fetch pictures by their address."""
        limit = limits_of(self.key).graphemes
        problem = media_problem(self.key, "A webhook", part)
        if len(part.text) > limit:
            problem = f"A webhook takes {limit:,} characters; this text has {len(part.text):,}."
        return Preparation(None, Outcome.REFUSED, problem) if problem else Preparation(Prepared())

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = published(part)
        try:
            reply = self._post(access.secret, part.key, body, deadline_s)
        except Failed as failed:
            return failed.as_send(body)
        return SendResult(Outcome.SENT, _ref(part, reply), reply.status, body, reply.record)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        return FindResult(Presence.UNREADABLE, message=_BLIND)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        """Ask the receiver to take it down. Asking again has the same id, so that it is dropped."""
        body = _event("post.taken_down", datetime.fromtimestamp(self._clock(), UTC), {"post": ref.remote_id})
        try:
            reply = self._post(access.secret, f"{ref.remote_id}-taken-down", body, deadline_s)
        except Failed as failed:
            return failed.as_send(body)
        return SendResult(Outcome.SENT, ref, reply.status, body, reply.record)

    def check(self, access: Access) -> FindResult:
        try:
            reply = self._ping(access.secret)
        except Failed as failed:
            return failed.as_check()
        return FindResult(Presence.FOUND, None, reply.status)

    def _ping(self, secret: Mapping[str, Any]) -> Reply:
        body = _event("ping", datetime.fromtimestamp(self._clock(), UTC), {})
        return self._post(secret, f"ping-{secrets.token_hex(8)}", body, CONNECT_DEADLINE_S)

    def _post(
        self, secret: Mapping[str, Any], message_id: str, body: Mapping[str, Any], deadline_s: float
    ) -> Reply:
        """One signed call. Raises Failed, also where a web page answers."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        shared = str(secret.get("secret") or "")
        headers = {
            "Content-Type": "application/json",
            **signed(message_id, int(self._clock()), content, shared),
        }
        line, address = _way(self._transport, str(secret.get("address") or ""), shared, deadline_s)
        reply = line.post(address, content=content, headers=headers)
        if isinstance(reply.content, str) and reply.content.lstrip().startswith("<"):
            raise Failed(Outcome.UNKNOWN, f"{NO_SENSE} {_A_PAGE}", reply.status, response=reply.record)
        return reply


def published(part: OutgoingPart) -> dict[str, Any]:
    """What a receiver is told of a part. `post` names it in all that follows."""
    data = {
        "post": part.key,
        "publication": part.publication_id,
        "part": part.index,
        "title": part.title,
        "text": part.text,
        "language": part.language,
        "links": list(dict.fromkeys(link.url for link in find_links(part.text))),
        "media": [_media(media) for media in part.media],
        "reply_to": part.parent.remote_id if part.parent else None,
        "poll": {"options": list(part.poll.options), "minutes": part.poll.minutes} if part.poll else None,
        "source": dict(part.source),
    }
    return _event("post.published", part.created_at, data)


def signed(message_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """The three headers of Standard Webhooks."""
    to_sign = f"{message_id}.{timestamp}.".encode() + body
    mac = hmac.new(_key_of(secret) or b"", to_sign, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def read_receiver(status: int, content: Any, headers: Mapping[str, str]) -> Refusal:
    """By "Delivery success and failure" of Standard Webhooks; 410 asks not to be called again."""
    said = read_plainly(status, content, headers)
    words = f" The receiver says: {said.message}" if said.message else ""
    if status in (401, 403):
        return Refusal(said.error, f"{_TURNED_AWAY}{words}", Outcome.SIGNED_OUT)
    if status in (404, 410):
        return Refusal(said.error, f"{_NOBODY}{words}", Outcome.SIGNED_OUT)
    return said


def _event(kind: str, happened_at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "timestamp": happened_at.astimezone(UTC).isoformat(), "data": dict(data)}


def _media(media: OutgoingMedia) -> dict[str, Any]:
    return {
        "url": media.url or None,
        "sha256": media.sha256,
        "mime": media.mime,
        "alt": media.alt,
        "size": media.path.stat().st_size,
        "width": media.width,
        "height": media.height,
    }


def _ref(part: OutgoingPart, reply: Reply) -> RemoteRef:
    """Our own key. A receiver that answers `{"url": …}` says where the post can be seen."""
    url = reply.body.get("url")
    is_address = isinstance(url, str) and url.startswith(("https://", "http://")) and len(url) <= 1_000
    return RemoteRef(part.key, url=str(url) if is_address else "")


def _way(transport: httpx.BaseTransport, address: str, shared: str, deadline_s: float) -> tuple[Caller, str]:
    """What stands behind the host is withheld: many receivers have a password there."""
    url = httpx.URL(address)
    rest = url.raw_path.decode().removeprefix("/")
    line = Caller(Withheld(transport, rest, (shared,)), deadline_s, read=read_receiver)
    return line, f"{url.copy_with(raw_path=b'/')}{WITHHELD if rest else ''}"


def _key_of(secret: str) -> bytes | None:
    """The bytes of a secret, None where it is not one."""
    if not secret.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if LEAST_BYTES <= len(key) <= MOST_BYTES else None


def _refused(failed: Failed) -> ConnectRefused:
    if failed.status is None:
        return ConnectRefused(f"The address cannot be reached. {failed.message}", "address")
    if failed.status in (401, 403):
        return ConnectRefused(
            "The receiver does not accept the signature. Give it the same secret.", "secret"
        )
    if failed.status < 300:
        return ConnectRefused(_A_PAGE, "address")
    return ConnectRefused(
        f"The receiver answered a signed ping with {failed.status}. It has to answer with 2xx.", "address"
    )
