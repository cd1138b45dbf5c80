"""The company's OpenID provider, spoken to through Authlib and over the one checked way out.

Discovery is kept for an hour. The provider's own host may be on a private network, because the installation names
it; where its other addresses are elsewhere inside, they have to be allowed like any other.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask, current_app, url_for
from joserfc.errors import JoseError
from requests import RequestException

from app.checked_session import CheckedSession
from app.extensions import settings
from content_library.open_id import Claims
from content_library.settings import OpenId
from content_library.web_addresses import FetchPolicy
from content_library.web_transports import requests_adapter

DISCOVERY_LASTS_S = 3600
DEADLINE_S = 10.0
_NAME = "deskcast.open_id"
_FAULTS = (RequestException, JoseError, OAuthError, KeyError, TypeError, ValueError, RuntimeError)


class ProviderRefused(Exception):
    """Signing in did not work; `declined`: the person or the provider said no."""

    def __init__(self, message: str, *, declined: bool = False) -> None:
        super().__init__(message)
        self.declined = declined


class CheckedProvider(FlaskOAuth2App):
    client_cls = CheckedSession


def know_provider(app: Flask) -> None:
    """Prepare the provider this installation names, if any."""
    known: OpenId | None = app.extensions["deskcast.settings"].open_id
    if known is None:
        return
    policy = FetchPolicy(allow=(*app.extensions["deskcast.settings"].fetch_allow, _host(known.issuer)))
    oauth = OAuth(app)
    app.extensions[_NAME] = oauth.register(
        "openid",
        client_cls=CheckedProvider,
        client_id=known.client_id,
        client_secret=known.client_secret,
        server_metadata_url=f"{known.issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile groups" if known.groups else "openid email profile",
            "code_challenge_method": "S256",
            "transport": lambda: requests_adapter(policy, deadline_s=DEADLINE_S),
        },
    )


def provider_settings() -> OpenId | None:
    return settings().open_id


def ask() -> Any:
    """The redirect to the provider. Raises ProviderRefused when it cannot be reached or is not who it should be."""
    try:
        client = _client()
        return client.authorize_redirect(settings().public_url + url_for("auth.open_id_callback"))
    except _FAULTS as error:
        raise _refused(error) from error


def answer() -> Claims:
    """What the provider says about who came back. Raises ProviderRefused for anything that does not fit."""
    try:
        client = _client()
        token = client.authorize_access_token()
        claims = {**_more_about(client, token), **token["userinfo"]}
    except _FAULTS as error:
        raise _refused(error) from error
    return _as_claims(claims, issuer=client.server_metadata["issuer"])


def _client() -> Any:
    client = current_app.extensions[_NAME]
    if time.time() - client.server_metadata.get("_loaded_at", 0) > DISCOVERY_LASTS_S:
        client.server_metadata.clear()
    metadata = client.load_server_metadata()
    wanted = (provider_settings() or client).issuer
    if str(metadata.get("issuer", "")).rstrip("/") != wanted:
        client.server_metadata.clear()
        raise ValueError(f"the provider calls itself {metadata.get('issuer')!r}, not {wanted!r}")
    return client


def _more_about(client: Any, token: Any) -> dict[str, Any]:
    """What the userinfo endpoint adds. Its subject must be the one of the signed token (OpenID Core, 5.3.2)."""
    if "email" in token["userinfo"] or not client.server_metadata.get("userinfo_endpoint"):
        return {}
    more = dict(client.userinfo(token=token))
    return more if more.get("sub") == token["userinfo"]["sub"] else {}


def _as_claims(said: dict[str, Any], *, issuer: str) -> Claims:
    groups = said.get("groups")
    return Claims(
        issuer=issuer,
        subject=str(said["sub"]),
        email=str(said.get("email") or ""),
        email_verified=said.get("email_verified") is True,
        name=str(said.get("name") or ""),
        groups=[str(group) for group in groups] if isinstance(groups, list) else [],
    )


def _host(issuer: str) -> str:
    parts = urlsplit(issuer)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _refused(error: Exception) -> ProviderRefused:
    current_app.logger.warning("OpenID sign-in failed: %s: %s", type(error).__name__, error)
    declined = isinstance(error, OAuthError) and error.error == "access_denied"
    return ProviderRefused(str(error), declined=declined)
