"""Whom a person who signed in with Facebook may speak for: their Pages, and the Instagram accounts behind them.

Sources: "Long-lived access tokens", "Debug token", "Page access tokens" (developers.facebook.com). A Page token that
comes from a long-lived user token has no end of its own; access to data ends after 90 days without the person
(`data_access_expires_at`), and then the account has to be connected again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from service_channel.networks.base import AppKeys, ConnectRefused
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.meta_errors import graph_reader
from service_channel.networks.meta_lists import entries_in
from service_channel.networks.meta_wire import cleaned, proof_of

VERSION = "v25.0"
SERVER = f"https://graph.facebook.com/{VERSION}"
AUTHORIZE = f"https://www.facebook.com/{VERSION}/dialog/oauth"
DEADLINE_S = 30.0
FIELD = "network"
_MOST_LISTS = 10
_FIELDS = "id,name,username,link,access_token,tasks,instagram_business_account{id,username,name}"


@dataclass(frozen=True)
class SignedIn:
    """The Pages of a person. `dies_at`: when they have to sign in again, None where Meta names no end."""

    pages: tuple[Mapping[str, Any], ...]
    dies_at: datetime | None


def signed_in(
    transport: httpx.BaseTransport,
    server: str,
    app: AppKeys,
    token: Mapping[str, Any],
    *,
    needs: tuple[str, ...],
) -> SignedIn:
    """Raises ConnectRefused with a sentence for the person who signed in."""
    short = str(token.get("access_token") or "")
    if not short:
        raise ConnectRefused("Facebook did not say who signed in. Try again.", FIELD)
    secrets = tuple(filter(None, (short, app.client_secret)))
    try:
        return _signed_in(transport, server, app, short, needs)
    except Failed as failed:
        raise ConnectRefused(_sentence(cleaned(failed, secrets)), FIELD) from None


def _signed_in(
    transport: httpx.BaseTransport, server: str, app: AppKeys, short: str, needs: tuple[str, ...]
) -> SignedIn:
    caller = Caller(transport, DEADLINE_S, server=server, read=graph_reader(needs))
    long = _exchanged(caller, app, short)
    try:
        about = _about(caller, app, long)
        _require_permissions(about, needs)
        return SignedIn(_pages(caller, app, long), _instant(about.get("data_access_expires_at")))
    except Failed as failed:
        raise cleaned(failed, (long,)) from None


def _exchanged(caller: Caller, app: AppKeys, short: str) -> str:
    """A token for 60 days, from which Page tokens without an end are made."""
    asked = {
        "grant_type": "fb_exchange_token",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "fb_exchange_token": short,
    }
    long = caller.get("oauth/access_token", **asked).body.get("access_token")
    if not isinstance(long, str) or not long:
        raise ConnectRefused("Facebook did not give a lasting token. Try again.", FIELD)
    return long


def _about(caller: Caller, app: AppKeys, long: str) -> Mapping[str, Any]:
    """What Meta says of a token: what was allowed, and until when."""
    headers = {"Authorization": f"Bearer {app.client_id}|{app.client_secret}"}
    reply = caller.call("GET", "debug_token", params={"input_token": long}, headers=headers)
    about = reply.body.get("data")
    return about if isinstance(about, dict) else {}


def _require_permissions(about: Mapping[str, Any], needs: tuple[str, ...]) -> None:
    granted = about.get("scopes")
    if not isinstance(granted, list):
        return
    if missing := [name for name in needs if name not in granted]:
        said = f"These permissions were not given: {', '.join(missing)}. Sign in again and leave them switched on."
        raise ConnectRefused(said, FIELD)


def _pages(caller: Caller, app: AppKeys, long: str) -> tuple[Mapping[str, Any], ...]:
    """Every Page the person has a task on, over as many lists as there are (up to ten of a hundred)."""
    found: list[Mapping[str, Any]] = []
    params: dict[str, str | int] = {
        "fields": _FIELDS,
        "limit": 100,
        "appsecret_proof": proof_of(long, app.client_secret),
    }
    for _ in range(_MOST_LISTS):
        headers = {"Authorization": f"Bearer {long}"}
        reply = caller.call("GET", "me/accounts", params=params, headers=headers)
        found += entries_in(reply)
        after = _next(reply.body.get("paging"))
        if not after:
            break
        params["after"] = after
    return tuple(page for page in found if _may_create(page))


def _may_create(page: Mapping[str, Any]) -> bool:
    tasks = page.get("tasks")
    allowed = not isinstance(tasks, list) or "CREATE_CONTENT" in tasks
    return allowed and bool(page.get("access_token")) and bool(page.get("id"))


def _next(paging: Any) -> str:
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return str(cursors.get("after") or "") if isinstance(cursors, dict) else ""


def _instant(seconds: Any) -> datetime | None:
    """0 means that there is no end."""
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and seconds > 0 else None


def _sentence(failed: Failed) -> str:
    if failed.status is None or failed.status >= 500:
        return "Facebook could not be asked just now. Try again later."
    return f"Facebook did not accept the sign-in: {failed.message}"
