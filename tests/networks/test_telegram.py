"""Telegram: the contract against a server written from its documents, and what is special about it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import (
    Access,
    NetworkClass,
    Outcome,
    Poll,
    Presence,
    RemoteRef,
    SendResult,
)
from service_channel.networks.telegram import Telegram
from tests.networks.bluesky_accounts import an_image
from tests.networks.chat_ways import images, refusal, way
from tests.networks.contract import DEADLINE_S, BlindContract, Wired, a_part, prepared, send
from tests.networks.servers.recorded import Recorded
from tests.networks.servers.telegram import TelegramServer

pytestmark = pytest.mark.network

WRONG, LOST = "123456789:AAF-wrong_token", "123456789:AAF-lost_token"
SERVER = TelegramServer()
GOOD = {"token": SERVER.token, "chat": "@elmstreet"}


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    server = TelegramServer()
    with server.recorded.running():
        yield server


@pytest.fixture
def server(telegram: TelegramServer) -> Recorded:
    return telegram.recorded


@pytest.fixture
def network(server: Recorded, dead_host: str) -> Telegram:
    return Telegram(way(dead_host, LOST), server=server.url)


@pytest.fixture
def access(telegram: TelegramServer) -> Access:
    access = Access(1, "@elmstreet", {"token": telegram.token, "chat": "-1001234567890", "name": "elmstreet"})
    access.save_session = lambda session: setattr(access, "session", session)
    return access


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": WRONG})


@pytest.fixture
def unreachable_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": LOST})


class TestTelegramContract(BlindContract, Wired):
    secrets = (SERVER.token, WRONG, LOST)

    @pytest.fixture(autouse=True)
    def _with_server(self, server: Recorded) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)


def a_refusal(
    network: Telegram, telegram: TelegramServer, access: Access, code: int, words: str, **parameters: Any
) -> SendResult:
    telegram.refuse = (code, words, parameters)
    result = send(network, access, a_part(network))
    assert not telegram.recorded.posts
    return result


def test_a_text_goes_without_marks_of_formatting(network: Telegram, access: Access, server: Recorded) -> None:
    text = "*Störung* <b>behoben</b> 👍🏽\n\nhttps://help.example/a_b_c"
    result = send(network, access, a_part(network, text))
    assert server.posts["11"] == {"text": text}
    assert result.ref == RemoteRef("-1001234567890/11", url="https://t.me/elmstreet/11")
    assert "parse_mode" not in server.asked[-1].body


def test_a_private_channel_has_an_address_for_its_members(network: Telegram, access: Access) -> None:
    ref = send(network, replace(access, secret={**access.secret, "name": ""}), a_part(network)).ref
    assert ref is not None and ref.url == "https://t.me/c/1234567890/11"


def test_one_picture_goes_with_its_text_as_caption(
    network: Telegram, access: Access, server: Recorded, tmp_path: Path
) -> None:
    image = an_image(tmp_path)
    send(network, access, replace(a_part(network, "Grüße 👍🏽"), media=(image,)))
    assert server.posts == {"11": {"caption": "Grüße 👍🏽", "photo": image.path.read_bytes()}}


def test_an_album_is_one_call_and_is_taken_down_as_a_whole(
    network: Telegram, access: Access, server: Recorded, tmp_path: Path
) -> None:
    media = images(tmp_path, 3)
    asked = len(server.asked)
    ref = send(network, access, replace(a_part(network, "Three"), media=media)).ref
    assert ref == RemoteRef("-1001234567890/11,12,13", url="https://t.me/elmstreet/11")
    assert len(server.asked) == asked + 1
    assert [post["caption"] for post in server.posts.values()] == ["Three", "", ""]
    assert [post["photo"] for post in server.posts.values()] == [one.path.read_bytes() for one in media]
    server.posts.pop("12")
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
    assert not server.posts


def test_a_part_with_a_parent_is_a_reply_also_to_an_album(
    network: Telegram, access: Access, server: Recorded, tmp_path: Path
) -> None:
    first = send(network, access, replace(a_part(network), media=images(tmp_path))).ref
    send(network, access, replace(a_part(network), parent=first, root=first))
    send(network, access, replace(a_part(network), parent=first, root=first, media=images(tmp_path, 1)))
    assert [server.posts[number].get("reply_to") for number in ("11", "12", "13", "14")] == [
        None,
        None,
        11,
        11,
    ]


def test_a_poll_is_one_message_with_its_text_above_the_question(
    network: Telegram, access: Access, server: Recorded
) -> None:
    text = "We ask you. Which day? https://help.example"
    part = replace(a_part(network, text), poll=Poll(("Monday", "Friday 👍🏽"), 90, "Which day?"))
    asked = len(server.asked)
    result = send(network, access, part)
    poll = {"question": "Which day?", "options": ["Monday", "Friday 👍🏽"], "seconds": 5_400}
    assert server.posts == {"11": {"poll": poll, "description": text}}
    assert result.ref == RemoteRef("-1001234567890/11", url="https://t.me/elmstreet/11")
    assert len(server.asked) == asked + 1


def test_a_text_that_is_the_question_is_said_once(
    network: Telegram, access: Access, server: Recorded
) -> None:
    send(
        network,
        access,
        replace(a_part(network, "Which day?"), poll=Poll(("Monday", "Friday"), 60, "Which day?")),
    )
    assert server.posts["11"]["description"] == ""


def test_a_poll_can_answer_and_be_answered(network: Telegram, access: Access, server: Recorded) -> None:
    first = send(
        network, access, replace(a_part(network, "Which day?"), poll=Poll(("Monday", "Friday"), 60))
    ).ref
    send(network, access, replace(a_part(network), parent=first, root=first, poll=Poll(("Yes", "No"), 60)))
    assert [server.posts[number].get("reply_to") for number in ("11", "12")] == [None, 11]


@pytest.mark.parametrize(
    ("poll", "text", "words"),
    [
        (Poll(("Yes",), 60), "Which?", "2 to 12 options; this one has 1."),
        (Poll(("Yes", ""), 60), "Which?", "options of 1 to 100 characters"),
        (Poll(("Yes", "👍" * 51), 60), "Which?", "options of 1 to 100 characters"),
        (Poll(("Yes", "No"), 43_801), "Which?", "open for a month at most"),
        (Poll(("Yes", "No"), 60), "x" * 301, "question of up to 300 characters"),
        (
            Poll(("Yes", "No"), 60, "Which?"),
            "x" * 1_025,
            "1,024 characters beside a poll; this text has 1,025.",
        ),
    ],
)
def test_a_poll_telegram_would_refuse_is_refused_with_a_sentence(
    network: Telegram, access: Access, poll: Poll, text: str, words: str
) -> None:
    preparation = network.prepare(access, replace(a_part(network, text), poll=poll), deadline_s=DEADLINE_S)
    assert preparation.outcome is Outcome.REFUSED
    assert words in preparation.message


def test_pictures_and_a_poll_do_not_go_together(network: Telegram, access: Access, tmp_path: Path) -> None:
    part = replace(a_part(network), media=images(tmp_path, 1), poll=Poll(("Yes", "No"), 60))
    assert "not both" in network.prepare(access, part, deadline_s=DEADLINE_S).message


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    network: Telegram, access: Access, server: Recorded, tmp_path: Path
) -> None:
    eleven = images(tmp_path, 11)
    one, part = an_image(tmp_path), a_part(network)
    changed = an_image(tmp_path, "red")
    changed.path.write_bytes(b"other")
    large = an_image(tmp_path, "gold")
    with large.path.open("ab") as file:
        file.truncate(10_000_001)
    for poor, words in (
        (a_part(network, "x" * 4_097), "Telegram takes 4,096 characters; this text has 4,097."),
        (replace(a_part(network, "👍" * 513), media=(one,)), "1,024 characters where there are pictures"),
        (
            replace(part, media=eleven),
            "Telegram takes 10 pictures in one post; this one has 11.",
        ),
        (replace(part, media=(replace(one, mime="image/gif"),)), "of these kinds only: JPG, PNG, WEBP"),
        (replace(part, media=(replace(one, width=9_000, height=1_001),)), "10,000 pixels"),
        (replace(part, media=(replace(one, width=21, height=1),)), "no strip"),
        (replace(part, media=(large,)), "larger than the 10 MB"),
        (replace(part, media=(changed,)), "not the one that was approved"),
    ):
        preparation = network.prepare(access, poor, deadline_s=DEADLINE_S)
        assert preparation.outcome is Outcome.REFUSED and words in preparation.message, words
    assert not server.asked


@pytest.mark.parametrize(
    ("code", "words", "outcome"),
    [
        (400, "Bad Request: message text is empty", Outcome.REFUSED),
        (400, "Bad Request: message to be replied not found", Outcome.REFUSED),
        (413, "Request Entity Too Large", Outcome.REFUSED),
        (400, "Bad Request: chat not found", Outcome.SIGNED_OUT),
        (400, "Bad Request: need administrator rights in the channel chat", Outcome.SIGNED_OUT),
        (400, "Bad Request: not enough rights to send photos to the chat", Outcome.SIGNED_OUT),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", Outcome.SIGNED_OUT),
        (403, "Forbidden: bot was kicked from the channel chat", Outcome.SIGNED_OUT),
        (403, "Forbidden: bot is not a member of the channel chat", Outcome.SIGNED_OUT),
        (500, "Internal Server Error: restart", Outcome.UNKNOWN),
    ],
)
def test_each_error_is_judged_by_its_words(
    network: Telegram, telegram: TelegramServer, access: Access, code: int, words: str, outcome: Outcome
) -> None:
    result = a_refusal(network, telegram, access, code, words)
    assert (result.outcome, result.message, result.status) == (outcome, words, code)


def test_a_dead_token_says_where_a_new_one_is(network: Telegram, wrong_access: Access) -> None:
    result = send(network, wrong_access, a_part(network))
    assert (result.outcome, result.status) == (Outcome.SIGNED_OUT, 401)
    assert "@BotFather" in result.message
    assert send(network, replace(wrong_access, secret={}), a_part(network)).outcome is Outcome.SIGNED_OUT


def test_telegrams_own_wait_is_kept(network: Telegram, telegram: TelegramServer, access: Access) -> None:
    result = a_refusal(network, telegram, access, 429, "Too Many Requests: retry after 7", retry_after=7)
    assert (result.outcome, result.retry_after) == (Outcome.NOT_SENT, 7.0)


def test_a_group_that_became_a_supergroup_is_followed_at_the_next_try(
    network: Telegram, telegram: TelegramServer, access: Access
) -> None:
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    result = a_refusal(network, telegram, access, 400, words, migrate_to_chat_id=-1009)
    assert result.outcome is Outcome.NOT_SENT and "supergroup" in result.message
    telegram.chat["id"] = -1009
    ref = send(network, access, a_part(network)).ref
    assert ref is not None and ref.remote_id == "-1009/11"


def test_an_answer_of_something_in_between_is_unknown(
    network: Telegram, access: Access, server: Recorded
) -> None:
    server.app.view_functions["sendMessage"] = lambda token: ("<html>Forbidden</html>", 403)
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN


def test_what_is_too_old_is_left_to_a_person(
    network: Telegram, telegram: TelegramServer, access: Access
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    telegram.ages.add(11)
    result = network.delete(access, ref, deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.REFUSED
    assert "can't be deleted" in result.message and "48 hours" in result.message


@pytest.mark.parametrize("remote_id", ["11", "-100/", "-100/x"])
def test_what_is_no_message_is_not_taken_down(network: Telegram, access: Access, remote_id: str) -> None:
    assert network.delete(access, RemoteRef(remote_id), deadline_s=DEADLINE_S).outcome is Outcome.REFUSED


def test_a_kicked_bot_is_found_out_by_asking(
    network: Telegram, telegram: TelegramServer, access: Access
) -> None:
    telegram.chat["id"] = -5
    found = network.check(access)
    assert (found.presence, found.message) == (Presence.ABSENT, "Bad Request: chat not found")


def test_the_token_is_in_no_log(
    network: Telegram, access: Access, unreachable_access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "httpx")  # also where a test before has set up the logs of a process
    for one in (access, unreachable_access):
        network.send(one, a_part(network), prepared(network, one, a_part(network)), deadline_s=DEADLINE_S)
    assert "sendMessage" in caplog.text
    assert "AAF" not in caplog.text


def test_it_promises_nothing_it_cannot_keep(network: Telegram, access: Access) -> None:
    promise = network.promise(access)
    assert (promise.kind, promise.can_read) == (NetworkClass.BLIND, False)


def test_a_connected_channel_can_be_posted_to(network: Telegram, server: Recorded) -> None:
    connection = network.connect({"token": f" bot{SERVER.token} ", "chat": "https://t.me/elmstreet"})
    assert (connection.handle, connection.display_name) == ("@elmstreet", "Elm Street")
    assert (connection.remote_id, connection.url) == ("-1001234567890", "https://t.me/elmstreet")
    access = Access(1, connection.handle, connection.secret)
    assert network.check(access).presence is Presence.FOUND
    assert send(network, access, a_part(network)).outcome is Outcome.SENT
    assert len(server.posts) == 1


def test_a_private_group_is_named_by_its_title(network: Telegram, telegram: TelegramServer) -> None:
    telegram.chat = {"id": -1007, "type": "supergroup", "title": "Crew"}
    telegram.member = {"status": "member"}
    assert network.connect({"token": SERVER.token, "chat": "-1007"}).handle == "Crew (-1007)"


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "token", "Enter the token"),
        ({"token": "hello"}, "token", "It looks like 123456789:AAF"),
        ({"token": f"{SERVER.token}/../x"}, "token", "It looks like"),
        ({"token": SERVER.token}, "chat", "Enter the channel or group"),
        ({"token": SERVER.token, "chat": "https://t.me/+abc"}, "chat", "Enter the channel or group"),
        ({"token": WRONG, "chat": "@elmstreet"}, "token", "does not know a bot with this token"),
        ({"token": LOST, "chat": "@elmstreet"}, "token", "cannot be reached just now"),
        ({"token": SERVER.token, "chat": "oakstreet"}, "chat", "Telegram says: Bad Request: chat not found"),
    ],
)
def test_what_was_typed_wrongly_becomes_a_sentence(
    network: Telegram, given: dict[str, str], field: str, words: str
) -> None:
    at, sentence = refusal(network.connect, given)
    assert at == field and words in sentence


@pytest.mark.parametrize(
    ("kind", "member", "words"),
    [
        ("channel", {"status": "administrator", "can_post_messages": False}, "is not an administrator"),
        ("channel", {"status": "left"}, "is not an administrator"),
        ("supergroup", {"status": "kicked"}, "may not write in Elm Street"),
        ("group", {"status": "restricted", "can_send_messages": False}, "may not write in Elm Street"),
        ("private", {"status": "member"}, "That is a person"),
    ],
)
def test_a_bot_that_may_not_post_is_told_apart(
    network: Telegram, telegram: TelegramServer, kind: str, member: dict[str, Any], words: str
) -> None:
    telegram.chat["type"], telegram.member = kind, member
    at, sentence = refusal(network.connect, GOOD)
    assert at == "chat" and words in sentence


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (("<html>", 200), "cannot be reached just now"),
        (('{"ok": true, "result": {}}', 200, {"Content-Type": "application/json"}), "makes no sense"),
        (('{"ok": false, "error_code": 429}', 429, {"Content-Type": "application/json"}), "asked too often"),
    ],
)
def test_an_odd_answer_while_connecting_becomes_a_sentence(
    network: Telegram, server: Recorded, answer: Any, words: str
) -> None:
    server.app.view_functions["getMe"] = lambda token: answer
    assert words in refusal(network.connect, GOOD)[1]


def test_a_yes_without_a_number_is_unknown(network: Telegram, access: Access, server: Recorded) -> None:
    server.app.view_functions["sendMessage"] = lambda token: {"ok": True, "result": {"message_id": "eleven"}}
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN
