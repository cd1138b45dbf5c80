"""A Slack app: the contract against a server written from the documents, and what is special about it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import Access, Outcome, Presence, RemoteRef
from service_channel.networks.slack import Slack
from tests.networks.chat_ways import images, refusal, way
from tests.networks.contract import (
    CREATED_AT,
    DEADLINE_S,
    AskedAgain,
    QueryableContract,
    Wired,
    a_part,
    prepared,
    presence,
    send,
)
from tests.networks.servers.recorded import Recorded
from tests.networks.servers.slack import BOT, CHANNEL, TEAM, SlackServer

pytestmark = pytest.mark.network

LIVE, WRONG, LOST = SlackServer().token, "xoxb-1111-2222-wrongWRONG", "xoxb-1111-2222-lostLOST"
GOOD = {"token": LIVE, "channel": CHANNEL}
CREATED = CREATED_AT.timestamp()


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    server = SlackServer()
    with server.recorded.running():
        yield server


@pytest.fixture
def server(slack: SlackServer) -> Recorded:
    return slack.recorded


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def network(server: Recorded, dead_host: str, pauses: list[float]) -> Slack:
    return Slack(way(dead_host, LOST), server=server.url, pause=pauses.append)


@pytest.fixture
def access() -> Access:
    secret = {"token": LIVE, "channel": CHANNEL, "bot": BOT, "url": "https://elm.slack.com/"}
    return Access(1, "#status", secret)


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": WRONG})


@pytest.fixture
def unreachable_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "token": LOST})


class TestSlackContract(AskedAgain, QueryableContract, Wired):
    secrets = (LIVE, WRONG, LOST)

    @pytest.fixture(autouse=True)
    def _with_server(self, slack: SlackServer) -> None:
        self._slack = slack

    def standing(self, access: Access) -> int:
        return len(self._slack.recorded.posts)

    def old_post(self, access: Access, text: str) -> None:
        self._slack.put(text, at=CREATED - 3_600)


def test_a_text_is_shown_as_it_is_with_its_links(network: Slack, access: Access, server: Recorded) -> None:
    part = a_part(network, "*Störung* <!channel> & https://help.example/a_b! :tada:")
    ref = send(network, access, part).ref
    assert ref is not None
    body = server.asked[-1].body
    assert body["text"] == "*Störung* &lt;!channel&gt; &amp; https://help.example/a_b! :tada:"
    assert body["blocks"][0]["elements"][0]["elements"] == [
        {"type": "text", "text": "*Störung* <!channel> & "},
        {"type": "link", "url": "https://help.example/a_b"},
        {"type": "text", "text": "! :tada:"},
    ]
    assert (body["mrkdwn"], body["parse"], body["unfurl_links"], body["unfurl_media"]) == (
        False, "none", False, False,
    )  # fmt: skip
    assert body["metadata"] == {"event_type": "deskcast_part", "event_payload": {"key": part.key}}
    assert ref.url == f"https://elm.slack.com/archives/{CHANNEL}/p{ref.remote_id.replace('.', '')}"


def test_pictures_are_uploaded_before_and_shown_by_the_one_message(
    network: Slack, access: Access, slack: SlackServer, tmp_path: Path, pauses: list[float]
) -> None:
    media = images(tmp_path, 2)
    part = replace(a_part(network), media=media)
    ready = prepared(network, access, part)
    assert not slack.recorded.posts and pauses == [0.5, 0.5]
    assert [one["octets"] for one in slack.files.values()] == [one.path.read_bytes() for one in media]
    asked = len(slack.recorded.asked)
    result = network.send(access, part, ready, deadline_s=DEADLINE_S)
    assert result.ref is not None and len(slack.recorded.asked) == asked + 1
    shown = slack.recorded.posts[result.ref.remote_id]["blocks"][1:]
    assert [(one["type"], one["alt_text"]) for one in shown] == [("image", one.alt) for one in media]
    assert [one["slack_file"]["id"] for one in shown] == list(slack.files)


def test_a_picture_slack_still_looks_at_waits(
    network: Slack, access: Access, slack: SlackServer, tmp_path: Path, pauses: list[float]
) -> None:
    slack.ready_after = 99
    part = replace(a_part(network), media=images(tmp_path, 1))
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.NOT_SENT)
    assert preparation.retry_after == 30.0 and sum(pauses) == 7.5


def test_a_picture_that_cannot_be_uploaded_is_a_proof_that_nothing_was_sent(
    network: Slack, access: Access, server: Recorded, unreachable_access: Access, tmp_path: Path
) -> None:
    part = replace(a_part(network), media=images(tmp_path, 1))
    assert network.prepare(unreachable_access, part, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT
    server.app.view_functions["/upload/v1/<signed>"] = lambda signed: ("no", 500)
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert preparation.outcome is Outcome.NOT_SENT and "SIGNED" not in repr(preparation)
    server.app.view_functions["/files.getUploadURLExternal"] = lambda: {"ok": True}
    assert network.prepare(access, part, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


def test_a_part_with_a_parent_is_a_reply_in_the_thread_and_is_found_there(
    network: Slack, access: Access, server: Recorded
) -> None:
    first = send(network, access, a_part(network)).ref
    second = send(network, access, replace(a_part(network), parent=first, root=first)).ref
    third = replace(a_part(network, "And a third"), parent=second, root=first)
    assert presence(network, access, third) is Presence.ABSENT
    ref = send(network, access, third).ref
    assert first is not None and ref is not None
    assert server.posts[ref.remote_id]["thread_ts"] == first.remote_id
    assert network.find(access, third, deadline_s=DEADLINE_S).ref == ref
    assert presence(network, access, replace(third, parent=None, root=None)) is Presence.ABSENT


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    network: Slack, access: Access, server: Recorded, tmp_path: Path
) -> None:
    part, media = a_part(network), images(tmp_path, 11)
    changed = images(tmp_path, 1)
    long_alts = tuple(replace(one, alt="x" * 2_000) for one in media[2:8])
    for poor, words in (
        (a_part(network, "x" * 4_001), "Slack takes 4,000 characters"),
        (replace(part, media=media), "takes 10 pictures in one post; this one has 11."),
        (replace(part, media=long_alts), "longer with all it holds"),
        (replace(part, media=(replace(media[1], mime="image/webp"),)), "of these kinds only: JPG, PNG, GIF"),
        (replace(part, media=(replace(changed[0], sha256="0" * 64),)), "not the one that was approved"),
    ):
        preparation = network.prepare(access, poor, deadline_s=DEADLINE_S)
        assert preparation.outcome is Outcome.REFUSED and words in preparation.message, words
    assert not server.asked


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("invalid_auth", Outcome.SIGNED_OUT),
        ("account_inactive", Outcome.SIGNED_OUT),
        ("token_revoked", Outcome.SIGNED_OUT),
        ("token_expired", Outcome.SIGNED_OUT),
        ("not_in_channel", Outcome.SIGNED_OUT),
        ("channel_not_found", Outcome.SIGNED_OUT),
        ("is_archived", Outcome.SIGNED_OUT),
        ("restricted_action", Outcome.SIGNED_OUT),
        ("msg_too_long", Outcome.REFUSED),
        ("no_text", Outcome.REFUSED),
        ("invalid_blocks", Outcome.REFUSED),
        ("thread_not_found", Outcome.REFUSED),
        ("ratelimited", Outcome.NOT_SENT),
        ("rate_limited", Outcome.NOT_SENT),
        ("fatal_error", Outcome.UNKNOWN),
        ("internal_error", Outcome.UNKNOWN),
        ("something_new", Outcome.UNKNOWN),
    ],
)
def test_each_error_is_judged_by_its_name_although_the_status_is_200(
    network: Slack, slack: SlackServer, access: Access, error: str, outcome: Outcome
) -> None:
    slack.refuse = {"error": error}
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status) == (outcome, 200)
    assert error in result.message
    assert not slack.recorded.posts


def test_a_missing_permission_is_named(network: Slack, slack: SlackServer, access: Access) -> None:
    slack.refuse = {"error": "missing_scope", "needed": "chat:write", "provided": "files:read"}
    result = send(network, access, a_part(network))
    assert result.outcome is Outcome.SIGNED_OUT and "missing_scope (chat:write)" in result.message


def test_what_is_wrong_with_a_block_is_said(network: Slack, slack: SlackServer, access: Access) -> None:
    slack.refuse = {"error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] no"]}}
    assert send(network, access, a_part(network)).message == "Slack says: invalid_blocks ([ERROR] no)."


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": False}, {"ok": "yes", "ts": "1.0"}])
def test_a_yes_that_makes_no_sense_is_unknown(
    network: Slack, access: Access, server: Recorded, body: dict[str, Any]
) -> None:
    server.app.view_functions["/chat.postMessage"] = lambda: body
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN


def test_trouble_of_slacks_own_is_unknown_whatever_it_is_called(
    network: Slack, access: Access, server: Recorded
) -> None:
    server.app.view_functions["/chat.postMessage"] = lambda: ({"ok": False, "error": "invalid_auth"}, 503)
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN
    server.app.view_functions["/chat.postMessage"] = lambda: ("<html>", 403)
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN


def test_it_is_found_by_its_key_among_many_of_the_same_words(
    network: Slack, slack: SlackServer, access: Access
) -> None:
    slack.page = 3
    parts = [a_part(network) for _ in range(8)]
    refs = [send(network, access, part).ref for part in parts]
    assert [network.find(access, part, deadline_s=DEADLINE_S).ref for part in parts] == refs
    assert presence(network, access, a_part(network)) is Presence.ABSENT


def test_without_metadata_the_apps_own_words_tell(network: Slack, slack: SlackServer, access: Access) -> None:
    part = a_part(network, "1 < 2, see https://help.example/a")
    shown = "1 &lt; 2, see <https://help.example/a>"
    slack.put(shown, at=CREATED + 5, bot_id="B9")
    assert presence(network, access, part) is Presence.ABSENT
    ours = slack.put(shown, at=CREATED + 6)
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert found.ref is not None and found.ref.remote_id == ours["ts"]
    other = a_part(network, "Another")
    ref = send(network, access, other).ref
    slack.hides_metadata = True
    assert network.find(access, other, deadline_s=DEADLINE_S).ref == ref


def test_a_channel_too_busy_to_be_read_is_unreadable(
    network: Slack, slack: SlackServer, access: Access
) -> None:
    slack.page = 1
    for number in range(11):
        slack.put("Chat", at=CREATED + number, bot_id="")
    found = network.find(access, a_part(network), deadline_s=DEADLINE_S)
    assert found.presence is Presence.UNREADABLE and "Too much" in found.message


def test_an_odd_history_is_unreadable(network: Slack, access: Access, server: Recorded) -> None:
    server.app.view_functions["/conversations.history"] = lambda: {"ok": True, "messages": "odd"}
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


def test_a_message_of_others_is_not_taken_down(network: Slack, slack: SlackServer, access: Access) -> None:
    stamp = slack.put("Theirs", bot_id="B9")["ts"]
    assert network.delete(access, RemoteRef(stamp), deadline_s=DEADLINE_S).outcome is Outcome.REFUSED


def test_an_app_that_was_removed_from_the_channel_is_found_out_by_asking(
    network: Slack, slack: SlackServer, access: Access
) -> None:
    slack.is_member = False
    found = network.check(access)
    assert found.presence is Presence.ABSENT and "/invite" in found.message


@pytest.mark.parametrize("channel", [CHANNEL, f"https://elm.slack.com/archives/{CHANNEL}?x=1"])
def test_a_connected_channel_can_be_posted_to(network: Slack, server: Recorded, channel: str) -> None:
    connection = network.connect({"token": f" {LIVE} ", "channel": channel})
    assert (connection.handle, connection.display_name) == (f"#status ({CHANNEL})", "#status, Elm")
    assert (connection.remote_id, connection.url) == (
        f"{TEAM}/{CHANNEL}", f"https://elm.slack.com/archives/{CHANNEL}",
    )  # fmt: skip
    assert not server.posts
    access = Access(1, connection.handle, connection.secret)
    part = a_part(network)
    assert send(network, access, part).outcome is Outcome.SENT
    assert presence(network, access, part) is Presence.FOUND


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "token", "It begins with xoxb-"),
        ({"token": "xoxp-1"}, "token", "It begins with xoxb-"),
        ({"token": LIVE}, "channel", "Enter the channel's link or id"),
        ({"token": LIVE, "channel": "#status"}, "channel", "Enter the channel's link or id"),
        ({"token": WRONG, "channel": CHANNEL}, "token", "does not accept this token"),
        ({"token": LOST, "channel": CHANNEL}, "token", "cannot be reached just now"),
        ({"token": LIVE, "channel": "C09"}, "channel", "the app is not in it"),
    ],
)
def test_what_was_typed_wrongly_becomes_a_sentence(
    network: Slack, given: dict[str, str], field: str, words: str
) -> None:
    at, sentence = refusal(network.connect, given)
    assert at == field and words in sentence


def test_missing_scopes_are_named_before_anything_else(network: Slack, slack: SlackServer) -> None:
    slack.scopes = "chat:write,channels:history"
    assert "lacks files:write, files:read" in refusal(network.connect, GOOD)[1]


@pytest.mark.parametrize(
    ("answer", "field", "words"),
    [
        (
            {"ok": False, "error": "missing_scope", "needed": "channels:history"},
            "token",
            "(channels:history)",
        ),
        ({"ok": False, "error": "not_in_channel"}, "channel", "/invite"),
        (({"ok": False, "error": "ratelimited"}, 429), "channel", "asked too often"),
        (("<html>", 200), "channel", "cannot be reached just now"),
    ],
)
def test_a_channel_that_cannot_be_read_becomes_a_sentence(
    network: Slack, server: Recorded, answer: Any, field: str, words: str
) -> None:
    server.app.view_functions["/conversations.history"] = lambda: answer
    at, sentence = refusal(network.connect, GOOD)
    assert at == field and words in sentence
