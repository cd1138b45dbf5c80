"""Signing in on Bluesky: who is believed, what is kept, and what a person reads when it does not work."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service_channel.networks.base import ConnectRefused
from service_channel.networks.bluesky import Bluesky
from service_channel.networks.pushed_sign_in import OurClient
from tests.networks.bluesky_accounts import Signed, signed_up
from tests.networks.bluesky_grants import NOW, Bending, Signing, client_at, looked_up
from tests.support.pds import RealPds
from tests.support.pds_sign_in import PersonAtPds

pytestmark = pytest.mark.pds
STATE = "a-state-nobody-guesses"


@pytest.fixture(scope="module")
def signing(pds: RealPds) -> Signing:
    return Signing(pds)


@pytest.fixture(scope="module")
def account(pds: RealPds) -> Signed:
    return signed_up(pds)


def by_handle(pds: RealPds) -> Signing:
    """Handles of the server answer at their own web address, as they do on the public web."""
    port = int(pds.url.rpartition(":")[2])

    def at_home(request: httpx.Request) -> httpx.Response | None:
        if request.url.host.endswith(".test"):
            name = request.url.host
            request.url = httpx.URL(f"http://127.0.0.1:{port}{request.url.path}")
            request.headers["Host"] = name
            did = pds.call(f"identity.resolveHandle?handle={name}")["did"] if name in KNOWN else ""
            return httpx.Response(200, text=did) if did else httpx.Response(404)
        return (
            httpx.Response(400, json={"error": "InvalidRequest"}) if "bsky.app" in request.url.host else None
        )

    return Signing(pds, Bending(at_home))


KNOWN: set[str] = set()


def refused(signing: Signing, typed: str, client: OurClient | None = None) -> str:
    with pytest.raises(ConnectRefused) as no:
        signing.network.set_out(client or signing.client, typed, STATE)
    assert no.value.field == "server"
    return str(no.value)


def test_who_signs_in_is_connected_with_handle_name_and_how_long_it_lasts(
    signing: Signing, account: Signed, pds: RealPds
) -> None:
    found = signing.connected(account.handle)
    assert (found.handle, found.remote_id) == (account.handle, account.did)
    assert found.display_name == account.handle
    assert found.secret["host"] == pds.named_url
    assert found.expires_at is not None and NOW + timedelta(minutes=50) < found.expires_at
    assert found.dies_at == NOW + timedelta(days=14), "nothing proves who a client on one's own machine is"
    assert "app_password" not in found.secret


def test_a_handle_leads_to_the_server_of_its_account(pds: RealPds, account: Signed) -> None:
    KNOWN.add(account.handle)
    signing = by_handle(pds)
    found = signing.connected(account.handle, f" @{account.handle.upper()} ")
    assert found.remote_id == account.did


def test_a_did_leads_there_as_well(signing: Signing, account: Signed) -> None:
    assert signing.connected(account.handle, account.did).remote_id == account.did


def test_signing_in_as_another_than_the_one_named_is_refused(
    signing: Signing, pds: RealPds, account: Signed
) -> None:
    other = signed_up(pds)
    with pytest.raises(ConnectRefused, match="another account than the one you named"):
        signing.connected(other.handle, account.did)


def test_an_answer_of_another_server_is_never_exchanged(signing: Signing, account: Signed) -> None:
    out = signing.network.set_out(signing.client, signing.pds.named_url, STATE)
    answer = PersonAtPds(out.address).allow(account.handle)
    for wrong in ({**answer, "iss": "https://evil.example"}, {**answer, "iss": ""}):
        asked = len(signing.way.asked)
        with pytest.raises(ConnectRefused, match="not from the server you were sent to"):
            signing.network.arrived(signing.client, out.kept, wrong, now=NOW)
        assert len(signing.way.asked) == asked


def test_a_server_speaks_for_no_account_that_lives_elsewhere(pds: RealPds, account: Signed) -> None:
    """A server of somebody's own says yes to everything, and claims to have signed in an account of another one."""
    issuer = "https://evil.example"
    told: dict[str, Mapping[str, Any]] = {
        "/.well-known/oauth-authorization-server": {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "pushed_authorization_request_endpoint": f"{issuer}/par",
        },
        "/par": {"request_uri": "urn:x"},
        "/token": {
            "access_token": "a", "refresh_token": "r", "token_type": "DPoP", "expires_in": 3600, "sub": account.did,
            "scope": "atproto repo:app.bsky.feed.post blob:image/*",
        },
    }  # fmt: skip

    def evil(request: httpx.Request) -> httpx.Response | None:
        if request.url.host != "evil.example":
            return None
        found = told.get(request.url.path)
        return httpx.Response(200, json=dict(found)) if found else httpx.Response(404)

    signing = Signing(pds, Bending(evil))
    out = signing.network.set_out(signing.client, issuer, STATE)
    with pytest.raises(ConnectRefused, match="cannot speak for the account"):
        signing.network.arrived(signing.client, out.kept, {"code": "c", "iss": issuer}, now=NOW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scope": "atproto"}, "did not allow everything that is needed"),
        ({"token_type": "Bearer"}, "its answer makes no sense"),
        ({"refresh_token": ""}, "its answer makes no sense"),
        ({"sub": None}, "its answer makes no sense"),
    ],
)
def test_a_token_that_is_not_what_was_asked_for_is_not_kept(
    pds: RealPds, account: Signed, change: dict[str, Any], words: str
) -> None:
    way = Bending()

    def changed(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/oauth/token":
            return None
        way.bent = None
        answer = way.handle_request(request)
        way.bent = changed
        return httpx.Response(answer.status_code, headers=answer.headers, json={**answer.json(), **change}) \
            if answer.is_success else answer  # fmt: skip

    way.bent = changed
    with pytest.raises(ConnectRefused, match=words):
        Signing(pds, way).connected(account.handle)


def test_who_says_no_there_comes_back_without_a_code(signing: Signing) -> None:
    out = signing.network.set_out(signing.client, signing.pds.named_url, STATE)
    answer = PersonAtPds(out.address).deny()
    assert (answer["error"], answer["state"]) == ("access_denied", STATE)


def test_a_code_that_is_none_is_said_in_a_sentence(signing: Signing) -> None:
    out = signing.network.set_out(signing.client, signing.pds.named_url, STATE)
    answer = {"code": "cod-none", "iss": json.loads(out.kept)["issuer"]}
    with pytest.raises(ConnectRefused, match=r"did not accept the sign-in: .* Begin again\."):
        signing.network.arrived(signing.client, out.kept, answer, now=NOW)


def test_only_posting_is_asked_for(signing: Signing) -> None:
    out = signing.network.set_out(signing.client, signing.pds.named_url, STATE)
    page = PersonAtPds(out.address).page
    assert "repo:app.bsky.feed.post" in page
    assert "transition:generic" not in page


def test_a_server_that_cannot_look_us_up_is_said_with_the_address_it_tried(signing: Signing) -> None:
    client = client_at(signing.network, "https://desk.at-9.net")
    with looked_up(signing.network) as with_key:
        unknown = OurClient(
            type(with_key.keys)(client.keys.client_id, with_key.keys.client_secret), client.redirect_uri,
            has_document=True,
        )  # fmt: skip
        said = refused(signing, signing.pds.named_url, unknown)
    assert "could not read who we are at https://desk.at-9.net/oauth-client-metadata.json" in said
    assert "use an app password" in said


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter the handle of the account"),
        ("not a handle", "is not the address of a server"),
        ("http://pds.example", "Use https://"),
        ("did:plc:short", "is not the identity of an account"),
        ("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "There is no account did:plc:"),
        ("nobody.test", "There is no account with the handle nobody.test."),
    ],
)
def test_what_leads_nowhere_is_said_at_the_handle(pds: RealPds, typed: str, words: str) -> None:
    assert words in refused(by_handle(pds), typed)


def test_a_handle_that_the_account_does_not_carry_is_refused(pds: RealPds, account: Signed) -> None:
    def claims(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, text=account.did) if request.url.host == "pretender.example" else None

    said = refused(Signing(pds, Bending(claims)), "pretender.example")
    assert "does not carry this handle" in said


def test_a_server_without_oauth_is_told_from_one_that_is_down(pds: RealPds, dead_host: str) -> None:
    signing = Signing(pds)
    assert "cannot be reached" in refused(signing, f"http://{dead_host}")
    answers = {"old.example": 404, "sick.example": 503}

    def other(request: httpx.Request) -> httpx.Response | None:
        status = answers.get(request.url.host)
        return httpx.Response(status, text="-") if status else None

    bent = Signing(pds, Bending(other))
    assert "Use an app password there." in refused(bent, "https://old.example")
    assert "has a problem of its own" in refused(bent, "https://sick.example")


@pytest.mark.parametrize(
    ("url", "client_id"),
    [
        ("https://desk.example.com", "https://desk.example.com/oauth-client-metadata.json"),
        ("http://localhost:8000", "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Faccounts"),
        ("http://127.0.0.1:8000", "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Faccounts"),
        ("http://desk.example.com", ""),
        ("https://desk", ""),
        ("https://desk.local", ""),
        ("https://192.0.2.7", ""),
        ("http://10.0.0.7:8000", ""),
    ],
)
def test_who_we_are_goes_by_our_address(url: str, client_id: str) -> None:
    found = Bluesky().client_at(url, f"{url}/accounts/signed-in")
    assert (found.keys.client_id if found else "").startswith(client_id)
    assert (found is None) == (client_id == "")


def test_the_document_about_us_shows_no_private_key() -> None:
    network = Bluesky()
    client = client_at(network, "https://desk.example.com")
    keyed = OurClient(type(client.keys)(client.keys.client_id, network.new_client_key()), client.redirect_uri)
    told = network.client_document(keyed, "https://desk.example.com")
    (key,) = told["jwks"]["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert told["client_id"] == "https://desk.example.com/oauth-client-metadata.json"
    assert told["redirect_uris"] == ["https://desk.example.com/accounts/signed-in"]
