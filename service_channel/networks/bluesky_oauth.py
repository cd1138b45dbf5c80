"""Signing in on Bluesky by OAuth: setting out, coming back, and renewing what runs out.

atproto.com/specs/oauth: the sign-in is handed in beforehand (PAR), with PKCE; tokens are bound to a key of their own
(DPoP). A refresh token counts once: a server that sees one again ends the whole session.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from service_channel.networks import proofs, token_renewal
from service_channel.networks.base import Access, AppKeys, ConnectRefused, Outcome, Renewed
from service_channel.networks.bluesky_client import SCOPES, Counter, Who
from service_channel.networks.bluesky_identity import Identities
from service_channel.networks.calls import Failed, Reply
from service_channel.networks.pushed_sign_in import OurClient, SetOut
from service_channel.networks.server_addresses import UNREACHED, in_minutes, server_name

DEADLINE_S = 25.0
PROVED_FOR = timedelta(days=730)
"""How long a server keeps the session of a client that proves who it is (@atproto/oauth-provider: two years)."""
UNPROVED_FOR = timedelta(days=14)
"""The same for one that does not (atproto.com/specs/oauth: two weeks at most)."""


@dataclass(frozen=True)
class Granted:
    """What coming back gave: the account that was signed in, where it lives, and what to keep."""

    did: str
    pds: str
    secret: Mapping[str, Any]
    expires_at: datetime | None
    dies_at: datetime


def set_out(
    transport: httpx.BaseTransport, identities: Identities, client: OurClient, typed: str, state: str
) -> SetOut:
    """Hand the sign-in in; where the person goes now, and what is needed afterwards. Raises ConnectRefused."""
    did, server = identities.start(typed)
    verifier, key = secrets.token_urlsafe(48), proofs.new_key()
    asked = {
        "response_type": "code",
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": proofs.challenge(verifier),
        "code_challenge_method": "S256",
        **({"login_hint": did} if did else {}),
    }
    counter = Counter(transport, DEADLINE_S, Who(client.keys, server.issuer), key)
    try:
        pushed = counter.post(server.push_url, asked).body.get("request_uri")
    except Failed as failed:
        raise _not_taken(failed, server.issuer, client) from failed
    if not isinstance(pushed, str) or not pushed:
        raise ConnectRefused(
            f"{server_name(server.issuer)} did not begin the sign-in. Try again later.", "server"
        )
    going = urlencode({"client_id": client.keys.client_id, "request_uri": pushed})
    kept = {
        "verifier": verifier,
        "key": key,
        "did": did,
        "issuer": server.issuer,
        "token_url": server.token_url,
    }
    return SetOut(f"{server.authorize_url}?{going}", json.dumps(kept))


def arrived(
    transport: httpx.BaseTransport,
    identities: Identities,
    client: OurClient,
    kept: str,
    answer: Mapping[str, str],
    *,
    now: datetime,
) -> Granted:
    """Exchange the code, and see that the server may speak for who signed in. Raises ConnectRefused."""
    begun = json.loads(kept)
    issuer = str(begun["issuer"])
    if answer.get("iss") != issuer:  # RFC 9207: the answer of another server is never taken to this one
        raise ConnectRefused("This answer is not from the server you were sent to. Begin again.", "server")
    token = _exchanged(transport, client, begun, answer.get("code", ""))
    did = _checked(token, str(begun["did"]), issuer)
    home = identities.home(did)
    if identities.sign_in_server(home.pds).issuer != issuer:
        raise ConnectRefused(
            f"{server_name(issuer)} cannot speak for the account {did}. Nothing was kept.", "server"
        )
    secret = {
        **token_renewal.kept_tokens(client.keys, token),
        "host": home.pds,
        "identifier": did,
        "issuer": issuer,
        "token_url": begun["token_url"],
        "key": begun["key"],
    }
    lasts = PROVED_FOR if client.keys.client_secret else UNPROVED_FOR
    return Granted(did, home.pds, secret, token_renewal.end_of(token, "expires_in", now), now + lasts)


def renew(transport: httpx.BaseTransport, access: Access, *, now: datetime, deadline_s: float) -> Renewed:
    """A new pair; the refresh token that was used is worthless from then on, even where the answer is lost."""
    return token_renewal.renewed_by(
        access.secret, lambda: _pair(transport, access.secret, deadline_s), now=now
    )


def _pair(transport: httpx.BaseTransport, secret: Mapping[str, Any], deadline_s: float) -> Reply:
    """Raises Failed, also where the answer is about another account."""
    keys = AppKeys(str(secret["client_id"]), str(secret.get("client_secret") or ""))
    counter = Counter(transport, deadline_s, Who(keys, str(secret["issuer"])), str(secret["key"]))
    fields = {"grant_type": "refresh_token", "refresh_token": str(secret["refresh_token"])}
    reply = counter.post(str(secret["token_url"]), fields)
    if reply.body.get("sub") != secret["identifier"]:
        raise Failed(Outcome.SIGNED_OUT, "The server answered for another account.", error="invalid_grant")
    return reply


def _exchanged(
    transport: httpx.BaseTransport, client: OurClient, begun: Mapping[str, Any], code: str
) -> Mapping[str, Any]:
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": str(begun["verifier"]),
    }
    issuer = str(begun["issuer"])
    counter = Counter(transport, DEADLINE_S, Who(client.keys, issuer), str(begun["key"]))
    try:
        return counter.post(str(begun["token_url"]), asked).body
    except Failed as failed:
        raise _not_taken(failed, issuer, client) from failed


def _checked(token: Mapping[str, Any], asked_for: str, issuer: str) -> str:
    """The DID the token speaks for."""
    name, did = server_name(issuer), token.get("sub")
    bound = str(token.get("token_type", "")).lower() == "dpop"
    if (
        not bound
        or not token.get("access_token")
        or not token.get("refresh_token")
        or not isinstance(did, str)
    ):
        raise ConnectRefused(
            f"{name} said yes, but its answer makes no sense. Use an app password.", "server"
        )
    if asked_for and did != asked_for:
        raise ConnectRefused(
            "You signed in with another account than the one you named. Begin again, and choose that one there.",
            "server",
        )
    if missing := set(SCOPES) - token_renewal.scopes_of(token):
        raise ConnectRefused(
            f"{name} did not allow everything that is needed ({', '.join(sorted(missing))}). Begin again.",
            "server",
        )
    return did


def _not_taken(failed: Failed, issuer: str, client: OurClient) -> ConnectRefused:
    """Why a sign-in did not begin or end, for the person who tried."""
    name = server_name(issuer)
    sentence = UNREACHED.get(failed.kind) if failed.kind else None
    if sentence is not None:
        return ConnectRefused(sentence.format(host=name, what="sign-in"), "server")
    if failed.status == 429:
        wait = in_minutes(failed.retry_after)
        return ConnectRefused(f"{name} has seen too many sign-ins. Try again in {wait}.", "server")
    if (
        failed.error in ("invalid_client", "invalid_client_id", "invalid_client_metadata")
        and client.has_document
    ):
        return ConnectRefused(
            f"{name} could not read who we are at {client.keys.client_id}. That address has to be reachable from the "
            "public web. Until then use an app password.",
            "server",
        )
    if failed.error == "invalid_scope":
        return ConnectRefused(f"{name} cannot limit a sign-in to posting. Use an app password.", "server")
    if failed.status in (400, 401, 403):
        return ConnectRefused(f"{name} did not accept the sign-in: {failed.message} Begin again.", "server")
    return ConnectRefused(f"{name} could not sign you in just now. Try again later.", "server")
