"""A Threads profile against a server of the recorded shape: containers, replies, polls, and the token's renewal."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from content_library.network_limits import count
from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import (
    Access,
    AppKeys,
    ConnectRefused,
    Network,
    Outcome,
    OutgoingMedia,
    OutgoingPart,
    Poll,
    Prepared,
    Presence,
    RemoteRef,
)
from service_channel.networks.threads import Threads
from tests.networks.contract import DEADLINE_S, AskedAgain, Contract, Wired, a_part, prepared, presence, send
from tests.networks.draft_keeping import DraftKeeper, accesses
from tests.networks.meta_pictures import a_jpeg
from tests.networks.servers.meta import APP_ID, APP_SECRET, NOW, graph_error
from tests.networks.servers.recorded import Fault, Recorded
from tests.networks.servers.threads import SHORT, TOKEN, USER, ThreadsServer

pytestmark = pytest.mark.network
UNREACHABLE = (
    "Threads fetches pictures from Deskcast, and Deskcast cannot be reached from outside."
    " An administrator sets its public address."
)
LOOPBACK = FetchPolicy(allow=("127.0.0.1:*",))
SECRET = {"user_id": USER, "access_token": TOKEN, "issued_at": (NOW - timedelta(days=30)).isoformat()}
APP = AppKeys(APP_ID, APP_SECRET)


def threads(server: str) -> Threads:
    return Threads(lambda: httpx_transport(LOOPBACK), server=server, pause=lambda _seconds: None)


@pytest.fixture
def graph() -> Iterator[ThreadsServer]:
    made = ThreadsServer()
    with made.recorded.running():
        yield made


@pytest.fixture
def server(graph: ThreadsServer) -> Recorded:
    return graph.recorded


@pytest.fixture
def network(graph: ThreadsServer, dead_host: str) -> DraftKeeper:
    return DraftKeeper(threads(graph.recorded.url), threads(f"http://{dead_host}"))


@pytest.fixture
def there(graph: ThreadsServer) -> Threads:
    return threads(graph.recorded.url)


@pytest.fixture
def access() -> Access:
    return accesses(SECRET)[0]


@pytest.fixture
def wrong_access() -> Access:
    return accesses(SECRET)[1]


@pytest.fixture
def unreachable_access() -> Access:
    return accesses(SECRET)[2]


@pytest.fixture
def picture(tmp_path: Path) -> OutgoingMedia:
    return a_jpeg(tmp_path)


class TestThreadsContract(AskedAgain, Wired, Contract):
    secrets = (TOKEN, "EAAstolen-token", APP_SECRET)

    @pytest.fixture(autouse=True)
    def _with_server(self, graph: ThreadsServer) -> None:
        self._graph = graph

    def standing(self, access: Access) -> int:
        return len(self._graph.recorded.posts)

    def test_what_was_taken_down_is_absent_and_taking_down_again_is_done(
        self, network: Network, access: Access
    ) -> None:
        """A container stays PUBLISHED when its post is gone, and looks like one that is not listed yet: a person is
        asked, for what somebody deleted must not come out again by itself."""
        part, neighbour = a_part(network), a_part(network, "And the one in Oak Street.")
        ref = send(network, access, part).ref
        assert ref is not None
        send(network, access, neighbour)
        for _ in range(2):
            assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
        assert presence(network, access, part) is Presence.UNREADABLE
        assert presence(network, access, neighbour) is Presence.FOUND
        assert self.standing(access) == 1


def shown(graph: ThreadsServer, ref: RemoteRef | None) -> dict[str, str]:
    assert ref is not None
    post: dict[str, str] = graph.recorded.posts[ref.remote_id]
    return post


def test_a_text_goes_out_as_it_was_approved(
    network: DraftKeeper, access: Access, graph: ThreadsServer
) -> None:
    ref = send(network, access, a_part(network, "Störung behoben 👍🏽\n\nDanke!")).ref
    post = shown(graph, ref)
    assert (post["media_type"], post["text"]) == ("TEXT", "Störung behoben 👍🏽\n\nDanke!")
    assert ref is not None and ref.url == f"https://www.threads.com/@cityworks/post/{ref.remote_id}"
    assert not [one for one in graph.recorded.asked if TOKEN in one.path]


def test_a_picture_goes_out_with_its_alt_text(
    network: DraftKeeper, access: Access, graph: ThreadsServer, picture: OutgoingMedia
) -> None:
    post = shown(graph, send(network, access, replace(a_part(network), media=(picture,))).ref)
    assert (post["media_type"], post["image_url"]) == ("IMAGE", picture.url)
    assert post["alt_text"] == "Elm Street, open again"


def test_several_pictures_are_a_carousel(
    network: DraftKeeper, access: Access, graph: ThreadsServer, tmp_path: Path
) -> None:
    graph.looks = 1
    pictures = tuple(a_jpeg(tmp_path, name, alt=name) for name in ("one", "two"))
    post = shown(graph, send(network, access, replace(a_part(network), media=pictures)).ref)
    alts = [graph.containers[child]["fields"]["alt_text"] for child in post["children"]]
    assert (post["media_type"], alts) == ("CAROUSEL", ["one", "two"])


def test_a_thread_is_replies_each_to_the_one_before(
    network: DraftKeeper, access: Access, graph: ThreadsServer
) -> None:
    refs: list[RemoteRef] = []
    for index in range(3):
        part: OutgoingPart = replace(a_part(network, f"Part {index + 1}"), index=index)
        if refs:
            part = replace(part, parent=refs[-1], root=refs[0])
        result = send(network, access, part)
        assert result.ref is not None
        found = network.find(access, part, deadline_s=DEADLINE_S)
        assert (found.presence, found.ref) == (Presence.FOUND, result.ref)
        refs.append(result.ref)
    above = [graph.recorded.posts[ref.remote_id].get("reply_to_id") for ref in refs]
    assert above == [None, refs[0].remote_id, refs[1].remote_id]


def test_a_poll_goes_out_as_one(network: DraftKeeper, access: Access, graph: ThreadsServer) -> None:
    poll = Poll(("Monday", "Dienstag ä", "Never"), minutes=1_440)
    post = shown(graph, send(network, access, replace(a_part(network), poll=poll)).ref)
    said = json.loads(post["poll_attachment"])
    assert said == {"option_a": "Monday", "option_b": "Dienstag ä", "option_c": "Never"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("long", "The text is longer than the 500 characters Threads takes; an emoji counts several."),
        ("emoji", "The text is longer than the 500 characters Threads takes; an emoji counts several."),
        ("links", "Threads takes 5 different links in one post."),
        ("many", "Threads takes 20 pictures in one post; this one has 21."),
        ("kind", "Threads takes JPEG and PNG pictures only."),
        ("large", "A picture is larger than the 8 MB Threads takes."),
        (
            "unreachable",
            UNREACHABLE,
        ),
        ("poll and picture", "Threads takes a poll only without pictures."),
        ("one option", "Threads takes polls of 2 to 4 options; this one has 1."),
        ("five options", "Threads takes polls of 2 to 4 options; this one has 5."),
        ("long option", "Threads takes options of 1 to 25 characters in polls."),
    ],
)
def test_what_threads_would_not_take_is_refused_before_anything_is_made(
    there: Threads,
    unreachable_access: Access,
    picture: OutgoingMedia,
    tmp_path: Path,
    change: str,
    sentence: str,
) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(8_000_001)
    part = a_part(there)
    changed = {
        "long": replace(part, text="x" * 501),
        "emoji": replace(part, text="x" * 497 + "👍"),
        "links": replace(part, text=" ".join(f"https://a.example/{n}" for n in range(6))),
        "many": replace(part, media=(picture,) * 21),
        "kind": replace(part, media=(replace(picture, mime="image/webp"),)),
        "large": replace(part, media=(replace(picture, path=large),)),
        "unreachable": replace(part, media=(replace(picture, url=""),)),
        "poll and picture": replace(part, media=(picture,), poll=Poll(("a", "b"), 60)),
        "one option": replace(part, poll=Poll(("a",), 60)),
        "five options": replace(part, poll=Poll(tuple("abcde"), 60)),
        "long option": replace(part, poll=Poll(("a", "x" * 26), 60)),
    }[change]
    preparation = there.prepare(unreachable_access, changed, deadline_s=DEADLINE_S)
    assert (preparation.outcome, preparation.message) == (Outcome.REFUSED, sentence)


def test_what_just_fits_is_taken(network: DraftKeeper, access: Access) -> None:
    assert send(network, access, a_part(network, "x" * 496 + "👍")).outcome is Outcome.SENT
    assert send(network, access, a_part(network, "ä" * 500)).outcome is Outcome.SENT
    same = " ".join(["https://a.example/1"] * 7)
    assert send(network, access, a_part(network, same)).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("abc", 3),
        ("äöü", 3),
        ("👍", 4),
        ("👍🏽", 8),
        ("🇩🇪", 8),
        ("3", 1),
        ("3\ufe0f\u20e3", 7),
        ("e\u0301", 1),
    ],
)
def test_an_emoji_counts_as_its_bytes(text: str, length: int) -> None:
    assert count("threads", text).used == length


def test_a_full_day_of_replies_is_told_apart_from_one_of_posts(
    network: DraftKeeper, access: Access, graph: ThreadsServer
) -> None:
    ref = send(network, access, a_part(network)).ref
    reply = replace(a_part(network, "And more."), index=1, parent=ref, root=ref)
    graph.used = graph.total
    preparation = network.prepare(access, a_part(network), deadline_s=DEADLINE_S)
    assert (preparation.outcome, preparation.retry_after) == (Outcome.NOT_SENT, 3_600.0)
    assert send(network, access, reply).outcome is Outcome.SENT
    graph.replies_used = 1_000
    again = replace(reply, key=network.new_key(NOW))
    assert network.prepare(access, again, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


def test_an_unclear_reply_is_cleared_up_by_its_container(
    network: DraftKeeper, access: Access, graph: ThreadsServer
) -> None:
    ref = send(network, access, a_part(network)).ref
    reply = replace(a_part(network, "And more."), index=1, parent=ref, root=ref)
    ready = prepared(network, access, reply)
    graph.recorded.order(Fault.RESET_AFTER)
    assert network.send(access, reply, ready, deadline_s=DEADLINE_S).outcome is Outcome.UNKNOWN
    assert presence(network, access, reply) is Presence.FOUND
    assert send(network, access, reply).outcome is Outcome.SENT
    assert len(graph.recorded.posts) == 2


def test_a_reply_to_a_post_that_is_gone_is_refused(network: DraftKeeper, access: Access) -> None:
    reply = replace(a_part(network), index=1, parent=RemoteRef("17000"), root=RemoteRef("17000"))
    preparation = network.prepare(access, reply, deadline_s=DEADLINE_S)
    assert preparation.outcome is Outcome.REFUSED
    assert "17000" in preparation.message


def test_without_the_permission_to_delete_a_person_is_told_what_to_do(
    network: DraftKeeper, access: Access, graph: ThreadsServer
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    graph.may_not_delete.add(ref.remote_id)
    result = network.delete(access, ref, deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.REFUSED
    assert result.message.endswith("Open the post in the Threads app and delete it there.")
    graph.order("DELETE", ref.remote_id, graph_error(190, "Session has expired", subcode=463))
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT


def test_sending_without_a_container_is_a_proof_that_nothing_was_sent(there: Threads, access: Access) -> None:
    assert there.send(access, a_part(there), Prepared(), deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT
    bare = replace(access, secret={"access_token": TOKEN})
    assert there.find(bare, a_part(there), deadline_s=DEADLINE_S).presence is Presence.UNREADABLE
    assert there.check(bare).presence is Presence.ABSENT


def test_the_way_to_sign_in_asks_for_what_is_needed(there: Threads) -> None:
    way = there.way("")
    assert way.authorize_url == "https://threads.net/oauth/authorize"
    assert way.token_url.endswith("/oauth/access_token")
    assert (way.scope_separator, way.has_pkce, way.client_auth) == (",", False, "client_secret_post")
    assert way.scopes == (
        "threads_basic",
        "threads_content_publish",
        "threads_manage_replies",
        "threads_read_replies",
        "threads_delete",
    )
    assert (there.asks_server, there.register("", "https://desk.example/back")) == (False, None)


def test_who_signed_in_is_connected_for_sixty_days(there: Threads) -> None:
    (found,) = there.identities("", APP, {"access_token": SHORT, "user_id": int(USER)}, now=NOW)
    assert (found.handle, found.display_name, found.remote_id) == ("cityworks", "City Works", USER)
    assert found.url == "https://www.threads.com/@cityworks"
    assert found.secret == {"user_id": USER, "access_token": TOKEN, "issued_at": NOW.isoformat()}
    assert (found.expires_at, found.dies_at) == (NOW + timedelta(seconds=5_183_944), None)
    assert there.check(Access(1, "cityworks", found.secret)).presence is Presence.FOUND


@pytest.mark.parametrize(
    ("token", "app", "sentence"),
    [
        ({}, APP, "Threads did not say who signed in. Try again."),
        (
            {"access_token": "THQother"},
            APP,
            "Threads did not accept the sign-in: Malformed access token …",
        ),
        (
            {"access_token": SHORT},
            AppKeys(APP_ID, "wrong"),
            "Threads did not accept the sign-in: Error validating client secret.",
        ),
    ],
)
def test_a_sign_in_that_does_not_work_is_said_in_a_sentence(
    there: Threads, token: dict[str, str], app: AppKeys, sentence: str
) -> None:
    with pytest.raises(ConnectRefused) as refused:
        there.identities("", app, token, now=NOW)
    assert str(refused.value) == sentence


def test_a_sign_in_while_threads_is_away_can_be_tried_again(
    there: Threads, graph: ThreadsServer, dead_host: str
) -> None:
    with pytest.raises(ConnectRefused, match="could not be asked just now"):
        threads(f"http://{dead_host}").identities("", APP, {"access_token": SHORT}, now=NOW)
    graph.order("GET", "/access_token", graph_error(2, "Service temporarily unavailable", status=500))
    with pytest.raises(ConnectRefused, match="could not be asked just now"):
        there.identities("", APP, {"access_token": SHORT}, now=NOW)


def test_a_profile_without_a_name_is_not_connected(there: Threads, graph: ThreadsServer) -> None:
    del graph.objects[USER]["username"]
    with pytest.raises(ConnectRefused, match="did not say whose profile"):
        there.identities("", APP, {"access_token": SHORT}, now=NOW)


def test_a_token_is_renewed_for_sixty_days_more(there: Threads, access: Access) -> None:
    renewed = there.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert renewed.outcome is Outcome.SENT
    assert renewed.secret == {"user_id": USER, "access_token": "THQrenewed", "issued_at": NOW.isoformat()}
    assert renewed.expires_at == NOW + timedelta(days=60)
    assert there.check(replace(access, secret=renewed.secret)).presence is Presence.FOUND


@pytest.mark.parametrize(("hours", "outcome"), [(23, Outcome.NOT_SENT), (25, Outcome.SENT)])
def test_a_token_is_renewed_only_once_it_is_a_day_old(
    there: Threads, access: Access, graph: ThreadsServer, hours: int, outcome: Outcome
) -> None:
    issued: datetime = NOW - timedelta(hours=hours)
    young = replace(access, secret={**SECRET, "issued_at": issued.isoformat()})
    assert there.renew(young, now=NOW, deadline_s=DEADLINE_S).outcome is outcome
    assert bool(graph.recorded.asked) is (outcome is Outcome.SENT)


def test_a_token_that_cannot_be_renewed_needs_a_person(
    there: Threads, access: Access, graph: ThreadsServer
) -> None:
    graph.may_refresh = False
    renewed = there.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert (renewed.outcome, dict(renewed.secret)) == (Outcome.SIGNED_OUT, {})
    assert "expired" in renewed.message and TOKEN not in renewed.message
    bare = replace(access, secret={"user_id": USER})
    assert there.renew(bare, now=NOW, deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT


def test_a_renewal_nobody_answers_is_tried_later(
    network: DraftKeeper, there: Threads, access: Access, graph: ThreadsServer, dead_host: str
) -> None:
    away = threads(f"http://{dead_host}").renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert away.outcome is Outcome.NOT_SENT
    graph.order("GET", "refresh_access_token", graph.app.response_class("<html>", content_type="text/html"))
    odd = there.renew(replace(access, secret={**SECRET, "issued_at": "once"}), now=NOW, deadline_s=DEADLINE_S)
    assert odd.outcome is Outcome.UNKNOWN
