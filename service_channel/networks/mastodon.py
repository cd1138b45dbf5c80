"""Mastodon, and what speaks its API: GoToSocial, Pixelfed, snac, Akkoma, Takahē, Hollo.

Genuine Mastodon remembers our key for an hour (class K); of no other server is that known (class Q). Which one an
account lives on was found out when it was connected. Nothing is ever scheduled over there: with `scheduled_at`
Mastodon ignores the key (mastodon/mastodon#30039), and others publish at once.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import mastodon_connect
from service_channel.networks.base import (
    Access,
    AppKeys,
    Asked,
    Connection,
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
    SignInWay,
)
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.mastodon_find import look, ref_of, status_path
from service_channel.networks.mastodon_limits import ServerLimits, problem
from service_channel.networks.mastodon_media import upload
from service_channel.networks.mastodon_wire import id_in, line, server_of, verified

CHECK_DEADLINE_S = 20.0
KEY_WINDOW_S = 3_600.0  # docs.joinmastodon.org/methods/statuses: "stored for up to 1 hour"
_NOT_THERE = {400, 404, 405, 410, 501}  # how servers say that a status, or the way to delete it, is not there


class Mastodon:
    """`transport_for` is asked once for the way out to the web; without it only the public web is reached.

    `pause_s`: between two questions whether an image is ready.
    """

    key = "mastodon"
    asks: tuple[Asked, ...] = mastodon_connect.ASKS
    help = mastodon_connect.HELP
    asks_server = True

    def __init__(
        self, transport_for: Callable[[], httpx.BaseTransport] | None = None, *, pause_s: float = 1.0
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._pause_s = pause_s

    def promise(self, access: Access) -> Promise:
        if access.secret.get("keyed") is True:
            return Promise(NetworkClass.KEYED, KEY_WINDOW_S)
        return Promise(NetworkClass.QUERYABLE)

    def answers_at(self, access: Access) -> str:
        return str(access.secret.get("server") or "")

    def new_key(self, now: datetime) -> str:
        return str(uuid.uuid4())

    def connect(self, given: Mapping[str, str]) -> Connection:
        return mastodon_connect.connect(self._transport, given)

    def way(self, server: str) -> SignInWay:
        return mastodon_connect.way(server)

    def register(self, server: str, redirect_uri: str) -> AppKeys | None:
        return mastodon_connect.register(self._transport, server, redirect_uri)

    def identities(
        self, server: str, app: AppKeys, token: Mapping[str, Any], *, now: datetime
    ) -> tuple[Connection, ...]:
        return (mastodon_connect.signed_in(self._transport, server, token, now=now),)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        ends = time.monotonic() + deadline_s
        if words := problem(part, ServerLimits.kept(access.secret.get("limits")), server_of(access)):
            return Preparation(None, Outcome.REFUSED, words)
        if not part.media:
            return Preparation(Prepared())
        try:
            caller = line(access, self._transport, deadline_s)
            uploads = {
                media.sha256: upload(caller, media, f"{part.key}-{index}", ends=ends, pause_s=self._pause_s)
                for index, media in enumerate(part.media)
            }
        except Failed as failed:
            return failed.as_preparation()
        return Preparation(Prepared(uploads))

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = _body(part, prepared)
        try:
            caller = line(access, self._transport, deadline_s)
            reply = caller.post("/api/v1/statuses", body, headers={"Idempotency-Key": part.key})
        except Failed as failed:
            return failed.as_send(body)
        return _sent(reply, body)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        try:
            caller = line(access, self._transport, deadline_s)
            return look(caller, _account_id(access, caller), part)
        except Failed as failed:
            return failed.as_find()

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        """Only an error of the API says that there is none; a bare 404 may be anybody's in between."""
        try:
            reply = line(access, self._transport, deadline_s).get(status_path(ref.remote_id))
        except Failed as failed:
            gone = failed.status in (404, 410) and bool(failed.error)
            return failed.as_find(Presence.ABSENT if gone else Presence.UNREADABLE)
        same = id_in(reply.body) == ref.remote_id
        return FindResult(Presence.FOUND if same else Presence.UNREADABLE, ref, reply.status)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        asked = {"remote_id": ref.remote_id}
        try:
            caller = line(access, self._transport, deadline_s)
            reply = caller.delete(status_path(ref.remote_id))
        except Failed as failed:
            if failed.status in _NOT_THERE:
                return _after_all(caller, access, ref, failed)
            return failed.as_send(asked)
        return SendResult(Outcome.SENT, ref, reply.status, asked, reply.record)

    def check(self, access: Access) -> FindResult:
        try:
            found = verified(line(access, self._transport, CHECK_DEADLINE_S))
        except Failed as failed:
            return failed.as_check()
        return FindResult(Presence.FOUND, RemoteRef(id_in(found)), 200)


def _body(part: OutgoingPart, prepared: Prepared) -> dict[str, Any]:
    """What is posted. Only what is there is said: snac reads a `null` as an id."""
    body: dict[str, Any] = {"status": part.text, "visibility": "public", "sensitive": False}
    if part.language:
        body["language"] = part.language
    if part.parent:
        body["in_reply_to_id"] = part.parent.remote_id
    if part.media:
        body["media_ids"] = list(dict.fromkeys(prepared.uploads[media.sha256] for media in part.media))
    if part.poll:
        body["poll"] = {"options": list(part.poll.options), "expires_in": part.poll.minutes * 60}
    return body


def _sent(reply: Reply, body: dict[str, Any]) -> SendResult:
    """A status was made if the answer is one; a 2xx with anything else proves nothing."""
    ref = ref_of(reply.body)
    if not ref.remote_id or "content" not in reply.body:
        message = "The server said yes, but not to what."
        return SendResult(Outcome.UNKNOWN, None, reply.status, body, reply.record, message)
    return SendResult(Outcome.SENT, ref, reply.status, body, reply.record)


def _account_id(access: Access, caller: Caller) -> str:
    return str(access.secret.get("account_id") or "") or id_in(verified(caller))


def _after_all(caller: Caller, access: Access, ref: RemoteRef, failed: Failed) -> SendResult:
    """The status was not there, or it cannot be deleted by a program: what stands there now tells."""
    asked = {"remote_id": ref.remote_id}
    try:
        reply = caller.get(status_path(ref.remote_id))
    except Failed as now:
        if now.status in (404, 410):
            return SendResult(
                Outcome.SENT, ref, failed.status, asked, failed.response, "It was gone already."
            )
        return now.before_sending().as_send(asked)
    owner, ours = id_in(reply.body.get("account")), str(access.secret.get("account_id") or "")
    if ours and owner and owner != ours:
        words = f"{ref.remote_id} is not a post of this account."
    else:
        words = f"{server_of(access)} lets no program take a post down. Delete it there: {ref.url or ref.remote_id}"
    return SendResult(Outcome.REFUSED, ref, failed.status, asked, failed.response, words)
