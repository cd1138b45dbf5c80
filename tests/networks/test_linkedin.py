"""LinkedIn against a server written from its documents: pages that can be read, people that cannot, and the rest."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Response

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
from service_channel.networks.linkedin import LinkedIn
from service_channel.networks.linkedin_records import moment_of
from service_channel.networks.linkedin_text import little, plain, reads_the_same
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
from tests.networks.servers.linkedin import (
    ALL,
    CLIENT_ID,
    CLIENT_SECRET,
    PAGE,
    PERSON,
    LinkedInServer,
    duplicate_of,
    error,
)
from tests.networks.servers.recorded import Fault

pytestmark = pytest.mark.network

SECRETS = ("access-token-li", "refresh-token-li", CLIENT_SECRET, "a-wrong-token", NOWHERE, "secret-place")
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
KEYS = AppKeys(CLIENT_ID, CLIENT_SECRET)
TOKEN = {"access_token": "access-token-li", "expires_in": 5_184_000, "scope": ALL, "token_type": "Bearer"}
PARTNER = {"refresh_token": "refresh-token-li", "refresh_token_expires_in": 31_536_000}


@pytest.fixture
def server() -> Iterator[LinkedInServer]:
    with LinkedInServer("linkedin").running() as running:
        assert isinstance(running, LinkedInServer)
        yield running


@pytest.fixture
def network(server: LinkedInServer, dead_host: str) -> LinkedIn:
    return LinkedIn(lambda: Rerouted(dead_host), api=server.url, oauth=f"{server.url}/oauth/v2")


@pytest.fixture
def access() -> Access:
    secret = {
        "access_token": "access-token-li",
        "refresh_token": "refresh-token-li",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "author": PAGE,
        "can_read": True,
    }
    return Access(1, "elm-street", secret)


@pytest.fixture
def person(access: Access) -> Access:
    return replace(access, secret={**access.secret, "author": PERSON, "can_read": False})


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "access_token": "a-wrong-token"})


@pytest.fixture
def unreachable_access(access: Access) -> Access:
    return replace(access, secret={**access.secret, "access_token": NOWHERE})


class TestAPageThatCanBeRead(AskedAgain, Wired, QueryableContract):
    secrets = SECRETS

    @pytest.fixture(autouse=True)
    def _with_server(self, server: LinkedInServer) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)

    def old_post(self, access: Access, text: str) -> None:
        self._server.add(little(text), at=CREATED_AT - timedelta(hours=1))


class TestAPersonWhoCannotBeRead(Wired, BlindContract):
    secrets = SECRETS

    @pytest.fixture
    def access(self, access: Access) -> Access:
        return replace(access, secret={**access.secret, "author": PERSON, "can_read": False})

    @pytest.fixture(autouse=True)
    def _with_server(self, server: LinkedInServer) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)


def shown(server: LinkedInServer, result: SendResult) -> dict[str, Any]:
    assert result.ref is not None, result
    post: dict[str, Any] = server.posts[result.ref.remote_id]
    return post


# Text


@pytest.mark.parametrize(
    ("text", "commentary"),
    [
        ("Plain. Ünïcödé 日本語 👍🏽", "Plain. Ünïcödé 日本語 👍🏽"),
        ("a|b {c} @d [e] (f) <g> * _ ~ \\", r"a\|b \{c\} \@d \[e\] \(f\) \<g\> \* \_ \~ \\"),
        ("#Störung behoben", "#Störung behoben"),
        ("Nr. #1, C#, a#b and #my_tag", r"Nr. \#1, C\#, a\#b and \#my\_tag"),
        ("https://a.de/b_c#top", r"https://a.de/b\_c\#top"),
    ],
)
def test_reserved_signs_are_escaped_and_hashtags_stay_hashtags(text: str, commentary: str) -> None:
    assert little(text) == commentary
    assert plain(commentary) == text


def test_a_text_reads_the_same_however_linkedin_writes_it() -> None:
    text = "See https://help.deskcast.com/articles/17 (soon).\r\n#Update"
    assert reads_the_same("See https://lnkd.in/eXyZ \\(soon\\).\n{hashtag|\\#|Update}", text)
    assert reads_the_same(text, text)
    assert not reads_the_same("See https://elsewhere.com/a (soon).\n#Update", text)
    assert not reads_the_same(text + " And more.", text)


# What a post looks like


def test_a_post_has_a_name_that_holds_its_time_and_an_address(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    ref = send(network, access, a_part(network)).ref
    assert ref is not None
    assert ref.url == f"https://www.linkedin.com/feed/update/{ref.remote_id}/"
    assert moment_of(ref.remote_id) == server.now


def test_a_known_post_was_made_when_its_number_says() -> None:
    moment = moment_of("urn:li:share:7141138937766391808")
    assert moment is not None
    assert moment.date().isoformat() == "2023-12-14"


def test_a_post_is_public_and_in_the_main_feed(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    send(network, access, a_part(network, "Works (again)!"))
    (asked,) = server.asked
    assert asked.body == {
        "author": PAGE,
        "commentary": r"Works \(again\)!",
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }


def test_a_post_whose_links_were_shortened_is_found(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    server.shortens = True
    part = a_part(network, "See https://help.deskcast.com/articles/17_a?x=(1) and more.")
    ref = send(network, access, part).ref
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert (found.presence, found.ref) == (Presence.FOUND, ref)


def test_one_picture_and_several_arrive_with_their_bytes_and_alt_texts(
    network: LinkedIn, access: Access, server: LinkedInServer, tmp_path: Path
) -> None:
    one = a_picture(tmp_path, alt="Ein Plan (neu)")
    other = a_picture(tmp_path, "gold", alt="", kind="JPEG")
    single = shown(server, send(network, access, replace(a_part(network), media=(one,))))["content"]["media"]
    assert single["altText"] == "Ein Plan (neu)"
    assert server.images[single["id"]] == one.path.read_bytes()
    part = replace(a_part(network, "Two"), media=(one, other))
    several = shown(server, send(network, access, part))["content"]["multiImage"]["images"]
    assert [server.images[picture["id"]] for picture in several] == [
        one.path.read_bytes(),
        other.path.read_bytes(),
    ]
    assert [picture.get("altText") for picture in several] == ["Ein Plan (neu)", None]


def test_a_picture_goes_to_linkedin_and_nowhere_else(
    network: LinkedIn, access: Access, server: LinkedInServer, dead_host: str, tmp_path: Path
) -> None:
    part = replace(a_part(network), media=(a_picture(tmp_path),))
    for stray in ("https://linkedin.com.elsewhere.example", "http://upload.linkedin.com.example"):
        server.upload_host = stray
        preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
        assert (preparation.prepared, preparation.outcome) == (None, Outcome.NOT_SENT)
        assert preparation.message == "LinkedIn named a place for a picture that is not its own."
        assert "secret-place" not in repr(preparation)


@pytest.mark.parametrize(
    ("minutes", "duration"),
    [
        (5, "ONE_DAY"),
        (1_440, "ONE_DAY"),
        (1_441, "THREE_DAYS"),
        (10_080, "SEVEN_DAYS"),
        (20_160, "FOURTEEN_DAYS"),
    ],
)
def test_a_poll_lasts_at_least_as_long_as_wanted(
    network: LinkedIn, access: Access, server: LinkedInServer, minutes: int, duration: str
) -> None:
    text = "Hello! Does the line work again? Yes or no: https://a.de/x?y=1"
    part = replace(a_part(network, text), poll=Poll(("Yes", "No"), minutes))
    poll = shown(server, send(network, access, part))["content"]["poll"]
    assert poll == {
        "question": "Does the line work again?",
        "options": [{"text": "Yes"}, {"text": "No"}],
        "settings": {"duration": duration},
    }


def test_a_question_that_was_cleared_is_the_one_that_is_asked(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    part = replace(a_part(network, "First? Second?"), poll=Poll(("Yes", "No"), 60, "First?"))
    assert shown(server, send(network, access, part))["content"]["poll"]["question"] == "First?"
    long = replace(part, poll=Poll(("Yes", "No"), 60, "x" * 141))
    assert network.prepare(access, long, deadline_s=DEADLINE_S).outcome is Outcome.REFUSED


def test_a_poll_without_a_question_in_its_text_asks_its_title(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    part = replace(a_part(network, "Tell us."), poll=Poll(("Yes", "No"), 60))
    assert shown(server, send(network, access, part))["content"]["poll"]["question"] == "Elm Street"


# Comments: what a later part is


@pytest.fixture
def first(network: LinkedIn, access: Access) -> RemoteRef:
    ref = send(network, access, a_part(network, "One")).ref
    assert ref is not None
    return ref


def a_comment(network: LinkedIn, first: RemoteRef, text: str = "Two (more) at #desk") -> OutgoingPart:
    return replace(a_part(network, text), index=1, parent=first, root=first)


def test_a_later_part_is_a_comment_found_and_taken_down_as_one(
    network: LinkedIn, access: Access, server: LinkedInServer, first: RemoteRef
) -> None:
    part = a_comment(network, first)
    result = send(network, access, part)
    assert shown(server, result)["message"]["text"] == "Two (more) at #desk"
    assert result.ref is not None
    assert result.ref.remote_id.startswith("urn:li:comment:(urn:li:activity:")
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert (found.presence, found.ref) == (Presence.FOUND, result.ref)
    assert (
        presence(network, access, replace(part, taken=frozenset({result.ref.remote_id}))) is Presence.ABSENT
    )
    assert network.delete(access, result.ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
    assert network.delete(access, result.ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
    assert presence(network, access, part) is Presence.ABSENT
    assert len(server.posts) == 1


def test_a_third_part_is_a_comment_on_the_first(
    network: LinkedIn, access: Access, server: LinkedInServer, first: RemoteRef
) -> None:
    second = send(network, access, a_comment(network, first)).ref
    third = replace(a_comment(network, first, "Three"), index=2, parent=second)
    assert shown(server, send(network, access, third))["object"].endswith(first.remote_id.rpartition(":")[2])


def test_somebody_elses_or_an_older_comment_is_not_ours(
    network: LinkedIn, access: Access, server: LinkedInServer, first: RemoteRef
) -> None:
    part = a_comment(network, first, "Two")
    server.add_comment("Two", at=server.now, below=first.remote_id, actor=PERSON)
    server.add_comment("Two", at=server.now - timedelta(hours=1), below=first.remote_id, actor=PAGE)
    assert presence(network, access, part) is Presence.ABSENT


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.GARBAGE, Outcome.UNKNOWN),
        (Fault.RATE_LIMITED, Outcome.NOT_SENT),
        (Fault.RESET_AFTER, Outcome.UNKNOWN),
    ],
)
def test_a_comment_that_goes_wrong_is_judged_like_a_post(
    network: LinkedIn,
    access: Access,
    server: LinkedInServer,
    first: RemoteRef,
    fault: Fault,
    outcome: Outcome,
) -> None:
    server.order(fault)
    part = a_comment(network, first)
    assert send(network, access, part).outcome is outcome
    there = Presence.ABSENT if fault is Fault.RATE_LIMITED else Presence.FOUND
    assert presence(network, access, part) is there


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "x" * 1_251}, "comments hold 1,250 characters"),
        ({"poll": Poll(("Yes", "No"), 60)}, "neither pictures nor polls"),
        ({"parent": RemoteRef("urn:li:person:1"), "root": None}, "no number on LinkedIn"),
    ],
)
def test_what_a_comment_cannot_be_is_refused_in_a_sentence(
    network: LinkedIn, access: Access, first: RemoteRef, change: dict[str, Any], words: str
) -> None:
    part = replace(a_comment(network, first), **change)
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
    assert words in preparation.message


# What is refused before anything is sent


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "x" * 3_001}, "LinkedIn counts 3,001 characters in this text and takes 3,000."),
        ({"text": "👍🏽" * 751}, "LinkedIn counts 3,004 characters in this text and takes 3,000."),
        ({"poll": Poll(("One",), 60)}, "LinkedIn takes polls of two to four options; this one has 1."),
        ({"poll": Poll(("Yes", "x" * 31), 60)}, "LinkedIn takes options of one to 30 characters."),
        ({"poll": Poll(("Yes", "No"), 20_161)}, "LinkedIn takes polls that last up to fourteen days."),
        (
            {"poll": Poll(("Yes", "No"), 60), "title": "x" * 141},
            "LinkedIn wants a question of up to 140 characters for a poll, in the text or as title.",
        ),
    ],
)
def test_what_linkedin_does_not_take_is_refused_in_a_sentence(
    network: LinkedIn, access: Access, server: LinkedInServer, change: dict[str, Any], message: str
) -> None:
    preparation = network.prepare(access, replace(a_part(network), **change), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome, preparation.message) == (
        None,
        Outcome.REFUSED,
        message,
    )
    assert not server.asked


def test_pictures_linkedin_does_not_take_are_refused_before_any_is_sent(
    network: LinkedIn, access: Access, server: LinkedInServer, tmp_path: Path
) -> None:
    def refused(**change: Any) -> str:
        preparation = network.prepare(access, replace(a_part(network), **change), deadline_s=DEADLINE_S)
        assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
        return preparation.message

    picture = a_picture(tmp_path)
    assert refused(media=(picture,) * 21) == "LinkedIn takes 20 pictures in one post; this one has 21."
    webp = replace(picture, mime="image/webp")
    assert refused(media=(webp,)) == "LinkedIn takes pictures as JPEG, PNG or GIF only."
    long = replace(picture, alt="x" * 4_087)
    assert refused(media=(long,)) == "An alt text is longer than the 4,086 characters LinkedIn takes."
    both = {"media": (picture,), "poll": Poll(("Yes", "No"), 60)}
    assert refused(**both) == "LinkedIn takes pictures or a poll in one post, not both."
    with picture.path.open("ab") as file:
        file.write(b" ")
    assert refused(media=(picture,)) == "An image is not the one that was approved any more."
    with picture.path.open("ab") as file:
        file.truncate(5_000_001)
    assert refused(media=(picture,)) == "A picture is larger than the 5 MB LinkedIn takes."
    assert not server.asked


def test_preparing_pictures_with_a_dead_token_or_no_way_proves_nothing_was_sent(
    network: LinkedIn, wrong_access: Access, unreachable_access: Access, tmp_path: Path
) -> None:
    part = replace(a_part(network), media=(a_picture(tmp_path),))
    assert network.prepare(wrong_access, part, deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT
    assert network.prepare(unreachable_access, part, deadline_s=DEADLINE_S).outcome is Outcome.NOT_SENT


# Errors


@pytest.mark.parametrize(
    ("status", "code", "message", "outcome"),
    [
        (401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", Outcome.SIGNED_OUT),
        (
            401,
            "REVOKED_ACCESS_TOKEN",
            "The token used in the request has been revoked by the user",
            Outcome.SIGNED_OUT,
        ),
        (403, "ACCESS_DENIED", "Not enough permissions to access: CREATE", Outcome.SIGNED_OUT),
        (403, "", "Field Value validation failed: processing fields [/author]", Outcome.SIGNED_OUT),
        (403, "", "This content violates our policies", Outcome.REFUSED),
        (400, "FIELD_LENGTH_TOO_LONG", "ERROR :: /commentary :: too long", Outcome.REFUSED),
        (422, "UNPROCESSABLE_ENTITY", "ERROR :: /content", Outcome.REFUSED),
        (409, "CONFLICT", "Conflict while writing", Outcome.UNKNOWN),
        (426, "NONEXISTENT_VERSION", "Requested version 202001 is not active", Outcome.NOT_SENT),
        (500, "", "Internal Server Error", Outcome.UNKNOWN),
        (504, "", "Gateway Timeout", Outcome.UNKNOWN),
    ],
)
def test_each_error_is_judged_by_what_it_proves_and_said_in_the_words_of_linkedin(
    network: LinkedIn,
    access: Access,
    server: LinkedInServer,
    status: int,
    code: str,
    message: str,
    outcome: Outcome,
) -> None:
    server.refuses = [error(status, code, message)]
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status, result.message) == (outcome, status, message)


def test_a_used_up_day_is_waited_for(network: LinkedIn, access: Access, server: LinkedInServer) -> None:
    words = "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached."
    server.refuses = [error(429, "TOO_MANY_REQUESTS", words)]
    result = send(network, access, a_part(network))
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert result.outcome is Outcome.NOT_SENT
    assert abs((result.retry_after or 0) - (midnight - datetime.now(UTC)).total_seconds()) < 60


def test_a_version_that_linkedin_gave_up_is_said_and_nothing_is_sent(
    server: LinkedInServer, access: Access, dead_host: str
) -> None:
    aged = LinkedIn(lambda: Rerouted(dead_host), api=server.url, version="202001")
    result = send(aged, access, a_part(aged))
    assert (result.outcome, result.message) == (Outcome.NOT_SENT, "Requested version 202001 is not active")
    assert not server.posts


def test_an_account_without_a_token_is_signed_out(network: LinkedIn, access: Access) -> None:
    bare = replace(access, secret={})
    assert send(network, bare, a_part(network)).outcome is Outcome.SIGNED_OUT
    assert network.check(bare).presence is Presence.ABSENT


# Duplicates: LinkedIn refuses them and names the first one


def test_a_duplicate_of_our_own_lost_try_is_adopted(
    network: LinkedIn, access: Access, person: Access, server: LinkedInServer
) -> None:
    for who in (access, person):
        part = a_part(network)
        server.order(Fault.RESET_AFTER)
        assert send(network, who, part).outcome is Outcome.UNKNOWN
        again = send(network, who, part)
        assert (again.outcome, again.status) == (Outcome.SENT, 422)
        assert again.ref is not None and again.ref.remote_id in server.posts
    assert len(server.posts) == 2


def test_a_duplicate_of_an_older_post_is_refused_in_the_words_of_linkedin(
    network: LinkedIn, access: Access, person: Access, server: LinkedInServer
) -> None:
    for who, author in ((access, PAGE), (person, PERSON)):
        part = a_part(network)
        urn = server.add(little(part.text), at=CREATED_AT - timedelta(minutes=2, seconds=1), author=author)
        result = send(network, who, part)
        assert result.outcome is Outcome.REFUSED
        assert f"Content is a duplicate of {urn}" in result.message


def test_a_duplicate_of_another_part_of_ours_is_refused(
    network: LinkedIn, person: Access, server: LinkedInServer
) -> None:
    ref = send(network, person, a_part(network)).ref
    assert ref is not None
    other = replace(a_part(network), taken=frozenset({ref.remote_id}))
    assert send(network, person, other).outcome is Outcome.REFUSED


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_named_post_that_cannot_be_opened_is_not_adopted_where_we_may_look(
    network: LinkedIn, access: Access, server: LinkedInServer, status: int
) -> None:
    answer = duplicate_of(f"urn:li:share:{server.a_number(server.now)}")
    answer.status_code = status
    server.refuses = [answer]
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN


def test_a_named_post_that_says_something_else_is_not_adopted(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    server.refuses = [duplicate_of(server.add("Something else", at=server.now))]
    assert send(network, access, a_part(network)).outcome is Outcome.UNKNOWN


def test_a_duplicate_that_names_nothing_stays_unknown(
    network: LinkedIn, access: Access, person: Access, server: LinkedInServer
) -> None:
    for who in (access, person):
        server.refuses = [duplicate_of("urn:li:person:782bbtaQ")]
        assert send(network, who, a_part(network)).outcome is Outcome.UNKNOWN


# Looking


def test_a_post_on_a_later_page_is_found_and_too_many_prove_nothing(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    part = a_part(network)
    ref = send(network, access, part).ref
    for number in range(120):
        server.add(f"Later {number}", at=server.now + timedelta(minutes=number + 1))
    assert network.find(access, part, deadline_s=DEADLINE_S).ref == ref
    for number in range(400):
        server.add(f"Much later {number}", at=server.now + timedelta(hours=number + 3))
    assert presence(network, access, part) is Presence.UNREADABLE


def test_looking_ends_where_posts_are_older_than_the_first_try(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    for number in range(600):
        server.add(f"Earlier {number}", at=CREATED_AT - timedelta(hours=number + 1))
    assert presence(network, access, a_part(network)) is Presence.ABSENT
    assert len(server.asked) == 1


def test_a_look_that_fails_or_makes_no_sense_proves_nothing(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    part = a_part(network)
    server.reads = set()
    assert presence(network, access, part) is Presence.UNREADABLE
    server.reading = Response("[]", content_type="application/json")
    assert presence(network, access, part) is Presence.UNREADABLE


def test_a_draft_or_a_post_of_somebody_else_is_not_ours(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    part = a_part(network)
    server.add(part.text, at=server.now, lifecycleState="DRAFT")
    server.add(part.text, at=server.now, author=PERSON)
    assert presence(network, access, part) is Presence.ABSENT


def test_what_is_no_name_of_linkedin_is_never_asked_for(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    for name in ("urn:li:person:1", "../posts", "urn:li:share:1/../2"):
        assert network.delete(access, RemoteRef(name), deadline_s=DEADLINE_S).outcome is Outcome.REFUSED
    assert not server.asked


# Connecting


def test_signing_in_gives_the_person_and_every_page_they_look_after(
    network: LinkedIn, server: LinkedInServer
) -> None:
    server.roles += [
        {"role": "ANALYST", "organization": "urn:li:organization:2", "state": "APPROVED"},
        {"role": "ADMINISTRATOR", "organization": "urn:li:organization:3", "state": "REQUESTED"},
        {"role": "CONTENT_ADMINISTRATOR", "organization": "urn:li:organization:4", "state": "APPROVED"},
    ]
    person, page, other = network.identities("", KEYS, TOKEN, now=NOW)
    assert (person.handle, person.display_name, person.remote_id) == (
        "Ada Lovelace (782bbtaQ)",
        "Ada Lovelace",
        PERSON,
    )
    assert (page.handle, page.display_name, page.remote_id) == ("elm-street", "Elm Street Desk", PAGE)
    assert page.url == "https://www.linkedin.com/company/elm-street"
    assert (other.handle, other.display_name) == ("4", "Page of 4")
    for found, kind in ((person, NetworkClass.BLIND), (page, NetworkClass.QUERYABLE)):
        access = Access(1, found.handle, found.secret)
        assert network.promise(access).kind is kind
        assert network.check(access).presence is Presence.FOUND
        assert found.expires_at == found.dies_at == NOW + timedelta(days=60)


def test_an_app_for_people_only_gives_the_person(network: LinkedIn) -> None:
    (person,) = network.identities("", KEYS, {**TOKEN, "scope": "openid profile w_member_social"}, now=NOW)
    assert person.remote_id == PERSON
    assert network.promise(Access(1, "", person.secret)).can_read is False


def test_an_app_for_pages_only_gives_the_pages(network: LinkedIn) -> None:
    scope = "w_organization_social,rw_organization_admin"
    (page,) = network.identities("", KEYS, {**TOKEN, "scope": scope}, now=NOW)
    assert page.remote_id == PAGE
    assert network.promise(Access(1, "", page.secret)).kind is NetworkClass.BLIND


def test_a_person_whose_posts_may_be_read_is_of_class_q(network: LinkedIn) -> None:
    scope = "openid profile w_member_social r_member_social"
    (person,) = network.identities("", KEYS, {**TOKEN, "scope": scope}, now=NOW)
    assert network.promise(Access(1, "", person.secret)).kind is NetworkClass.QUERYABLE


def test_a_partners_connection_dies_with_its_refresh_token(network: LinkedIn) -> None:
    person, _page = network.identities("", KEYS, {**TOKEN, **PARTNER}, now=NOW)
    assert person.expires_at == NOW + timedelta(days=60)
    assert person.dies_at == NOW + timedelta(days=365)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ({"access_token": ""}, "LinkedIn gave no token. Sign in once more."),
        (
            {"access_token": "a-wrong-token"},
            "LinkedIn did not say whom you may post for: Invalid access token",
        ),
        ({"access_token": NOWHERE}, "LinkedIn did not say whom you may post for"),
        ({"scope": "openid profile"}, "LinkedIn did not allow posting for anybody"),
    ],
)
def test_a_sign_in_that_cannot_be_used_is_refused_in_a_sentence(
    network: LinkedIn, token: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConnectRefused, match=message) as refused:
        network.identities("", KEYS, {**TOKEN, **token}, now=NOW)
    assert not [secret for secret in SECRETS if secret in str(refused.value)]


def test_the_way_in_is_the_code_flow_with_our_keys_in_the_body(
    network: LinkedIn, server: LinkedInServer
) -> None:
    way = network.way("")
    assert way.authorize_url == f"{server.url}/oauth/v2/authorization"
    assert LinkedIn().way("").token_url == "https://www.linkedin.com/oauth/v2/accessToken"
    assert (way.client_auth, way.has_pkce) == ("client_secret_post", False)
    assert set(way.scopes) == set(ALL.split(","))
    assert network.register("", "https://desk.example/back") is None
    assert not network.asks_server


def test_a_role_that_was_taken_away_is_found_out(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    server.roles.clear()
    found = network.check(access)
    assert (found.presence, found.message) == (
        Presence.ABSENT,
        "Who signed in may not post for this account any more.",
    )
    assert send(network, access, a_part(network)).outcome is Outcome.SIGNED_OUT


# Renewing


def test_renewing_gives_a_new_token_that_works(network: LinkedIn, access: Access) -> None:
    renewed = network.renew(access, now=NOW, deadline_s=DEADLINE_S)
    assert (renewed.outcome, renewed.expires_at) == (Outcome.SENT, NOW + timedelta(days=60))
    assert renewed.dies_at == NOW + timedelta(seconds=20_000_000)
    assert renewed.secret["access_token"] != access.secret["access_token"]
    assert (renewed.secret["refresh_token"], renewed.secret["author"]) == ("refresh-token-li", PAGE)
    assert network.check(replace(access, secret=renewed.secret)).presence is Presence.FOUND


def test_without_a_refresh_token_nothing_is_renewed_and_nobody_is_disconnected(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    bare = replace(access, secret={**access.secret, "refresh_token": ""})
    renewed = network.renew(bare, now=NOW, deadline_s=DEADLINE_S)
    assert (renewed.outcome, bool(renewed.message)) == (Outcome.NOT_SENT, True)
    assert not server.asked


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"refresh_token": "a-wrong-token"}, Outcome.SIGNED_OUT),
        ({"client_secret": "another"}, Outcome.SIGNED_OUT),
    ],
)
def test_what_never_gets_better_needs_a_person(
    network: LinkedIn, access: Access, change: dict[str, str], outcome: Outcome
) -> None:
    renewed = network.renew(
        replace(access, secret={**access.secret, **change}), now=NOW, deadline_s=DEADLINE_S
    )
    assert renewed.outcome is outcome
    assert not [secret for secret in SECRETS if secret in repr(renewed)]


@pytest.mark.parametrize("status", [401, 500, 503])
def test_one_error_while_renewing_disconnects_nobody(
    network: LinkedIn, access: Access, server: LinkedInServer, status: int
) -> None:
    server.refuses = [Response(json.dumps({}), status, content_type="application/json")]
    assert network.renew(access, now=NOW, deadline_s=DEADLINE_S).outcome is Outcome.UNKNOWN


def test_sending_makes_one_call(network: LinkedIn, access: Access, server: LinkedInServer) -> None:
    part = a_part(network)
    network.send(access, part, Prepared(), deadline_s=DEADLINE_S)
    assert [(asked.method, asked.path) for asked in server.asked] == [("POST", "/rest/posts")]
    assert prepared(network, access, part) == Prepared()


# Does it still stand: 404 alone proves nothing


def removed(network: LinkedIn, access: Access) -> RemoteRef:
    """A post that is gone, beside one that stands."""
    ref, other = (send(network, access, a_part(network, text)).ref for text in ("Elm.", "Oak."))
    assert ref is not None and other is not None
    network.delete(access, ref, deadline_s=DEADLINE_S)
    return ref


def seen(network: LinkedIn, access: Access, ref: RemoteRef) -> Presence:
    return network.stands(access, ref, deadline_s=DEADLINE_S).presence


@pytest.mark.parametrize(
    "answer",
    [
        error(401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user"),
        error(403, "ACCESS_DENIED", "Not enough permissions to access: partnerApiPostsExternal.GET.20260901"),
        error(404, "", "Not Found"),
        error(426, "NONEXISTENT_VERSION", "Requested version 20260901 is not active"),
        error(429, "TOO_MANY_REQUESTS", "Resource level throttle APPLICATION DAY limit is reached."),
        error(500, "INTERNAL_SERVER_ERROR", "Internal Server Error"),
        error(504, "GATEWAY_TIMEOUT", "Gateway Timeout"),
        Response("<html>Not Found</html>", 404, content_type="text/html"),
        Response("<html>Wait</html>", 200, content_type="text/html"),
    ],
    ids=lambda answer: f"{answer.status_code}",
)
def test_a_doubtful_answer_for_a_post_or_for_the_list_never_says_that_it_is_gone(
    network: LinkedIn, access: Access, server: LinkedInServer, answer: Response
) -> None:
    ref = removed(network, access)
    for view in ("_get", "_find"):
        usual = server.app.view_functions[view]
        server.app.view_functions[view] = lambda **_asked: answer
        assert seen(network, access, ref) is Presence.UNREADABLE
        server.app.view_functions[view] = usual
    assert network.stands(access, ref, deadline_s=0).presence is Presence.UNREADABLE
    assert seen(network, access, ref) is Presence.ABSENT


def test_a_post_that_is_not_shown_but_listed_is_not_gone_and_an_empty_list_proves_nothing(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    ref = removed(network, access)
    (other,) = server.posts
    server.app.view_functions["_get"] = lambda **_asked: error(
        404, "RESOURCE_NOT_FOUND", "Could not find entity"
    )
    assert seen(network, access, RemoteRef(other)) is Presence.UNREADABLE
    server.hidden.add(other)
    assert seen(network, access, ref) is Presence.UNREADABLE


def test_what_has_been_posted_since_is_read_as_far_back_as_the_post_and_no_further(
    network: LinkedIn, access: Access, server: LinkedInServer
) -> None:
    ref = removed(network, access)
    made = moment_of(ref.remote_id)
    assert made is not None
    for number in range(250):
        server.add(f"Later {number}", at=made + timedelta(minutes=number + 1))
        server.add(f"Earlier {number}", at=made - timedelta(minutes=number + 5))
    before = len(server.asked)
    assert seen(network, access, ref) is Presence.ABSENT
    assert len(server.asked) - before == 4
    for number in range(300):
        server.add(f"Much later {number}", at=made + timedelta(days=1, minutes=number))
    assert seen(network, access, ref) is Presence.UNREADABLE


def test_whose_posts_cannot_be_read_and_what_is_no_post_is_not_asked_for(
    network: LinkedIn, access: Access, person: Access, server: LinkedInServer
) -> None:
    ref = removed(network, access)
    before = len(server.asked)
    assert seen(network, person, ref) is Presence.UNREADABLE
    comment = RemoteRef("urn:li:comment:(urn:li:activity:1,2)")
    assert seen(network, access, comment) is Presence.UNREADABLE
    assert len(server.asked) == before
