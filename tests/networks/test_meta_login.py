"""Signing in with Facebook: which Pages and Instagram accounts may be connected, and every sentence where none may."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Response

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import Access, AppKeys, ConnectRefused, Presence
from service_channel.networks.facebook import Facebook
from service_channel.networks.instagram import Instagram
from tests.networks.servers import facebook as facebook_server
from tests.networks.servers import instagram as instagram_server
from tests.networks.servers.facebook import FacebookServer
from tests.networks.servers.instagram import InstagramServer
from tests.networks.servers.meta import APP_ID, APP_SECRET, NOW, graph_error, proof

pytestmark = pytest.mark.network
LOOPBACK = FetchPolicy(allow=("127.0.0.1:*",))
APP = AppKeys(APP_ID, APP_SECRET)
TOKEN = {"access_token": "EAAshort", "token_type": "bearer", "expires_in": 5_000}
ENDS = datetime.fromtimestamp(1_801_000_000, UTC)


def a_page(page_id: str, token: str, **more: Any) -> dict[str, Any]:
    tasks = ["ANALYZE", "MODERATE", "CREATE_CONTENT"]
    return {"id": page_id, "name": f"Page {page_id}", "access_token": token, "tasks": tasks, **more}


@pytest.fixture
def pages() -> Iterator[FacebookServer]:
    made = FacebookServer()
    made.login.pages = [
        a_page(
            facebook_server.PAGE, facebook_server.TOKEN, username="cityworks", link="https://facebook.com/cw"
        ),
        a_page("222", "EAAother"),
    ]
    with made.recorded.running():
        yield made


@pytest.fixture
def accounts() -> Iterator[InstagramServer]:
    made = InstagramServer()
    account = {"id": instagram_server.USER, "username": "cityworks", "name": "City Works"}
    made.login.pages = [
        a_page("111", instagram_server.TOKEN, instagram_business_account=account),
        a_page("222", "EAAother"),
    ]
    with made.recorded.running():
        yield made


def facebook(pages: FacebookServer) -> Facebook:
    return Facebook(lambda: httpx_transport(LOOPBACK), server=f"{pages.recorded.url}/v25.0")


def instagram(accounts: InstagramServer) -> Instagram:
    return Instagram(lambda: httpx_transport(LOOPBACK), server=f"{accounts.recorded.url}/v25.0")


def refusal(network: Facebook | Instagram, token: dict[str, Any] = TOKEN, app: AppKeys = APP) -> str:
    with pytest.raises(ConnectRefused) as refused:
        network.identities("", app, token, now=NOW)
    return str(refused.value)


def test_each_page_is_a_connection_with_a_token_and_a_proof_of_its_own(pages: FacebookServer) -> None:
    one, other = facebook(pages).identities("", APP, TOKEN, now=NOW)
    assert (one.handle, one.display_name) == ("cityworks", f"Page {facebook_server.PAGE}")
    assert (one.remote_id, one.url) == (facebook_server.PAGE, "https://facebook.com/cw")
    assert (one.expires_at, one.dies_at) == (None, ENDS)
    assert one.secret == {
        "page_id": facebook_server.PAGE,
        "access_token": facebook_server.TOKEN,
        "proof": proof(facebook_server.TOKEN),
    }
    assert (other.handle, other.url) == ("222", "https://www.facebook.com/222")
    assert facebook(pages).check(Access(1, one.handle, one.secret)).presence is Presence.FOUND


def test_pages_of_several_lists_are_found(pages: FacebookServer) -> None:
    pages.login.page_size = 1
    pages.login.pages.append(a_page("333", "EAAthird"))
    found = facebook(pages).identities("", APP, TOKEN, now=NOW)
    assert [one.remote_id for one in found] == [facebook_server.PAGE, "222", "333"]


def test_pages_the_person_may_not_write_on_are_left_out(pages: FacebookServer) -> None:
    pages.login.pages[0]["tasks"] = ["ANALYZE"]
    del pages.login.pages[1]["tasks"]  # a list that does not say
    pages.login.pages.append({**a_page("333", ""), "access_token": ""})
    assert [one.remote_id for one in facebook(pages).identities("", APP, TOKEN, now=NOW)] == ["222"]


def test_access_that_does_not_end_has_no_end(pages: FacebookServer) -> None:
    pages.login.data_access_expires_at = 0
    assert {one.dies_at for one in facebook(pages).identities("", APP, TOKEN, now=NOW)} == {None}


def test_somebody_without_pages_is_told_so(pages: FacebookServer) -> None:
    pages.login.pages = []
    assert refusal(facebook(pages)) == (
        "This person may not write posts on any Facebook Page. Sign in as somebody who may."
    )


def test_permissions_that_were_not_given_are_named(pages: FacebookServer) -> None:
    pages.login.scopes = ["pages_show_list", "pages_manage_posts"]
    assert refusal(facebook(pages)) == (
        "These permissions were not given: pages_read_engagement, pages_manage_engagement."
        " Sign in again and leave them switched on."
    )


@pytest.mark.parametrize(
    ("token", "app", "sentence"),
    [
        ({}, APP, "Facebook did not say who signed in. Try again."),
        (
            {"access_token": "EAAelse"},
            APP,
            "Facebook did not accept the sign-in: Malformed access token …",
        ),
        (
            TOKEN,
            replace(APP, client_secret="wrong"),
            "Facebook did not accept the sign-in: Error validating client secret.",
        ),
    ],
)
def test_a_sign_in_that_does_not_work_is_said_in_a_sentence(
    pages: FacebookServer, token: dict[str, Any], app: AppKeys, sentence: str
) -> None:
    assert refusal(facebook(pages), token, app) == sentence


@pytest.mark.parametrize("ending", ["oauth/access_token", "debug_token", "me/accounts"])
def test_a_sign_in_while_facebook_is_away_can_be_tried_again(pages: FacebookServer, ending: str) -> None:
    pages.order("GET", ending, graph_error(2, "Service temporarily unavailable", status=500))
    assert refusal(facebook(pages)) == "Facebook could not be asked just now. Try again later."


def test_no_token_is_repeated_to_the_person_who_tried(pages: FacebookServer) -> None:
    pages.order("GET", "me/accounts", graph_error(190, "Malformed access token EAAlong", status=401))
    assert "EAAlong" not in refusal(facebook(pages))


def test_an_exchange_that_gives_no_token_is_said_so(pages: FacebookServer) -> None:
    pages.order("GET", "oauth/access_token", Response("{}", content_type="application/json"))
    assert refusal(facebook(pages)) == "Facebook did not give a lasting token. Try again."


def test_a_list_of_pages_that_makes_no_sense_is_no_list(pages: FacebookServer) -> None:
    pages.order("GET", "me/accounts", Response("[]", content_type="application/json"))
    assert refusal(facebook(pages)).startswith("Facebook did not accept the sign-in")


def test_what_meta_does_not_say_of_a_token_does_not_stop_the_sign_in(pages: FacebookServer) -> None:
    pages.order("GET", "debug_token", Response("{}", content_type="application/json"))
    assert {one.dies_at for one in facebook(pages).identities("", APP, TOKEN, now=NOW)} == {None}


def test_the_accounts_behind_pages_are_connected_with_the_pages_tokens(accounts: InstagramServer) -> None:
    (found,) = instagram(accounts).identities("", APP, TOKEN, now=NOW)
    assert (found.handle, found.display_name, found.remote_id) == (
        "cityworks",
        "City Works",
        instagram_server.USER,
    )
    assert (found.url, found.dies_at) == ("https://www.instagram.com/cityworks/", ENDS)
    assert found.secret == {
        "ig_id": instagram_server.USER,
        "access_token": instagram_server.TOKEN,
        "proof": proof(instagram_server.TOKEN),
    }
    assert instagram(accounts).check(Access(1, found.handle, found.secret)).presence is Presence.FOUND


def test_without_the_permission_to_delete_an_account_is_connected_all_the_same(
    accounts: InstagramServer,
) -> None:
    accounts.login.scopes.remove("instagram_manage_contents")
    assert len(instagram(accounts).identities("", APP, TOKEN, now=NOW)) == 1


def test_pages_without_an_instagram_account_are_told_apart_from_no_pages(accounts: InstagramServer) -> None:
    accounts.login.pages = [a_page("222", "EAAother")]
    assert refusal(instagram(accounts)) == (
        "No professional Instagram account is connected to the Pages of this person."
        " Connect one in the Page's settings, under Linked accounts."
    )
    accounts.login.pages = []
    assert refusal(instagram(accounts)) == (
        "This person may not write posts on any Facebook Page, so there is no Instagram account behind one."
    )


def test_both_send_people_to_facebook_with_what_they_need(
    pages: FacebookServer, accounts: InstagramServer
) -> None:
    for network in (facebook(pages), instagram(accounts)):
        way = network.way("")
        assert way.authorize_url == "https://www.facebook.com/v25.0/dialog/oauth"
        assert way.token_url.endswith("/v25.0/oauth/access_token")
        assert (way.scope_separator, way.has_pkce) == (",", False)
        assert {"pages_show_list", "pages_read_engagement", "business_management"} <= set(way.scopes)
        assert (network.asks_server, network.register("", "https://desk.example/back")) == (False, None)
    assert {"pages_manage_posts", "pages_manage_engagement"} <= set(facebook(pages).way("").scopes)
    wanted = {"instagram_basic", "instagram_content_publish", "instagram_manage_comments"}
    assert {*wanted, "instagram_manage_contents"} <= set(instagram(accounts).way("").scopes)
