"""Signing in to LinkedIn: the person, the pages they look after, and what may be read of either.

Sources: learn.microsoft.com, LinkedIn, 3-Legged OAuth Flow, Sign In with LinkedIn using OpenID Connect, Organization
Access Control by Role, Organization Lookup, Refresh Tokens with OAuth 2.0.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import regex

from service_channel.networks import linkedin_errors, token_renewal
from service_channel.networks.base import (
    AppKeys,
    Connection,
    ConnectRefused,
    Outcome,
    SignInWay,
)
from service_channel.networks.calls import Caller, Failed

PERSON_SCOPES = ("openid", "profile", "w_member_social")
PAGE_SCOPES = ("w_organization_social", "r_organization_social", "rw_organization_admin")
DEADLINE_S = 30.0
PAGES_AT_MOST = 50
_MAY_POST = {"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"}
_ORGANIZATION = regex.compile(r"urn:li:organization:([0-9]+)")
_NONSENSE = "The server's answer makes no sense."


def way(oauth: str, scopes: tuple[str, ...]) -> SignInWay:
    return SignInWay(f"{oauth}/authorization", f"{oauth}/accessToken", scopes, has_pkce=False)


def line(api: str, transport: httpx.BaseTransport, token: str, version: str, deadline_s: float) -> Caller:
    """The way to LinkedIn for one account."""
    headers = {
        "Authorization": f"Bearer {token}",
        "LinkedIn-Version": version,
        "X-Restli-Protocol-Version": "2.0.0",
    }
    return Caller(transport, deadline_s, server=api, headers=headers, read=linkedin_errors.read)


def identities(
    wire: Caller, app: AppKeys, token: Mapping[str, Any], *, now: datetime
) -> tuple[Connection, ...]:
    """The person where they may be posted for, and every page they look after. Raises ConnectRefused."""
    granted = token_renewal.scopes_of(token)
    secret = token_renewal.kept_tokens(app, token)
    try:
        who = [*_person(wire, granted), *_pages(wire, granted)]
    except Failed as failed:
        raise ConnectRefused(f"LinkedIn did not say whom you may post for: {failed.message}", "") from failed
    if not who:
        raise ConnectRefused(
            "LinkedIn did not allow posting for anybody: sign in once more and allow it, as somebody who "
            "administers the page.",
            "",
        )
    return tuple(_connection(each, secret, token, now) for each in who)


def person_of(wire: Caller) -> tuple[str, str]:
    """The name LinkedIn knows the signed-in person by, and what people call them."""
    body = wire.get("/v2/userinfo").body
    if not isinstance(body.get("sub"), str) or not body["sub"]:
        raise Failed(Outcome.UNKNOWN, _NONSENSE)
    return f"urn:li:person:{body['sub']}", str(body.get("name") or body["sub"])


def pages_of(wire: Caller) -> list[str]:
    """The organizations that the signed-in person may post for."""
    params = {"q": "roleAssignee", "state": "APPROVED", "count": 100}
    reply = wire.call("GET", "/rest/organizationAcls", params=params, headers={"X-RestLi-Method": "FINDER"})
    rows = reply.body.get("elements")
    if not isinstance(rows, list):
        raise Failed(Outcome.UNKNOWN, _NONSENSE, reply.status)
    found = [str(row.get("organization", "")) for row in rows if _may_post(row)]
    return [urn for urn in dict.fromkeys(found) if _ORGANIZATION.fullmatch(urn)]


def _may_post(row: Any) -> bool:
    return isinstance(row, dict) and row.get("role") in _MAY_POST and row.get("state") == "APPROVED"


def _person(wire: Caller, granted: frozenset[str]) -> Iterator[dict[str, Any]]:
    if granted and not {"openid", "w_member_social"} <= granted:
        return
    urn, name = person_of(wire)
    handle = f"{name} ({urn.rpartition(':')[2]})"  # people share names, and no other name of theirs is told
    can_read = "r_member_social" in granted
    yield {"author": urn, "handle": handle, "name": name, "url": "", "can_read": can_read}


def _pages(wire: Caller, granted: frozenset[str]) -> Iterator[dict[str, Any]]:
    if "w_organization_social" not in granted:
        return
    for urn in pages_of(wire)[:PAGES_AT_MOST]:
        number = urn.rpartition(":")[2]
        body = wire.get(f"/rest/organizations/{quote(number, safe='')}").body
        name = str(body.get("localizedName") or f"Page {number}")
        handle = str(body.get("vanityName") or number)
        address = f"https://www.linkedin.com/company/{handle}"
        can_read = "r_organization_social" in granted
        yield {"author": urn, "handle": handle, "name": name, "url": address, "can_read": can_read}


def _connection(
    who: Mapping[str, Any], secret: Mapping[str, Any], token: Mapping[str, Any], now: datetime
) -> Connection:
    kept = {**secret, "author": who["author"], "can_read": who["can_read"]}
    expires_at = token_renewal.end_of(token, "expires_in", now)
    ends = token_renewal.end_of(token, "refresh_token_expires_in", now)
    dies_at = ends if secret["refresh_token"] else expires_at
    handle, name, author, url = (str(who[part]) for part in ("handle", "name", "author", "url"))
    return Connection(handle, name, author, url, kept, expires_at=expires_at, dies_at=dies_at)
