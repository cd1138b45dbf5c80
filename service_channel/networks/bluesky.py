"""Bluesky: a network of class I. We choose a record's key once and put it only where nothing stands yet."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx
from atproto import models

from content_library.network_limits import limits_of
from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import bluesky_client, bluesky_connect, bluesky_oauth, facets, proofs
from service_channel.networks.base import (
    Access,
    Asked,
    Connection,
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
    Renewed,
    SendResult,
)
from service_channel.networks.bluesky_identity import DIRECTORY, Identities
from service_channel.networks.bluesky_line import AnyLine, GrantedLine, open_line
from service_channel.networks.bluesky_records import (
    COLLECTION,
    TidClock,
    at_uri,
    blob_cid,
    is_same_post,
    key_in,
    post_record,
    ref_of,
)
from service_channel.networks.bluesky_wire import DEFAULT_HOST, Failed
from service_channel.networks.calls import Reply
from service_channel.networks.pushed_sign_in import OurClient, SetOut

CHECK_DEADLINE_S = 20.0
_TAKEN = "Something else already stands on Bluesky under this post's key. Nothing was overwritten."


class Bluesky:
    """`transport_for` is asked once for the way out to the web; without it only the public web is reached.

    `directory`: where identities of the kind did:plc are looked up.
    """

    key = "bluesky"
    help = (
        "Not the account’s real password: an app password can post, but it cannot take the account over, and you can "
        "end it in Bluesky at any time. You make one there under Settings, Privacy and security, App passwords."
    )
    asks = (
        Asked("identifier", "Handle", "Such as brindlemoor.bsky.social.", longest=253),
        Asked("app_password", "App password", is_secret=True, longest=200),
        Asked(
            "host", "Server", "Where the account lives. Leave it as it is unless you know that it is elsewhere.",
            default=DEFAULT_HOST,
        ),
    )  # fmt: skip

    sign_in_ask = Asked(
        "server",
        "Handle",
        "Such as brindlemoor.bsky.social. The address of the account’s server will do as well.",
    )
    typed_title = "With an app password"

    def __init__(
        self, transport_for: Callable[[], httpx.BaseTransport] | None = None, *, directory: str = DIRECTORY
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._tids, self._nonces = TidClock(), proofs.Nonces()
        self._directory = directory

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.IDENTIFIED)

    def answers_at(self, access: Access) -> str:
        return str(access.secret.get("host") or DEFAULT_HOST)

    def new_key(self, now: datetime) -> str:
        return self._tids.next(now)

    def connect(self, given: Mapping[str, str]) -> Connection:
        """Raises ConnectRefused with a sentence for the person who tried."""
        return bluesky_connect.connect(
            self._transport, given.get("host", ""), given.get("identifier", ""), given.get("app_password", "")
        )

    def client_at(self, public_url: str, redirect_uri: str) -> OurClient | None:
        return bluesky_client.client_at(public_url, redirect_uri)

    def new_client_key(self) -> str:
        return proofs.new_key()

    def client_document(self, client: OurClient, public_url: str) -> Mapping[str, Any]:
        return bluesky_client.document(client, public_url)

    def set_out(self, client: OurClient, typed: str, state: str) -> SetOut:
        return bluesky_oauth.set_out(self._transport, self._identities(), client, typed, state)

    def arrived(
        self, client: OurClient, kept: str, answer: Mapping[str, str], *, now: datetime
    ) -> Connection:
        granted = bluesky_oauth.arrived(self._transport, self._identities(), client, kept, answer, now=now)
        access = Access(0, granted.did, granted.secret)
        opened = GrantedLine(access, self._transport, bluesky_connect.DEADLINE_S, self._nonces)
        return bluesky_connect.signed_in(opened, granted)

    def renew(self, access: Access, *, now: datetime, deadline_s: float) -> Renewed:
        """Only what a sign-in granted runs out at a known time; an app password's session renews itself."""
        return bluesky_oauth.renew(self._transport, access, now=now, deadline_s=deadline_s)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        if problem := _problem(part):
            return Preparation(None, Outcome.REFUSED, problem)
        if not part.media and not facets.mentioned(part.text):
            return Preparation(Prepared())
        try:
            line = self._line(access, deadline_s)
            uploads = {media.sha256: _upload(line, media) for media in part.media}
            return Preparation(Prepared(uploads, _resolve(line, part.text)))
        except Failed as failed:
            return failed.as_preparation()

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        record = post_record(part, prepared)
        try:
            line = self._line(access, deadline_s)
        except Failed as failed:
            return failed.as_send(record)
        body = {
            "repo": line.did,
            "collection": COLLECTION,
            "rkey": part.key,
            "record": record,
            "swapRecord": None,
        }
        try:
            return _sent(line.did, part, line.procedure("com.atproto.repo.putRecord", body), body)
        except Failed as failed:
            return _taken(line, part, failed, body) if failed.error == "InvalidSwap" else failed.as_send(body)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        try:
            line = self._line(access, deadline_s)
        except Failed as failed:
            return failed.as_find()
        return _look(line, part)

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        try:
            line = self._line(access, deadline_s)
            key = key_in(ref.remote_id, line.did)
            if not key:
                return FindResult(
                    Presence.UNREADABLE, message=f"{ref.remote_id} is not a post of this account."
                )
            reply = _record(line, key)
        except Failed as failed:
            return _not_read(failed)
        return FindResult(Presence.FOUND, ref, reply.status, reply.record)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        try:
            line = self._line(access, deadline_s)
            key = key_in(ref.remote_id, line.did)
            if not key:
                return SendResult(Outcome.REFUSED, message=f"{ref.remote_id} is not a post of this account.")
            body = {"repo": line.did, "collection": COLLECTION, "rkey": key}
            reply = line.procedure("com.atproto.repo.deleteRecord", body)
        except Failed as failed:
            return failed.as_send({"remote_id": ref.remote_id})
        return SendResult(Outcome.SENT, ref, reply.status, body, reply.record)

    def check(self, access: Access) -> FindResult:
        try:
            line = self._line(access, CHECK_DEADLINE_S)
            reply = line.query("com.atproto.server.getSession")
        except Failed as failed:
            return failed.as_check()
        if reply.body.get("did") != line.did:
            return FindResult(
                Presence.UNREADABLE, None, reply.status, message="The server's answer makes no sense."
            )
        return FindResult(Presence.FOUND, RemoteRef(line.did), reply.status)

    def _line(self, access: Access, deadline_s: float) -> AnyLine:
        """Raises Failed where nothing is kept that lets us in."""
        return open_line(access, self._transport, deadline_s, self._nonces)

    def _identities(self) -> Identities:
        return Identities(self._transport, bluesky_oauth.DEADLINE_S, self._directory)


def _problem(part: OutgoingPart) -> str:
    """Why Bluesky would refuse this part, "" if it would not; asked before anything is uploaded."""
    limits = limits_of("bluesky")
    if len(part.media) > limits.images:
        return f"Bluesky takes {limits.images} images in one post; this one has {len(part.media)}."
    if any(media.path.stat().st_size > limits.image_bytes for media in part.media):
        return f"An image is larger than the {limits.image_bytes // 1_000_000} MB Bluesky takes."
    if part.parent and not part.parent.cid:
        return "The part before this one has no content address, so this one cannot be attached to it."
    return ""


def _upload(line: AnyLine, media: OutgoingMedia) -> Any:
    """The network's reference to an image. Raises Failed unless it is to exactly the approved bytes."""
    octets = media.path.read_bytes()
    if hashlib.sha256(octets).hexdigest() != media.sha256:
        raise Failed(Outcome.REFUSED, "An image is not the one that was approved any more.")
    reply = line.upload(octets, media.mime)
    blob = reply.body.get("blob")
    link = blob.get("ref") if isinstance(blob, dict) else None
    if link != {"$link": blob_cid(media.sha256)}:
        raise Failed(Outcome.NOT_SENT, "The server did not keep an image as it was sent.", reply.status)
    return blob


def _resolve(line: AnyLine, text: str) -> dict[str, str]:
    """Who is mentioned, by handle; what the server cannot resolve stays plain text."""
    found: dict[str, str] = {}
    for mention in facets.mentioned(text):
        try:
            params = models.ComAtprotoIdentityResolveHandle.Params(handle=mention.removeprefix("@"))
            did = line.query("com.atproto.identity.resolveHandle", params).body.get("did")
        except Failed as failed:
            if failed.status is None or failed.status == 429 or failed.outcome is Outcome.SIGNED_OUT:
                raise
            continue
        if isinstance(did, str) and did.startswith("did:"):
            found[mention] = did
    return found


def _record(line: AnyLine, key: str) -> Reply:
    params = models.ComAtprotoRepoGetRecord.Params(repo=line.did, collection=COLLECTION, rkey=key)
    return line.query("com.atproto.repo.getRecord", params)


def _not_read(failed: Failed) -> FindResult:
    return failed.as_find(Presence.ABSENT if failed.error == "RecordNotFound" else Presence.UNREADABLE)


def _look(line: AnyLine, part: OutgoingPart) -> FindResult:
    try:
        reply = _record(line, part.key)
    except Failed as failed:
        return _not_read(failed)
    body = reply.body
    if body.get("uri") != at_uri(line.did, part.key) or not isinstance(body.get("cid"), str):
        return FindResult(
            Presence.UNREADABLE, None, reply.status, reply.record, "The server's answer makes no sense."
        )
    ref = ref_of(line.did, part.key, body["cid"])
    same = is_same_post(body.get("value"), part)
    return FindResult(Presence.FOUND if same else Presence.DIFFERENT, ref, reply.status, reply.record)


def _sent(did: str, part: OutgoingPart, reply: Reply, body: dict[str, Any]) -> SendResult:
    cid = reply.body.get("cid")
    if reply.body.get("uri") != at_uri(did, part.key) or not isinstance(cid, str):
        message = "The server said yes, but not to what."
        return SendResult(Outcome.UNKNOWN, None, reply.status, body, reply.record, message)
    return SendResult(Outcome.SENT, ref_of(did, part.key, cid), reply.status, body, reply.record)


def _taken(line: AnyLine, part: OutgoingPart, failed: Failed, body: dict[str, Any]) -> SendResult:
    """Something stands under our key already: either what an earlier try left there, or something else."""
    found = _look(line, part)
    if found.presence is Presence.FOUND:
        return SendResult(
            Outcome.SENT, found.ref, found.status, body, found.response, "An earlier try had arrived."
        )
    if found.presence is Presence.DIFFERENT:
        return SendResult(Outcome.REFUSED, None, failed.status, body, failed.response, _TAKEN)
    return SendResult(Outcome.UNKNOWN, None, failed.status, body, failed.response, failed.message)
