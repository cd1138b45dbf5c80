"""Mastodon's API on snac, a real server that knows no key and deletes nothing: the contract of class Q."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import httpx
import pytest

from service_channel.networks.base import Access, Outcome, Poll, Presence
from service_channel.networks.mastodon import Mastodon
from tests.networks.bluesky_accounts import an_image
from tests.networks.contract import CREATED_AT, DEADLINE_S, QueryableContract, SignIn, a_part, presence, send
from tests.networks.mastodon_accounts import Account, connected, mastodon
from tests.support.snac import Snac

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def network() -> Mastodon:
    return mastodon()


@pytest.fixture
def account(snac: Snac) -> Account:
    return connected(snac)


@pytest.fixture
def access(account: Account) -> Access:
    return account.access


class TestAgainstSnac(SignIn, QueryableContract):
    can_delete = False

    @pytest.fixture(autouse=True)
    def _with_server(self, snac: Snac, account: Account) -> Iterator[None]:
        self._snac, self._account = snac, account
        yield

    @pytest.fixture
    def wrong_access(self, access: Access) -> Access:
        return replace(access, secret={**access.secret, "access_token": "0" * 32})

    @pytest.fixture
    def unreachable_access(self, access: Access, dead_host: str) -> Access:
        return replace(access, secret={**access.secret, "server": f"http://{dead_host}"})

    def standing(self, access: Access) -> int:
        return len(self._account.texts())

    def old_post(self, access: Access, text: str) -> None:
        made = self._snac.post(
            "/api/v1/statuses", {"status": text}, token=self._account.secret["access_token"]
        )
        self._snac.date(made["id"], CREATED_AT - timedelta(hours=1))


def test_it_is_known_for_what_it_is(account: Account, snac: Snac) -> None:
    assert (account.secret["software"], account.secret["keyed"]) == ("snac", False)
    assert account.secret["limits"]["characters"] == 100_000
    assert account.secret["limits"]["url_characters"] == 32
    assert account.connection.handle == f"{account.name}@{snac.url.removeprefix('http://')}"


def test_signing_in_on_it_works_from_registering_to_sending(network: Mastodon, snac: Snac) -> None:
    user, back = snac.add_user(f"desk{uuid.uuid4().hex[:8]}"), "https://desk.example/accounts/back"
    keys, way = network.register(snac.url, back), network.way(snac.url)
    assert keys is not None
    asked = {"client_id": keys.client_id, "redirect_uri": back, "response_type": "code", "state": "st"}
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(way.authorize_url, params={**asked, "scope": " ".join(way.scopes)})
        assert page.status_code == 200 and "x-snac-login" in page.text
        form = {
            "login": user.name,
            "passwd": user.password,
            "redir": back,
            "cid": keys.client_id,
            "state": "st",
        }
        sent_back = browser.post(f"{snac.url}/oauth/x-snac-login", data=form).headers["location"]
        code = parse_qs(urlsplit(sent_back).query)["code"][0]
        exchanged = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        client = {"client_id": keys.client_id, "client_secret": keys.client_secret}
        token = browser.post(way.token_url, data={**exchanged, **client}).json()
    (connection,) = network.identities(snac.url, keys, token, now=CREATED_AT)
    access = Access(1, connection.handle, connection.secret)
    assert send(network, access, a_part(network)).outcome is Outcome.SENT
    assert len(snac.texts(user.name)) == 1


def test_it_ignores_the_key(network: Mastodon, access: Access, account: Account) -> None:
    part = a_part(network)
    assert send(network, access, part).ref != send(network, access, part).ref
    assert len(account.texts()) == 2


def test_an_arrived_post_is_found_before_it_would_be_sent_again(
    network: Mastodon, access: Access, account: Account
) -> None:
    part = a_part(
        network, "Störung *behoben* 👍🏽: https://help.example/ä?x=1&y=2 <b>\n\nDanke, @desk! #störung"
    )
    ref = send(network, access, part).ref
    found = network.find(access, part, deadline_s=DEADLINE_S)
    assert (found.presence, found.ref) == (Presence.FOUND, ref)
    assert account.texts() == [part.text]


def test_a_thread_hangs_together(network: Mastodon, access: Access, account: Account, snac: Snac) -> None:
    first = a_part(network, "One")
    top = send(network, access, first).ref
    second = replace(a_part(network, "Two"), index=1, parent=top, root=top)
    below = send(network, access, second).ref
    assert top is not None and below is not None
    shown = {one["text"]: one["in_reply_to_id"] for one in snac.statuses(account.name)}
    assert shown == {"One": None, "Two": top.remote_id}
    assert network.find(access, second, deadline_s=DEADLINE_S).ref == below
    assert presence(network, access, replace(second, parent=None)) is Presence.ABSENT


def test_pictures_arrive_with_their_bytes_and_alt_texts(
    network: Mastodon, access: Access, account: Account, snac: Snac, tmp_path: Path
) -> None:
    images = (an_image(tmp_path, "teal", alt="Ein Plan der Straße"), an_image(tmp_path, "gold", alt="Gold"))
    again = replace(images[0], alt="Derselbe Plan, anders beschrieben")
    send(network, access, replace(a_part(network, "One"), media=images))
    send(network, access, replace(a_part(network, "Two"), media=(again,)))
    second, first = snac.statuses(account.name)
    assert [one["description"] for one in first["media_attachments"]] == [one.alt for one in images]
    assert [one["description"] for one in second["media_attachments"]] == [again.alt]
    for shown, image in zip(first["media_attachments"], images, strict=True):
        with urlopen(shown["url"]) as answer:
            assert answer.read() == image.path.read_bytes()


def test_a_poll_stays_words_there(network: Mastodon, access: Access, account: Account, snac: Snac) -> None:
    part = replace(a_part(network, "At nine or at ten?"), poll=Poll(("At nine", "At ten"), 60))
    assert send(network, access, part).outcome is Outcome.SENT
    assert snac.statuses(account.name)[0]["poll"] is None
    assert presence(network, access, part) is Presence.FOUND


@pytest.mark.slow
def test_fifty_posts_at_once_all_stand_there_and_are_found(
    network: Mastodon, access: Access, account: Account
) -> None:
    parts = [a_part(network, f"Line {number} works again.") for number in range(50)]
    refs: dict[str, str] = {}

    def post(some: int) -> None:
        for part in parts[some::5]:
            result = send(network, access, part)
            assert result.ref is not None, result
            refs[part.text] = result.ref.remote_id

    threads = [threading.Thread(target=post, args=(some,)) for some in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(account.texts()) == Counter(part.text for part in parts)
    for part in parts[::12]:
        found = network.find(access, part, deadline_s=DEADLINE_S).ref
        assert found is not None and found.remote_id == refs[part.text]
