"""Sending to a server of Mastodon's API: the key, threads, pictures, polls, its limits, and what each answer proves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import (
    Access,
    NetworkClass,
    Outcome,
    Poll,
    Prepared,
    Presence,
    RemoteRef,
)
from service_channel.networks.mastodon import Mastodon
from tests.networks.bluesky_accounts import an_image
from tests.networks.contract import DEADLINE_S, a_part, prepared, presence, send
from tests.networks.mastodon_accounts import mastodon, recorded_access, with_secret
from tests.networks.servers.mastodon import RecordedMastodon
from tests.networks.servers.recorded import Fault

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


def test_one_key_goes_with_every_try_and_nothing_is_scheduled(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    part = a_part(network)
    recorded.order(Fault.FAIL_AFTER)
    assert send(network, access, part).outcome is Outcome.UNKNOWN
    assert send(network, access, part).outcome is Outcome.SENT
    keys = [one.headers["idempotency-key"] for one in recorded.asked if one.path == STATUSES]
    assert keys == [part.key, part.key]
    assert len(recorded.posts) == 1
    assert recorded.posted()[0] == {
        "status": part.text,
        "visibility": "public",
        "sensitive": False,
        "language": "en",
    }


def test_a_replay_that_fails_although_the_post_exists_is_unknown_and_then_found(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    recorded.replays_fail = True
    part = a_part(network)
    first = send(network, access, part)
    again = send(network, access, part)
    assert (again.outcome, again.status) == (Outcome.UNKNOWN, 500)
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == first.ref


def test_a_part_of_a_thread_answers_the_one_before(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    top = send(network, access, a_part(network)).ref
    below = replace(a_part(network), index=1, parent=top, root=top)
    assert presence(network, access, below) is Presence.ABSENT  # the same words, but at the top
    second = send(network, access, below)
    assert top is not None and recorded.posted()[1]["in_reply_to_id"] == top.remote_id
    assert network.find(access, below, deadline_s=DEADLINE_S).ref == second.ref


def test_a_part_whose_parent_is_gone_is_refused_in_the_servers_words(
    network: Mastodon, access: Access
) -> None:
    part = replace(a_part(network), index=1, parent=RemoteRef("999"))
    result = send(network, access, part)
    assert (result.outcome, result.status) == (Outcome.REFUSED, 404)
    assert "does not appear to exist" in result.message


def test_pictures_wait_until_the_server_has_processed_them(
    network: Mastodon, access: Access, recorded: RecordedMastodon, tmp_path: Path
) -> None:
    recorded.slow = 3
    part = replace(
        a_part(network), media=(an_image(tmp_path, alt="Ein Plan"), an_image(tmp_path, "gold", alt=""))
    )
    assert send(network, access, part).outcome is Outcome.SENT
    shown = next(iter(recorded.posts.values()))["media_attachments"]
    assert [one["description"] for one in shown] == ["Ein Plan", None]
    assert [one["size"] for one in shown] == [one.path.stat().st_size for one in part.media]
    assert [one["name"] for one in shown] == [f"{part.key}-0.png", f"{part.key}-1.png"]


def test_a_picture_that_takes_too_long_proves_that_nothing_was_posted(
    access: Access, recorded: RecordedMastodon, tmp_path: Path
) -> None:
    recorded.slow = 10_000
    patient = mastodon(pause_s=0.4)
    part = replace(a_part(patient), media=(an_image(tmp_path),))
    preparation = patient.prepare(access, part, deadline_s=0.7)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.NOT_SENT)
    assert preparation.message == "The server is still working on an image."
    assert not recorded.posts


def test_a_picture_the_server_cannot_process_is_refused_in_its_words(
    network: Mastodon, access: Access, recorded: RecordedMastodon, tmp_path: Path
) -> None:
    recorded.slow, recorded.upload_breaks = 3, True
    part = replace(a_part(network), media=(an_image(tmp_path),))
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
    assert preparation.message == "Validation failed: File is invalid"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((500, {"error": "Error processing thumbnail for uploaded media"}), Outcome.NOT_SENT),
        ((200, {}), Outcome.NOT_SENT),
        ((429, {"error": "Too many requests"}), Outcome.NOT_SENT),
        ((401, {"error": "The access token was revoked"}), Outcome.SIGNED_OUT),
        ((422, {"error": "Validation failed: File content type is invalid"}), Outcome.REFUSED),
        ((413, "<html>too large</html>"), Outcome.REFUSED),
    ],
)
def test_what_an_upload_answers_never_means_that_something_may_be_out(
    network: Mastodon,
    access: Access,
    recorded: RecordedMastodon,
    tmp_path: Path,
    answer: tuple[int, Any],
    outcome: Outcome,
) -> None:
    recorded.say("POST", "/api/v2/media", *answer)
    part = replace(a_part(network), media=(an_image(tmp_path),))
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, outcome)
    assert preparation.message


def test_a_picture_whose_processing_cannot_be_asked_for_is_tried_again(
    network: Mastodon, access: Access, recorded: RecordedMastodon, tmp_path: Path
) -> None:
    recorded.slow = 2
    recorded.app.view_functions["processed"] = lambda key: ({"error": "Record not found"}, 404)
    part = replace(a_part(network), media=(an_image(tmp_path),))
    assert network.prepare(access, part, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


def test_a_picture_changed_after_its_approval_is_refused(
    network: Mastodon, access: Access, recorded: RecordedMastodon, tmp_path: Path
) -> None:
    image = an_image(tmp_path)
    image.path.write_bytes(image.path.read_bytes() + b" ")
    preparation = network.prepare(access, replace(a_part(network), media=(image,)), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
    assert not recorded.media


def test_the_same_picture_twice_is_attached_once(
    network: Mastodon, access: Access, recorded: RecordedMastodon, tmp_path: Path
) -> None:
    image = an_image(tmp_path)
    assert send(network, access, replace(a_part(network), media=(image, image))).outcome is Outcome.SENT
    assert len(recorded.posted()[0]["media_ids"]) == 1


def test_a_poll_is_sent_with_its_options_and_seconds(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    part = replace(a_part(network), poll=Poll(("Yes", "No"), 60))
    assert send(network, access, part).outcome is Outcome.SENT
    assert recorded.posted()[0]["poll"] == {"options": ["Yes", "No"], "expires_in": 3_600}


@pytest.mark.parametrize(
    ("poll", "words"),
    [
        (Poll(("Yes",), 60), "takes polls of 2 to 4 options; this one has 1."),
        (Poll(("1", "2", "3", "4", "5"), 60), "takes polls of 2 to 4 options; this one has 5."),
        (Poll(("Yes", "Yes"), 60), "Two options of the poll are the same."),
        (Poll(("Yes", "N" * 51), 60), "takes 50 characters in an option of a poll; one has more."),
        (Poll(("Yes", "No"), 1), "keeps polls open for 5 minutes to 30 days; this one asks for 1 minute."),
        (Poll(("Yes", "No"), 60 * 24 * 40), "this one asks for 40 days."),
    ],
)
def test_a_poll_the_server_would_refuse_is_refused_with_a_sentence(
    network: Mastodon, access: Access, recorded: RecordedMastodon, poll: Poll, words: str
) -> None:
    preparation = network.prepare(access, replace(a_part(network), poll=poll), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
    assert words in preparation.message
    assert not recorded.asked


def test_pictures_beyond_what_the_server_takes_are_refused_with_a_sentence(
    network: Mastodon, access: Access, tmp_path: Path
) -> None:
    part, image = a_part(network), an_image(tmp_path)
    name = str(access.secret["server"]).removeprefix("http://")

    def said(**change: Any) -> str:
        preparation = network.prepare(access, replace(part, **change), deadline_s=DEADLINE_S)
        assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
        return preparation.message

    assert said(media=(image,) * 5) == f"{name} takes 4 images in one post; this one has 5."
    assert "either images or a poll" in said(media=(image,), poll=Poll(("a", "b"), 60))
    assert "takes no images of the kind image/tiff." in said(media=(replace(image, mime="image/tiff"),))
    assert "16,777,216 pixels" in said(media=(replace(image, width=5_000, height=5_000),))
    assert "takes 1,500 characters of alt text" in said(media=(replace(image, alt="x" * 1_501),))
    with image.path.open("ab") as file:
        file.truncate(10_485_761)
    assert "larger than the 10.5 MB" in said(media=(image,))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * 500, True),
        ("x" * 501, False),
        ("👩🏽‍🚒" * 500, True),
        (f"{'x' * 476} {LONG_LINK}", True),
        (f"{'x' * 477} {LONG_LINK}", False),
        ("x" * 490 + " @elm@a.very.long.server.example", True),
    ],
)
def test_characters_are_counted_as_the_server_counts_them(
    network: Mastodon, access: Access, text: str, fits: bool
) -> None:
    preparation = network.prepare(access, a_part(network, text), deadline_s=DEADLINE_S)
    assert (preparation.prepared is not None) is fits


def test_a_server_that_takes_longer_texts_gets_them(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    recorded.limits["statuses"]["max_characters"] = 5_000
    part = a_part(network, "x" * 4_000)
    refused = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert "takes 500 characters in one post; this one has 4,000." in refused.message
    assert send(network, recorded_access(recorded), part).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("status", "body", "outcome", "words"),
    [
        (401, {"error": "The access token was revoked"}, Outcome.SIGNED_OUT, "revoked"),
        (403, {"error": "This action is outside the authorized scopes"}, Outcome.SIGNED_OUT, "scopes"),
        (403, {"error": "Your login is currently disabled"}, Outcome.SIGNED_OUT, "disabled"),
        (
            403,
            {"error": "Your login is missing a confirmed e-mail address"},
            Outcome.SIGNED_OUT,
            "confirmed",
        ),
        (
            422,
            {"error": "This method requires an authenticated user"},
            Outcome.SIGNED_OUT,
            "authenticated user",
        ),
        (403, {"error": "This action is not allowed"}, Outcome.REFUSED, "not allowed"),
        (422, {"error": "Validation failed: Text can't be blank"}, Outcome.REFUSED, "can't be blank"),
        (400, {"error": "param is missing"}, Outcome.REFUSED, "param is missing"),
        (413, "<html>large</html>", Outcome.REFUSED, "413"),
        (409, {"error": "Conflict"}, Outcome.UNKNOWN, "Conflict"),
        (503, {"error": "There was a temporary problem"}, Outcome.UNKNOWN, "temporary"),
        (502, "<html>bad gateway</html>", Outcome.UNKNOWN, "502"),
        (200, {"id": "1", "scheduled_at": "2026-11-03T10:00:00Z"}, Outcome.UNKNOWN, "not to what"),
        (200, {"content": "<p>x</p>"}, Outcome.UNKNOWN, "not to what"),
        (200, [], Outcome.UNKNOWN, "not to what"),
    ],
)
def test_each_answer_is_judged_by_what_it_proves(
    network: Mastodon,
    access: Access,
    recorded: RecordedMastodon,
    status: int,
    body: Any,
    outcome: Outcome,
    words: str,
) -> None:
    recorded.say("POST", STATUSES, status, body)
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status) == (outcome, status)
    assert words in result.message


def test_the_reset_of_a_limit_that_is_not_reached_is_no_wait(
    network: Mastodon, access: Access, recorded: RecordedMastodon
) -> None:
    resets = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    recorded.say("POST", STATUSES, 503, {"error": "x"}, {"X-RateLimit-Reset": resets})
    assert send(network, access, a_part(network)).retry_after is None
    recorded.say("POST", STATUSES, 503, {"error": "x"}, {"X-RateLimit-Reset": resets, "Retry-After": "7"})
    assert send(network, access, a_part(network)).retry_after == 7
    recorded.say("POST", STATUSES, 429, {"error": "x"}, {"X-RateLimit-Reset": resets})
    waits = send(network, access, a_part(network)).retry_after
    assert waits is not None and 290 < waits <= 300


def test_an_account_without_a_token_is_signed_out(network: Mastodon, access: Access) -> None:
    bare = with_secret(access, access_token="")
    assert send(network, bare, a_part(network)).outcome is Outcome.SIGNED_OUT
    assert network.check(bare).presence is Presence.ABSENT
    assert presence(network, bare, a_part(network)) is Presence.UNREADABLE


def test_what_an_account_can_count_on_depends_on_its_server(network: Mastodon, access: Access) -> None:
    assert network.promise(access).key_window_s == 3_600
    for keyed in (False, None, "true", 1):
        promise = network.promise(with_secret(access, keyed=keyed))
        assert (promise.kind, promise.key_window_s, promise.can_read) == (NetworkClass.QUERYABLE, 0, True)


def test_preparing_a_text_needs_no_server(network: Mastodon, access: Access, dead_host: str) -> None:
    away = with_secret(access, server=f"http://{dead_host}")
    assert prepared(network, away, a_part(network)) == Prepared()
