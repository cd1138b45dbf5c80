"""X against a server written from its documents: the contracts of both classes, and what is special to X."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import (
    Access,
    AppKeys,
    ConnectRefused,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Poll,
    Prepared,
    Presence,
    RemoteRef,
    SendResult,
)
from service_channel.networks.x import X
from service_channel.networks.x_errors import wait_of_limits
from service_channel.networks.x_records import moment_of
from tests.networks.contract import (
    CREATED_AT,
    DEADLINE_S,
    AskedAgain,
    BlindContract,
    QueryableContract,
    Wired,
    a_part,
    prepared,
    presence,
    send,
)
from tests.networks.rerouted import NOWHERE, Rerouted, a_picture
from tests.networks.servers.recorded import Fault
from tests.networks.servers.x import (
    CLIENT_ID,
    CLIENT_SECRET,
    HANDLE,
    PROBLEMS,
    USER_ID,
    XServer,
    invalid,
    old,
    problem,
    rate_limited,
)

pytestmark = pytest.mark.network

SECRETS = ("access-token-x", "refresh-token-x", CLIENT_SECRET, "a-wrong-token", NOWHERE)
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
KEYS = AppKeys(CLIENT_ID, CLIENT_SECRET)
TOKEN = {
    "token_type": "bearer",
    "expires_in": 7_200,
    "access_token": "access-token-x",
    "refresh_token": "refresh-token-x",
    "scope": "tweet.read tweet.write users.read media.write offline.access",
}


@pytest.fixture
def server() -> Iterator[XServer]:
    with XServer("x").running() as running:
        assert isinstance(running, XServer)
        yield running


@pytest.fixture
def network(server: XServer, dead_host: str) -> X:
    return X(lambda: Rerouted(dead_host), api=server.url)


@pytest.fixture
def access() -> Access:
    secret = {
        "access_token": "access-token-x",
        "refresh_token": "refresh-token-x",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "user_id": USER_ID,
        "can_read": True,
    }
    return Access(1, HANDLE, secret)


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "access_token": "a-wrong-token"})


@pytest.fixture
def unreachable_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "access_token": NOWHERE})


@pytest.fixture
def blind_access(access: Access, server: XServer) -> Access:
    server.plan_reads = False
    return replace(access, secret={**access.secret, "can_read": False})


class TestXThatCanBeRead(AskedAgain, Wired, QueryableContract):
    secrets = SECRETS

    @pytest.fixture(autouse=True)
    def _with_server(self, server: XServer) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)

    def old_post(self, access: Access, text: str) -> None:
        self._server.add(text, at=CREATED_AT - timedelta(hours=1))


class TestXThatCannotBeRead(Wired, BlindContract):
    secrets = SECRETS

    @pytest.fixture
    def access(self, server: XServer, access: Access) -> Access:
        server.plan_reads = False
        return replace(access, secret={**access.secret, "can_read": False})

    @pytest.fixture(autouse=True)
    def _with_server(self, server: XServer) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)


def shown(server: XServer, result: SendResult) -> dict[str, Any]:
    assert result.ref is not None, result
    post: dict[str, Any] = server.posts[result.ref.remote_id]
    return post


# What a post looks like


def test_a_post_has_an_address_and_a_number_that_holds_its_time(
    network: X, access: Access, server: XServer
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    assert ref.url == f"https://x.com/{HANDLE}/status/{ref.remote_id}"
    assert moment_of(ref.remote_id) == server.now


def test_a_number_of_x_holds_its_time_to_the_millisecond() -> None:
    assert moment_of("1346889436626259968").isoformat() == "2021-01-06T18:40:40.344000+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "Read https://help.deskcast.com/a?x=1&copy=2#top and http://deskcast.com/.",
        "5 < 6 & 7 > 6 &amp; so on",
        "HTTPS://Help.Deskcast.com/Ä says it\r\n\r\nall",
        "  spaces around   and between\n\n\n",
        "Deskcast.com/A und müller.de.",
        "👩🏽‍🚒 日本語",
    ],
)
def test_a_post_is_found_however_x_writes_its_links_and_signs(network: X, access: Access, text: str) -> None:
    part = a_part(network, text)
    ref = send(network, access, part).ref
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert (found.presence, found.ref) == (Presence.FOUND, ref)


def test_other_words_or_another_link_are_another_post(network: X, access: Access) -> None:
    send(network, access, a_part(network, "See https://deskcast.com/a"))
    assert presence(network, access, a_part(network, "See https://deskcast.com/b")) is Presence.ABSENT
    assert presence(network, access, a_part(network, "see https://deskcast.com/a")) is Presence.ABSENT


def test_a_long_post_is_compared_by_its_whole_text(network: X, access: Access, server: XServer) -> None:
    part = a_part(network, "Long " * 50)
    post_id = server.add("Long Long …", at=server.now)
    server.posts[post_id]["note_tweet"] = {"text": part.text}
    assert presence(network, access, part) is Presence.FOUND


def test_a_thread_hangs_together_and_each_part_is_found_at_its_place(
    network: X, access: Access, server: XServer
) -> None:
    first = send(network, access, a_part(network, "One"))
    part = replace(a_part(network, "Two"), index=1, parent=first.ref, root=first.ref)
    second = send(network, access, part)
    assert first.ref is not None
    assert shown(server, second)["referenced_tweets"] == [{"type": "replied_to", "id": first.ref.remote_id}]
    assert presence(network, access, part) is Presence.FOUND
    assert presence(network, access, replace(part, parent=None)) is Presence.ABSENT
    assert presence(network, access, replace(part, parent=second.ref)) is Presence.ABSENT


def test_a_reply_that_x_shows_with_a_mention_in_front_is_found(
    network: X, access: Access, server: XServer
) -> None:
    first = send(network, access, a_part(network, "One"))
    assert first.ref is not None
    part = replace(a_part(network, "Two"), parent=first.ref)
    server.add(f"@{HANDLE} Two", at=server.now, reply_to=first.ref.remote_id)
    assert presence(network, access, part) is Presence.FOUND


def test_a_part_behind_one_that_has_no_number_is_refused(network: X, access: Access) -> None:
    part = replace(a_part(network), parent=RemoteRef("../users/me"))
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)


def test_pictures_arrive_with_their_bytes_and_alt_texts(
    network: X, access: Access, server: XServer, tmp_path: Path
) -> None:
    pictures = (a_picture(tmp_path, alt="Ein Plan"), a_picture(tmp_path, "gold", alt="", kind="JPEG"))
    part = replace(a_part(network), media=pictures)
    kept = [server.media[media_id] for media_id in shown(server, send(network, access, part))["_media"]]
    assert [media["alt"] for media in kept] == ["Ein Plan", ""]
    assert [media["octets"] for media in kept] == [picture.path.read_bytes() for picture in pictures]
    assert presence(network, access, part) is Presence.FOUND


def test_a_poll_is_a_poll(network: X, access: Access, server: XServer) -> None:
    part = replace(a_part(network), poll=Poll(("Yes", "No"), 1_440))
    said = shown(server, send(network, access, part))["_poll"]
    assert said == {"options": ["Yes", "No"], "duration_minutes": 1_440}


# What is refused before anything is sent


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "x" * 281}, "X counts 281 characters in this text and takes 280."),
        ({"text": "語" * 141}, "X counts 282 characters in this text and takes 280."),
        ({"poll": Poll(("One",), 60)}, "X takes polls of two to four options; this one has 1."),
        (
            {"poll": Poll(("1", "2", "3", "4", "5"), 60)},
            "X takes polls of two to four options; this one has 5.",
        ),
        ({"poll": Poll(("Yes", "x" * 26), 60)}, "X takes options of one to 25 characters."),
        ({"poll": Poll(("Yes", ""), 60)}, "X takes options of one to 25 characters."),
        ({"poll": Poll(("Yes", "No"), 4)}, "X takes polls that last between five minutes and seven days."),
        (
            {"poll": Poll(("Yes", "No"), 10_081)},
            "X takes polls that last between five minutes and seven days.",
        ),
    ],
)
def test_what_x_does_not_take_is_refused_in_a_sentence(
    network: X, access: Access, server: XServer, change: dict[str, Any], message: str
) -> None:
    preparation = network.prepare(access, replace(a_part(network), **change), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome, preparation.message) == (
        None,
        Outcome.REFUSED,
        message,
    )
    assert not server.asked


def test_pictures_x_does_not_take_are_refused_before_any_is_sent(
    network: X, access: Access, server: XServer, tmp_path: Path
) -> None:
    def refused(**change: Any) -> str:
        preparation = network.prepare(access, replace(a_part(network), **change), deadline_s=DEADLINE_S)
        assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
        return preparation.message

    picture = a_picture(tmp_path)
    five = tuple(a_picture(tmp_path, color) for color in ("red", "green", "blue", "teal", "gold"))
    assert refused(media=five) == "X takes 4 pictures in one post; this one has 5."
    assert (
        refused(media=(replace(picture, mime="image/gif"),)) == "X takes pictures as JPEG, PNG or WebP only."
    )
    long = replace(picture, alt="x" * 1_001)
    assert refused(media=(long,)) == "An alt text is longer than the 1,000 characters X takes."
    both = {"media": (picture,), "poll": Poll(("Yes", "No"), 60)}
    assert refused(**both) == "X takes pictures or a poll in one post, not both."
    with picture.path.open("ab") as file:
        file.truncate(5_000_001)
    assert refused(media=(picture,)) == "A picture is larger than the 5 MB X takes."
    assert not server.asked


def test_a_picture_changed_after_its_approval_is_refused(
    network: X, access: Access, server: XServer, tmp_path: Path
) -> None:
    picture = a_picture(tmp_path)
    picture.path.write_bytes(picture.path.read_bytes() + b" ")
    preparation = network.prepare(access, replace(a_part(network), media=(picture,)), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
    assert not server.asked


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("failed", Outcome.REFUSED), ("pending", Outcome.NOT_SENT), ("in_progress", Outcome.NOT_SENT)],
)
def test_a_picture_that_x_does_not_finish_is_not_posted(
    network: X, access: Access, server: XServer, tmp_path: Path, state: str, outcome: Outcome
) -> None:
    server.media_state = state
    part = replace(a_part(network), media=(a_picture(tmp_path),))
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, outcome)


def test_preparing_pictures_with_a_dead_token_or_no_way_proves_nothing_was_sent(
    network: X, wrong_access: Access, unreachable_access: Access, tmp_path: Path
) -> None:
    part = replace(a_part(network), media=(a_picture(tmp_path),))
    assert network.prepare(wrong_access, part, deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT
    assert network.prepare(unreachable_access, part, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


# Errors


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        (
            ("Forbidden", "You are not permitted to perform this action.", 403, "about:blank"),
            Outcome.REFUSED,
            "You are not permitted to perform this action.",
        ),
        (
            ("Client Forbidden", "attached to a Project", 403, "client-forbidden"),
            Outcome.SIGNED_OUT,
            "attached",
        ),
        (
            ("Unsupported Authentication", "OAuth 2.0 User", 403, "unsupported-authentication"),
            Outcome.SIGNED_OUT,
            "OAuth 2.0 User",
        ),
        (
            ("Forbidden", "Your account is suspended and is not permitted", 403, "about:blank"),
            Outcome.SIGNED_OUT,
            "suspended",
        ),
        (
            ("Forbidden", "User is over daily status update limit.", 403, "about:blank"),
            Outcome.NOT_SENT,
            "daily",
        ),
        (
            ("CreditsDepleted", "Your enrolled account does not have any credits", 402, "credits"),
            Outcome.NOT_SENT,
            "credits",
        ),
        (("Unauthorized", "Unauthorized", 401, "about:blank"), Outcome.SIGNED_OUT, "Unauthorized"),
        (("Service Unavailable", "Service Unavailable", 503, "about:blank"), Outcome.UNKNOWN, "Unavailable"),
        (("Conflict", "Conflict", 409, "about:blank"), Outcome.UNKNOWN, "Conflict"),
    ],
)
def test_each_error_is_judged_by_what_it_proves_and_said_in_the_words_of_x(
    network: X,
    access: Access,
    server: XServer,
    answer: tuple[str, str, int, str],
    outcome: Outcome,
    words: str,
) -> None:
    title, detail, status, kind = answer
    with server.app.app_context():
        server.refuses = [problem(status, title, detail, kind if ":" in kind else PROBLEMS + kind)]
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status) == (outcome, status)
    assert words in result.message


def test_the_first_of_several_errors_is_said_rather_than_their_heading(
    network: X, access: Access, server: XServer
) -> None:
    with server.app.app_context():
        server.refuses = [invalid("You attempted to reply to a Tweet that is deleted or not visible to you.")]
    result = send(network, access, a_part(network))
    assert result.outcome is Outcome.REFUSED
    assert result.message == "You attempted to reply to a Tweet that is deleted or not visible to you."


def test_a_used_up_day_is_waited_for_and_not_the_next_quarter_of_an_hour() -> None:
    soon, late = str(int(NOW.timestamp()) + 900), "9999999999"
    headers = {"x-rate-limit-remaining": "12", "x-rate-limit-reset": soon}
    assert wait_of_limits(headers) is None
    day = {"x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": late}
    assert (wait_of_limits({**headers, **day}) or 0) > 1_000_000


def test_a_cap_on_a_month_is_no_proof_that_the_content_is_refused(
    network: X, access: Access, server: XServer
) -> None:
    with server.app.app_context():
        detail = "Usage cap exceeded: Monthly product cap"
        server.refuses = [problem(429, "UsageCapExceeded", detail, PROBLEMS + "usage-capped")]
    result = send(network, access, a_part(network))
    assert (result.outcome, result.message) == (Outcome.NOT_SENT, "Usage cap exceeded: Monthly product cap")


def test_an_account_without_a_token_is_signed_out(network: X, access: Access) -> None:
    bare = replace(access, secret={})
    assert send(network, bare, a_part(network)).outcome is Outcome.SIGNED_OUT
    assert network.check(bare).presence is Presence.ABSENT


# Duplicates: X refuses them without saying where the first one stands


def test_a_duplicate_of_our_own_lost_try_is_adopted(network: X, access: Access, server: XServer) -> None:
    part = a_part(network)
    server.order(Fault.RESET_AFTER)
    assert send(network, access, part).outcome is Outcome.UNKNOWN
    again = send(network, access, part)
    assert (again.outcome, again.status) == (Outcome.SENT, 403)
    assert again.ref is not None and again.ref.remote_id in server.posts
    assert len(server.posts) == 1


def test_a_duplicate_of_an_older_post_is_refused_in_the_words_of_x(
    network: X, access: Access, server: XServer
) -> None:
    part = a_part(network)
    server.add(part.text, at=old(server))
    result = send(network, access, part)
    assert result.outcome is Outcome.REFUSED
    assert result.message == "You are not allowed to create a Tweet with duplicate content."


def test_a_duplicate_of_another_part_of_ours_is_refused(network: X, access: Access, server: XServer) -> None:
    part = a_part(network)
    ref = send(network, access, part).ref
    assert ref is not None
    other = replace(a_part(network), taken=frozenset({ref.remote_id}))
    assert send(network, access, other).outcome is Outcome.REFUSED
    assert len(server.posts) == 1


def test_a_duplicate_of_what_the_timeline_does_not_show_yet_stays_unknown(
    network: X, access: Access, server: XServer
) -> None:
    part = a_part(network)
    server.order(Fault.RESET_AFTER)
    send(network, access, part)
    server.hidden = set(server.posts)
    assert send(network, access, part).outcome is Outcome.UNKNOWN
    server.hidden = set()
    assert presence(network, access, part) is Presence.FOUND


def test_a_post_with_the_same_words_elsewhere_in_a_thread_explains_no_duplicate(
    network: X, access: Access, server: XServer
) -> None:
    part = a_part(network)
    root = server.add("Another thread", at=old(server))
    server.add(part.text, at=old(server), reply_to=root)
    server.order(Fault.RESET_AFTER)
    send(network, access, part)
    server.hidden = {max(server.posts, key=int)}
    assert send(network, access, part).outcome is Outcome.UNKNOWN


def test_a_duplicate_stays_unknown_where_the_timeline_cannot_be_read(
    network: X, access: Access, server: XServer
) -> None:
    part = a_part(network)
    server.add(part.text, at=old(server))
    with server.app.app_context():
        server.reading = rate_limited()
    assert send(network, access, part).outcome is Outcome.UNKNOWN


def test_a_duplicate_stays_unknown_where_the_plan_cannot_read(
    network: X, blind_access: Access, server: XServer
) -> None:
    part = a_part(network)
    server.add(part.text, at=old(server))
    result = send(network, blind_access, part)
    assert result.outcome is Outcome.UNKNOWN
    assert "duplicate content" in result.message
    assert [asked.method for asked in server.asked] == ["POST"]


# Looking


def test_a_post_on_a_later_page_is_found(network: X, access: Access, server: XServer) -> None:
    part = a_part(network)
    ref = send(network, access, part).ref
    server.page_size = 5
    for number in range(12):
        server.add(f"Later {number}", at=server.now + timedelta(minutes=number + 1))
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == ref


def test_too_many_posts_to_look_through_prove_nothing(network: X, access: Access, server: XServer) -> None:
    server.page_size = 5
    for number in range(40):
        server.add(f"Later {number}", at=server.now + timedelta(minutes=number + 1))
    assert presence(network, access, a_part(network)) is Presence.UNREADABLE


def test_a_look_that_fails_or_makes_no_sense_proves_nothing(
    network: X, access: Access, server: XServer
) -> None:
    part = a_part(network)
    with server.app.app_context():
        server.reading = rate_limited()
    assert presence(network, access, part) is Presence.UNREADABLE
    server.reading = server.app.response_class("[]", content_type="application/json")
    assert presence(network, access, part) is Presence.UNREADABLE


def test_our_clock_may_be_two_minutes_ahead_and_no_more(network: X, access: Access, server: XServer) -> None:
    part = a_part(network)
    server.add(part.text, at=CREATED_AT - timedelta(minutes=2, seconds=1))
    assert presence(network, access, part) is Presence.ABSENT
    server.add(part.text, at=CREATED_AT - timedelta(minutes=1, seconds=59))
    assert presence(network, access, part) is Presence.FOUND


# Taking down


def test_what_is_no_number_of_x_is_never_asked_for(network: X, access: Access, server: XServer) -> None:
    result = network.delete(access, RemoteRef("../users/me"), deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.REFUSED
    assert not server.asked


def test_a_404_that_is_not_about_the_post_is_no_proof_that_it_is_gone(
    access: Access, dead_host: str, server: XServer
) -> None:
    lost = X(lambda: Rerouted(dead_host), api=f"{server.url}/elsewhere")
    result = lost.delete(access, RemoteRef("1346889436626259968"), deadline_s=DEADLINE_S)
    assert result.outcome is Outcome.REFUSED


# Connecting


def connect(network: X, token: dict[str, Any] | None = None) -> Any:
    (found,) = network.identities("", KEYS, {**TOKEN, **(token or {})}, now=NOW)
    return found


def test_signing_in_says_who_it_is_and_keeps_what_is_needed(network: X) -> None:
    found = connect(network)
    assert (found.handle, found.display_name, found.remote_id) == (HANDLE, "Elm Street", USER_ID)
    assert found.url == f"https://x.com/{HANDLE}"
    assert found.expires_at == NOW + timedelta(hours=2)
    assert found.dies_at is None
    access = Access(1, found.handle, found.secret)
    assert network.promise(access).kind is NetworkClass.QUERYABLE
    assert network.check(access).presence is Presence.FOUND


def test_a_plan_that_cannot_read_makes_an_account_of_class_b(network: X, server: XServer) -> None:
    server.plan_reads = False
    promise = network.promise(Access(1, HANDLE, connect(network).secret))
    assert (promise.kind, promise.can_read) == (NetworkClass.BLIND, False)


def test_a_plan_without_credits_or_with_a_used_up_cap_makes_an_account_of_class_b(
    network: X, server: XServer
) -> None:
    with server.app.app_context():
        server.reading = problem(429, "UsageCapExceeded", "Usage cap exceeded", PROBLEMS + "usage-capped")
    assert connect(network).secret["can_read"] is False
    with server.app.app_context():
        server.reading = problem(402, "CreditsDepleted", "No credits", PROBLEMS + "credits")
    assert connect(network).secret["can_read"] is False


def test_what_cannot_be_found_out_now_is_said_rather_than_guessed(network: X, server: XServer) -> None:
    with server.app.app_context():
        server.reading = rate_limited()
    with pytest.raises(ConnectRefused, match="X did not say who signed in: Too Many Requests"):
        connect(network)


def test_without_a_refresh_token_the_connection_dies_with_its_token(network: X) -> None:
    found = connect(network, {"refresh_token": None})
    assert found.dies_at == found.expires_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ({"access_token": ""}, "X gave no token. Sign in once more."),
        ({"scope": "tweet.read users.read"}, "tweet.write is missing"),
        ({"access_token": "a-wrong-token"}, "X did not say who signed in: Unauthorized"),
        ({"access_token": NOWHERE}, "X did not say who signed in"),
    ],
)
def test_a_sign_in_that_cannot_be_used_is_refused_in_a_sentence(
    network: X, token: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConnectRefused, match=message) as refused:
        connect(network, token)
    assert not [secret for secret in SECRETS if secret in str(refused.value)]


def test_the_way_in_is_the_code_flow_with_pkce_and_our_keys_in_the_header(
    network: X, server: XServer
) -> None:
    way = network.way("")
    assert way.authorize_url == "https://x.com/i/oauth2/authorize"
    assert way.token_url == f"{server.url}/2/oauth2/token"
    assert (way.client_auth, way.has_pkce) == ("client_secret_basic", True)
    assert set(way.scopes) == {"tweet.read", "tweet.write", "users.read", "media.write", "offline.access"}
    assert network.register("", "https://desk.example/back") is None
    assert not network.asks_server


def test_another_account_behind_the_token_is_not_taken_for_ours(network: X, access: Access) -> None:
    other = replace(access, secret={**access.secret, "user_id": "1"})
    assert network.check(other).presence is Presence.UNREADABLE


# Renewing


def test_renewing_gives_a_new_pair_and_the_new_token_works(network: X, access: Access) -> None:
    renewed = network.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert (renewed.outcome, renewed.expires_at) == (Outcome.SENT, NOW + timedelta(hours=2))
    assert renewed.secret["access_token"] != access.secret["access_token"]
    assert renewed.secret["refresh_token"] != access.secret["refresh_token"]
    assert (renewed.secret["user_id"], renewed.secret["can_read"]) == (USER_ID, True)
    fresh = replace(access, secret=renewed.secret)
    assert network.check(fresh).presence is Presence.FOUND
    assert network.renew(fresh, now=NOW, deadline_s=DEADLINE_S).outcome is Outcome.SENT


def test_a_refresh_token_that_was_used_is_dead(network: X, access: Access) -> None:
    network.renew(access, now=NOW, deadline_s=DEADLINE_S)
    again = network.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert (again.outcome, again.message) == (Outcome.SIGNED_OUT, "Value passed for the token was invalid.")
    assert not again.secret


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, '{"error": "invalid_grant"}', Outcome.SIGNED_OUT),
        (
            400,
            '{"error": "invalid_request", "error_description": "Missing required parameter"}',
            Outcome.UNKNOWN,
        ),
        (401, '{"title": "Unauthorized"}', Outcome.UNKNOWN),
        (429, "{}", Outcome.NOT_SENT),
        (500, "{}", Outcome.UNKNOWN),
        (503, "over capacity", Outcome.UNKNOWN),
        (200, '{"token_type": "bearer"}', Outcome.UNKNOWN),
        (200, "<html>", Outcome.UNKNOWN),
    ],
)
def test_one_error_while_renewing_disconnects_nobody(
    network: X, access: Access, server: XServer, status: int, body: str, outcome: Outcome
) -> None:
    server.refuses = [server.app.response_class(body, status, content_type="application/json")]
    renewed = network.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert renewed.outcome is outcome
    assert not renewed.secret
    assert renewed.message
    assert not [secret for secret in SECRETS if secret in repr(renewed)]


def test_keys_that_x_does_not_know_any_more_need_a_person(network: X, access: Access) -> None:
    other = replace(access, secret={**access.secret, "client_secret": "another"})
    assert network.renew(other, now=NOW, deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT


def test_without_a_refresh_token_there_is_nothing_to_renew(
    network: X, access: Access, server: XServer
) -> None:
    bare = replace(access, secret={**access.secret, "refresh_token": ""})
    assert network.renew(bare, now=NOW, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT
    assert not server.asked


def test_an_unreachable_x_is_asked_again_later(access: Access, dead_host: str) -> None:
    nowhere = X(lambda: Rerouted(dead_host), api=f"http://{dead_host}")
    assert nowhere.renew(access, now=NOW, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


def test_sending_makes_one_call(network: X, access: Access, server: XServer) -> None:
    part: OutgoingPart = a_part(network)
    network.send(access, part, Prepared(), deadline_s=DEADLINE_S)
    assert [(asked.method, asked.path) for asked in server.asked] == [("POST", "/2/tweets")]
    assert prepared(network, access, part) == Prepared()
