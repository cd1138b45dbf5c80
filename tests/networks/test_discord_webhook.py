"""A Discord webhook: the contract against a server written from the documents, and what is special about it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import Access, Outcome, Poll, Presence, RemoteRef
from service_channel.networks.discord_webhook import DiscordWebhook
from tests.networks.chat_ways import images, refusal, way
from tests.networks.contract import DEADLINE_S, AskedAgain, BlindContract, Wired, a_part, send
from tests.networks.servers.discord import CHANNEL, GUILD, HOOK, DiscordServer
from tests.networks.servers.recorded import Recorded

pytestmark = pytest.mark.network

LIVE, WRONG, LOST = DiscordServer().hook_token, "wrong_webhook-token", "lost_webhook-token"
ADDRESS = f"https://discord.com/api/webhooks/{HOOK}/{LIVE}"


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    server = DiscordServer()
    with server.recorded.running():
        yield server


@pytest.fixture
def server(discord: DiscordServer) -> Recorded:
    return discord.recorded


@pytest.fixture
def network(server: Recorded, dead_host: str) -> DiscordWebhook:
    return DiscordWebhook(way(dead_host, LOST), server=server.url)


@pytest.fixture
def access() -> Access:
    return Access(1, "Elm Street", {"id": HOOK, "token": LIVE, "channel": CHANNEL, "guild": GUILD})


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": WRONG})


@pytest.fixture
def unreachable_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": LOST})


class TestDiscordWebhookContract(AskedAgain, BlindContract, Wired):
    secrets = (LIVE, WRONG, LOST)

    @pytest.fixture(autouse=True)
    def _with_server(self, server: Recorded) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)


def test_the_message_comes_back_with_its_address(
    network: DiscordWebhook, access: Access, server: Recorded, tmp_path: Path
) -> None:
    media, poll = images(tmp_path, 1), Poll(("Yes", "No"), 60)
    ref = send(network, access, replace(a_part(network, "2 * 3"), media=media, poll=poll)).ref
    assert ref is not None and ref.url == f"https://discord.com/channels/{GUILD}/{CHANNEL}/{ref.remote_id}"
    shown = server.posts[ref.remote_id]
    assert shown["content"] == r"2 \* 3"
    assert [one["description"] for one in shown["attachments"]] == [media[0].alt]
    assert shown["poll"]["duration"] == 1


def test_taking_down_again_is_done_and_other_things_are_not_taken_down(
    network: DiscordWebhook, access: Access
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    for _ in range(2):
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
    assert network.delete(access, RemoteRef("../1"), deadline_s=DEADLINE_S).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"message": "Invalid Webhook Token", "code": 50027}),
        (403, {"message": "Missing Access", "code": 50001}),
        (404, {"message": "Unknown Webhook", "code": 10015}),
        (404, {"message": "Unknown Channel", "code": 10003}),
        (404, {"message": "404: Not Found", "code": 0}),
        (404, {}),
        (429, {"message": "You are being rate limited.", "retry_after": 2.5, "global": False}),
        (500, {"message": "Internal Server Error", "code": 0}),
        (503, {}),
    ],
)
def test_only_the_words_unknown_message_of_a_webhook_that_is_where_it_was_say_that_it_is_gone(
    network: DiscordWebhook, access: Access, server: Recorded, status: int, body: dict[str, Any]
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    network.delete(access, ref, deadline_s=DEADLINE_S)
    messages, hook = "GET /webhooks/<hook>/<token>/messages/<number>", "GET /webhooks/<hook>/<token>"
    for view in (messages, hook):
        usual = server.app.view_functions[view]
        server.app.view_functions[view] = lambda **_asked: (body, status)
        assert network.stands(access, ref, deadline_s=DEADLINE_S).presence is Presence.UNREADABLE
        server.app.view_functions[view] = usual
    assert network.stands(access, ref, deadline_s=0).presence is Presence.UNREADABLE
    assert network.stands(access, ref, deadline_s=DEADLINE_S).presence is Presence.ABSENT


def test_a_webhook_that_was_moved_to_another_channel_says_nothing_of_what_it_posted_before(
    network: DiscordWebhook, access: Access, discord: DiscordServer
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    discord.hook_channel = "200000000000000009"
    assert network.stands(access, ref, deadline_s=DEADLINE_S).presence is Presence.UNREADABLE
    discord.hook_channel = CHANNEL
    assert network.stands(access, ref, deadline_s=DEADLINE_S).presence is Presence.FOUND
    assert network.stands(access, RemoteRef("../1"), deadline_s=DEADLINE_S).presence is Presence.UNREADABLE


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    network: DiscordWebhook, access: Access, server: Recorded
) -> None:
    for poor, words in (
        (replace(a_part(network), parent=RemoteRef("1")), "Use a bot for threads"),
        (a_part(network, "x" * 2_001), "Discord takes 2,000 characters"),
    ):
        preparation = network.prepare(access, poor, deadline_s=DEADLINE_S)
        assert preparation.outcome is Outcome.REFUSED and words in preparation.message
    assert not server.asked


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [(404, 10015, Outcome.SIGNED_OUT), (401, 50027, Outcome.SIGNED_OUT), (400, 50035, Outcome.REFUSED)],
)
def test_a_dead_webhook_is_told_apart_from_refused_content(
    network: DiscordWebhook, discord: DiscordServer, access: Access, status: int, code: int, outcome: Outcome
) -> None:
    discord.refuse = (status, {"message": "No", "code": code})
    result = send(network, access, a_part(network))
    assert result.outcome is outcome and result.message


@pytest.mark.parametrize(
    "beginning", ["https://discord.com", "https://canary.discord.com", "https://discordapp.com"]
)
def test_a_connected_webhook_can_be_posted_to(
    network: DiscordWebhook, server: Recorded, beginning: str
) -> None:
    connection = network.connect({"address": f" {beginning}/api/v10/webhooks/{HOOK}/{LIVE}/?wait=true "})
    assert (connection.handle, connection.display_name) == (f"Elm Street ({HOOK})", "Elm Street")
    assert (connection.remote_id, connection.url) == (HOOK, f"https://discord.com/channels/{GUILD}/{CHANNEL}")
    assert not server.posts
    access = Access(1, connection.handle, connection.secret)
    assert network.check(access).presence is Presence.FOUND
    assert send(network, access, a_part(network)).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Paste the webhook's address"),
        ("https://discord.example/api/webhooks/1/a", "Paste the webhook's address"),
        ("https://evildiscord.com/api/webhooks/1/a", "Paste the webhook's address"),
        (f"http://discord.com/api/webhooks/{HOOK}/{LIVE}", "Paste the webhook's address"),
        (f"https://discord.com/api/webhooks/{HOOK}", "Paste the webhook's address"),
        ("https://[discord.com/api", "Paste the webhook's address"),
        (ADDRESS.replace(LIVE, WRONG), "does not know this webhook"),
        (ADDRESS.replace(HOOK, "12"), "does not know this webhook"),
        (ADDRESS.replace(LIVE, LOST), "cannot be reached just now"),
    ],
)
def test_what_was_pasted_wrongly_becomes_a_sentence(
    network: DiscordWebhook, address: str, words: str
) -> None:
    at, sentence = refusal(network.connect, {"address": address})
    assert at == "address" and words in sentence


@pytest.mark.parametrize(
    ("answer", "words"),
    [(({"id": HOOK}, 200), "makes no sense"), (({"message": "Slow down"}, 429), "asked too often")],
)
def test_an_odd_answer_while_connecting_becomes_a_sentence(
    network: DiscordWebhook, server: Recorded, answer: Any, words: str
) -> None:
    server.app.view_functions["GET /webhooks/<hook>/<token>"] = lambda hook, token: answer
    assert words in refusal(network.connect, {"address": ADDRESS})[1]
