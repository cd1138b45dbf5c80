"""Connecting a Bluesky account: what is kept when it works, and what a person reads when it does not."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import Access, Connection, ConnectRefused, Outcome, Presence
from service_channel.networks.bluesky import Bluesky
from service_channel.networks.bluesky_connect import server_address
from tests.networks.bluesky_accounts import LOOPBACK, Signed, bluesky, signed_up
from tests.networks.contract import a_part, send
from tests.networks.faulty_pds import FaultyPds, faulty_pds
from tests.support.pds import RealPds


def connect(network: Bluesky, host: str, identifier: str, app_password: str) -> Connection:
    return network.connect({"host": host, "identifier": identifier, "app_password": app_password})


@pytest.fixture(scope="module")
def network() -> Bluesky:
    return bluesky()


@pytest.fixture(scope="module")
def account(pds: RealPds) -> Signed:
    return signed_up(pds)


@pytest.fixture
def faulty(pds: RealPds) -> Iterator[FaultyPds]:
    with faulty_pds(pds.url) as server:
        yield server


@pytest.mark.pds
def test_a_connected_account_can_send_with_what_is_kept(
    network: Bluesky, account: Signed, pds: RealPds
) -> None:
    connection = connect(network, pds.url, f" @{account.handle} ", account.app_password)
    assert (connection.handle, connection.remote_id) == (account.handle, account.did)
    assert connection.display_name == account.handle
    assert connection.url == f"https://bsky.app/profile/{account.handle}"
    access = Access(1, connection.handle, connection.secret, connection.session)
    assert network.check(access).presence is Presence.FOUND
    assert send(network, access, a_part(network)).outcome is Outcome.SENT


@pytest.mark.pds
def test_the_name_a_profile_shows_is_kept(network: Bluesky, account: Signed, faulty: FaultyPds) -> None:
    faulty.order(
        "getRecord", status=200, body={"uri": "at://x", "cid": "b", "value": {"displayName": "Elm Help"}}
    )
    assert connect(network, faulty.url, account.handle, account.app_password).display_name == "Elm Help"


@pytest.mark.pds
def test_a_wrong_password_says_where_to_make_a_new_one(
    network: Bluesky, account: Signed, pds: RealPds
) -> None:
    sentence = _refused(network, pds.url, account.handle, "aaaa-bbbb-cccc-dddd")
    assert "does not accept this handle with this app password" in sentence
    assert "App passwords" in sentence


@pytest.mark.pds
@pytest.mark.parametrize(
    ("method", "fault", "words"),
    [
        ("describeServer", {"status": 404, "body": b"nothing"}, "is not a Bluesky server"),
        ("describeServer", {"status": 200, "body": b"<html>"}, "is not a Bluesky server"),
        ("describeServer", {"status": 200, "body": {"did": 5}}, "is not a Bluesky server"),
        (
            "describeServer",
            {"status": 302, "headers": {"location": "https://other.example"}},
            "is not a Bluesky server",
        ),
        ("describeServer", {"status": 503}, "has a problem of its own"),
        ("createSession", {"status": 429, "headers": {"retry-after": "120"}}, "Try again in 2 minutes."),
        (
            "createSession",
            {"status": 401, "body": {"error": "AuthFactorTokenRequired"}},
            "Use an app password.",
        ),
        (
            "createSession",
            {"status": 401, "body": {"error": "AccountTakedown"}},
            "has suspended this account",
        ),
        ("createSession", {"status": 500}, "could not sign us in just now"),
        ("createSession", {"status": 200, "body": {}}, "could not sign us in just now"),
        ("createSession", {"reset": True}, "could not sign us in just now"),
    ],
)
def test_what_the_server_answers_becomes_a_sentence(
    network: Bluesky, faulty: FaultyPds, account: Signed, method: str, fault: dict[str, Any], words: str
) -> None:
    faulty.order(method, **fault)
    assert words in _refused(network, faulty.url, account.handle, account.app_password)


@pytest.mark.network
def test_an_unreachable_server_is_named(network: Bluesky, dead_host: str) -> None:
    assert _refused(network, f"http://{dead_host}").startswith(f"{dead_host} cannot be reached.")


@pytest.mark.network
def test_an_unknown_name_asks_for_its_spelling() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    network = Bluesky(lambda: httpx_transport(LOOPBACK, resolve=unknown))
    assert (
        _refused(network, "bskyy.example") == "There is no server called bskyy.example. Check the spelling."
    )


@pytest.mark.network
def test_a_server_in_a_private_network_needs_an_administrator(dead_host: str) -> None:
    network = Bluesky(lambda: httpx_transport(FetchPolicy()))
    assert "An administrator can allow it" in _refused(network, f"http://{dead_host}")


@pytest.mark.pds
def test_a_server_without_a_certificate_never_gets_the_password(network: Bluesky, faulty: FaultyPds) -> None:
    assert "certificate" in _refused(network, faulty.url.replace("http://", "https://"))
    assert faulty.calls == []


@pytest.mark.parametrize(("identifier", "password"), [("", "x"), ("@", "x"), ("a.test", " ")])
def test_an_empty_field_asks_for_both(network: Bluesky, identifier: str, password: str) -> None:
    assert "Enter the handle and an app password" in _refused(network, "bsky.social", identifier, password)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("", "https://bsky.social"),
        ("bsky.social", "https://bsky.social"),
        (" https://PDS.example:8443/ ", "https://pds.example:8443"),
        ("http://127.0.0.1:2583", "http://127.0.0.1:2583"),
        ("http://[::1]:2583", "http://[::1]:2583"),
        ("http://10.0.0.5", "http://10.0.0.5"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_a_typed_server_becomes_its_address(typed: str, address: str) -> None:
    assert server_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "ftp://a.example",
        "https://",
        "a.example/path",
        "https://me:pw@a.example",
        "a.example?x=1",
        "http://[::1",
        "a.example:port",
    ],
)
def test_what_is_no_server_is_refused(typed: str) -> None:
    with pytest.raises(ConnectRefused, match=r"is not the address of a server"):
        server_address(typed)


def test_a_password_never_goes_over_the_open_internet_unencrypted() -> None:
    with pytest.raises(ConnectRefused, match=r"Use https:// for pds\.example"):
        server_address("http://pds.example")


def _refused(network: Bluesky, host: str, identifier: str = "desk.test", password: str = "x") -> str:
    with pytest.raises(ConnectRefused) as refused:
        connect(network, host, identifier, password)
    return str(refused.value)
