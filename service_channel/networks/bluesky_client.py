"""Who we are to Bluesky's servers: an address of ours at which they read about us, or the loopback client.

atproto.com/specs/oauth, "Clients". With a public https address we prove who we are with a key (confidential client); on
the machine at hand we are the loopback client, which nothing proves (public client).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from service_channel.networks import proofs, token_renewal
from service_channel.networks.base import AppKeys
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.pushed_sign_in import OurClient

DOCUMENT_PATH = "/oauth-client-metadata.json"
SCOPES = ("atproto", "repo:app.bsky.feed.post", "blob:image/*")
"""Posts, and the pictures in them; nothing else of the account."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OURS_ALONE = (".local", ".localhost", ".internal", ".lan", ".test", ".example", ".invalid")


def client_at(public_url: str, redirect_uri: str) -> OurClient | None:
    """Who we are at this address of ours, still without a key; None where no server could look us up."""
    parts = urlsplit(public_url)
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        back = redirect_uri.replace("://localhost", "://127.0.0.1", 1)  # RFC 8252 § 8.3: no names
        asked = urlencode({"redirect_uri": back, "scope": " ".join(SCOPES)}, quote_via=quote)
        return OurClient(AppKeys(f"http://localhost?{asked}"), back)
    if parts.scheme == "https" and _is_public_name(parts.hostname or ""):
        return OurClient(AppKeys(f"{public_url}{DOCUMENT_PATH}"), redirect_uri, has_document=True)
    return None


def document(client: OurClient, public_url: str) -> dict[str, Any]:
    """What a server reads about us at our client id."""
    return {
        "client_id": client.keys.client_id,
        "client_name": "Deskcast",
        "client_uri": public_url,
        "application_type": "web",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [client.redirect_uri],
        "scope": " ".join(SCOPES),
        "dpop_bound_access_tokens": True,
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": proofs.ALGORITHM,
        "jwks": {"keys": [proofs.public_key(client.keys.client_secret)]},
    }


@dataclass(frozen=True)
class Who:
    """Who asks, and the name of the server that is asked."""

    keys: AppKeys
    issuer: str

    def says(self) -> dict[str, str]:
        if not self.keys.client_secret:
            return {"client_id": self.keys.client_id}
        return {
            "client_id": self.keys.client_id,
            "client_assertion_type": proofs.ASSERTION_TYPE,
            "client_assertion": proofs.assertion(self.keys.client_secret, self.keys.client_id, self.issuer),
        }


class Counter:
    """Where tokens are asked for. Each request says anew who we are, also the one that repeats with a nonce."""

    def __init__(self, transport: httpx.BaseTransport, deadline_s: float, who: Who, key: str) -> None:
        proving = proofs.Proving(transport, key, proofs.Nonces())
        self._caller = Caller(proving, deadline_s, read=token_renewal.read)
        self._who = who

    def post(self, url: str, fields: Mapping[str, str]) -> Reply:
        """Raises Failed. A server that wants a nonce has done nothing yet (RFC 9449 § 8)."""
        try:
            return self._caller.post(url, data={**fields, **self._who.says()})
        except Failed as failed:
            if failed.error != proofs.NONCE_WANTED:
                raise
        return self._caller.post(url, data={**fields, **self._who.says()})


def _is_public_name(host: str) -> bool:
    """Whether servers may look us up at this name: no address, and not one of a network of our own."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith(_OURS_ALONE)
    return False
