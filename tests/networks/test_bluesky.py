"""Bluesky against a real server: the contract, and what a post looks like when it is read back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service_channel.networks.base import Access, Outcome, Prepared, Presence, RemoteRef
from service_channel.networks.bluesky import Bluesky
from tests.networks.bluesky_accounts import Signed, an_image, bluesky, signed_up, with_other_password
from tests.networks.contract import DEADLINE_S, AskedAgain, SignInContract, a_part, prepared, presence, send
from tests.support.pds import RealPds

pytestmark = pytest.mark.pds


@pytest.fixture(scope="module")
def network() -> Bluesky:
    return bluesky()


@pytest.fixture
def account(pds: RealPds) -> Signed:
    return signed_up(pds)


@pytest.fixture
def access(pds: RealPds, account: Signed) -> Access:
    return account.access(pds.url)


@pytest.fixture
def wrong_access(access: Access) -> Access:
    return with_other_password(access)


@pytest.fixture
def unreachable_access(access: Access, dead_host: str) -> Access:
    return replace(access, secret={**access.secret, "host": f"http://{dead_host}"}, session="")


class TestBlueskyContract(AskedAgain, SignInContract):
    @pytest.fixture(autouse=True)
    def _with_server(self, pds: RealPds, account: Signed) -> None:
        self._pds, self._account = pds, account

    def standing(self, access: Access) -> int:
        return len(self._pds.list_records(self._account.did))


def test_text_time_and_language_arrive_unchanged(network: Bluesky, access: Access, pds: RealPds) -> None:
    part = replace(a_part(network, "Störung behoben 👍🏽\n\nDanke für die Geduld!"), language="de")
    ref = send(network, access, part).ref
    assert ref is not None
    value = pds.get_record(ref.remote_id)
    assert value["text"] == part.text
    assert value["createdAt"] == "2026-11-03T09:00:00.123Z"
    assert value["langs"] == ["de"]
    assert ref.url == f"https://bsky.app/profile/{access.secret['identifier']}/post/{part.key}"


def test_links_mentions_and_tags_arrive_at_their_bytes(
    network: Bluesky, access: Access, account: Signed, pds: RealPds
) -> None:
    text = f"👩🏽‍🚒 Grüße an @{account.handle}! Mehr (https://help.example/ä?x=1). #Störung"
    ref = send(network, access, a_part(network, text)).ref
    assert ref is not None
    value = pds.get_record(ref.remote_id)
    octets = text.encode()
    shown = {
        octets[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"][0]
        for facet in value["facets"]
    }
    assert shown[f"@{account.handle}"]["did"] == account.did
    assert shown["https://help.example/ä?x=1"]["uri"] == "https://help.example/ä?x=1"
    assert shown["#Störung"]["tag"] == "Störung"
    assert len(shown) == 3


def test_a_mention_of_nobody_stays_plain_text(network: Bluesky, access: Access, pds: RealPds) -> None:
    ref = send(network, access, a_part(network, "Thanks to @nobody-at-all.test for the hint")).ref
    assert ref is not None
    assert "facets" not in pds.get_record(ref.remote_id)


def test_images_arrive_with_their_bytes_alt_texts_and_shapes(
    network: Bluesky, access: Access, account: Signed, pds: RealPds, tmp_path: Path
) -> None:
    images = (
        an_image(tmp_path, "teal", alt="Ein Plan der Straße"),
        an_image(tmp_path, "gold", size=(30, 50)),
    )
    ref = send(network, access, replace(a_part(network), media=images)).ref
    assert ref is not None
    shown = pds.get_record(ref.remote_id)["embed"]["images"]
    assert [image["alt"] for image in shown] == [image.alt for image in images]
    assert shown[1]["aspectRatio"] == {"width": 30, "height": 50}
    kept = [pds.get_blob(account.did, image["image"]["ref"]["$link"]) for image in shown]
    assert kept == [image.path.read_bytes() for image in images]


def test_a_post_with_images_prepared_anew_still_stands_there_once(
    network: Bluesky, access: Access, account: Signed, pds: RealPds, tmp_path: Path
) -> None:
    part = replace(a_part(network), media=(an_image(tmp_path),))
    first, second = send(network, access, part), send(network, access, part)
    assert (first.outcome, second.outcome) == (Outcome.SENT, Outcome.SENT)
    assert presence(network, access, part) is Presence.FOUND
    assert len(pds.list_records(account.did)) == 1


@pytest.mark.parametrize("change", ["alt", "image", "time", "language"])
def test_a_post_that_differs_in_anything_approved_is_different(
    network: Bluesky, access: Access, tmp_path: Path, change: str
) -> None:
    image = an_image(tmp_path)
    part = replace(a_part(network), media=(image,))
    send(network, access, part)
    changed = {
        "alt": replace(part, media=(replace(image, alt="Something else"),)),
        "image": replace(part, media=(an_image(tmp_path, "red", alt=image.alt),)),
        "time": replace(part, created_at=part.created_at + timedelta(seconds=1)),
        "language": replace(part, language="fr"),
    }[change]
    assert presence(network, access, changed) is Presence.DIFFERENT


def test_a_thread_hangs_together_by_root_and_parent(network: Bluesky, access: Access, pds: RealPds) -> None:
    refs: list[RemoteRef] = []
    for index in range(3):
        part = replace(a_part(network, f"Part {index + 1}"), index=index)
        if refs:
            part = replace(part, parent=refs[-1], root=refs[0])
        result = send(network, access, part)
        assert result.ref is not None
        assert presence(network, access, part) is Presence.FOUND
        refs.append(result.ref)
    reply = pds.get_record(refs[2].remote_id)["reply"]
    assert reply["root"] == {"uri": refs[0].remote_id, "cid": refs[0].cid}
    assert reply["parent"] == {"uri": refs[1].remote_id, "cid": refs[1].cid}


def test_an_earlier_try_whose_mention_resolved_differently_counts_as_this_post(
    network: Bluesky, access: Access, account: Signed, pds: RealPds
) -> None:
    part = a_part(network, f"Thanks, @{account.handle}")
    first = send(network, access, part)
    again = network.send(access, part, Prepared(), deadline_s=DEADLINE_S)
    assert (again.outcome, again.ref) == (Outcome.SENT, first.ref)
    assert len(pds.list_records(account.did)) == 1


def test_a_text_that_is_too_long_is_refused_in_the_networks_own_words(
    network: Bluesky, access: Access
) -> None:
    result = send(network, access, a_part(network, "x" * 301))
    assert result.outcome is Outcome.REFUSED
    assert result.status == 400
    assert "text" in result.message


def test_more_than_four_images_are_refused_before_anything_is_sent(
    network: Bluesky, access: Access, tmp_path: Path
) -> None:
    images = tuple(an_image(tmp_path, color) for color in ("red", "green", "blue", "teal", "gold"))
    preparation = network.prepare(access, replace(a_part(network), media=images), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)
    assert preparation.message == "Bluesky takes 4 images in one post; this one has 5."


def test_an_image_that_is_too_large_is_refused_before_it_is_sent(
    network: Bluesky, access: Access, tmp_path: Path
) -> None:
    image = an_image(tmp_path)
    with image.path.open("ab") as file:
        file.truncate(2_000_001)
    preparation = network.prepare(access, replace(a_part(network), media=(image,)), deadline_s=DEADLINE_S)
    assert preparation.outcome is Outcome.REFUSED


def test_an_image_changed_after_its_approval_is_refused(
    network: Bluesky, access: Access, tmp_path: Path
) -> None:
    image = an_image(tmp_path)
    image.path.write_bytes(image.path.read_bytes() + b" ")
    preparation = network.prepare(access, replace(a_part(network), media=(image,)), deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.REFUSED)


def test_a_post_of_another_account_is_not_taken_down(network: Bluesky, access: Access, pds: RealPds) -> None:
    neighbour = signed_up(pds)
    theirs = neighbour.access(pds.url)
    ref = send(network, theirs, a_part(network)).ref
    assert ref is not None
    assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.REFUSED
    assert len(pds.list_records(neighbour.did)) == 1


def test_a_session_is_made_once_and_kept(network: Bluesky, access: Access, account: Signed) -> None:
    part = a_part(network)
    send(network, access, part)
    presence(network, access, part)
    network.check(access)
    assert len(account.saved) == 1
    assert access.session == account.saved[0]


def test_a_session_that_cannot_be_read_is_replaced(network: Bluesky, access: Access, account: Signed) -> None:
    access.session = "not a session"
    assert send(network, access, a_part(network)).outcome is Outcome.SENT
    assert len(account.saved) == 1


def test_an_account_without_a_password_is_signed_out(network: Bluesky, access: Access) -> None:
    bare = replace(access, secret={"host": access.secret["host"]})
    assert send(network, bare, a_part(network)).outcome is Outcome.SIGNED_OUT


def test_no_secret_is_in_what_is_kept_for_the_record(
    network: Bluesky, access: Access, account: Signed
) -> None:
    part = a_part(network)
    results = [send(network, access, part), send(network, access, replace(part, text="other"))]
    found = network.find(access, part, deadline_s=DEADLINE_S)
    kept = json.dumps(
        [[result.request, result.response, result.message] for result in results] + [found.response]
    )
    assert account.app_password not in kept
    assert "eyJ" not in kept  # how every token of a session begins


def test_keys_are_tids_that_rise(network: Bluesky) -> None:
    now = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    keys = [network.new_key(now - timedelta(seconds=index % 2)) for index in range(500)]
    assert keys == sorted(keys)
    assert {len(key) for key in keys} == {13}
    assert bluesky().new_key(now) != bluesky().new_key(now)


def test_preparing_needs_no_server_where_there_is_nothing_to_prepare(
    network: Bluesky, unreachable_access: Access
) -> None:
    assert prepared(network, unreachable_access, a_part(network)) == Prepared()


def test_preparing_images_without_a_server_proves_nothing_was_sent(
    network: Bluesky, unreachable_access: Access, tmp_path: Path
) -> None:
    part = replace(a_part(network), media=(an_image(tmp_path),))
    preparation = network.prepare(unreachable_access, part, deadline_s=DEADLINE_S)
    assert (preparation.prepared, preparation.outcome) == (None, Outcome.NOT_SENT)
