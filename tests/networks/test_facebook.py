"""A Facebook Page against a server of the recorded shape: the contract of class I, drafts, pictures and comments."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import request

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import (
    Access,
    NetworkClass,
    Outcome,
    OutgoingMedia,
    OutgoingPart,
    Prepared,
    Presence,
    RemoteRef,
)
from service_channel.networks.facebook import Facebook
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
from tests.networks.servers.facebook import PAGE, TOKEN, FacebookServer
from tests.networks.servers.meta import APP_SECRET, graph_error, proof
from tests.networks.servers.recorded import Fault, Recorded

pytestmark = pytest.mark.network
LOOPBACK = FetchPolicy(allow=("127.0.0.1:*",))
SECRET = {"page_id": PAGE, "access_token": TOKEN, "proof": proof(TOKEN)}


def facebook(server: str) -> Facebook:
    return Facebook(lambda: httpx_transport(LOOPBACK), server=server)


@pytest.fixture
def graph() -> Iterator[FacebookServer]:
    made = FacebookServer()
    with made.recorded.running():
        yield made


@pytest.fixture
def server(graph: FacebookServer) -> Recorded:
    return graph.recorded


@pytest.fixture
def network(graph: FacebookServer, dead_host: str) -> DraftKeeper:
    return DraftKeeper(facebook(f"{graph.recorded.url}/v25.0"), facebook(f"http://{dead_host}/v25.0"))


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
    path = tmp_path / "street.png"
    path.write_bytes(b"\x89PNG a street")
    return OutgoingMedia(
        path, hashlib.sha256(path.read_bytes()).hexdigest(), "image/png", "Elm Street, open again", 60, 40
    )


class TestFacebookContract(AskedAgain, Wired, Contract):
    secrets = (TOKEN, "EAAstolen-token", APP_SECRET, proof(TOKEN))

    @pytest.fixture(autouse=True)
    def _with_server(self, graph: FacebookServer) -> None:
        self._graph = graph

    def standing(self, access: Access) -> int:
        return len(self._graph.recorded.posts)


def a_comment(network: DraftKeeper, parent: RemoteRef) -> OutgoingPart:
    part = replace(a_part(network, "Read more: https://help.example/elm"), index=1)
    return replace(part, parent=parent, root=parent)


def posted(network: DraftKeeper, access: Access) -> RemoteRef:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    return ref


def test_a_post_is_made_unpublished_and_then_published_under_the_same_id(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network, "Störung behoben 👍🏽\n\nDanke!")
    ready = prepared(network, access, part)
    draft = read_draft(ready.draft)
    assert draft is not None and graph.objects[draft.remote_id]["is_published"] is False
    ref = network.send(access, part, ready, deadline_s=DEADLINE_S).ref
    assert ref == RemoteRef(draft.remote_id, url=f"https://www.facebook.com/{draft.remote_id}")
    assert graph.recorded.posts[ref.remote_id]["message"] == part.text


def test_publishing_is_one_call_and_no_token_is_in_an_address(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    before = len(graph.recorded.asked)
    network.send(access, part, ready, deadline_s=DEADLINE_S)
    (call,) = graph.recorded.asked[before:]
    assert (call.method, call.body["is_published"]) == ("POST", "true")
    assert not [one for one in graph.recorded.asked if TOKEN in one.path]


def test_pictures_arrive_unpublished_with_their_bytes_and_alt_texts(
    network: DraftKeeper, access: Access, graph: FacebookServer, picture: OutgoingMedia
) -> None:
    ref = send(network, access, replace(a_part(network), media=(picture,))).ref
    assert ref is not None
    (photo,) = graph.recorded.posts[ref.remote_id]["photos"]
    assert graph.photos[photo] == {
        "octets": picture.path.read_bytes(),
        "mime": "image/png",
        "alt": "Elm Street, open again",
    }


def test_a_kept_draft_is_used_again(network: DraftKeeper, access: Access, graph: FacebookServer) -> None:
    part = a_part(network)
    first = prepared(network, access, part)
    assert prepared(network, access, part).draft == first.draft
    assert [one for one in graph.objects if one != PAGE] == [first.draft.partition("#")[0]]


def test_a_kept_draft_with_other_words_is_thrown_away_before_a_new_one_is_made(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    first = prepared(network, access, part)
    second = prepared(network, access, replace(part, text="Other words."))
    assert second.draft != first.draft
    assert [one for one in graph.objects if one != PAGE] == [second.draft.partition("#")[0]]


def test_a_draft_somebody_deleted_is_absent_and_made_again(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    first = prepared(network, access, part)
    del graph.objects[first.draft.partition("#")[0]]
    assert presence(network, access, part) is Presence.ABSENT
    assert send(network, access, part).outcome is Outcome.SENT


def test_a_draft_that_is_gone_while_its_words_are_public_is_found(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part, ref = a_part(network), posted(network, access)
    gone = replace(part, draft=draft_of(f"{PAGE}_1", part))
    found = network.find(access, gone, deadline_s=DEADLINE_S)
    assert (found.presence, found.ref) == (Presence.FOUND, ref)
    assert presence(network, access, replace(gone, taken=frozenset({ref.remote_id}))) is Presence.ABSENT
    late = replace(gone, created_at=CREATED_AT + timedelta(hours=1))
    assert presence(network, access, late) is Presence.ABSENT
    assert send(network, access, gone).ref == ref
    assert len(graph.recorded.posts) == 1


def test_a_full_list_that_does_not_reach_back_to_the_first_try_proves_nothing(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    gone = replace(part, draft=draft_of(f"{PAGE}_1", part))
    for number in range(50):
        graph.recorded.posts[f"{PAGE}_{number}"] = {"message": "busy", "created_time": graph.stamp()}
    assert presence(network, access, gone) is Presence.UNREADABLE
    graph.recorded.posts[f"{PAGE}_0"]["created_time"] = "2026-11-01T09:00:00+0000"
    assert presence(network, access, gone) is Presence.ABSENT


def test_an_unclear_publishing_is_cleared_up_by_the_draft_itself(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    graph.recorded.order(Fault.RESET_AFTER)
    assert network.send(access, part, ready, deadline_s=DEADLINE_S).outcome is Outcome.UNKNOWN
    assert presence(network, access, part) is Presence.FOUND
    graph.recorded.order(Fault.FAIL_BEFORE)  # would be met if anything were published again
    again = send(network, access, part)
    assert (again.outcome, again.message) == (Outcome.SENT, "An earlier try had arrived.")


def test_a_refusal_to_publish_what_is_public_already_is_a_success(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    ready = prepared(network, access, part)
    network.send(access, part, ready, deadline_s=DEADLINE_S)
    graph.order(
        "POST", ready.draft.partition("#")[0], graph_error(100, "(#100) This post is published already.")
    )
    again = network.send(access, part, Prepared(draft=ready.draft), deadline_s=DEADLINE_S)
    assert (again.outcome, again.message) == (Outcome.SENT, "An earlier try had arrived.")


def test_a_draft_that_facebook_published_at_once_is_taken_down_and_refused(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    graph.publishes_drafts = True
    preparation = network.prepare(access, a_part(network), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
    assert "taken down again" in preparation.message
    assert not graph.recorded.posts


def test_a_draft_that_cannot_be_looked_at_just_now_is_kept(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    graph.order("GET", f"{PAGE}_17900000000000001", graph_error(2, "Try again later", status=500))
    part = a_part(network)
    ready = prepared(network, access, part)
    assert network.send(access, part, ready, deadline_s=DEADLINE_S).outcome is Outcome.SENT
    assert len(graph.recorded.posts) == 1


def test_a_draft_that_came_out_and_cannot_be_taken_down_counts_as_sent(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    graph.publishes_drafts = True
    part = a_part(network)
    graph.app.before_request_funcs[None].append(_no_deleting)
    assert send(network, access, part).outcome is Outcome.SENT
    assert len(graph.recorded.posts) == 1


def _no_deleting() -> object:
    return (
        graph_error(2, "Service temporarily unavailable", status=500) if request.method == "DELETE" else None
    )


def test_sending_without_a_draft_is_a_proof_that_nothing_was_sent(
    network: DraftKeeper, access: Access
) -> None:
    result = network.send(access, a_part(network), Prepared(), deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("many", "Facebook takes 10 pictures in one post; this one has 11."),
        ("kind", "Facebook takes JPEG and PNG pictures only."),
        ("large", "A picture is larger than the 10 MB Facebook takes."),
        ("long", "The text is longer than the 63206 characters Facebook takes."),
    ],
)
def test_what_facebook_would_not_take_is_refused_before_anything_is_sent(
    network: DraftKeeper,
    unreachable_access: Access,
    picture: OutgoingMedia,
    tmp_path: Path,
    change: str,
    sentence: str,
) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(10_000_001)
    part = {
        "many": replace(a_part(network), media=(picture,) * 11),
        "kind": replace(a_part(network), media=(replace(picture, mime="image/webp"),)),
        "large": replace(a_part(network), media=(replace(picture, path=large),)),
        "long": a_part(network, "x" * 63_207),
    }[change]
    preparation = network.prepare(unreachable_access, part, deadline_s=DEADLINE_S)
    assert (preparation.outcome, preparation.message) == (Outcome.REFUSED, sentence)


def test_an_image_changed_after_its_approval_is_refused(
    network: DraftKeeper, access: Access, picture: OutgoingMedia
) -> None:
    picture.path.write_bytes(b"something else")
    preparation = network.prepare(access, replace(a_part(network), media=(picture,)), deadline_s=DEADLINE_S)
    assert preparation.outcome is Outcome.REFUSED


def test_a_second_part_is_a_comment_below_the_first(
    network: DraftKeeper, access: Access, graph: FacebookServer, picture: OutgoingMedia
) -> None:
    ref = posted(network, access)
    part = replace(a_comment(network, ref), media=(picture,))
    result = send(network, access, part)
    assert result.outcome is Outcome.SENT and result.ref is not None
    comment = graph.comments[result.ref.remote_id]
    assert (comment["post"], comment["message"]) == (ref.remote_id, part.text)
    assert graph.photos[comment["attachment_id"]]["alt"] == "Elm Street, open again"
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert (found.presence, found.ref) == (Presence.FOUND, result.ref)


def test_a_third_part_is_a_comment_below_the_post_and_not_below_the_comment(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    ref = posted(network, access)
    second = send(network, access, a_comment(network, ref)).ref
    assert second is not None
    third = replace(a_comment(network, ref), text="And one more.", parent=second)
    result = send(network, access, third)
    assert result.ref is not None and graph.comments[result.ref.remote_id]["post"] == ref.remote_id


@pytest.mark.parametrize(
    ("fault", "outcome", "stands"),
    [
        (Fault.RATE_LIMITED, Outcome.NOT_SENT, Presence.UNREADABLE),
        (Fault.RESET_BEFORE, Outcome.UNKNOWN, Presence.UNREADABLE),
        (Fault.RESET_AFTER, Outcome.UNKNOWN, Presence.FOUND),
        (Fault.GARBAGE, Outcome.UNKNOWN, Presence.FOUND),
    ],
)
def test_a_comment_is_found_or_a_person_is_asked_but_never_said_to_be_absent(
    network: DraftKeeper,
    access: Access,
    graph: FacebookServer,
    fault: Fault,
    outcome: Outcome,
    stands: Presence,
) -> None:
    part = a_comment(network, posted(network, access))
    graph.recorded.order(fault)
    assert send(network, access, part).outcome is outcome
    assert presence(network, access, part) is stands


def test_a_comment_of_somebody_else_or_of_last_week_is_not_taken_for_ours(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    part = a_comment(network, posted(network, access))
    ref = send(network, access, part).ref
    assert ref is not None
    assert presence(network, access, replace(part, taken=frozenset({ref.remote_id}))) is Presence.UNREADABLE
    graph.comments[ref.remote_id]["from"] = {"id": "42"}
    assert presence(network, access, part) is Presence.UNREADABLE
    graph.comments[ref.remote_id].update({"from": {"id": PAGE}, "created_time": "2026-10-27T09:00:00+0000"})
    assert presence(network, access, part) is Presence.UNREADABLE


def test_a_comment_whose_picture_was_not_uploaded_is_not_sent(
    network: DraftKeeper, access: Access, graph: FacebookServer, picture: OutgoingMedia
) -> None:
    part = replace(a_comment(network, posted(network, access)), media=(picture,))
    assert network.send(access, part, Prepared(), deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT
    two = replace(part, media=(picture, picture))
    preparation = network.prepare(access, two, deadline_s=DEADLINE_S)
    assert preparation.message == "Facebook takes 1 picture in one comment; this one has 2."
    assert not graph.comments


def test_a_comment_is_taken_down_like_a_post(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    ref = send(network, access, a_comment(network, posted(network, access))).ref
    assert ref is not None
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
    assert not graph.comments


def test_what_may_not_be_deleted_is_not_said_to_be_gone(
    network: DraftKeeper, access: Access, graph: FacebookServer
) -> None:
    ref = posted(network, access)
    graph.may_not_delete.add(ref.remote_id)
    result = network.delete(access, ref, deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.REFUSED
    assert "missing permissions" in result.message


def test_a_page_that_is_not_ours_cannot_be_checked(network: DraftKeeper, access: Access) -> None:
    other = replace(access, secret={**SECRET, "page_id": "999"})
    assert network.check(other).presence is Presence.UNREADABLE
    for missing in ("page_id", "access_token"):
        bare = replace(access, secret={**SECRET, missing: ""})
        assert network.check(bare).presence is Presence.ABSENT
        assert send_bare(network, bare) is Outcome.SIGNED_OUT


def send_bare(network: DraftKeeper, access: Access) -> Outcome:
    return network.send(access, a_part(network), Prepared(), deadline_s=DEADLINE_S).outcome


def test_a_call_without_the_proof_of_the_app_is_a_dead_connection(
    network: DraftKeeper, access: Access
) -> None:
    other = replace(access, secret={**SECRET, "proof": proof("another token")})
    assert network.check(other).presence is Presence.ABSENT


def test_it_promises_once(network: DraftKeeper, access: Access) -> None:
    assert network.promise(access).kind is NetworkClass.IDENTIFIED
