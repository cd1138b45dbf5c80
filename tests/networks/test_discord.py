"""A Discord bot: the contracts against a server written from the documents, and what is special about it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import Access, Outcome, Poll, Presence, RemoteRef
from service_channel.networks.discord import Discord, snowflake
from service_channel.networks.discord_messages import plain, same_text
from tests.networks.chat_ways import images, refusal, way
from tests.networks.contract import (
    CREATED_AT,
    DEADLINE_S,
    AskedAgain,
    KeyedContract,
    Readable,
    Wired,
    a_part,
    presence,
    send,
)
from tests.networks.servers.discord import BOT, CHANNEL, GUILD, DiscordServer
from tests.networks.servers.recorded import Recorded

pytestmark = pytest.mark.network

LIVE, WRONG, LOST = DiscordServer().token, "MTk4NjIy.Cl2FMQ.wrong-token", "MTk4NjIy.Cl2FMQ.lost-token"
GOOD = {"token": LIVE, "channel": CHANNEL}
CREATED_MS = int(CREATED_AT.timestamp() * 1_000)


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    server = DiscordServer()
    with server.recorded.running():
        yield server


@pytest.fixture
def server(discord: DiscordServer) -> Recorded:
    return discord.recorded


@pytest.fixture
def network(server: Recorded, dead_host: str) -> Discord:
    return Discord(way(dead_host, LOST), server=server.url)


@pytest.fixture
def access() -> Access:
    return Access(1, "#status", {"token": LIVE, "channel": CHANNEL, "guild": GUILD, "bot": BOT})


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": WRONG})


@pytest.fixture
def unreachable_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": LOST})


class TestDiscordContract(AskedAgain, KeyedContract, Readable, Wired):
    secrets = (LIVE, WRONG, LOST)

    @pytest.fixture(autouse=True)
    def _with_server(self, server: Recorded) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)


def test_a_nonce_is_enforced_and_nobody_is_called(network: Discord, access: Access, server: Recorded) -> None:
    part = a_part(network, "@everyone come")
    ref = send(network, access, part).ref
    assert ref is not None and ref.url == f"https://discord.com/channels/{GUILD}/{CHANNEL}/{ref.remote_id}"
    assert server.asked[-1].body == {
        "content": "@everyone come", "allowed_mentions": {"parse": []}, "nonce": part.key, "enforce_nonce": True,
    }  # fmt: skip
    assert len(part.key) <= 25


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("No marks here, really.", "No marks here, really."),
        ("*bold* _so_ ~~x~~ `c` |s|", r"\*bold\* \_so\_ \~\~x\~\~ \`c\` \|s\|"),
        ("See https://help.example/a_b_c*d_ now_", r"See https://help.example/a_b_c*d_ now\_"),
        ("# Head\n> quote\n-# small\na # b > c", "\\# Head\n\\> quote\n\\-# small\na # b > c"),
        ("Ask <@80351110224678912> in <#12>", r"Ask \<@80351110224678912> in \<#12>"),
        (r"C:\temp", r"C:\\temp"),
        ("[click](https://a.example)", r"\[click](https://a.example)"),
    ],
)
def test_marks_of_formatting_are_shown_as_they_are(text: str, given: str) -> None:
    assert plain(text) == given
    assert same_text(given, plain(text))


def test_pictures_go_with_their_alt_texts_and_are_found_again(
    network: Discord, access: Access, discord: DiscordServer, tmp_path: Path
) -> None:
    media = images(tmp_path, 2)
    part = replace(a_part(network, "Grüße_an alle 👍🏽"), media=media)
    asked = len(discord.recorded.asked)
    ref = send(network, access, part).ref
    assert ref is not None and len(discord.recorded.asked) == asked + 1
    shown = discord.recorded.posts[ref.remote_id]["attachments"]
    assert [one["description"] for one in shown] == [one.alt for one in media]
    assert list(discord.files.values()) == [one.path.read_bytes() for one in media]
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == ref
    assert presence(network, access, replace(part, media=())) is Presence.ABSENT


def test_a_part_with_a_parent_is_a_reply(network: Discord, access: Access, server: Recorded) -> None:
    first = send(network, access, a_part(network)).ref
    second = send(network, access, replace(a_part(network), parent=first, root=first)).ref
    assert first is not None and second is not None
    reference = server.posts[second.remote_id]["message_reference"]
    assert reference == {"message_id": first.remote_id, "fail_if_not_exists": True}
    gone = replace(a_part(network), parent=RemoteRef("5"), root=RemoteRef("5"))
    result = send(network, access, gone)
    assert (result.outcome, result.message) == (Outcome.REFUSED, "Invalid Form Body; Unknown message")


def test_a_poll_is_one(network: Discord, access: Access, server: Recorded) -> None:
    part = replace(a_part(network, "Which day? Monday or Friday?"), poll=Poll(("Monday", "Friday"), 90))
    ref = send(network, access, part).ref
    assert ref is not None
    assert server.posts[ref.remote_id]["poll"] == {
        "question": {"text": "Elm Street"},
        "answers": [{"poll_media": {"text": "Monday"}}, {"poll_media": {"text": "Friday"}}],
        "duration": 2,
        "allow_multiselect": False,
    }


def test_a_question_that_was_cleared_is_the_one_that_is_asked(
    network: Discord, access: Access, server: Recorded
) -> None:
    ref = send(network, access, replace(a_part(network), poll=Poll(("Mon", "Fri"), 60, "Which day?"))).ref
    assert ref is not None
    assert server.posts[ref.remote_id]["poll"]["question"] == {"text": "Which day?"}


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    network: Discord, access: Access, server: Recorded, tmp_path: Path
) -> None:
    part, media = a_part(network), images(tmp_path, 11)
    large = images(tmp_path, 3)
    for one in large:
        with one.path.open("ab") as file:
            file.truncate(9_000_000)
    for poor, words in (
        (a_part(network, "x" * 2_001), "Discord takes 2,000 characters; this text has 2,001"),
        (a_part(network, "_" * 1_001), "this text has 2,002"),
        (replace(part, media=media), "takes 10 pictures in one post; this one has 11."),
        (replace(part, media=large), "together larger than the 25 MB"),
        (replace(part, media=large[:1]), "not the one that was approved"),
        (replace(part, media=(replace(media[5], alt="x" * 1_025),)), "up to 1024 characters"),
        (replace(part, poll=Poll(("x" * 56,), 60)), "10 answers to a poll, each up to 55"),
        (replace(part, poll=Poll(("x", "y"), 33 * 24 * 60)), "32 days at most"),
    ):
        preparation = network.prepare(access, poor, deadline_s=DEADLINE_S)
        assert preparation.outcome is Outcome.REFUSED and words in preparation.message, words
    assert not server.asked


@pytest.mark.parametrize(
    ("status", "code", "words", "outcome"),
    [
        (400, 50006, "Cannot send an empty message", Outcome.REFUSED),
        (400, 200000, "Message was blocked by automatic moderation", Outcome.REFUSED),
        (403, 20009, "Explicit content cannot be sent to the desired recipient(s)", Outcome.REFUSED),
        (403, 50001, "Missing Access", Outcome.SIGNED_OUT),
        (403, 50013, "Missing Permissions", Outcome.SIGNED_OUT),
        (404, 10003, "Unknown Channel", Outcome.SIGNED_OUT),
        (401, 0, "401: Unauthorized", Outcome.SIGNED_OUT),
        (400, 20028, "The write action has hit the write rate limit", Outcome.NOT_SENT),
        (403, 40333, "Cloudflare is blocking your request", Outcome.NOT_SENT),
        (500, 0, "500: Internal Server Error", Outcome.UNKNOWN),
        (502, 0, "Bad Gateway", Outcome.UNKNOWN),
    ],
)
def test_each_error_is_judged_by_its_code(
    network: Discord,
    discord: DiscordServer,
    access: Access,
    status: int,
    code: int,
    words: str,
    outcome: Outcome,
) -> None:
    discord.refuse = (status, {"message": words, "code": code})
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status) == (outcome, status)
    assert result.message == words or outcome is Outcome.SIGNED_OUT
    assert not discord.recorded.posts


def test_a_lost_permission_says_which_ones_are_needed(
    network: Discord, discord: DiscordServer, access: Access
) -> None:
    discord.refuse = (403, {"message": "Missing Permissions", "code": 50013})
    assert "read its history" in send(network, access, a_part(network)).message


def test_a_global_limit_keeps_its_wait_and_its_headers(
    network: Discord, discord: DiscordServer, access: Access
) -> None:
    discord.refuse = (429, {"message": "You are being rate limited.", "retry_after": 1.5, "global": True})
    result = send(network, access, a_part(network))
    assert (result.outcome, result.retry_after) == (Outcome.NOT_SENT, 1.5)
    assert result.response["body"]["global"] is True


def test_a_page_of_something_in_between_is_unknown(
    network: Discord, access: Access, server: Recorded
) -> None:
    server.app.view_functions["POST /channels/<channel>/messages"] = lambda channel: ("<html>", 403)
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN


def test_only_what_the_bot_posted_since_is_taken_for_it(
    network: Discord, access: Access, discord: DiscordServer
) -> None:
    part = a_part(network)
    discord.put(part.text, author="7", at_ms=CREATED_MS + 5_000)
    discord.put(part.text, at_ms=CREATED_MS - 121_000)
    discord.put("Something else", at_ms=CREATED_MS + 6_000)
    assert presence(network, access, part) is Presence.ABSENT
    ours = discord.put(f" {part.text}\n", at_ms=CREATED_MS - 119_000)
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == RemoteRef(
        ours["id"], url=f"https://discord.com/channels/{GUILD}/{CHANNEL}/{ours['id']}"
    )
    assert presence(network, access, replace(part, taken=frozenset({ours["id"]}))) is Presence.ABSENT


def test_a_nonce_tells_more_than_a_text_where_discord_gives_it_back(
    network: Discord, access: Access, discord: DiscordServer
) -> None:
    part = a_part(network)
    discord.put(part.text, at_ms=CREATED_MS + 1, nonce="another")
    assert presence(network, access, part) is Presence.ABSENT
    discord.put("Changed on its way", at_ms=CREATED_MS + 2, nonce=part.key)
    assert presence(network, access, part) is Presence.FOUND


def test_a_busy_channel_is_read_page_by_page_and_not_for_ever(
    network: Discord, access: Access, discord: DiscordServer
) -> None:
    part = a_part(network)
    for number in range(250):
        discord.put(f"Chat {number}", author="7", at_ms=CREATED_MS + number)
    ours = discord.put(part.text, at_ms=CREATED_MS + 300)
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert found.ref is not None and found.ref.remote_id == ours["id"]
    for number in range(1_000):
        discord.put("More chat", author="7", at_ms=CREATED_MS + 10 + number)
    unclear = network.find(access, replace(part, text="Never sent"), deadline_s=DEADLINE_S)
    assert unclear.presence is Presence.UNREADABLE and "Too much" in unclear.message


def test_a_bot_that_may_not_read_the_history_never_says_absent(
    network: Discord, access: Access, discord: DiscordServer
) -> None:
    part = a_part(network)
    send(network, access, part)
    discord.may_read_history = False
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert found.presence is Presence.UNREADABLE and "history" in found.message


def test_an_old_message_proves_that_the_history_can_be_read(
    network: Discord, access: Access, discord: DiscordServer
) -> None:
    discord.put("Last week", at_ms=CREATED_MS - 600_000)
    assert presence(network, access, a_part(network)) is Presence.ABSENT


def test_an_odd_history_is_unreadable(network: Discord, access: Access, server: Recorded) -> None:
    server.app.view_functions["GET /channels/<channel>/messages"] = lambda channel: {"odd": 1}
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


def test_a_gone_channel_is_found_out_by_asking(network: Discord, access: Access) -> None:
    poor = replace(access, secret={**access.secret, "channel": "9"})
    found = network.check(poor)
    assert found.presence is Presence.ABSENT and "gone from Discord" in found.message


def test_what_is_no_message_is_not_taken_down(network: Discord, access: Access) -> None:
    for ref in (RemoteRef("abc"), RemoteRef("../1")):
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.REFUSED


def test_a_snowflake_is_the_moment_of_a_message() -> None:
    assert snowflake(CREATED_AT) >> 22 == CREATED_MS - 1_420_070_400_000


def test_a_connected_channel_can_be_posted_to(network: Discord, server: Recorded) -> None:
    link = f" https://discord.com/channels/{GUILD}/{CHANNEL}/ "
    connection = network.connect({"token": f"Bot {LIVE}", "channel": link})
    assert (connection.handle, connection.display_name) == (f"#status ({CHANNEL})", "#status")
    assert (connection.remote_id, connection.url) == (CHANNEL, link.strip().rstrip("/"))
    access = Access(1, connection.handle, connection.secret)
    assert network.check(access).presence is Presence.FOUND
    part = a_part(network)
    assert send(network, access, part).outcome is Outcome.SENT
    assert presence(network, access, part) is Presence.FOUND


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "token", "Enter the bot's token"),
        ({"token": "a b"}, "token", "Enter the bot's token"),
        ({"token": LIVE}, "channel", "Enter the channel's link or number"),
        ({"token": LIVE, "channel": "#status"}, "channel", "Enter the channel's link or number"),
        ({"token": WRONG, "channel": CHANNEL}, "token", "does not know a bot with this token"),
        ({"token": LOST, "channel": CHANNEL}, "token", "cannot be reached just now"),
        ({"token": LIVE, "channel": "12"}, "channel", "cannot see this channel"),
    ],
)
def test_what_was_typed_wrongly_becomes_a_sentence(
    network: Discord, given: dict[str, str], field: str, words: str
) -> None:
    at, sentence = refusal(network.connect, given)
    assert at == field and words in sentence


def test_a_channel_that_cannot_be_used_is_told_apart(network: Discord, discord: DiscordServer) -> None:
    discord.channel["type"] = 15
    assert "Choose a text channel" in refusal(network.connect, GOOD)[1]
    discord.channel["type"] = 5
    discord.put("Hello", author="7")
    discord.may_read_history = False
    assert "Read message history" in refusal(network.connect, GOOD)[1]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(({}, 200), "makes no sense"), (({"message": "You are being rate limited."}, 429), "asked too often")],
)
def test_an_odd_answer_while_connecting_becomes_a_sentence(
    network: Discord, server: Recorded, answer: Any, words: str
) -> None:
    server.app.view_functions["GET /users/@me"] = lambda: answer
    assert words in refusal(network.connect, GOOD)[1]
