"""An incoming webhook of Slack: the contract against a server written from the documents, and what is special."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service_channel.networks.base import Access, Outcome, Presence, RemoteRef
from service_channel.networks.slack_webhook import SlackWebhook
from tests.networks.chat_ways import hosted, images, refusal, way
from tests.networks.contract import DEADLINE_S, BlindContract, Wired, a_part, send
from tests.networks.servers.recorded import Recorded
from tests.networks.servers.slack import HOOK, TEAM, SlackServer

pytestmark = pytest.mark.network

LIVE, WRONG, LOST = SlackServer().hook_secret, "wrongHOOKsecret", "lostHOOKsecret"
ADDRESS = f"https://hooks.slack.com/services/{TEAM}/{HOOK}/{LIVE}"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    server = SlackServer()
    with server.recorded.running():
        yield server


@pytest.fixture
def server(slack: SlackServer) -> Recorded:
    return slack.recorded


@pytest.fixture
def network(server: Recorded, dead_host: str) -> SlackWebhook:
    return SlackWebhook(way(dead_host, LOST), server=server.url)


@pytest.fixture
def access() -> Access:
    return Access(1, "Status", {"team": TEAM, "hook": HOOK, "secret": LIVE})


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "secret": WRONG})


@pytest.fixture
def unreachable_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "secret": LOST})


class TestSlackWebhookContract(BlindContract, Wired):
    secrets = (LIVE, WRONG, LOST)
    can_delete = False

    @pytest.fixture(autouse=True)
    def _with_server(self, server: Recorded) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)


def test_a_parts_key_stands_for_the_id_slack_does_not_give(
    network: SlackWebhook, access: Access, server: Recorded, tmp_path: Path
) -> None:
    media = hosted(images(tmp_path, 1))
    part = replace(a_part(network, "1 < 2"), media=media)
    assert send(network, access, part).ref == RemoteRef(part.key)
    (shown,) = server.posts.values()
    assert shown["text"] == "1 &lt; 2"
    assert shown["blocks"][1] == {"type": "image", "image_url": media[0].url, "alt_text": media[0].alt}


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    network: SlackWebhook, access: Access, server: Recorded, tmp_path: Path
) -> None:
    part, media = a_part(network), images(tmp_path, 1)
    for poor, words in (
        (replace(part, parent=RemoteRef("x")), "Use a bot for threads"),
        (replace(part, media=media), "cannot be reached from outside"),
        (replace(part, media=hosted(media) * 11), "takes 10 pictures"),
        (a_part(network, "x" * 4_001), "Slack takes 4,000 characters"),
    ):
        preparation = network.prepare(access, poor, deadline_s=DEADLINE_S)
        assert preparation.outcome is Outcome.REFUSED and words in preparation.message
    assert not server.asked


@pytest.mark.parametrize(
    ("word", "status", "outcome"),
    [
        ("invalid_payload", 400, Outcome.REFUSED),
        ("invalid_blocks", 400, Outcome.REFUSED),
        ("user_not_found", 400, Outcome.SIGNED_OUT),
        ("action_prohibited", 403, Outcome.SIGNED_OUT),
        ("channel_is_archived", 410, Outcome.SIGNED_OUT),
        ("something_new", 400, Outcome.UNKNOWN),
    ],
)
def test_each_word_is_judged(
    network: SlackWebhook, slack: SlackServer, access: Access, word: str, status: int, outcome: Outcome
) -> None:
    slack.refuse = word
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status) == (outcome, status)
    assert outcome is Outcome.UNKNOWN or word in result.message
    assert not slack.recorded.posts


def test_a_connected_webhook_was_tested_without_posting(network: SlackWebhook, server: Recorded) -> None:
    connection = network.connect({"address": f" {ADDRESS}/ ", "name": " Status "})
    assert (connection.handle, connection.display_name) == (f"Status ({HOOK})", "Status")
    assert connection.remote_id == f"{TEAM}/{HOOK}"
    assert [one.body for one in server.asked] == [{}] and not server.posts
    access = Access(1, connection.handle, connection.secret)
    assert network.check(access).presence is Presence.FOUND
    assert send(network, access, a_part(network)).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("address", "name", "field", "words"),
    [
        ("", "Status", "address", "Paste the webhook's address"),
        ("https://hooks.slack.com.evil.example/services/T1/B1/x", "Status", "address", "Paste the webhook's"),
        ("http://hooks.slack.com/services/T1/B1/x", "Status", "address", "Paste the webhook's address"),
        ("https://hooks.slack.com/triggers/T1/1/x", "Status", "address", "starts a workflow"),
        (ADDRESS, "", "name", "Give it a name"),
        (ADDRESS.replace(LIVE, WRONG), "Status", "address", "Make a new one"),
        (ADDRESS.replace(TEAM, "T9"), "Status", "address", "workspace is gone"),
        (ADDRESS.replace(LIVE, LOST), "Status", "address", "cannot be reached just now"),
    ],
)
def test_what_was_pasted_wrongly_becomes_a_sentence(
    network: SlackWebhook, address: str, name: str, field: str, words: str
) -> None:
    at, sentence = refusal(network.connect, {"address": address, "name": name})
    assert at == field and words in sentence


@pytest.mark.parametrize(
    ("answer", "words"), [(("ok", 200), "cannot be reached just now"), (("slow", 429), "asked too often")]
)
def test_an_odd_answer_while_connecting_becomes_a_sentence(
    network: SlackWebhook, server: Recorded, answer: tuple[str, int], words: str
) -> None:
    server.app.view_functions["hook"] = lambda team, hook, secret: answer
    assert words in refusal(network.connect, {"address": ADDRESS, "name": "Status"})[1]
