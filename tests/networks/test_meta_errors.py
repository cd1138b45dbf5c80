"""What each error of Meta proves, as it comes back from a real exchange, and that no secret survives in it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Response

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import Access, Outcome, Prepared, Presence, SendResult
from service_channel.networks.facebook import Facebook
from service_channel.networks.meta_drafts import Draft, read_draft
from service_channel.networks.meta_errors import graph_reader
from service_channel.networks.meta_wire import tokens_of
from tests.networks.contract import DEADLINE_S, a_part
from tests.networks.servers.facebook import PAGE, TOKEN, FacebookServer
from tests.networks.servers.meta import APP_SECRET, graph_error, proof

pytestmark = pytest.mark.network
SECRET = {"page_id": PAGE, "access_token": TOKEN, "proof": proof(TOKEN)}


@pytest.fixture
def graph() -> Iterator[FacebookServer]:
    made = FacebookServer()
    with made.recorded.running():
        yield made


@pytest.fixture
def network(graph: FacebookServer) -> Facebook:
    policy = FetchPolicy(allow=("127.0.0.1:*",))
    return Facebook(lambda: httpx_transport(policy), server=f"{graph.recorded.url}/v25.0")


@pytest.fixture
def access() -> Access:
    return Access(1, "cityworks", SECRET)


def published(network: Facebook, access: Access, graph: FacebookServer, answer: Response) -> SendResult:
    """How publishing ends that is answered like this."""
    part = a_part(network)
    ready = network.prepare(access, part, deadline_s=DEADLINE_S).prepared
    assert ready is not None
    graph.order("POST", ready.draft.partition("#")[0], answer)
    return network.send(access, replace(part, draft=ready.draft), ready, deadline_s=DEADLINE_S)


@pytest.mark.parametrize(
    ("code", "subcode", "status", "outcome"),
    [
        (190, 458, 400, Outcome.SIGNED_OUT),  # the app was removed
        (190, 460, 400, Outcome.SIGNED_OUT),  # the password was changed
        (190, 463, 400, Outcome.SIGNED_OUT),  # the session ran out
        (190, 467, 401, Outcome.SIGNED_OUT),  # the token is not valid
        (190, None, 400, Outcome.SIGNED_OUT),
        (102, None, 400, Outcome.SIGNED_OUT),
        (3, None, 400, Outcome.SIGNED_OUT),
        (10, None, 403, Outcome.SIGNED_OUT),
        (200, None, 403, Outcome.SIGNED_OUT),
        (283, None, 400, Outcome.SIGNED_OUT),
        (4, None, 400, Outcome.NOT_SENT),
        (17, None, 400, Outcome.NOT_SENT),
        (32, None, 400, Outcome.NOT_SENT),
        (341, None, 400, Outcome.NOT_SENT),
        (613, None, 400, Outcome.NOT_SENT),
        (80_001, None, 400, Outcome.NOT_SENT),
        (80_002, 2446079, 400, Outcome.NOT_SENT),
        (4, 2207051, 400, Outcome.REFUSED),  # held back as spam: waiting does not help
        (368, None, 400, Outcome.REFUSED),
        (506, None, 400, Outcome.REFUSED),
        (100, None, 400, Outcome.REFUSED),
        (100, 33, 400, Outcome.REFUSED),
        (36_000, 2207004, 400, Outcome.REFUSED),
        (1, None, 500, Outcome.UNKNOWN),
        (2, None, 503, Outcome.UNKNOWN),
        (1, 99, 400, Outcome.UNKNOWN),
        (-1, 2207001, 400, Outcome.UNKNOWN),
        (-2, 2207003, 400, Outcome.UNKNOWN),
        (24, 2207008, 400, Outcome.UNKNOWN),
        (999, None, 500, Outcome.UNKNOWN),
    ],
)
def test_each_error_is_judged_by_its_code(
    network: Facebook,
    access: Access,
    graph: FacebookServer,
    code: int,
    subcode: int | None,
    status: int,
    outcome: Outcome,
) -> None:
    answer = graph_error(code, "Meta says why.", subcode=subcode, status=status)
    result = published(network, access, graph, answer)
    assert (result.outcome, result.status) == (outcome, status)
    assert result.message.startswith("Meta says why.")
    assert (result.retry_after is not None) is (outcome is Outcome.NOT_SENT)
    assert not graph.recorded.posts


def test_an_error_that_passes_is_not_a_refusal(
    network: Facebook, access: Access, graph: FacebookServer
) -> None:
    result = published(network, access, graph, graph_error(100, "Busy.", is_transient=True))
    assert result.outcome is Outcome.UNKNOWN


def test_the_words_meant_for_people_are_shown(
    network: Facebook, access: Access, graph: FacebookServer
) -> None:
    answer = graph_error(506, "(#506) Duplicate status message", error_user_msg="You posted this just now.")
    assert published(network, access, graph, answer).message == "You posted this just now."


def test_a_missing_permission_is_named(network: Facebook, access: Access, graph: FacebookServer) -> None:
    said = "(#200) If posting to a page, requires both pages_read_engagement and pages_manage_posts"
    named = published(network, access, graph, graph_error(200, said, status=403))
    assert "A permission is missing (pages_read_engagement, pages_manage_posts)." in named.message
    unnamed = published(network, access, graph, graph_error(10, "(#10) No permission.", status=403))
    assert unnamed.message == (
        "(#10) No permission. A permission is missing (pages_show_list, pages_read_engagement,"
        " pages_manage_posts, pages_manage_engagement). Connect the account again and allow it."
    )


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ('{"1": [{"type": "pages", "estimated_time_to_regain_access": 19}]}', 1_140.0),
        ('{"1": [{"estimated_time_to_regain_access": 3}, {"estimated_time_to_regain_access": 7}]}', 420.0),
        ('{"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 0}]}', 900.0),
        ('{"1": [{"type": "pages"}]}', 900.0),
        ('{"1": [{"estimated_time_to_regain_access": "soon"}]}', 900.0),
        ("[1]", 900.0),
        ("{}", 900.0),
        ("no JSON", 900.0),
    ],
)
def test_how_long_to_wait_is_read_from_the_usage_of_the_business_case(
    network: Facebook, access: Access, graph: FacebookServer, header: str, seconds: float
) -> None:
    answer = graph_error(80_001, "Too many calls.", headers={"X-Business-Use-Case-Usage": header})
    assert published(network, access, graph, answer).retry_after == seconds


def test_how_long_to_wait_is_read_from_retry_after_where_it_is_said(
    network: Facebook, access: Access, graph: FacebookServer
) -> None:
    answer = graph_error(
        4, "Too many calls.", headers={"Retry-After": "45", "X-App-Usage": '{"call_count": 101}'}
    )
    result = published(network, access, graph, answer)
    assert result.retry_after == 45.0
    assert result.response["headers"]["x-app-usage"] == '{"call_count": 101}'


def test_a_plain_429_is_a_limit_too(network: Facebook, access: Access, graph: FacebookServer) -> None:
    result = published(network, access, graph, Response("slow down", 429))
    assert result.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    "body", ["[]", '{"error": "no"}', "<html>", '{"error": {"code": "x", "message": 5}}']
)
def test_an_error_of_another_shape_is_judged_by_its_status(
    network: Facebook, access: Access, graph: FacebookServer, body: str
) -> None:
    answer = Response(body, 502, content_type="application/json")
    result = published(network, access, graph, answer)
    assert (result.outcome, result.message) == (Outcome.UNKNOWN, "The server answered 502.")


def test_the_older_shape_of_threads_is_read_too() -> None:
    said = graph_reader(())(
        400, {"error_type": "OAuthException", "code": 400, "error_message": "Bad code"}, {}
    )
    assert (said.message, said.outcome) == ("Bad code", None)


def test_a_token_that_meta_repeats_is_not_kept(
    network: Facebook, access: Access, graph: FacebookServer
) -> None:
    said = f"Malformed access token {TOKEN} with {proof(TOKEN)}"
    result = published(network, access, graph, graph_error(190, said, error_user_title=TOKEN))
    assert TOKEN not in repr(result) and proof(TOKEN) not in repr(result)
    assert result.message == "Malformed access token … with …"
    assert result.response["body"]["error"]["error_user_title"] == "…"


def test_neither_token_nor_proof_is_in_any_answer(
    network: Facebook, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert preparation.prepared is not None
    part = replace(part, draft=preparation.prepared.draft)
    sent = network.send(access, part, preparation.prepared, deadline_s=DEADLINE_S)
    assert sent.ref is not None
    answers: list[Any] = [preparation, sent, network.find(access, part, deadline_s=DEADLINE_S)]
    answers += [network.delete(access, sent.ref, deadline_s=DEADLINE_S), network.check(access)]
    wrong = replace(access, secret={**SECRET, "access_token": "EAAstolen"})
    answers += [network.prepare(wrong, part, deadline_s=DEADLINE_S), network.check(wrong)]
    kept = "\n".join(map(repr, answers))
    assert not [one for one in (TOKEN, proof(TOKEN), APP_SECRET, "EAAstolen") if one in kept]


def test_without_an_app_secret_there_is_no_proof(graph: FacebookServer, network: Facebook) -> None:
    graph.wants_proof = False
    bare = Access(1, "cityworks", {"page_id": PAGE, **tokens_of(TOKEN, "")})
    assert network.check(bare).presence is Presence.FOUND
    assert "appsecret_proof" not in graph.recorded.asked[-1].path


@pytest.mark.parametrize("kept", ["", "123", "#abc", "123#"])
def test_what_is_no_draft_is_none(kept: str) -> None:
    assert read_draft(kept) is None


def test_a_draft_is_kept_in_one_word_of_at_most_eighty_characters() -> None:
    draft = Draft(f"{PAGE}_17900000000000001", "0" * 16)
    assert read_draft(str(draft)) == draft
    assert len(str(draft)) <= 80


def test_a_list_that_is_none_proves_nothing(network: Facebook, access: Access, graph: FacebookServer) -> None:
    part = replace(a_part(network), draft=f"{PAGE}_1#{'0' * 16}")
    odd = Response(json.dumps({"data": "none"}), content_type="application/json")
    graph.order("GET", "published_posts", odd)
    assert network.find(access, part, deadline_s=DEADLINE_S).presence is Presence.UNREADABLE


def test_a_post_that_does_not_say_whether_it_is_public_proves_nothing(
    network: Facebook, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    ready = network.prepare(access, part, deadline_s=DEADLINE_S).prepared
    assert ready is not None
    post = ready.draft.partition("#")[0]
    del graph.objects[post]["is_published"]
    part = replace(part, draft=ready.draft)
    assert network.find(access, part, deadline_s=DEADLINE_S).presence is Presence.UNREADABLE
    graph.order("POST", post, graph_error(100, "no"))
    assert (
        network.send(access, part, Prepared(draft=ready.draft), deadline_s=DEADLINE_S).outcome
        is Outcome.REFUSED
    )


def test_an_answer_to_deleting_that_does_not_say_yes_proves_nothing(
    network: Facebook, access: Access, graph: FacebookServer
) -> None:
    part = a_part(network)
    ready = network.prepare(access, part, deadline_s=DEADLINE_S).prepared
    assert ready is not None
    post = ready.draft.partition("#")[0]
    odd = Response(json.dumps({"success": False}), content_type="application/json")
    graph.order("DELETE", post, odd)
    other = replace(part, text="Other words.", draft=ready.draft)
    assert network.prepare(access, other, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT
