"""Connecting a Threads profile, and renewing its token: good for 60 days, renewable once it is a day old.

Source: "Get access tokens" and "Long-lived tokens" of the Threads API. These two calls are documented with the token
among the parameters of the address only; no address is kept anywhere.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from service_channel.networks.base import (
    Access,
    AppKeys,
    Connection,
    ConnectRefused,
    Outcome,
    Renewed,
    SignInWay,
)
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.meta_errors import graph_reader
from service_channel.networks.meta_login import FIELD
from service_channel.networks.meta_wire import NONSENSE, Graph, cleaned

VERSION = "v1.0"
SERVER = "https://graph.threads.net"
AUTHORIZE = "https://threads.net/oauth/authorize"
NEEDS = ("threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies")
SCOPES = (*NEEDS, "threads_delete")
DEADLINE_S = 30.0
_YOUNGEST = timedelta(hours=24)


def way(server: str) -> SignInWay:
    token_url = f"{server}/oauth/access_token"
    return SignInWay(AUTHORIZE, token_url, SCOPES, has_pkce=False, scope_separator=",")


def signed_in(
    transport: httpx.BaseTransport, server: str, app: AppKeys, token: Mapping[str, Any], *, now: datetime
) -> Connection:
    """Raises ConnectRefused with a sentence for the person who signed in."""
    short = str(token.get("access_token") or "")
    if not short:
        raise ConnectRefused("Threads did not say who signed in. Try again.", FIELD)
    secrets = tuple(filter(None, (short, app.client_secret)))
    try:
        kept, expires_at = _exchanged(transport, server, app, short, now)
        return _connection(Graph(kept, transport, DEADLINE_S, server=f"{server}/{VERSION}"), kept, expires_at)
    except Failed as failed:
        raise ConnectRefused(_sentence(cleaned(failed, secrets)), FIELD) from None


def renew(
    transport: httpx.BaseTransport, server: str, access: Access, *, now: datetime, deadline_s: float
) -> Renewed:
    token = str(access.secret.get("access_token") or "")
    if not token:
        return Renewed(
            Outcome.SIGNED_OUT, message="There is no access token for this account. Connect it again."
        )
    if (issued := _issued(access)) and now - issued < _YOUNGEST:
        return Renewed(Outcome.NOT_SENT, message="Threads renews a token once it is a day old.")
    try:
        reply = _asked(
            transport,
            server,
            "refresh_access_token",
            deadline_s,
            grant_type="th_refresh_token",
            access_token=token,
        )
        kept, expires_at = _kept(reply, access.secret, now)
    except Failed as failed:
        return Renewed(failed.outcome, message=cleaned(failed, (token,)).message)
    return Renewed(Outcome.SENT, kept, expires_at)


def _exchanged(
    transport: httpx.BaseTransport, server: str, app: AppKeys, short: str, now: datetime
) -> tuple[dict[str, Any], datetime]:
    asked = {"grant_type": "th_exchange_token", "client_secret": app.client_secret, "access_token": short}
    return _kept(_asked(transport, server, "access_token", DEADLINE_S, **asked), {}, now)


def _asked(transport: httpx.BaseTransport, server: str, path: str, deadline_s: float, **params: str) -> Reply:
    return Caller(transport, deadline_s, server=server, read=graph_reader(NEEDS)).get(path, **params)


def _kept(reply: Reply, before: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any], datetime]:
    """What to keep of a new token, and when it runs out."""
    token, seconds = reply.body.get("access_token"), reply.body.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise Failed(Outcome.UNKNOWN, NONSENSE, reply.status)
    return {**before, "access_token": token, "issued_at": now.isoformat()}, now + timedelta(seconds=seconds)


def _connection(line: Graph, kept: dict[str, Any], expires_at: datetime) -> Connection:
    profile = line.get("me", fields="id,username,name").body
    user_id, handle = profile.get("id"), profile.get("username")
    if not isinstance(user_id, str) or not isinstance(handle, str):
        raise ConnectRefused("Threads did not say whose profile this is. Try again.", FIELD)
    name, url = str(profile.get("name") or handle), f"https://www.threads.com/@{handle}"
    return Connection(handle, name, user_id, url, {**kept, "user_id": user_id}, expires_at=expires_at)


def _issued(access: Access) -> datetime | None:
    try:
        return datetime.fromisoformat(str(access.secret.get("issued_at")))
    except ValueError:
        return None


def _sentence(failed: Failed) -> str:
    if failed.status is None or failed.status >= 500:
        return "Threads could not be asked just now. Try again later."
    return f"Threads did not accept the sign-in: {failed.message}"
