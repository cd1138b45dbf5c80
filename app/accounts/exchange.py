"""The two calls of signing in on a network: the address a person is sent to, and the code that comes back."""

from typing import Any

from authlib.integrations.base_client import OAuthError
from flask import current_app, url_for
from requests import RequestException

from app.checked_session import CheckedSession
from app.extensions import settings
from app.formatting import gettext as _
from content_library.errors import InvalidInput
from content_library.models.account import NETWORK_NAMES
from content_library.web_addresses import FetchPolicy
from content_library.web_transports import requests_adapter
from service_channel.connecting import Begun
from service_channel.networks.base import AppKeys, SignInWay

DEADLINE_S = 20.0
_FAULTS = (RequestException, OAuthError, KeyError, TypeError, ValueError)


def redirect_uri() -> str:
    """Where networks send people back to: the address to enter where an app is registered."""
    return settings().public_url + url_for("accounts.signed_in_there")


def address(way: SignInWay, keys: AppKeys, begun: Begun) -> str:
    """The page of the network on which a person says yes."""
    proof = {"code_verifier": begun.verifier} if way.has_pkce else {}
    found, _state = _session(way, keys).create_authorization_url(
        way.authorize_url, state=begun.state, **proof, **way.more
    )
    return str(found)


def exchange(network: str, way: SignInWay, keys: AppKeys, verifier: str, code: str) -> dict[str, Any]:
    """The token for the code. Takes seconds. Raises InvalidInput when the network says no or nothing sensible."""
    proof = {"code_verifier": verifier} if way.has_pkce else {}
    try:
        return dict(_session(way, keys).fetch_token(way.token_url, code=code, **proof))
    except _FAULTS as error:
        current_app.logger.warning("signing in on %s failed: %s", network, type(error).__name__)
        sentence = _(
            "{network} did not accept the sign-in. Begin again; if it stays like this, check the app’s keys."
        )
        raise InvalidInput(sentence.format(network=NETWORK_NAMES.get(network, network))) from error


def _session(way: SignInWay, keys: AppKeys) -> CheckedSession:
    policy = FetchPolicy(allow=settings().fetch_allow)
    return CheckedSession(
        keys.client_id,
        keys.client_secret or None,
        token_endpoint_auth_method=way.client_auth,
        scope=way.scope_separator.join(way.scopes),
        redirect_uri=redirect_uri(),
        code_challenge_method="S256" if way.has_pkce else None,
        transport=lambda: requests_adapter(policy, deadline_s=DEADLINE_S),
    )
