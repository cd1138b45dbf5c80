"""Connecting an account on a server of Mastodon's API: by signing in there, or with a token made there.

Pages: docs.joinmastodon.org/methods/apps, /methods/oauth, /api/oauth-scopes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from service_channel.networks.base import AppKeys, Asked, Connection, ConnectRefused, Outcome, SignInWay
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.mastodon_servers import Described, described, software_of, unreached
from service_channel.networks.mastodon_wire import address_in, calling, id_in, verified
from service_channel.networks.server_addresses import in_minutes, server_address, server_name

DEADLINE_S = 20.0
CLIENT_NAME = "Deskcast"
SCOPES = ("read:accounts", "read:statuses", "write:statuses", "write:media")
_PERMISSIONS = "read:accounts, read:statuses, write:statuses and write:media"
HELP = (
    "In Mastodon: Preferences, Development, New application; give it the permissions "
    f"{_PERMISSIONS}, save it, open it again and copy “Your access token”. Other servers call it the same "
    "or “personal access token”."
)
ASKS = (
    Asked("server", "Server", "The address at which you read your posts, like mastodon.example."),
    Asked("access_token", "Access token", f"It needs the permissions {_PERMISSIONS}.", is_secret=True),
)


def connect(transport: httpx.BaseTransport, given: Mapping[str, str]) -> Connection:
    """Test a token that was typed. Raises ConnectRefused."""
    server, token = address(given.get("server", "")), given.get("access_token", "").strip()
    if not token:
        raise ConnectRefused(f"Enter an access token. {HELP}", "access_token")
    caller = calling(transport, DEADLINE_S, server, token)
    about = described(caller, server)
    account = _account(caller, server)
    _require(_scopes_of(caller), server)
    return _connection(server, token, about, account)


def way(server: str) -> SignInWay:
    base = address(server)
    return SignInWay(f"{base}/oauth/authorize", f"{base}/oauth/token", SCOPES)


def register(transport: httpx.BaseTransport, server: str, redirect_uri: str) -> AppKeys:
    """Our own keys at this server. Raises ConnectRefused."""
    base = address(server)
    caller = calling(transport, DEADLINE_S, base)
    if software_of(caller) == "pixelfed":  # it knows only the scopes `read` and `write`, whole
        raise ConnectRefused(
            f"{server_name(base)} runs Pixelfed, which would let us do everything. Make a token there instead: "
            "Settings, Applications, Personal access tokens.",
            "server",
        )
    asked = {"client_name": CLIENT_NAME, "redirect_uris": redirect_uri, "scopes": " ".join(SCOPES)}
    try:
        body = caller.post("/api/v1/apps", asked).body
    except Failed as failed:
        raise unreached(failed, base, what="request") from failed
    keys = [body.get(name) for name in ("client_id", "client_secret")]
    if not all(isinstance(key, str) and key for key in keys):
        raise ConnectRefused(f"{server_name(base)} does not let programs register.", "server")
    return AppKeys(str(keys[0]), str(keys[1]))


def signed_in(
    transport: httpx.BaseTransport, server: str, token: Mapping[str, Any], *, now: datetime
) -> Connection:
    """Whom the token of a sign-in speaks for. Raises ConnectRefused."""
    base, granted = address(server), token.get("access_token")
    if not isinstance(granted, str) or not granted:
        raise ConnectRefused(f"{server_name(base)} gave no access token. Sign in again.", "server")
    if isinstance(token.get("scope"), str):
        _require(str(token["scope"]).replace(",", " ").split(), base)
    caller = calling(transport, DEADLINE_S, base, granted)
    about = described(caller, base)
    return _connection(base, granted, about, _account(caller, base), _end(token, now))


def address(typed: str) -> str:
    """`https://…` of the server. Raises ConnectRefused."""
    if not typed.strip():
        raise ConnectRefused("Enter the address of your server, like mastodon.example.", "server")
    return server_address(typed, example="mastodon.example", field="server", what="access token")


def _account(caller: Caller, server: str) -> Mapping[str, Any]:
    name = server_name(server)
    try:
        return verified(caller)
    except Failed as failed:
        if failed.outcome is Outcome.SIGNED_OUT and "scope" in failed.message:
            raise _too_little(server) from failed
        if failed.outcome is Outcome.SIGNED_OUT:
            said = f" It says: {failed.message}" if failed.error else ""
            raise ConnectRefused(
                f"{name} does not accept this access token.{said} {HELP}", "access_token"
            ) from failed
        if failed.status == 429:
            words = f"{name} has been asked too often. Try again in {in_minutes(failed.retry_after)}."
        else:
            words = f"{name} could not say just now whose token this is. Try again later."
        raise ConnectRefused(words, "access_token") from failed


def _scopes_of(caller: Caller) -> tuple[str, ...]:
    """What the token's application may do; Mastodon tells since 4.3. What is not told counts as enough."""
    try:
        told = caller.get("/api/v1/apps/verify_credentials").body.get("scopes")
    except Failed:
        return SCOPES
    return tuple(told) if isinstance(told, list) and all(isinstance(one, str) for one in told) else SCOPES


def _require(granted: Iterable[str], server: str) -> None:
    held = set(granted)
    if not all(scope in held or scope.partition(":")[0] in held for scope in SCOPES):
        raise _too_little(server)


def _too_little(server: str) -> ConnectRefused:
    return ConnectRefused(
        f"This access token does not let us do enough on {server_name(server)}. "
        f"It needs the permissions {_PERMISSIONS}.",
        "access_token",
    )


def _end(token: Mapping[str, Any], now: datetime) -> datetime | None:
    lasts = token.get("expires_in")
    is_span = isinstance(lasts, int | float) and not isinstance(lasts, bool) and lasts > 0
    return now + timedelta(seconds=float(lasts or 0)) if is_span else None


def _connection(
    server: str, token: str, about: Described, account: Mapping[str, Any], ends: datetime | None = None
) -> Connection:
    account_id, name = id_in(account), str(account.get("username") or account.get("acct") or "")
    handle = f"{name.partition('@')[0]}@{about.domain}"
    secret = {
        "server": server,
        "access_token": token,
        "account_id": account_id,
        "software": about.software,
        "version": about.version,
        "keyed": about.is_keyed,
        "limits": about.limits.as_kept(),
    }
    return Connection(
        handle=handle,
        display_name=str(account.get("display_name") or "") or handle,
        remote_id=f"{account_id}@{server_name(server)}",
        url=address_in(account, "url", "uri"),
        secret=secret,
        expires_at=ends,
        dies_at=ends,  # nothing renews it
    )
