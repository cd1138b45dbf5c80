"""Signing in to X, finding out whether the plan lets us read, and renewing what runs out after two hours.

Sources: docs.x.com, OAuth 2.0 Authorization Code Flow with PKCE; docs.x.com, Get my User.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from service_channel.networks import token_renewal, x_errors
from service_channel.networks.base import (
    Access,
    AppKeys,
    Connection,
    ConnectRefused,
    Outcome,
    Renewed,
    SignInWay,
)
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.x_records import is_post_id

AUTHORIZE = "https://x.com/i/oauth2/authorize"
SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
DEADLINE_S = 20.0
_NEEDED = ("tweet.read", "tweet.write", "users.read")
_CANNOT_READ = {"usage-capped", "client-forbidden", "unsupported-authentication", "credits"}


def way(api: str) -> SignInWay:
    return SignInWay(AUTHORIZE, f"{api}/2/oauth2/token", SCOPES, client_auth="client_secret_basic")


def line(api: str, transport: httpx.BaseTransport, token: str, deadline_s: float) -> Caller:
    """The way to X for one account."""
    bearer = {"Authorization": f"Bearer {token}"}
    return Caller(transport, deadline_s, server=api, headers=bearer, read=x_errors.read)


def identities(
    api: str, transport: httpx.BaseTransport, app: AppKeys, token: Mapping[str, Any], *, now: datetime
) -> tuple[Connection, ...]:
    """The one account that signed in. Raises ConnectRefused."""
    secret = token_renewal.kept_tokens(app, token)
    if not secret["access_token"]:
        raise ConnectRefused("X gave no token. Sign in once more.", "")
    _check_scopes(token_renewal.scopes_of(token))
    try:
        wire = line(api, transport, secret["access_token"], DEADLINE_S)
        user = _user(wire)
        secret.update(user_id=user["id"], can_read=_can_read(wire, user["id"]))
    except Failed as failed:
        raise ConnectRefused(f"X did not say who signed in: {failed.message}", "") from failed
    ends = token_renewal.end_of(token, "expires_in", now)
    return (_connection(user, secret, expires_at=ends),)


def renew(
    api: str, transport: httpx.BaseTransport, access: Access, *, now: datetime, deadline_s: float
) -> Renewed:
    """A new pair; the refresh token that was used is worthless from then on, even where the answer is lost."""
    return token_renewal.renewed(
        access, way(api), transport, now=now, deadline_s=deadline_s, is_dead=_is_worthless
    )


def _is_worthless(failed: Failed) -> bool:
    """How X says that a refresh token was used, revoked or is none."""
    return failed.error == "invalid_request" and "token was invalid" in failed.message


def _check_scopes(granted: frozenset[str]) -> None:
    missing = [scope for scope in _NEEDED if granted and scope not in granted]
    if missing:
        raise ConnectRefused(
            f"X did not allow everything that is needed: {', '.join(missing)} is missing. "
            "Sign in once more and allow it, or ask an administrator to look at the app's permissions.",
            "",
        )


def _user(wire: Caller) -> dict[str, str]:
    user = wire.get("/2/users/me").body.get("data")
    if not isinstance(user, dict) or not is_post_id(user.get("id")) or not user.get("username"):
        raise Failed(Outcome.UNKNOWN, "the answer makes no sense.")
    return {name: str(user.get(name) or "") for name in ("id", "username", "name")}


def _can_read(wire: Caller, user_id: str) -> bool:
    """Whether the plan lets our own timeline be read. Raises Failed where X could not be asked."""
    try:
        wire.get(f"/2/users/{user_id}/tweets", max_results=5)
    except Failed as failed:
        if failed.status in (401, 403) or failed.error in _CANNOT_READ:
            return False
        raise
    return True


def _connection(
    user: Mapping[str, str], secret: Mapping[str, Any], *, expires_at: datetime | None
) -> Connection:
    handle = user["username"]
    return Connection(
        handle,
        user["name"] or handle,
        user["id"],
        f"https://x.com/{handle}",
        secret,
        expires_at=expires_at,
        dies_at=None if secret["refresh_token"] else expires_at,
    )
