"""What each kind of failure of a Bluesky server proves, and that none of them makes a second post."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import Access, Outcome, Prepared, Presence
from service_channel.networks.bluesky import Bluesky
from tests.networks.bluesky_accounts import Signed, an_image, bluesky, signed_up
from tests.networks.contract import DEADLINE_S, a_part, presence, send
from tests.networks.faulty_pds import FaultyPds, faulty_pds
from tests.support.pds import RealPds

pytestmark = pytest.mark.pds
EXPIRED = {"status": 400, "body": {"error": "ExpiredToken", "message": "Token has expired"}}


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


@pytest.fixture
def access(network: Bluesky, faulty: FaultyPds, account: Signed) -> Access:
    """Signed in already; the session leads through the faulty server."""
    account.saved.clear()
    access = account.access(faulty.url)
    assert network.check(access).presence is Presence.FOUND
    faulty.calls.clear()
    account.saved.clear()
    return access


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"status": 500, "applied": True}, Outcome.UNKNOWN),
        ({"status": 500}, Outcome.UNKNOWN),
        ({"status": 502, "body": b"<html>Bad Gateway</html>"}, Outcome.UNKNOWN),
        ({"status": 503, "headers": {"retry-after": "3"}}, Outcome.UNKNOWN),
        ({"status": 504, "applied": True}, Outcome.UNKNOWN),
        ({"reset": True, "applied": True}, Outcome.UNKNOWN),
        ({"reset": True}, Outcome.UNKNOWN),
        ({"status": 200, "body": b"\x00<html>{]", "applied": True}, Outcome.UNKNOWN),
        ({"status": 200, "body": b"<html>", "headers": {"content-type": "text/html"}}, Outcome.UNKNOWN),
        ({"status": 200, "body": [1, 2]}, Outcome.UNKNOWN),
        ({"status": 200, "body": {}}, Outcome.UNKNOWN),
        (
            {"status": 200, "body": {"uri": "at://did:plc:other/app.bsky.feed.post/3k", "cid": "b"}},
            Outcome.UNKNOWN,
        ),
        ({"status": 204, "body": b""}, Outcome.UNKNOWN),
        ({"status": 404, "body": b"not here"}, Outcome.UNKNOWN),
        ({"status": 409, "body": {"error": "Conflict"}}, Outcome.UNKNOWN),
        ({"status": 500, "body": {"error": "ExpiredToken"}, "applied": True}, Outcome.UNKNOWN),
        ({"status": 429}, Outcome.NOT_SENT),
        ({"status": 400, "body": {"error": "BlobNotFound", "message": "no blob"}}, Outcome.NOT_SENT),
        ({"status": 400, "body": {"error": "InvalidRequest", "message": "Text is bad"}}, Outcome.REFUSED),
        ({"status": 400, "body": b"[1]"}, Outcome.UNKNOWN),
        ({"status": 400, "body": b"7"}, Outcome.UNKNOWN),
        ({"status": 403, "body": {"error": "Forbidden"}}, Outcome.REFUSED),
        ({"status": 413, "body": b"too large"}, Outcome.REFUSED),
        ({"status": 422, "body": {"message": 5, "error": []}}, Outcome.REFUSED),
        ({"status": 400, "body": {"error": "AccountDeactivated"}}, Outcome.SIGNED_OUT),
        ({"status": 400, "body": {"error": "AccountTakedown"}}, Outcome.SIGNED_OUT),
    ],
)
def test_each_failure_is_told_apart_and_the_next_try_leaves_one_post(
    network: Bluesky, access: Access, faulty: FaultyPds, pds: RealPds, fault: dict[str, Any], outcome: Outcome
) -> None:
    part = a_part(network)
    faulty.order("putRecord", **fault)
    result = send(network, access, part)
    assert result.outcome is outcome
    assert result.ref is None
    assert faulty.count("putRecord") == 1
    applied = Presence.FOUND if fault.get("applied") else Presence.ABSENT
    assert presence(network, access, part) is applied
    assert send(network, access, part).outcome is Outcome.SENT
    assert _standing(pds, access, part.key) == 1


def test_the_networks_own_words_are_kept(network: Bluesky, access: Access, faulty: FaultyPds) -> None:
    faulty.order("putRecord", status=400, body={"error": "InvalidRequest", "message": "Record/text is rude"})
    result = send(network, access, a_part(network))
    assert (result.status, result.message) == (400, "Record/text is rude")
    assert result.response["body"] == {"error": "InvalidRequest", "message": "Record/text is rude"}


def test_retry_after_says_how_long_to_wait(network: Bluesky, access: Access, faulty: FaultyPds) -> None:
    faulty.order("putRecord", status=429, headers={"retry-after": "17"})
    assert send(network, access, a_part(network)).retry_after == 17


def test_the_reset_of_the_rate_limit_says_how_long_to_wait(
    network: Bluesky, access: Access, faulty: FaultyPds
) -> None:
    resets_at = int((datetime.now(UTC) + timedelta(seconds=90)).timestamp())
    faulty.order("putRecord", status=429, headers={"ratelimit-reset": str(resets_at)})
    wait = send(network, access, a_part(network)).retry_after
    assert wait is not None and 80 < wait <= 90


@pytest.mark.parametrize("drip_headers", [True, False])
def test_a_slow_drip_ends_with_the_deadline(
    network: Bluesky, access: Access, faulty: FaultyPds, pds: RealPds, drip_headers: bool
) -> None:
    part = a_part(network)
    faulty.order("putRecord", drip_s=5.0, drip_headers=drip_headers, applied=True)
    started = time.monotonic()
    result = network.send(access, part, Prepared(), deadline_s=0.7)
    assert result.outcome is Outcome.UNKNOWN
    assert time.monotonic() - started < 2
    assert presence(network, access, part) is Presence.FOUND


def test_a_redirect_is_never_followed(
    network: Bluesky, access: Access, faulty: FaultyPds, pds: RealPds
) -> None:
    part = a_part(network)
    to = f"{pds.url}/xrpc/com.atproto.repo.putRecord"
    faulty.order("putRecord", status=307, headers={"location": to})
    assert send(network, access, part).outcome is Outcome.UNKNOWN
    assert presence(network, access, part) is Presence.ABSENT


def test_an_expired_token_is_renewed_and_the_post_goes_out_once(
    network: Bluesky, access: Access, faulty: FaultyPds, account: Signed, pds: RealPds
) -> None:
    part = a_part(network)
    before = access.session
    faulty.order("putRecord", **EXPIRED)
    assert send(network, access, part).outcome is Outcome.SENT
    assert faulty.calls == ["putRecord", "refreshSession", "putRecord"]
    assert account.saved == [access.session] != [before]
    assert _standing(pds, access, part.key) == 1


def test_a_refused_renewal_signs_in_again(
    network: Bluesky, access: Access, faulty: FaultyPds, account: Signed
) -> None:
    faulty.order("putRecord", status=401, body={"error": "AuthenticationRequired"})
    faulty.order("refreshSession", **EXPIRED)
    assert send(network, access, a_part(network)).outcome is Outcome.SENT
    assert faulty.calls == ["putRecord", "refreshSession", "createSession", "putRecord"]
    assert len(account.saved) == 1


def test_a_token_refused_twice_is_signed_out(network: Bluesky, access: Access, faulty: FaultyPds) -> None:
    for _ in range(2):
        faulty.order("putRecord", **EXPIRED)
    assert send(network, access, a_part(network)).outcome is Outcome.SIGNED_OUT
    assert faulty.count("putRecord") == 2


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 503}, {"reset": True}, {"status": 429}, {"status": 200, "body": {}}]
)
def test_a_renewal_that_fails_for_now_is_a_proof_of_nothing_sent(
    network: Bluesky, access: Access, faulty: FaultyPds, fault: dict[str, Any]
) -> None:
    part = a_part(network)
    faulty.order("putRecord", **EXPIRED)
    faulty.order("refreshSession", **fault)
    assert send(network, access, part).outcome is Outcome.NOT_SENT
    assert faulty.calls == ["putRecord", "refreshSession"]
    assert presence(network, access, part) is Presence.ABSENT


def test_a_revoked_app_password_is_signed_out(network: Bluesky, faulty: FaultyPds, pds: RealPds) -> None:
    account = signed_up(pds)
    access = account.access(faulty.url)
    assert network.check(access).presence is Presence.FOUND
    pds.revoke_app_password(account.handle)
    faulty.order("putRecord", **EXPIRED)
    assert send(network, access, a_part(network)).outcome is Outcome.SIGNED_OUT
    faulty.order("getSession", **EXPIRED)
    assert network.check(access).presence is Presence.ABSENT


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"reset": True}, {"status": 429}, {"status": 200, "body": {}}]
)
def test_a_sign_in_that_fails_for_now_is_a_proof_of_nothing_sent(
    network: Bluesky, faulty: FaultyPds, account: Signed, fault: dict[str, Any]
) -> None:
    faulty.order("createSession", **fault)
    assert send(network, account.access(faulty.url), a_part(network)).outcome is Outcome.NOT_SENT
    assert faulty.calls == ["createSession"]


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"reset": True}, {"status": 429}, {"status": 200, "body": {}}]
)
def test_an_upload_that_fails_proves_nothing_was_posted(
    network: Bluesky, access: Access, faulty: FaultyPds, tmp_path: Path, fault: dict[str, Any]
) -> None:
    faulty.order("uploadBlob", **fault)
    part = replace(a_part(network), media=(an_image(tmp_path),))
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.NOT_SENT)
    assert "putRecord" not in faulty.calls


def test_a_server_that_keeps_another_image_is_not_believed(
    network: Bluesky, access: Access, faulty: FaultyPds, tmp_path: Path
) -> None:
    blob = {"$type": "blob", "ref": {"$link": "bafkreiother"}, "mimeType": "image/png", "size": 1}
    faulty.order("uploadBlob", status=200, body={"blob": blob})
    part = replace(a_part(network), media=(an_image(tmp_path),))
    assert network.prepare(access, part, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 502}, {"status": 400, "body": {"error": "Unable"}}]
)
def test_a_mention_the_server_cannot_resolve_does_not_stop_the_post(
    network: Bluesky, access: Access, account: Signed, faulty: FaultyPds, fault: dict[str, Any]
) -> None:
    faulty.order("resolveHandle", **fault)
    preparation = network.prepare(access, a_part(network, f"Hi @{account.handle}"), deadline_s=DEADLINE_S)
    assert preparation.prepared == Prepared()


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"reset": True},
        {"status": 400, "body": {"error": "InvalidRequest", "message": "Could not locate record"}},
        {"status": 200, "body": {}},
        {"status": 200, "body": b"{]"},
        {"status": 429},
    ],
)
def test_looking_that_fails_is_never_absence(
    network: Bluesky, access: Access, faulty: FaultyPds, fault: dict[str, Any]
) -> None:
    for _ in range(2):  # a question may be asked once more over a fresh connection
        faulty.order("getRecord", **fault)
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


@pytest.mark.parametrize("value", [None, [], {}, {"text": 1}, {"$type": "app.bsky.feed.post", "embed": []}])
def test_a_record_that_makes_no_sense_is_something_else(
    network: Bluesky, access: Access, account: Signed, faulty: FaultyPds, value: Any
) -> None:
    part = a_part(network)
    uri = f"at://{account.did}/app.bsky.feed.post/{part.key}"
    faulty.order("getRecord", status=200, body={"uri": uri, "cid": "bafy", "value": value})
    assert presence(network, access, part) is Presence.DIFFERENT


def test_a_taken_key_that_cannot_be_read_stays_unknown(
    network: Bluesky, access: Access, faulty: FaultyPds
) -> None:
    part = a_part(network)
    send(network, access, part)
    faulty.order("getRecord", status=500)
    assert send(network, access, replace(part, text="Other")).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"status": 500}, Outcome.UNKNOWN),
        ({"reset": True}, Outcome.UNKNOWN),
        ({"status": 429}, Outcome.NOT_SENT),
    ],
)
def test_a_take_down_that_failed_says_so(
    network: Bluesky, access: Access, faulty: FaultyPds, fault: dict[str, Any], outcome: Outcome
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    faulty.order("deleteRecord", **fault)
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is outcome


def test_posts_go_to_the_accounts_own_server_not_to_the_one_that_signed_it_in(
    network: Bluesky, faulty: FaultyPds, account: Signed, pds: RealPds
) -> None:
    document = {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": account.did,
        "service": [
            {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": faulty.url},
        ],
    }
    session = pds.call("server.createSession", {"identifier": account.did, "password": account.app_password})
    with faulty_pds(pds.url) as entry:
        entry.order("createSession", status=200, body={**session, "didDoc": document})
        assert send(network, account.access(entry.url), a_part(network)).outcome is Outcome.SENT
        assert entry.calls == ["createSession"]
    assert faulty.calls == ["putRecord"]


def test_a_server_without_a_trusted_certificate_is_a_proof_of_nothing_sent(
    network: Bluesky, faulty: FaultyPds, account: Signed
) -> None:
    secure = account.access(faulty.url.replace("http://", "https://"))
    assert send(network, secure, a_part(network)).outcome is Outcome.NOT_SENT


def test_no_time_left_is_a_proof_of_nothing_sent(network: Bluesky, access: Access, faulty: FaultyPds) -> None:
    result = network.send(access, a_part(network), Prepared(), deadline_s=0.0)
    assert result.outcome is Outcome.NOT_SENT
    assert faulty.calls == []


def _standing(pds: RealPds, access: Access, key: str) -> int:
    records = pds.list_records(str(access.secret["identifier"]))
    return sum(record["uri"].endswith(f"/{key}") for record in records)
