"""Finding, taking down and checking on a server of Mastodon's API, however it writes a text and whatever it answers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from service_channel.networks.base import (
    Access,
    Outcome,
    Presence,
    RemoteRef,
)
from service_channel.networks.mastodon import Mastodon
from tests.networks.contract import CREATED_AT, DEADLINE_S, a_part, presence, send
from tests.networks.mastodon_accounts import mastodon, recorded_access, with_secret
from tests.networks.servers.mastodon import ACCOUNT, RecordedMastodon, as_shortened

pytestmark = pytest.mark.network

STATUSES = "/api/v1/statuses"
LONG_LINK = "https://help.example/a/rather/long/way/to/ä?street=elm&line=1"


@pytest.fixture(scope="module")
def network() -> Mastodon:
    return mastodon()


@pytest.fixture
def recorded() -> Iterator[RecordedMastodon]:
    server = RecordedMastodon()
    with server.running():
        yield server


@pytest.fixture
def access(recorded: RecordedMastodon) -> Access:
    return recorded_access(recorded)


def test_a_post_is_found_by_its_words_however_the_server_writes_them(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    recorded.has_source = False
    text = f"Dear @elm@there.example,\n\nthe line works again: {LONG_LINK}\nThanks & <3 👩🏽‍🚒 #störung"
    recorded.shows = None
    part = a_part(network, text)
    ref = send(network, access, part).ref
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == ref
    recorded.shows = as_shortened
    other = a_part(network, text + ".")
    ref = send(network, access, other).ref
    assert network.find(access, other, deadline_s=DEADLINE_S).ref == ref


def test_where_the_server_writes_it_otherwise_the_source_tells(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    recorded.shows = lambda text: f"<p>{text.replace('*', '')} — sent from a desk</p>"
    part = a_part(network, "The line in Elm Street *works* again.\r\nThanks!")
    ref = send(network, access, part).ref
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == ref
    assert presence(network, access, a_part(network, "Oak Street")) is Presence.ABSENT


def test_without_a_source_something_much_alike_is_left_to_a_person(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    recorded.has_source, recorded.shows = False, lambda text: f"<p>{text.replace('*', '')}</p>"
    part = a_part(network, "The line in Elm Street works *again*.")
    send(network, access, part)
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert found.presence is Presence.UNREADABLE
    assert "looks much like this post" in found.message


def test_a_repeat_by_another_and_an_older_post_are_not_taken_for_it(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    part = a_part(network)
    recorded.add(part.text, reblog={"id": "1"})
    recorded.add(part.text, made=CREATED_AT - timedelta(seconds=121))
    recorded.add(part.text, in_reply_to_id="77")
    assert presence(network, access, part) is Presence.ABSENT
    recorded.add(part.text, made=CREATED_AT - timedelta(seconds=119))
    assert presence(network, access, part) is Presence.FOUND


def test_a_post_far_below_is_found_and_one_too_far_below_is_not_called_absent(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    part = a_part(network)
    recorded.add(part.text)
    for number in range(130):
        recorded.add(f"Something else, number {number}")
    assert presence(network, access, part) is Presence.FOUND
    for number in range(900):
        recorded.add(f"Something else again, number {number}")
    assert presence(network, access, part) is Presence.UNREADABLE


def test_few_sources_are_asked_for_and_too_many_are_left_to_a_person(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    part = a_part(network)
    recorded.add("Quite another matter.")
    for number in range(20):
        recorded.add(f"{part.text} {number}")
    assert presence(network, access, part) is Presence.ABSENT
    assert len([one for one in recorded.asked if one.path.endswith("/source")]) == 20
    recorded.add(f"{part.text} 21")
    assert presence(network, access, part) is Presence.UNREADABLE


def test_looking_ends_at_the_time_of_the_post(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    for number in range(100):
        recorded.add(f"Old, number {number}", made=CREATED_AT - timedelta(hours=1))
    assert presence(network, access, a_part(network)) is Presence.ABSENT
    assert len(recorded.asked) == 1


def test_a_server_without_pages_that_shows_all_it_shows_is_not_called_empty(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    recorded.pages = False
    for number in range(256):
        recorded.add(f"Something else, number {number}")
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


@pytest.mark.parametrize(
    "body", [{"error": "no list"}, "<html>", ["x"], [{"id": "1", "created_at": "yesterday"}], [{"id": None}]]
)
def test_a_list_of_posts_that_makes_no_sense_tells_nothing(
    network: Mastodon, access: Access, recorded: RecordedMastodon, body: Any
) -> None:
    recorded.say("GET", f"/api/v1/accounts/{ACCOUNT}/statuses", 200, body)
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


def test_a_source_that_cannot_be_read_now_tells_nothing(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    key = recorded.add("The line in Oak Street works again.")
    recorded.say("GET", f"{STATUSES}/{key}/source", 500, {"error": "x"})
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


def test_an_account_whose_id_was_not_kept_is_asked_for_it(network: Mastodon, access: Access) -> None:
    bare = with_secret(access, account_id="")
    part = a_part(network)
    send(network, bare, part)
    assert presence(network, bare, part) is Presence.FOUND


def test_a_post_of_another_account_is_not_taken_down(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    key = recorded.add("Theirs", account={"id": "2"})
    result = network.delete(access, RemoteRef(key), deadline_s=DEADLINE_S)
    assert (result.outcome, result.message) == (Outcome.REFUSED, f"{key} is not a post of this account.")
    assert key in recorded.posts


def test_where_programs_cannot_delete_a_person_is_told_where(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    recorded.has_delete = False
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    result = network.delete(access, ref, deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.REFUSED
    assert result.message.endswith(f"lets no program take a post down. Delete it there: {ref.url}")
    recorded.posts.clear()
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("deleting", "looking", "outcome"),
    [
        (401, None, Outcome.SIGNED_OUT),
        (429, None, Outcome.NOT_SENT),
        (500, None, Outcome.UNKNOWN),
        (404, 500, Outcome.NOT_SENT),
        (404, 401, Outcome.SIGNED_OUT),
        (404, 410, Outcome.SENT),
    ],
)
def test_taking_down_is_judged_by_what_the_answers_prove(
    network: Mastodon,
    access: Access,
    recorded: RecordedMastodon,
    deleting: int,
    looking: int | None,
    outcome: Outcome,
) -> None:
    recorded.say("DELETE", f"{STATUSES}/5", deleting, {"error": "x"})
    if looking:
        recorded.say("GET", f"{STATUSES}/5", looking, {"error": "x"})
    assert network.delete(access, RemoteRef("5"), deadline_s=DEADLINE_S).outcome is outcome


@pytest.mark.parametrize(
    ("status", "body", "shown"),
    [
        (422, "<h1>Unprocessable</h1>", Presence.ABSENT),
        (403, {"error": "Your login is currently disabled"}, Presence.ABSENT),
        (403, "<h1>Blocked by a gateway</h1>", Presence.UNREADABLE),
        (500, {"error": "x"}, Presence.UNREADABLE),
        (200, {"username": "desk"}, Presence.UNREADABLE),
        (200, "<html>", Presence.UNREADABLE),
    ],
)
def test_only_a_clear_answer_calls_credentials_bad(
    network: Mastodon, access: Access, recorded: RecordedMastodon, status: int, body: Any, shown: Presence
) -> None:
    recorded.say("GET", "/api/v1/accounts/verify_credentials", status, body)
    assert network.check(access).presence is shown
