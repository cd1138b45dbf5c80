"""Our signed webhook: the contract against the receiver of the documents, and against a library by others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import request
from standardwebhooks.webhooks import Webhook as Library

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import Access, ConnectRefused, Outcome, Poll, Presence, RemoteRef
from service_channel.networks.webhook import Webhook, signed
from tests.networks.chat_ways import LOOPBACK, hosted, images, refusal
from tests.networks.contract import CREATED_AT, DEADLINE_S, KeyedContract, Wired, a_part, presence, send
from tests.networks.servers.recorded import Recorded
from tests.networks.servers.webhook import Receiver, documented

pytestmark = pytest.mark.network

LIVE = Receiver.secret
OTHER = "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3RoZQ=="
PASSWORD = "hook-password-0123456789"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    with server.recorded.running():
        yield server


@pytest.fixture
def server(receiver: Receiver) -> Recorded:
    return receiver.recorded


@pytest.fixture
def network() -> Webhook:
    return Webhook(lambda: httpx_transport(LOOPBACK))


@pytest.fixture
def access(server: Recorded) -> Access:
    return Access(1, "receiver", {"address": f"{server.url}/deskcast/{PASSWORD}", "secret": LIVE})


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "secret": OTHER})


@pytest.fixture
def unreachable_access(access: Access, dead_host: str) -> Access:
    return replace(access, secret={**access.secret, "address": f"http://{dead_host}/deskcast/{PASSWORD}"})


class TestWebhookContract(KeyedContract, Wired):
    secrets = (LIVE, OTHER, PASSWORD)
    judges_polls = False

    @pytest.fixture(autouse=True)
    def _with_server(self, server: Recorded) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)


def test_everything_that_was_approved_is_told(
    network: Webhook, access: Access, server: Recorded, tmp_path: Path
) -> None:
    media = (*hosted(images(tmp_path, 1)), *images(tmp_path, 2)[1:])
    part = replace(
        a_part(network, "Störung behoben: https://help.example/a?b=1."),
        media=media,
        parent=RemoteRef("earlier"),
        poll=Poll(("Yes", "No"), 60),
        source={"title": "A paper"},
    )
    assert send(network, access, part).ref == RemoteRef(part.key)
    body = server.posts[part.key]
    assert (body["type"], body["timestamp"]) == ("post.published", "2026-11-03T09:00:00.123456+00:00")
    assert body["data"] == {
        "post": part.key,
        "publication": 7,
        "part": 0,
        "title": "Elm Street",
        "text": part.text,
        "language": "en",
        "links": ["https://help.example/a?b=1"],
        "media": [
            {
                "url": one.url or None,
                "sha256": one.sha256,
                "mime": "image/png",
                "alt": one.alt,
                "size": one.path.stat().st_size,
                "width": 60,
                "height": 40,
            }
            for one in media
        ],
        "reply_to": "earlier",
        "poll": {"options": ["Yes", "No"], "minutes": 60},
        "source": {"title": "A paper"},
    }


def test_a_library_by_others_verifies_what_is_sent(
    network: Webhook, access: Access, server: Recorded
) -> None:
    raw: list[bytes] = []
    server.app.before_request_funcs.setdefault(None, []).append(lambda: raw.append(_data()))
    send(network, access, a_part(network, "Grüße 👍🏽"))
    body = Library(LIVE).verify(raw[-1], server.asked[-1].headers)
    assert body["data"]["text"] == "Grüße 👍🏽"
    with pytest.raises(Exception, match="No matching signature"):
        Library(OTHER).verify(raw[-1], server.asked[-1].headers)


def _data() -> bytes:
    return request.get_data()


def test_the_signature_is_the_one_of_the_library() -> None:
    moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    ours = signed("msg_1", int(moment.timestamp()), '{"ü": 1}'.encode(), LIVE)
    assert ours["webhook-signature"] == Library(LIVE).sign("msg_1", moment, '{"ü": 1}')


def test_the_documented_receiver_refuses_what_is_old_changed_or_of_others() -> None:
    verified = documented()["verified"]
    now = int(datetime.now(UTC).timestamp())
    assert verified(LIVE, signed("a", now, b'{"x":1}', LIVE), b'{"x":1}') == {"x": 1}
    assert verified(LIVE, signed("a", now, b'{"x":1}', LIVE), b'{"x":2}') is None
    assert verified(LIVE, signed("a", now, b"{}", OTHER), b"{}") is None
    assert verified(LIVE, signed("a", now - 301, b"{}", LIVE), b"{}") is None
    assert verified(LIVE, {**signed("a", now, b"{}", LIVE), "webhook-id": "b"}, b"{}") is None
    assert verified(LIVE, {}, b"{}") is None


def test_each_try_has_the_same_id_and_its_own_moment(access: Access, server: Recorded) -> None:
    now = [datetime.now(UTC).timestamp()]
    network = Webhook(lambda: httpx_transport(LOOPBACK), clock=lambda: now[0])
    part = a_part(network)
    send(network, access, part)
    now[0] += 60
    send(network, access, part)
    first, second = (one.headers for one in server.asked[-2:])
    assert first["webhook-id"] == second["webhook-id"] == part.key
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 60
    assert server.asked[-2].body == server.asked[-1].body
    assert len(server.posts) == 1


def test_a_receiver_may_say_where_it_stands(network: Webhook, access: Access, receiver: Receiver) -> None:
    for said, url in (({"url": "https://a.example/1"}, "https://a.example/1"), ({"url": "javascript:1"}, "")):
        receiver.says = said
        ref = send(network, access, a_part(network)).ref
        assert ref is not None and ref.url == url


def test_taking_down_is_asked_for_under_an_id_of_its_own(
    network: Webhook, access: Access, server: Recorded
) -> None:
    part = a_part(network)
    ref = send(network, access, part).ref
    assert ref is not None
    for _ in range(2):
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
    assert not server.posts
    assert [one.headers["webhook-id"] for one in server.asked[-2:]] == [f"{part.key}-taken-down"] * 2
    assert server.asked[-1].body["data"] == {"post": part.key}


def test_nobody_can_look_what_arrived(network: Webhook, access: Access) -> None:
    assert not network.promise(access).can_read
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


@pytest.mark.parametrize(
    ("status", "body", "outcome", "words"),
    [
        (400, {"error": "no such desk"}, Outcome.REFUSED, "no such desk"),
        (422, {"detail": "too long"}, Outcome.REFUSED, "too long"),
        (401, {"error": "who?"}, Outcome.SIGNED_OUT, "does not accept the signature"),
        (403, {}, Outcome.SIGNED_OUT, "does not accept the signature"),
        (404, {}, Outcome.SIGNED_OUT, "no receiver at this address"),
        (410, {"message": "moved out"}, Outcome.SIGNED_OUT, "moved out"),
        (502, {}, Outcome.UNKNOWN, "502"),
        (503, {}, Outcome.UNKNOWN, "503"),
    ],
)
def test_each_answer_is_judged(
    network: Webhook, receiver: Receiver, access: Access, status: int, body: Any, outcome: Outcome, words: str
) -> None:
    receiver.refuse = (status, body)
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status) == (outcome, status) and words in result.message


def test_an_address_is_not_kept_even_if_the_receiver_repeats_it(
    network: Webhook, wrong_access: Access
) -> None:
    result = send(network, wrong_access, a_part(network))
    assert "~withheld~" in repr(result.response) and PASSWORD not in repr(result)


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    network: Webhook, access: Access, server: Recorded, tmp_path: Path
) -> None:
    for poor, words in (
        (a_part(network, "x" * 5_001), "takes 5,000 characters; this text has 5,001."),
        (replace(a_part(network), media=images(tmp_path, 1) * 11), "takes 10 pictures"),
    ):
        preparation = network.prepare(access, poor, deadline_s=DEADLINE_S)
        assert preparation.outcome is Outcome.REFUSED and words in preparation.message
    assert not server.asked


def test_connecting_sends_a_ping_and_posts_nothing(
    network: Webhook, access: Access, receiver: Receiver
) -> None:
    address = access.secret["address"]
    connection = network.connect({"address": f" {address} ", "secret": LIVE, "name": "Intranet"})
    assert (receiver.pings, len(receiver.recorded.posts)) == (1, 0)
    assert connection.display_name == "Intranet"
    assert connection.handle == f"127.0.0.1 ({connection.remote_id[:8]})"
    assert connection.secret == {"address": address, "secret": LIVE}
    assert PASSWORD not in connection.handle + connection.remote_id + connection.url
    assert network.connect({"address": address, "secret": LIVE}).display_name == "127.0.0.1"
    assert network.connect({"address": f"{address}2", "secret": LIVE}).remote_id != connection.remote_id
    assert send(network, Access(1, "x", connection.secret), a_part(network)).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "address", "Enter the address"),
        ({"address": "desk.example/hook"}, "address", "Enter the address"),
        ({"address": "ftp://desk.example/"}, "address", "Enter the address"),
        ({"address": "https://me:pw@desk.example/"}, "address", "Enter the address"),
        ({"address": "https://desk.example/#x"}, "address", "Enter the address"),
        ({"address": "https://desk.example:x/"}, "address", "Enter the address"),
        ({"address": "http://desk.example/"}, "address", "begins with https://"),
        ({"address": "https://desk.example/"}, "secret", "whsec_"),
        ({"address": "https://desk.example/", "secret": "whsec_c2hvcnQ="}, "secret", "24 to 64 random bytes"),
        ({"address": "https://desk.example/", "secret": "whsec_?"}, "secret", "24 to 64 random bytes"),
        ({"address": "https://desk.example/", "secret": LIVE[6:]}, "secret", "24 to 64 random bytes"),
    ],
)
def test_what_was_typed_wrongly_becomes_a_sentence(
    network: Webhook, given: dict[str, str], field: str, words: str
) -> None:
    at, sentence = refusal(network.connect, given)
    assert at == field and words in sentence


def test_what_a_ping_shows_becomes_a_sentence(
    network: Webhook, access: Access, server: Recorded, dead_host: str
) -> None:
    address = access.secret["address"]
    assert refusal(network.connect, {"address": address, "secret": OTHER})[0] == "secret"
    lost = refusal(network.connect, {"address": f"http://{dead_host}/", "secret": LIVE})
    assert lost[0] == "address" and "cannot be reached" in lost[1]
    missing = refusal(network.connect, {"address": f"{server.url}/elsewhere", "secret": LIVE})
    assert "answered a signed ping with 404" in missing[1]
    server.app.view_functions["receive"] = lambda password: "<!doctype html>"
    assert "web page" in refusal(network.connect, {"address": address, "secret": LIVE})[1]


def test_a_plain_word_is_answer_enough(network: Webhook, access: Access, server: Recorded) -> None:
    server.app.view_functions["receive"] = lambda password: "ok"
    assert send(network, access, a_part(network)).outcome is Outcome.SENT


def test_a_receiver_inside_needs_an_administrator(access: Access) -> None:
    network = Webhook(lambda: httpx_transport(FetchPolicy()))
    with pytest.raises(ConnectRefused, match="cannot be reached"):
        network.connect({"address": access.secret["address"], "secret": LIVE})


def test_the_moment_of_the_post_is_not_the_moment_of_the_try(
    network: Webhook, access: Access, server: Recorded
) -> None:
    send(network, access, a_part(network))
    assert datetime.fromisoformat(server.asked[-1].body["timestamp"]) == CREATED_AT
    assert int(server.asked[-1].headers["webhook-timestamp"]) > CREATED_AT.timestamp()


def test_a_receiver_that_fails_to_take_down_leaves_it_unclear(
    network: Webhook, access: Access, server: Recorded
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    server.app.view_functions["receive"] = lambda password: ("", 500)
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.UNKNOWN


def test_a_machine_of_ones_own_may_be_called_by_name_without_a_certificate(
    network: Webhook, server: Recorded
) -> None:
    given = {"address": f"{server.url.replace('127.0.0.1', 'localhost')}/deskcast/x", "secret": LIVE}
    assert network.connect(given).display_name == "localhost"
