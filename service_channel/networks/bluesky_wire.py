"""Talking to a Bluesky server: one try, one deadline, one session, and what each kind of failure proves."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from atproto import Client, Request, Session
from atproto.exceptions import AtProtocolError, RateLimitExceededError, RequestErrorBase

from service_channel.networks import calls
from service_channel.networks.base import Access, Outcome
from service_channel.networks.calls import (
    KEPT_CHARACTERS,
    USER_AGENT,
    OneTry,
    Reply,
    broken,
    kept,
)

DEFAULT_HOST = "https://bsky.social"
_TROUBLE = (AtProtocolError, httpx.HTTPError, httpx.InvalidURL, ValueError)
# A PDS refuses a token with 400 and one of these names as often as with 401.
_TOKEN_REFUSED = {"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired", "BadJwt"}
_ACCOUNT_REFUSED = {
    "AccountTakedown",
    "AccountDeactivated",
    "AccountSuspended",
    "AccountNotFound",
    "RepoNotFound",
}
# A nonce went stale, or a clock is wrong: no fault of the token.
_PROOF_REFUSED = {"use_dpop_nonce", "invalid_dpop_proof"}
_CONTENT_REFUSED = {400, 403, 413, 422}


@dataclass
class Failed(calls.Failed):
    """A call that did not succeed, judged. A server refuses a token with 400 as often as with 401."""

    @property
    def refuses_token(self) -> bool:
        if self.error in _PROOF_REFUSED:
            return False
        return self.status == 401 or (self.status == 400 and self.error in _TOKEN_REFUSED)


def _as_it_is(transport: httpx.BaseTransport) -> httpx.BaseTransport:
    return transport


class Wire:
    """Calls to one server. With a session they speak for its account. `around` is put around each single exchange."""

    def __init__(
        self,
        host: str,
        transport: httpx.BaseTransport,
        deadline_s: float,
        *,
        around: Callable[[httpx.BaseTransport], httpx.BaseTransport] = _as_it_is,
    ) -> None:
        request = Request(transport=around(OneTry(transport, deadline_s)), trust_env=False, timeout=None)
        request.set_additional_headers({"User-Agent": USER_AGENT})
        self._client = Client(host, request=request)

    def query(self, nsid: str, params: Any = None) -> Reply:
        """`params` is one of the library's `…Params`."""
        return _judged(lambda: self._client.invoke_query(nsid, params=params, ignore_session_check=True))

    def procedure(self, nsid: str, body: Mapping[str, Any]) -> Reply:
        """The body goes as it is: the library's typed models would drop a `null`."""
        return _judged(
            lambda: self._client.invoke_procedure(nsid, json=dict(body), ignore_session_check=True)
        )

    def upload(self, octets: bytes, mime: str) -> Reply:
        headers = {"Content-Type": mime}
        call = self._client.invoke_procedure
        return _judged(
            lambda: call(
                "com.atproto.repo.uploadBlob", content=octets, headers=headers, ignore_session_check=True
            )
        )

    def sign_in(self, identifier: str, app_password: str) -> Session:
        """Make a session. Servers allow 30 in five minutes."""
        _judged(lambda: self._client.login(identifier, app_password, fetch_bsky_profile=False))
        return Session.decode(self._client.export_session_string())

    def resume(self, session: Session) -> None:
        self._client.login(session_string=session.encode(), fetch_bsky_profile=False)

    def refresh(self, session: Session) -> Session:
        headers = {"Authorization": f"Bearer {session.refresh_jwt}"}
        call = self._client.invoke_procedure
        reply = _judged(
            lambda: call("com.atproto.server.refreshSession", headers=headers, ignore_session_check=True)
        )
        tokens = reply.body.get("accessJwt"), reply.body.get("refreshJwt")
        if not all(isinstance(token, str) and token for token in tokens):
            raise Failed(
                Outcome.UNKNOWN, "The server's answer to renewing the session makes no sense.", reply.status
            )
        renewed = Session(session.handle, session.did, *tokens, session.pds_endpoint)
        self.resume(renewed)
        return renewed


class Line:
    """An account's open line: it renews its session when the server asks, and keeps what it got."""

    def __init__(self, access: Access, transport: httpx.BaseTransport, deadline_s: float) -> None:
        """Raises `Failed` where there is no session and signing in does not work."""
        self._access = access
        self._wire = Wire(str(access.secret.get("host") or DEFAULT_HOST), transport, deadline_s)
        self._session = self._stored() or self._signed_in()
        self.did = str(self._session.did)

    def query(self, nsid: str, params: Any = None) -> Reply:
        return self._with_session(lambda: self._wire.query(nsid, params))

    def procedure(self, nsid: str, body: Mapping[str, Any]) -> Reply:
        return self._with_session(lambda: self._wire.procedure(nsid, body))

    def upload(self, octets: bytes, mime: str) -> Reply:
        return self._with_session(lambda: self._wire.upload(octets, mime))

    def _with_session(self, call: Callable[[], Reply]) -> Reply:
        try:
            return call()
        except Failed as failed:
            if not failed.refuses_token:
                raise
        self._renew()
        return call()

    def _stored(self) -> Session | None:
        if not self._access.session:
            return None
        try:
            session = Session.decode(self._access.session)
            self._wire.resume(session)
        except (AtProtocolError, TypeError, ValueError):
            return None
        return session

    def _renew(self) -> None:
        try:
            self._session = self._wire.refresh(self._session)
        except Failed as failed:
            if failed.status not in (400, 401):
                raise failed.before_sending() from None
            self._session = self._signed_in()
        else:
            self._access.save_session(self._session.encode())

    def _signed_in(self) -> Session:
        identifier, password = (
            str(self._access.secret.get(name) or "") for name in ("identifier", "app_password")
        )
        if not (identifier and password):
            raise Failed(Outcome.SIGNED_OUT, "There is no app password for this account. Connect it again.")
        try:
            session = self._wire.sign_in(identifier, password)
        except Failed as failed:
            raise failed.before_sending() from None
        self._access.save_session(session.encode())
        return session


def _judged(call: Callable[[], Any]) -> Reply:
    """Run one call of the library. Raises `Failed`, and nothing else, for what happened over there."""
    try:
        response = call()
    except RequestErrorBase as error:
        raise (_answered(error) if error.response is not None else _broken(error)) from error
    except _TROUBLE as error:
        raise _broken(error) from error
    content = getattr(response, "content", None)
    body = content if isinstance(content, dict) else {}
    status = int(getattr(response, "status_code", 200))
    return Reply(status, body, kept(status, getattr(response, "headers", {}), content))


def _answered(error: RequestErrorBase) -> Failed:
    response = error.response
    status, content = int(response.status_code), response.content
    name, said = (_text(getattr(content, field, "")) for field in ("error", "message"))
    words = said or name or f"The server answered {status}."
    return Failed(
        _outcome(status, name),
        words[:KEPT_CHARACTERS],
        status,
        name,
        _wait(error),
        kept(status, response.headers, {"error": name, "message": words} if name else content),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _outcome(status: int, name: str) -> Outcome:
    if status == 429 or name in _PROOF_REFUSED:
        return Outcome.NOT_SENT
    if status == 401 or (status in (400, 403) and name in _TOKEN_REFUSED | _ACCOUNT_REFUSED):
        return Outcome.SIGNED_OUT
    if status == 400 and name == "BlobNotFound":  # the server forgot an upload: uploading again helps
        return Outcome.NOT_SENT
    return Outcome.REFUSED if status in _CONTENT_REFUSED else Outcome.UNKNOWN


def _broken(error: Exception) -> Failed:
    judged = broken(error)
    return Failed(judged.outcome, judged.message, kind=judged.kind)


def _wait(error: RequestErrorBase) -> float | None:
    """Seconds the server asks us to wait, by `Retry-After` or else by `ratelimit-reset`."""
    if not isinstance(error, RateLimitExceededError):
        return None
    if error.retry_after is not None:
        return float(error.retry_after)
    return max(0.0, error.reset_at.timestamp() - time.time()) if error.reset_at else None
