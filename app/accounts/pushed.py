"""Signing in where the sign-in is handed in beforehand, and where servers look up who we are at an address of ours."""

from dataclasses import replace
from typing import Any

from flask import request

from app.accounts import exchange
from app.accounts.reach import Choice, choice, vault
from app.accounts.views import blueprint
from app.extensions import db, desk, let_go, me, now, settings
from app.formatting import gettext as _
from content_library.errors import InvalidInput, NotFound
from content_library.models.account import Account
from service_channel import connecting, network_apps
from service_channel.networks.base import AppKeys, Connection, ConnectRefused
from service_channel.networks.pushed_sign_in import OurClient, PushedSignIn

BLUESKY = "bluesky"


@blueprint.get("/oauth-client-metadata.json")
def client_document() -> Any:
    """What Bluesky's servers read about us. It is there from the first sign-in on."""
    network = _bluesky()
    client = _client(network)
    keys = network_apps.app_keys(db(), BLUESKY, client.keys.client_id, vault=vault()) if client else None
    if client is None or keys is None or not client.has_document:
        raise NotFound("Nobody has signed in on Bluesky from here.")
    return dict(network.client_document(replace(client, keys=keys), settings().public_url))


def is_possible(network: PushedSignIn) -> bool:
    """Whether servers could look us up at our address."""
    return _client(network) is not None


def set_out(chosen: Choice, typed: str, account: Account | None) -> str:
    """The address to send the person to. Takes seconds. Raises InvalidInput."""
    network = _network(chosen)
    client, begun = _our_client(chosen), connecting.drawn()
    let_go()  # the server reads about us meanwhile
    try:
        out = network.set_out(client, typed, begun.state)
    except ConnectRefused as refused:
        raise InvalidInput(str(refused), {refused.field: str(refused)}) from refused
    connecting.begin(
        db(), desk(), chosen.key, "", actor=me(), now=now(), vault=vault(), account=account, begun=begun,
        kept=out.kept,
    )  # fmt: skip
    return out.address


def arrived(chosen: Choice, kept: str) -> Connection:
    """Who signed in. Takes seconds. Raises InvalidInput."""
    client = _our_client(chosen)
    let_go()
    try:
        return _network(chosen).arrived(client, kept, request.args.to_dict(), now=now())
    except ConnectRefused as refused:
        raise InvalidInput(str(refused)) from refused


def _our_client(chosen: Choice) -> OurClient:
    """Who we are, with our key where we have a document to show it in."""
    network = _network(chosen)
    client = _client(network)
    if client is None:
        raise InvalidInput(
            _("Signing in there needs a public https address of this installation. Use what you can type in.")
        )
    if not client.has_document:
        return client
    made = AppKeys(client.keys.client_id, network.new_client_key())
    return replace(client, keys=network_apps.keep_first(db(), chosen.key, made, vault=vault(), now=now()))


def _client(network: PushedSignIn) -> OurClient | None:
    return network.client_at(settings().public_url, exchange.redirect_uri())


def _network(chosen: Choice) -> PushedSignIn:
    if chosen.pushed is None:
        raise NotFound("Nobody signs in to connect this network.")
    return chosen.pushed


def _bluesky() -> PushedSignIn:
    return _network(choice(BLUESKY))
