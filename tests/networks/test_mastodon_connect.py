"""Connecting on a server of Mastodon's API with a token: what is kept, and what a person reads when it fails."""

import socket
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import (
    Access,
    ConnectRefused,
    NetworkClass,
    Outcome,
    Presence,
)
from service_channel.networks.mastodon import Mastodon
from service_channel.networks.mastodon_connect import SCOPES
from tests.networks.bluesky_accounts import LOOPBACK
from tests.networks.contract import a_part, send
from tests.networks.mastodon_accounts import connected, mastodon
from tests.networks.servers.mastodon import ACCOUNT, TOKEN, RecordedMastodon
from tests.support.mock_mastodon import MockMastodon

VERIFY = "/api/v1/accounts/verify_credentials"


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


def refused(network: Mastodon, given: Mapping[str, str]) -> tuple[str, str]:
    with pytest.raises(ConnectRefused) as caught:
        network.connect(given)
    assert TOKEN not in str(caught.value)
    return caught.value.field, str(caught.value)


@pytest.mark.network
def test_what_is_kept_lets_the_account_send(network: Mastodon, server: RecordedMastodon) -> None:
    connection = network.connect(given(server))
    assert (connection.handle, connection.display_name) == ("desk@mastodon.example", "Elm Help")
    assert connection.remote_id == f"{ACCOUNT}@{server.url.removeprefix('http://')}"
    assert connection.url == "https://mastodon.example/@desk"
    assert (connection.expires_at, connection.dies_at, connection.session) == (None, None, "")
    assert {name: connection.secret[name] for name in ("account_id", "software", "version", "keyed")} == {
        "account_id": ACCOUNT,
        "software": "mastodon",
        "version": "4.5.3",
        "keyed": True,
    }
    access = Access(1, connection.handle, connection.secret)
    assert network.check(access).presence is Presence.FOUND
    assert network.promise(access).kind is NetworkClass.KEYED
    assert send(network, access, a_part(network)).outcome is Outcome.SENT


@pytest.mark.network
def test_others_stand_in_for_mastodon_is_taken_for_it(network: Mastodon, mock_mastodon: MockMastodon) -> None:
    account = connected(mock_mastodon)
    assert account.connection.handle == f"{account.name}@mastodon.example"
    assert (account.secret["keyed"], account.secret["limits"]["image_bytes"]) == (True, 10_485_760)
    assert network.check(account.access).presence is Presence.FOUND


@pytest.mark.network
def test_the_limits_of_the_server_are_kept(network: Mastodon, server: RecordedMastodon) -> None:
    server.limits["statuses"]["max_characters"] = 11_000
    server.limits["media_attachments"]["supported_mime_types"] = ["image/png", "video/mp4"]
    limits = network.connect(given(server)).secret["limits"]
    assert limits["characters"] == 11_000
    assert limits["mimes"] == ["image/png"]
    assert (limits["poll_options"], limits["poll_most_s"]) == (4, 2_629_746)


@pytest.mark.network
@pytest.mark.parametrize(
    ("change", "keyed"),
    [
        ({}, True),
        ({"version": "4.3.0-rc.1"}, True),
        ({"version": "4.6.0-alpha.1+glitch"}, True),
        ({"software": "gotosocial", "version": "0.20.1"}, False),
        ({"software": "pixelfed", "version": "3.5.3 (compatible; Pixelfed 0.12.5)"}, False),
        ({"version": "4.0.0 (not true; really something else)"}, False),
        ({"software": "", "version": "4.5.3"}, False),
        ({"has_newest_instance": False}, False),
    ],
)
def test_only_genuine_mastodon_is_trusted_with_the_key(
    network: Mastodon, server: RecordedMastodon, change: dict[str, Any], keyed: bool
) -> None:
    for name, value in change.items():
        setattr(server, name, value)
    connection = network.connect(given(server))
    assert connection.secret["keyed"] is keyed
    assert connection.secret["version"] == server.version
    access = Access(1, connection.handle, connection.secret)
    assert network.promise(access).kind is (NetworkClass.KEYED if keyed else NetworkClass.QUERYABLE)


@pytest.mark.network
@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/.well-known/nodeinfo", 404, {"error": "x"}),
        ("/.well-known/nodeinfo", 200, {"links": "none"}),
        ("/.well-known/nodeinfo", 200, {"links": ["x", {"rel": "other", "href": "/x"}]}),
        ("/nodeinfo/2.0", 500, {"error": "x"}),
        ("/nodeinfo/2.0", 200, {"software": "mastodon"}),
        ("/nodeinfo/2.0", 200, "<html>"),
    ],
)
def test_a_server_that_does_not_say_what_it_runs_is_not_trusted_with_the_key(
    network: Mastodon, server: RecordedMastodon, path: str, status: int, body: Any
) -> None:
    server.say("GET", path, status, body)
    assert network.connect(given(server)).secret["keyed"] is False


@pytest.mark.network
def test_the_software_is_asked_for_on_this_server_only(network: Mastodon, server: RecordedMastodon) -> None:
    rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    links = {"links": [{"rel": rel, "href": "https://elsewhere.example/nodeinfo/2.0"}]}
    server.say("GET", "/.well-known/nodeinfo", 200, links)
    assert network.connect(given(server)).secret["software"] == "mastodon"
    assert "/nodeinfo/2.0" in [one.path for one in server.asked]


@pytest.mark.network
@pytest.mark.parametrize(
    ("path", "status", "body", "field", "words"),
    [
        ("/api/v2/instance", 503, "<html>", "server", "has a problem of its own just now."),
        ("/api/v2/instance", 200, "<html>", "server", "does not speak Mastodon's API."),
        ("/api/v2/instance", 200, {"title": "x"}, "server", "does not speak Mastodon's API."),
        (
            VERIFY,
            401,
            {"error": "The access token is invalid"},
            "access_token",
            "It says: The access token is invalid",
        ),
        (
            VERIFY,
            422,
            "<h1>Unprocessable</h1>",
            "access_token",
            "does not accept this access token. In Mastodon:",
        ),
        (VERIFY, 403, {"error": "Your login is currently disabled"}, "access_token", "currently disabled"),
        (VERIFY, 403, {"error": "This action is outside the authorized scopes"}, "access_token", "do enough"),
        (VERIFY, 500, {"error": "x"}, "access_token", "could not say just now whose token this is."),
        (VERIFY, 200, {"username": "desk"}, "access_token", "could not say just now whose token this is."),
        ("/api/v1/apps/verify_credentials", 200, {"scopes": ["read"]}, "access_token", "do enough"),
    ],
)
def test_what_the_server_answers_becomes_a_sentence(
    network: Mastodon, server: RecordedMastodon, path: str, status: int, body: Any, field: str, words: str
) -> None:
    server.say("GET", path, status, body)
    if path == "/api/v2/instance":
        server.say("GET", "/api/v1/instance", status, body)
    asked_about, sentence = refused(network, given(server))
    assert (asked_about, words in sentence) == (field, True), sentence


@pytest.mark.network
@pytest.mark.parametrize(("path", "field"), [("/api/v2/instance", "server"), (VERIFY, "access_token")])
def test_a_server_that_is_asked_too_often_says_how_long_to_wait(
    network: Mastodon, server: RecordedMastodon, path: str, field: str
) -> None:
    server.say("GET", path, 429, {"error": "Too many requests"}, {"Retry-After": "120"})
    assert refused(network, given(server)) == (
        field,
        f"{server.url.removeprefix('http://')} has been asked too often. Try again in 2 minutes.",
    )


@pytest.mark.network
def test_an_address_that_sends_programs_on_asks_for_the_other_one(
    network: Mastodon, server: RecordedMastodon
) -> None:
    for version in ("v1", "v2"):
        path = f"/api/{version}/instance"
        server.say("GET", path, 301, "", {"Location": f"https://social.example{path}"})
    field, sentence = refused(network, given(server))
    assert field == "server"
    assert "sends programs on to another address" in sentence


@pytest.mark.network
def test_a_token_that_may_do_everything_is_enough(network: Mastodon, server: RecordedMastodon) -> None:
    server.scopes = ("read", "write", "follow")
    assert network.connect(given(server)).handle == "desk@mastodon.example"


@pytest.mark.network
def test_a_server_that_does_not_tell_what_a_token_may_is_believed(
    network: Mastodon, server: RecordedMastodon
) -> None:
    for answer in ((404, {"error": "x"}), (200, {"name": "Deskcast"}), (200, {"scopes": [1]})):
        server.say("GET", "/api/v1/apps/verify_credentials", *answer)
        assert network.connect(given(server)).handle == "desk@mastodon.example"


@pytest.mark.network
@pytest.mark.parametrize(
    ("told", "handle"),
    [
        ({"domain": "Social.Example"}, "desk@social.example"),
        ({"uri": "https://social.example"}, "desk@social.example"),
        ({"domain": "<b>"}, None),
        ({}, None),
    ],
)
def test_a_handle_ends_with_the_domain_the_server_names(
    network: Mastodon, server: RecordedMastodon, told: dict[str, str], handle: str | None
) -> None:
    server.say("GET", "/api/v2/instance", 200, {"version": "4.5.3", **told})
    expected = handle or f"desk@{server.url.removeprefix('http://')}"
    assert network.connect(given(server)).handle == expected


@pytest.mark.network
def test_an_unreachable_server_is_named(network: Mastodon, dead_host: str) -> None:
    field, sentence = refused(network, {"server": f"http://{dead_host}", "access_token": TOKEN})
    assert (field, sentence.startswith(f"{dead_host} cannot be reached.")) == ("server", True)


@pytest.mark.network
def test_an_unknown_name_asks_for_its_spelling() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    network = Mastodon(lambda: httpx_transport(LOOPBACK, resolve=unknown))
    typed = {"server": "mastodno.example", "access_token": TOKEN}
    assert refused(network, typed)[1] == "There is no server called mastodno.example. Check the spelling."


@pytest.mark.network
def test_a_server_in_a_private_network_needs_an_administrator(dead_host: str) -> None:
    network = Mastodon(lambda: httpx_transport(FetchPolicy()))
    typed = {"server": f"http://{dead_host}", "access_token": TOKEN}
    assert "An administrator can allow it" in refused(network, typed)[1]


@pytest.mark.network
def test_a_server_without_a_certificate_never_gets_the_token(
    network: Mastodon, server: RecordedMastodon
) -> None:
    typed = {"server": server.url.replace("http://", "https://"), "access_token": TOKEN}
    assert "so the access token was not sent" in refused(network, typed)[1]
    assert server.asked == []


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({}, "server", "Enter the address of your server"),
        ({"server": " ", "access_token": "x"}, "server", "Enter the address of your server"),
        ({"server": "mastodon.example"}, "access_token", "Enter an access token. In Mastodon: Preferences"),
        ({"server": "mastodon.example", "access_token": " "}, "access_token", "Enter an access token."),
        ({"server": "http://mastodon.example", "access_token": "x"}, "server", "Use https://"),
        (
            {"server": "@desk@mastodon.example", "access_token": "x"},
            "server",
            "is not the address of a server.",
        ),
        (
            {"server": "mastodon.example/@desk", "access_token": "x"},
            "server",
            "It looks like mastodon.example.",
        ),
    ],
)
def test_what_is_typed_is_looked_at_before_anything_is_sent(
    network: Mastodon, typed: dict[str, str], field: str, words: str
) -> None:
    asked_about, sentence = refused(network, typed)
    assert (asked_about, words in sentence) == (field, True), sentence


def test_the_form_asks_for_the_server_and_a_secret_token(network: Mastodon) -> None:
    assert [(one.name, one.is_secret, one.is_required) for one in network.asks] == [
        ("server", False, True),
        ("access_token", True, True),
    ]
    assert all(scope in network.help for scope in SCOPES)
