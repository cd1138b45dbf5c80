"""Speaking to the Graph API for one account: the token in a header, the proof of our app with each call.

No token, proof or app secret is in anything that is kept: Meta's own messages may repeat a token, so they are
cleaned here.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx

from service_channel.networks.base import (
    Access,
    FindResult,
    Outcome,
    OutgoingMedia,
    Presence,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.meta_errors import graph_reader, is_gone

CHECK_DEADLINE_S = 20.0
NONSENSE = "The server's answer makes no sense."


def proof_of(token: str, app_secret: str) -> str:
    """`appsecret_proof`: shows that a call with this token comes from the app it was given to."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def tokens_of(token: str, app_secret: str) -> dict[str, str]:
    """What is kept of an account's token. The app secret itself stays with the installation."""
    return (
        {"access_token": token, "proof": proof_of(token, app_secret)}
        if app_secret
        else {"access_token": token}
    )


class Graph:
    """Calls within one deadline. Raises `Failed` and nothing else for what happened over there."""

    def __init__(
        self,
        secret: Mapping[str, Any],
        transport: httpx.BaseTransport,
        deadline_s: float,
        *,
        server: str,
        needs: tuple[str, ...] = (),
    ) -> None:
        token = str(secret.get("access_token") or "")
        if not token:
            raise Failed(Outcome.SIGNED_OUT, "There is no access token for this account. Connect it again.")
        self._proof = str(secret.get("proof") or "")
        self._secrets = tuple(filter(None, (token, self._proof)))
        self._ends = time.monotonic() + deadline_s
        self._caller = Caller(
            transport,
            deadline_s,
            server=server,
            headers={"Authorization": f"Bearer {token}"},
            read=graph_reader(needs),
        )

    @property
    def seconds_left(self) -> float:
        return self._ends - time.monotonic()

    def get(self, path: str, **params: str | int) -> Reply:
        return self._call("GET", path, params=self._with_proof(params))

    def post(self, path: str, fields: Mapping[str, str], *, files: Mapping[str, Any] | None = None) -> Reply:
        """`fields` go as a form, with `files` as one of several parts."""
        more: dict[str, Any] = {"files": files} if files else {}
        return self._call("POST", path, data=self._with_proof(fields), **more)

    def made(self, path: str, fields: Mapping[str, str], *, files: Mapping[str, Any] | None = None) -> str:
        """Create something; the id it was given."""
        return id_in(self.post(path, fields, files=files))

    def delete(self, path: str) -> Reply:
        return self._call("DELETE", path, params=self._with_proof({}))

    def _with_proof(self, given: Mapping[str, str | int]) -> dict[str, str | int]:
        return {**given, "appsecret_proof": self._proof} if self._proof else dict(given)

    def _call(self, method: str, path: str, **more: Any) -> Reply:
        try:
            return self._caller.call(method, path, **more)
        except Failed as failed:
            raise cleaned(failed, self._secrets) from None


def cleaned(failed: Failed, secrets: tuple[str, ...]) -> Failed:
    """The same failure without these words, which Meta sometimes repeats in what it says."""
    kept = json.dumps(dict(failed.response))
    for secret in secrets:
        failed.message = failed.message.replace(secret, "…")
        kept = kept.replace(json.dumps(secret)[1:-1], "…")
    failed.response = json.loads(kept)
    return failed


def id_in(reply: Reply) -> str:
    """The id in an answer. Raises Failed: a success that does not say what it made proves nothing."""
    found = reply.body.get("id")
    if not isinstance(found, str) or not found:
        raise Failed(Outcome.UNKNOWN, NONSENSE, reply.status, response=reply.record)
    return found


def approved_bytes(media: OutgoingMedia) -> bytes:
    """Raises Failed unless the file still holds exactly what was approved."""
    octets = media.path.read_bytes()
    if hashlib.sha256(octets).hexdigest() != media.sha256:
        raise Failed(Outcome.REFUSED, "An image is not the one that was approved any more.")
    return octets


def deleted(line: Graph, ref: RemoteRef) -> SendResult:
    """Take something down. Raises Failed, but not where it is gone already.

    Meta gives one answer (100/33) for what is not there and for what we may not delete: so it is looked for.
    """
    request = {"remote_id": ref.remote_id}
    try:
        reply = line.delete(ref.remote_id)
    except Failed as failed:
        if not is_gone(failed) or _stands(line, ref):
            raise
        said = "It was gone already."
        return SendResult(Outcome.SENT, ref, failed.status, request, failed.response, said)
    if reply.body.get("success") is not True:
        return SendResult(Outcome.UNKNOWN, None, reply.status, request, reply.record, NONSENSE)
    return SendResult(Outcome.SENT, ref, reply.status, request, reply.record)


def _stands(line: Graph, ref: RemoteRef) -> bool:
    try:
        line.get(ref.remote_id, fields="id")
    except Failed as failed:
        if is_gone(failed):
            return False
        raise
    return True


def checked(line: Graph, path: str, owner: str) -> FindResult:
    """Whether the token speaks for `owner`. Raises Failed."""
    reply = line.get(path, fields="id")
    if reply.body.get("id") != owner:
        return FindResult(Presence.UNREADABLE, None, reply.status, message=NONSENSE)
    return FindResult(Presence.FOUND, RemoteRef(owner), reply.status)


def own_id(access: Access, name: str) -> str:
    """Who the account is over there. Raises Failed where that was never kept."""
    found = str(access.secret.get(name) or "")
    if not found:
        raise Failed(Outcome.SIGNED_OUT, "This account was not connected to the end. Connect it again.")
    return found
