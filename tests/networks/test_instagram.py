"""An Instagram account against a server of the recorded shape: containers, carousels, comments, what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import (
    Access,
    Network,
    Outcome,
    OutgoingMedia,
    OutgoingPart,
    Prepared,
    Presence,
    RemoteRef,
)
from service_channel.networks.instagram import Instagram
from service_channel.networks.meta_drafts import draft_of, read_draft
from tests.networks.contract import (
    CREATED_AT,
    DEADLINE_S,
    AskedAgain,
    Contract,
    Wired,
    a_part,
    prepared,
    presence,
    send,
)
from tests.networks.draft_keeping import DraftKeeper, accesses
from tests.networks.meta_pictures import a_jpeg
from tests.networks.servers.instagram import TOKEN, USER, InstagramServer
from tests.networks.servers.meta import APP_SECRET, graph_error, proof
from tests.networks.servers.recorded import Fault, Recorded

pytestmark = pytest.mark.network
UNREACHABLE = (
    "Instagram fetches pictures from Deskcast, and Deskcast cannot be reached from outside."
    " An administrator sets its public address."
)
LOOPBACK = FetchPolicy(allow=("127.0.0.1:*",))
SECRET = {"ig_id": USER, "access_token": TOKEN, "proof": proof(TOKEN)}


def instagram(server: str, pauses: list[float]) -> Instagram:
    return Instagram(lambda: httpx_transport(LOOPBACK), server=server, pause=pauses.append)


@pytest.fixture
def graph() -> Iterator[InstagramServer]:
    made = InstagramServer()
    with made.recorded.running():
        yield made


@pytest.fixture
def server(graph: InstagramServer) -> Recorded:
    return graph.recorded


@pytest.fixture
def pauses() -> list[float]:
    """How long it waited each time, in seconds, without waiting."""
    return []


@pytest.fixture
def picture(tmp_path: Path) -> OutgoingMedia:
    return a_jpeg(tmp_path)


@pytest.fixture
def network(
    graph: InstagramServer, dead_host: str, picture: OutgoingMedia, pauses: list[float]
) -> DraftKeeper:
    there = instagram(f"{graph.recorded.url}/v25.0", pauses)
    return DraftKeeper(there, instagram(f"http://{dead_host}/v25.0", pauses), (picture,))


@pytest.fixture
def access() -> Access:
    return accesses(SECRET)[0]


@pytest.fixture
def wrong_access() -> Access:
    return accesses(SECRET)[1]


@pytest.fixture
def unreachable_access() -> Access:
    return accesses(SECRET)[2]


class TestInstagramContract(AskedAgain, Wired, Contract):
    secrets = (TOKEN, "EAAstolen-token", APP_SECRET, proof(TOKEN))

    @pytest.fixture(autouse=True)
    def _with_server(self, graph: InstagramServer) -> None:
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
        assert send(network, access, part).outcome is Outcome.UNKNOWN
        assert presence(network, access, neighbour) is Presence.FOUND
        assert self.standing(access) == 1


def posted(network: DraftKeeper, access: Access) -> RemoteRef:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    return ref


def a_comment(network: DraftKeeper, parent: RemoteRef) -> OutgoingPart:
    return replace(a_part(network, "More on our page."), index=1, parent=parent, root=parent)


def container_of(kept: str) -> str:
    draft = read_draft(kept)
    assert draft is not None
    return draft.remote_id


def test_one_picture_goes_out_with_its_caption_address_and_alt_text(
    network: DraftKeeper, access: Access, graph: InstagramServer, picture: OutgoingMedia
) -> None:
    result = send(network, access, a_part(network, "Störung behoben 👍🏽 #elm @neighbour"))
    assert result.ref is not None
    post = graph.recorded.posts[result.ref.remote_id]
    assert post["caption"] == "Störung behoben 👍🏽 #elm @neighbour"
    assert (post["image_url"], post["alt_text"]) == (picture.url, "Elm Street, open again")
    assert result.ref.url == f"https://www.instagram.com/p/{result.ref.remote_id}/"
    assert not [one for one in graph.recorded.asked if TOKEN in one.path]


def test_several_pictures_are_a_carousel_in_their_order(
    network: DraftKeeper, access: Access, graph: InstagramServer, tmp_path: Path
) -> None:
    graph.looks = 2
    pictures = tuple(a_jpeg(tmp_path, name, alt=name) for name in ("one", "two", "three"))
    ref = send(network, access, replace(a_part(network), media=pictures)).ref
    assert ref is not None
    post = graph.recorded.posts[ref.remote_id]
    shown = [graph.containers[child]["fields"]["alt_text"] for child in post["children"]]
    assert (post["media_type"], shown) == ("CAROUSEL", ["one", "two", "three"])
    assert len(graph.recorded.posts) == 1


def test_a_container_that_takes_its_time_is_waited_for(
    network: DraftKeeper, access: Access, graph: InstagramServer, pauses: list[float]
) -> None:
    graph.looks = 5
    assert send(network, access, a_part(network)).outcome is Outcome.SENT
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_waiting_ends_before_the_deadline(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    graph.looks = 1_000
    preparation = network.prepare(access, a_part(network), deadline_s=2.5)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.NOT_SENT)
    assert preparation.message == "Instagram is still working on the pictures."
    assert preparation.retry_after == 30.0


def test_a_container_that_fails_is_refused_in_the_networks_own_words(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    graph.trouble = "Error: The aspect ratio is not supported. (2207009)"
    preparation = network.prepare(access, a_part(network), deadline_s=DEADLINE_S)
    assert preparation.outcome is Outcome.REFUSED
    assert preparation.message == f"Instagram could not use this post: {graph.trouble}"


def test_a_kept_container_is_used_again(network: DraftKeeper, access: Access, graph: InstagramServer) -> None:
    part = a_part(network)
    first = prepared(network, access, part)
    assert prepared(network, access, part).draft == first.draft
    assert len(graph.containers) == 1


@pytest.mark.parametrize("end", ["expire", "forget"])
def test_a_container_of_no_use_any_more_is_absent_and_made_again(
    network: DraftKeeper, access: Access, graph: InstagramServer, end: str
) -> None:
    part = a_part(network)
    first = prepared(network, access, part)
    getattr(graph, end)(container_of(first.draft))
    assert presence(network, access, part) is Presence.ABSENT
    assert send(network, access, part).outcome is Outcome.SENT
    assert network.drafts[part.key] != first.draft


def test_a_container_with_other_words_is_not_published(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    first = prepared(network, access, part)
    ref = send(network, access, replace(part, text="Other words.")).ref
    assert ref is not None and graph.recorded.posts[ref.remote_id]["caption"] == "Other words."
    assert graph.containers[container_of(first.draft)]["state"] == "FINISHED"


def test_a_container_that_is_gone_while_its_words_are_public_is_found(
    network: DraftKeeper, access: Access, graph: InstagramServer, picture: OutgoingMedia
) -> None:
    ref = posted(network, access)
    part = replace(a_part(network), media=(picture,))
    gone = replace(part, draft=draft_of("17000", part))
    assert network.find(access, gone, deadline_s=DEADLINE_S).ref == ref
    assert presence(network, access, replace(gone, taken=frozenset({ref.remote_id}))) is Presence.ABSENT
    late = replace(gone, created_at=CREATED_AT + timedelta(hours=1))
    assert presence(network, access, late) is Presence.ABSENT
    assert send(network, access, gone).ref == ref
    assert len(graph.recorded.posts) == 1


@pytest.mark.parametrize("state", ["EXPIRED", "ERROR"])
def test_a_useless_container_whose_words_are_public_is_found(
    network: DraftKeeper, access: Access, graph: InstagramServer, state: str
) -> None:
    part = a_part(network)
    first = send(network, access, part)
    graph.containers[container_of(network.drafts[part.key])]["state"] = state
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == first.ref
    assert send(network, access, part).ref == first.ref
    assert len(graph.recorded.posts) == 1


def test_a_caption_is_known_again_without_its_at_signs(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network, "Thanks to @neighbour for the hint")
    ref = send(network, access, part).ref
    assert ref is not None
    graph.recorded.posts[ref.remote_id]["caption"] = "Thanks to neighbour for the hint"
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == ref


def test_what_is_published_but_not_listed_is_looked_for_again(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    send(network, access, part)
    graph.hides_posts = True
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert found.presence is Presence.UNREADABLE
    assert found.message == "Instagram says it is published, but does not list it."


def test_a_container_still_in_work_cannot_be_said_to_be_absent(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    container = container_of(prepared(network, access, part).draft)
    graph.containers[container].update({"state": "IN_PROGRESS", "looks": 9})
    assert presence(network, access, part) is Presence.UNREADABLE


def test_an_unclear_publishing_is_cleared_up_by_the_container(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    graph.recorded.order(Fault.RESET_AFTER)
    assert network.send(access, part, ready, deadline_s=DEADLINE_S).outcome is Outcome.UNKNOWN
    assert presence(network, access, part) is Presence.FOUND
    again = send(network, access, part)
    assert (again.outcome, again.message) == (Outcome.SENT, "An earlier try had arrived.")


def test_publishing_a_published_container_again_proves_nothing_and_doubles_nothing(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    network.send(access, part, ready, deadline_s=DEADLINE_S)
    assert network.send(access, part, ready, deadline_s=DEADLINE_S).outcome is Outcome.UNKNOWN
    assert presence(network, access, part) is Presence.FOUND
    assert len(graph.recorded.posts) == 1


def test_a_container_that_is_not_ready_is_tried_again_later(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    graph.containers[container_of(ready.draft)].update({"state": "IN_PROGRESS", "looks": 9})
    result = network.send(access, part, ready, deadline_s=DEADLINE_S)
    assert (result.outcome, result.retry_after) == (Outcome.NOT_SENT, 30.0)


def test_a_full_day_is_said_before_anything_is_made(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    graph.used = graph.total = 25
    preparation = network.prepare(access, a_part(network), deadline_s=DEADLINE_S)
    assert (preparation.outcome, preparation.retry_after) == (Outcome.NOT_SENT, 3_600.0)
    assert preparation.message == "Instagram takes 25 posts of an account in 24 hours, and they are used up."
    assert not graph.containers


def test_a_full_day_at_publishing_is_a_proof_that_nothing_was_sent(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    graph.order("POST", "media_publish", graph_error(9, "Too many posts.", subcode=2207042))
    result = network.send(access, part, ready, deadline_s=DEADLINE_S)
    assert (result.outcome, result.retry_after) == (Outcome.NOT_SENT, 3_600.0)


def test_a_limit_without_numbers_is_no_limit(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    graph.total = "many"  # type: ignore[assignment]
    assert send(network, access, a_part(network)).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("none", "Instagram takes no post without a picture. Add a JPEG picture."),
        ("many", "Instagram takes 10 pictures in one post; this one has 11."),
        ("kind", "Instagram takes JPEG pictures only."),
        ("large", "A picture is larger than the 8 MB Instagram takes."),
        ("long", "The text is longer than the 2200 characters Instagram takes."),
        (
            "unreachable",
            UNREACHABLE,
        ),
        ("comment", "Instagram takes no pictures in comments."),
    ],
)
def test_what_instagram_would_not_take_is_refused_before_anything_is_made(
    network: DraftKeeper,
    unreachable_access: Access,
    picture: OutgoingMedia,
    tmp_path: Path,
    change: str,
    sentence: str,
) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(8_000_001)
    part = replace(a_part(network), media=(picture,))
    changed = {
        "none": replace(part, media=()),
        "many": replace(part, media=(picture,) * 11),
        "kind": replace(part, media=(replace(picture, mime="image/png"),)),
        "large": replace(part, media=(replace(picture, path=large),)),
        "long": replace(part, text="x" * 2_201),
        "unreachable": replace(part, media=(replace(picture, url=""),)),
        "comment": replace(part, parent=RemoteRef("1")),
    }[change]
    preparation = network.network.prepare(unreachable_access, changed, deadline_s=DEADLINE_S)
    assert (preparation.outcome, preparation.message) == (Outcome.REFUSED, sentence)


def test_a_second_part_is_a_comment_below_the_post(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    ref = posted(network, access)
    part = a_comment(network, ref)
    result = send(network, access, part)
    assert result.outcome is Outcome.SENT and result.ref is not None
    assert graph.comments[result.ref.remote_id]["media"] == ref.remote_id
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert (found.presence, found.ref) == (Presence.FOUND, result.ref)
    assert network.delete(access, result.ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("fault", "stands"), [(Fault.FAIL_BEFORE, Presence.UNREADABLE), (Fault.FAIL_AFTER, Presence.FOUND)]
)
def test_a_comment_is_found_or_a_person_is_asked(
    network: DraftKeeper, access: Access, graph: InstagramServer, fault: Fault, stands: Presence
) -> None:
    part = a_comment(network, posted(network, access))
    graph.recorded.order(fault)
    assert send(network, access, part).outcome is Outcome.UNKNOWN
    assert presence(network, access, part) is stands


def test_without_the_permission_to_delete_a_person_is_told_what_to_do(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    ref = posted(network, access)
    graph.may_not_delete.add(ref.remote_id)
    by_hand = network.delete(access, ref, deadline_s=DEADLINE_S)
    assert by_hand.outcome is Outcome.REFUSED
    assert by_hand.message.endswith("Open the post in the Instagram app and delete it there.")
    graph.order("DELETE", ref.remote_id, graph_error(10, "(#10) Application does not have permission"))
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.REFUSED
    graph.order("DELETE", ref.remote_id, graph_error(190, "Session has expired", subcode=463))
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT
    graph.order("DELETE", ref.remote_id, graph_error(2, "Try again later", status=500))
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.UNKNOWN


def test_a_locked_account_needs_a_person(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    said = "The account is restricted. Sign in to the Instagram app."
    graph.order("POST", "/media", graph_error(25, "no", subcode=2207050, error_user_msg=said))
    preparation = network.prepare(access, a_part(network), deadline_s=DEADLINE_S)
    assert (preparation.outcome, preparation.message) == (Outcome.SIGNED_OUT, said)


def test_a_success_without_an_id_proves_nothing(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    graph.order(
        "POST", "media_publish", graph.app.response_class('{"ok": true}', content_type="application/json")
    )
    result = network.send(access, part, ready, deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.UNKNOWN


def test_a_post_whose_address_is_not_told_is_still_sent(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    media = str(int(container_of(ready.draft)) + 1)
    graph.order("GET", media, graph_error(2, "Try again later", status=500))
    result = network.send(access, part, ready, deadline_s=DEADLINE_S)
    assert (result.outcome, result.ref) == (Outcome.SENT, RemoteRef(media))


def test_a_status_nobody_knows_is_no_answer(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    container = container_of(prepared(network, access, part).draft)
    graph.containers[container]["state"] = "DANCING"
    assert presence(network, access, part) is Presence.UNREADABLE
    assert network.prepare(access, part, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


def test_sending_without_a_container_is_a_proof_that_nothing_was_sent(
    network: DraftKeeper, access: Access
) -> None:
    assert (
        network.send(access, a_part(network), Prepared(), deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT
    )


def test_an_account_without_a_token_is_signed_out(network: DraftKeeper, access: Access) -> None:
    bare = replace(access, secret={"ig_id": USER})
    result = network.send(bare, a_part(network), Prepared(), deadline_s=DEADLINE_S)
    assert (result.outcome, result.message) == (
        Outcome.SIGNED_OUT,
        "There is no access token for this account. Connect it again.",
    )


def test_a_container_lost_while_it_was_waited_for_is_made_again_later(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    graph.order("GET", "17900000000000001", graph_error(100, "It does not exist.", subcode=33))
    preparation = network.prepare(access, a_part(network), deadline_s=DEADLINE_S)
    assert (preparation.outcome, preparation.message) == (
        Outcome.NOT_SENT,
        "Instagram did not keep the draft.",
    )


def test_a_post_without_a_time_is_not_taken_for_ours(
    network: DraftKeeper, access: Access, graph: InstagramServer
) -> None:
    part = a_part(network)
    ref = send(network, access, part).ref
    assert ref is not None
    for odd in ("yesterday", "2026-11-03T09:00:05", None):
        graph.recorded.posts[ref.remote_id]["timestamp"] = odd
        assert presence(network, access, part) is Presence.UNREADABLE
