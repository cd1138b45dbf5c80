"""Signing in on a server of Mastodon's API: registering, the way there, and whom the token speaks for."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service_channel.networks.base import (
    Access,
    AppKeys,
    Connection,
    ConnectRefused,
    Outcome,
    Presence,
)
from service_channel.networks.mastodon import Mastodon
from service_channel.networks.mastodon_connect import SCOPES
from tests.networks.contract import a_part, send
from tests.networks.mastodon_accounts import mastodon
from tests.networks.servers.mastodon import TOKEN, RecordedMastodon
from tests.support.mock_mastodon import MockMastodon

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
BACK = "https://desk.example/accounts/back"


@pytest.fixture(scope="module")
def network() -> Mastodon:
    return mastodon()


@pytest.fixture
def server() -> Iterator[RecordedMastodon]:
    made = RecordedMastodon()
    with made.running():
        yield made


def given(server: RecordedMastodon, token: str = TOKEN) -> dict[str, str]:
    return {"server": f" {server.url}/ ", "access_token": f" {token} "}


def test_one_signs_in_on_the_server_with_the_narrowest_scopes_and_a_proof_key(network: Mastodon) -> None:
    way = network.way(" Mastodon.Example ")
    assert way.authorize_url == "https://mastodon.example/oauth/authorize"
    assert way.token_url == "https://mastodon.example/oauth/token"
    assert way.scopes == ("read:accounts", "read:statuses", "write:statuses", "write:media")
    assert (way.client_auth, way.has_pkce, network.asks_server) == ("client_secret_post", True, True)


@pytest.mark.network
def test_we_register_at_a_server_by_ourselves(network: Mastodon, server: RecordedMastodon) -> None:
    keys = network.register(server.url, BACK)
    assert keys == AppKeys("TWhM-tNSuncnqN7", "ZEaFUFmF0umgBX1q")
    assert server.asked[-1].body == {
        "client_name": "Deskcast",
        "redirect_uris": BACK,
        "scopes": "read:accounts read:statuses write:statuses write:media",
    }


@pytest.mark.network
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (422, {"error": "Validation failed"}, "does not speak Mastodon's API."),
        (500, {"error": "x"}, "has a problem of its own just now."),
        (200, {"client_id": "x"}, "does not let programs register."),
        (200, "<html>", "does not let programs register."),
    ],
)
def test_why_we_could_not_register_is_said(
    network: Mastodon, server: RecordedMastodon, status: int, body: Any, words: str
) -> None:
    server.say("POST", "/api/v1/apps", status, body)
    with pytest.raises(ConnectRefused, match=words) as caught:
        network.register(server.url, BACK)
    assert caught.value.field == "server"


@pytest.mark.network
def test_where_signing_in_would_give_everything_away_a_token_is_asked_for(
    network: Mastodon, server: RecordedMastodon
) -> None:
    server.software = "pixelfed"
    with pytest.raises(ConnectRefused, match="Personal access tokens"):
        network.register(server.url, BACK)
    assert not [one for one in server.asked if one.method == "POST"]


def signed_in(network: Mastodon, server: RecordedMastodon, token: Mapping[str, Any]) -> Connection:
    (connection,) = network.identities(server.url, AppKeys("id", "secret"), token, now=NOW)
    return connection


@pytest.mark.network
def test_who_signed_in_is_connected_like_with_a_typed_token(
    network: Mastodon, server: RecordedMastodon
) -> None:
    token = {"access_token": TOKEN, "token_type": "Bearer", "scope": " ".join(SCOPES), "created_at": 1}
    assert signed_in(network, server, token) == network.connect(given(server))


@pytest.mark.network
def test_a_token_that_runs_out_says_when(network: Mastodon, server: RecordedMastodon) -> None:
    connection = signed_in(network, server, {"access_token": TOKEN, "expires_in": 3_600})
    assert connection.expires_at == connection.dies_at == NOW + timedelta(hours=1)
    for nonsense in ("soon", True, 0, None):
        assert signed_in(network, server, {"access_token": TOKEN, "expires_in": nonsense}).expires_at is None


@pytest.mark.network
@pytest.mark.parametrize(
    ("token", "words"),
    [
        ({}, "gave no access token. Sign in again."),
        ({"access_token": 5}, "gave no access token. Sign in again."),
        ({"access_token": TOKEN, "scope": "read:accounts read:statuses"}, "does not let us do enough"),
        ({"access_token": "of-somebody-else"}, "does not accept this access token."),
    ],
)
def test_why_signing_in_did_not_work_is_said(
    network: Mastodon, server: RecordedMastodon, token: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConnectRefused, match=words):
        signed_in(network, server, token)


@pytest.mark.network
def test_signing_in_on_others_stand_in_works_from_registering_to_sending(
    network: Mastodon, mock_mastodon: MockMastodon
) -> None:
    name = f"desk{id(network)}"
    mock_mastodon.add_user(name)
    keys = network.register(mock_mastodon.url, BACK)
    assert keys is not None
    exchanged = {
        "grant_type": "authorization_code",
        "code": f"mockcode_{name}",  # what its page of accounts would give
        "client_id": keys.client_id,
        "client_secret": keys.client_secret,
        "redirect_uri": BACK,
    }
    token = mock_mastodon.call("POST", "/oauth/token", exchanged)
    (connection,) = network.identities(mock_mastodon.url, keys, token, now=NOW)
    access = Access(1, connection.handle, connection.secret)
    assert send(network, access, a_part(network)).outcome is Outcome.SENT
    assert network.check(replace(access, secret=dict(connection.secret))).presence is Presence.FOUND
