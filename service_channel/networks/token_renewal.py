"""Renewing an OAuth 2 access token with its refresh token (RFC 6749 § 6), for networks with our own keys at them.

Our keys are kept in the account's secret: what was granted was granted to them, and to no others.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from service_channel.networks.base import Access, AppKeys, Outcome, Renewed, SignInWay
from service_channel.networks.calls import Caller, Failed, Refusal, Reply

_NONE_TO_USE = "The network gave nothing to renew this connection with."
_NONSENSE = "The network said yes to renewing, but gave no token."
_DEAD = {"invalid_grant", "invalid_client", "unauthorized_client"}
"""What never gets better by waiting: the refresh token is used or revoked, or our keys are others now."""


def kept_tokens(app: AppKeys, token: Mapping[str, Any]) -> dict[str, Any]:
    """What an account's secret keeps of a sign-in."""
    return {
        "access_token": str(token.get("access_token", "")),
        "refresh_token": str(token.get("refresh_token") or ""),
        "client_id": app.client_id,
        "client_secret": app.client_secret,
    }


def scopes_of(token: Mapping[str, Any]) -> frozenset[str]:
    """What was granted; some networks put commas between."""
    return frozenset(str(token.get("scope") or "").replace(",", " ").split())


def end_of(token: Mapping[str, Any], name: str, now: datetime) -> datetime | None:
    """The instant that lies `token[name]` seconds ahead."""
    seconds = token.get(name)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        return None
    return now + timedelta(seconds=seconds)


def renewed(
    access: Access,
    way: SignInWay,
    transport: httpx.BaseTransport,
    *,
    now: datetime,
    deadline_s: float,
    is_dead: Callable[[Failed], bool] = lambda _failed: False,
) -> Renewed:
    """One exchange. `is_dead`: a refusal by which this network alone says that the refresh token is worthless."""
    caller = Caller(transport, deadline_s, read=read)
    return renewed_by(access.secret, lambda: _exchange(access.secret, way, caller), now=now, is_dead=is_dead)


def renewed_by(
    secret: Mapping[str, Any],
    exchange: Callable[[], Reply],
    *,
    now: datetime,
    is_dead: Callable[[Failed], bool] = lambda _failed: False,
) -> Renewed:
    """The same where the network wants to be asked in a way of its own. `exchange` raises Failed."""
    if not secret.get("refresh_token"):
        return Renewed(Outcome.NOT_SENT, message=_NONE_TO_USE)
    try:
        reply = exchange()
    except Failed as failed:
        dead = failed.error in _DEAD or is_dead(failed)
        return Renewed(Outcome.SIGNED_OUT if dead else _later(failed), message=failed.message)
    if not isinstance(reply.body.get("access_token"), str) or not reply.body["access_token"]:
        return Renewed(Outcome.UNKNOWN, message=_NONSENSE)
    return _kept(secret, reply.body, now)


def _exchange(secret: Mapping[str, Any], way: SignInWay, caller: Caller) -> Reply:
    client_id, client_secret = str(secret.get("client_id", "")), str(secret.get("client_secret", ""))
    fields = {"grant_type": "refresh_token", "refresh_token": str(secret["refresh_token"])}
    if way.client_auth == "client_secret_basic" and client_secret:
        return caller.post(way.token_url, data=fields, auth=httpx.BasicAuth(client_id, client_secret))
    fields["client_id"] = client_id
    if client_secret:
        fields["client_secret"] = client_secret
    return caller.post(way.token_url, data=fields)


def _kept(secret: Mapping[str, Any], token: Mapping[str, Any], now: datetime) -> Renewed:
    fresh = {name: token[name] for name in ("access_token", "refresh_token") if token.get(name)}
    dies_at = end_of(token, "refresh_token_expires_in", now)
    return Renewed(Outcome.SENT, {**secret, **fresh}, end_of(token, "expires_in", now), dies_at)


def _later(failed: Failed) -> Outcome:
    """Anything but a dead token is tried again, a 401 without a reason too: one error disconnects no account."""
    return Outcome.NOT_SENT if failed.outcome is Outcome.NOT_SENT else Outcome.UNKNOWN


def read(_status: int, content: Any, _headers: Mapping[str, str]) -> Refusal:
    """How a server says no to being asked for tokens (RFC 6749 § 5.2)."""
    if not isinstance(content, dict):
        return Refusal()
    said, words = content.get("error"), content.get("error_description")
    return Refusal(
        said if isinstance(said, str) else "", words if isinstance(words, str) and words else str(said or "")
    )
