"""Bluesky with what a sign-in granted, against a real server: the contract of an app password, and what is special."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from service_channel.networks.base import Access, Connection, Outcome, Presence
from service_channel.networks.bluesky import Bluesky
from tests.networks.bluesky_accounts import Signed, an_image, signed_up
from tests.networks.bluesky_grants import NOW, Bending, Signing, access_of, looked_up
from tests.networks.contract import DEADLINE_S, SignInContract, a_part, presence, send
from tests.networks.faulty_pds import faulty_pds
from tests.support.pds import RealPds

pytestmark = pytest.mark.pds


@pytest.fixture(scope="module")
def signing(pds: RealPds) -> Signing:
    return Signing(pds)


@pytest.fixture
def network(signing: Signing) -> Bluesky:
    return signing.network


@pytest.fixture
def account(pds: RealPds) -> Signed:
    return signed_up(pds)


@pytest.fixture
def connection(signing: Signing, account: Signed) -> Connection:
    return signing.connected(account.handle)


@pytest.fixture
def access(connection: Connection) -> Access:
    return access_of(connection)


@pytest.fixture
def wrong_access(connection: Connection) -> Access:
    return access_of(connection, access_token="eyJ.of.nobody")


@pytest.fixture
def unreachable_access(connection: Connection, dead_host: str) -> Access:
    return access_of(connection, host=f"http://{dead_host}")


class TestGrantedContract(SignInContract):
    @pytest.fixture(autouse=True)
    def _with_server(self, pds: RealPds, account: Signed) -> None:
        self._pds, self._account = pds, account

    def standing(self, access: Access) -> int:
        return len(self._pds.list_records(self._account.did))


def test_pictures_go_with_the_permission_for_pictures(
    network: Bluesky, access: Access, account: Signed, pds: RealPds, tmp_path: Path
) -> None:
    part = replace(a_part(network), media=(an_image(tmp_path),))
    first, second = send(network, access, part), send(network, access, part)
    assert (first.outcome, second.outcome) == (Outcome.SENT, Outcome.SENT), first
    assert presence(network, access, part) is Presence.FOUND
    assert len(pds.list_records(account.did)) == 1


def test_a_mention_is_looked_up(network: Bluesky, access: Access, account: Signed, pds: RealPds) -> None:
    ref = send(network, access, a_part(network, f"Thanks, @{account.handle}")).ref
    assert ref is not None
    (facet,) = pds.get_record(ref.remote_id)["facets"]
    assert facet["features"][0]["did"] == account.did


def test_a_nonce_is_asked_for_once_and_remembered(pds: RealPds, connection: Connection) -> None:
    fresh = Signing(pds)
    access = access_of(connection)
    assert fresh.network.check(access).presence is Presence.FOUND
    assert len(fresh.way.asked) == 2, "refused for want of a nonce, then repeated with it"
    assert fresh.network.check(access).presence is Presence.FOUND
    assert len(fresh.way.asked) == 3


def test_a_token_is_worth_nothing_without_its_key(network: Bluesky, connection: Connection) -> None:
    stolen = access_of(connection, key=network.new_client_key())
    assert network.check(stolen).presence is Presence.ABSENT
    assert send(network, stolen, a_part(network)).outcome is Outcome.SIGNED_OUT


def test_a_proof_refused_for_our_clock_is_no_reason_to_connect_again(
    pds: RealPds, connection: Connection
) -> None:
    def refuses(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"error": "invalid_dpop_proof", "message": "iat is in the future"})

    bent = Signing(pds, Bending(refuses))
    result = send(bent.network, access_of(connection), a_part(bent.network))
    assert result.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    ("fault", "outcome", "standing"),
    [
        ({"status": 500, "applied": True}, Outcome.UNKNOWN, 1),
        ({"status": 500}, Outcome.UNKNOWN, 0),
        ({"reset": True, "applied": True}, Outcome.UNKNOWN, 1),
        ({"reset": True}, Outcome.UNKNOWN, 0),
        ({"status": 429, "headers": {"retry-after": "3"}}, Outcome.NOT_SENT, 0),
        ({"status": 401, "body": {"error": "invalid_token"}}, Outcome.SIGNED_OUT, 0),
    ],
)
def test_what_goes_wrong_proves_the_same_as_with_an_app_password(
    pds: RealPds, account: Signed, connection: Connection, fault: dict, outcome: Outcome, standing: int
) -> None:
    with faulty_pds(pds.url) as faulty:
        port = int(faulty.url.rpartition(":")[2])

        def led_astray(request: httpx.Request) -> None:
            request.url = request.url.copy_with(host="127.0.0.1", port=port)

        bent, access = Signing(pds, Bending(led_astray)), access_of(connection)
        assert bent.network.check(access).presence is Presence.FOUND
        faulty.order("putRecord", **fault)
        part = a_part(bent.network)
        assert send(bent.network, access, part).outcome is outcome
        assert len(pds.list_records(account.did)) == standing
        assert send(bent.network, access, part).outcome is Outcome.SENT
    assert len(pds.list_records(account.did)) == 1


def test_renewing_gives_a_new_pair_and_the_old_token_is_over(
    network: Bluesky, access: Access, connection: Connection
) -> None:
    done = network.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert done.outcome is Outcome.SENT, done
    assert done.expires_at is not None and NOW < done.expires_at <= NOW + timedelta(hours=1)
    assert done.secret["refresh_token"] != connection.secret["refresh_token"]
    assert network.check(access).presence is Presence.ABSENT
    assert network.check(access_of(connection, **done.secret)).presence is Presence.FOUND


def test_who_still_holds_the_old_token_takes_the_new_one_that_was_kept_meanwhile(
    network: Bluesky, access: Access, account: Signed, pds: RealPds
) -> None:
    secret = network.renew(access, now=NOW, deadline_s=DEADLINE_S).secret
    assert send(network, access, a_part(network)).outcome is Outcome.SIGNED_OUT
    access.latest = lambda: secret
    assert send(network, access, a_part(network)).outcome is Outcome.SENT
    assert len(pds.list_records(account.did)) == 1


def test_a_refresh_token_counts_once_and_using_it_again_ends_the_session(
    network: Bluesky, access: Access, connection: Connection
) -> None:
    fresh = access_of(connection, **network.renew(access, now=NOW, deadline_s=DEADLINE_S).secret)
    again = network.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert again.outcome is Outcome.SIGNED_OUT
    assert again.message
    assert network.check(fresh).presence is Presence.ABSENT


def test_a_renewal_that_answers_for_another_account_is_not_kept(
    pds: RealPds, signing: Signing, account: Signed
) -> None:
    connection = signing.connected(account.handle)
    other = access_of(connection, identifier=signed_up(pds).did)
    done = signing.network.renew(other, now=NOW, deadline_s=DEADLINE_S)
    assert (done.outcome, dict(done.secret)) == (Outcome.SIGNED_OUT, {})


def test_a_server_that_cannot_be_reached_is_asked_again_later(
    network: Bluesky, connection: Connection, dead_host: str
) -> None:
    lost = access_of(connection, token_url=f"http://{dead_host}/oauth/token")
    assert network.renew(lost, now=NOW, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


def test_a_client_with_a_key_proves_who_it_is_also_when_it_renews(
    signing: Signing, account: Signed, network: Bluesky
) -> None:
    with looked_up(network) as client:
        connection = signing.connected(account.handle, client=client)
        assert connection.dies_at == NOW + timedelta(days=730)
        done = network.renew(access_of(connection), now=NOW, deadline_s=DEADLINE_S)
        assert done.outcome is Outcome.SENT, done
        fresh = access_of(connection, **done.secret)
        assert send(network, fresh, a_part(network)).outcome is Outcome.SENT
        unproved = access_of(fresh_of(fresh), client_secret=network.new_client_key())
        refused = network.renew(unproved, now=NOW, deadline_s=DEADLINE_S)
        assert refused.outcome is Outcome.SIGNED_OUT, "another key is not this client"


def fresh_of(access: Access) -> Connection:
    return Connection(access.handle, access.handle, "", "", access.secret)


def test_nothing_kept_for_the_record_holds_a_secret(
    network: Bluesky, access: Access, wrong_access: Access, connection: Connection
) -> None:
    part = a_part(network)
    results = [send(network, access, part), send(network, wrong_access, part)]
    found = network.find(access, part, deadline_s=DEADLINE_S)
    kept = json.dumps([[one.request, one.response, one.message] for one in results] + [found.response])
    assert not [name for name in ("access_token", "refresh_token", "key") if connection.secret[name] in kept]
    assert "eyJ" not in kept


def test_what_is_missing_from_the_secret_asks_for_a_person(network: Bluesky, connection: Connection) -> None:
    bare = access_of(connection, access_token="")
    assert send(network, bare, a_part(network)).outcome is Outcome.SIGNED_OUT
    assert network.check(bare).presence is Presence.ABSENT
    assert connection.expires_at is not None and connection.expires_at > datetime(2026, 1, 1, tzinfo=UTC)
