"""Mastodon: the contract of class K against mastodon_mock, those of K and Q against a server written from documents."""

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
)
from service_channel.networks.mastodon import Mastodon
from tests.networks.bluesky_accounts import an_image
from tests.networks.contract import (
    CREATED_AT,
    AskedAgain,
    KeyedContract,
    QueryableContract,
    Readable,
    SignIn,
    Wired,
    a_part,
    presence,
    send,
)
from tests.networks.mastodon_accounts import Account, connected, mastodon, recorded_access, with_secret
from tests.networks.servers.mastodon import TOKEN, RecordedMastodon, as_shortened
from tests.support.mock_mastodon import MockMastodon

pytestmark = pytest.mark.network

STATUSES = "/api/v1/statuses"
LONG_LINK = "https://help.example/a/rather/long/way/to/ä?street=elm&line=1"


@pytest.fixture(scope="module")
def network() -> Mastodon:
    return mastodon()


class TestAgainstMastodonMock(SignIn, KeyedContract, Readable):
    kind = NetworkClass.KEYED

    @pytest.fixture
    def account(self, mock_mastodon: MockMastodon) -> Iterator[Account]:
        self._account = connected(mock_mastodon)
        yield self._account
        mock_mastodon.behave()

    @pytest.fixture
    def access(self, account: Account) -> Access:
        return account.access

    @pytest.fixture
    def wrong_access(self, access: Access) -> Access:
        return with_secret(access, access_token="of-somebody-else")

    @pytest.fixture
    def unreachable_access(self, access: Access, dead_host: str) -> Access:
        return with_secret(access, server=f"http://{dead_host}")

    def standing(self, access: Access) -> int:
        return len(self._account.texts())

    @pytest.mark.parametrize(
        ("effect", "outcome"),
        [
            ({"type": "ratelimit"}, Outcome.NOT_SENT),
            ({"type": "status", "status": 500}, Outcome.UNKNOWN),
            ({"type": "status", "status": 503}, Outcome.UNKNOWN),
            ({"type": "malformed"}, Outcome.UNKNOWN),
            ({"type": "status", "status": 422, "body": {"error": "Validation failed"}}, Outcome.REFUSED),
        ],
    )
    def test_its_faults_are_judged_by_what_they_prove(
        self,
        network: Mastodon,
        access: Access,
        mock_mastodon: MockMastodon,
        effect: dict[str, Any],
        outcome: Outcome,
    ) -> None:
        mock_mastodon.order(**effect)
        part = a_part(network)
        assert send(network, access, part).outcome is outcome
        assert self.standing(access) == 0
        assert send(network, access, part).outcome is Outcome.SENT
        assert self.standing(access) == 1

    def test_a_post_that_was_answered_too_late_stands_there_once_after_the_next_try(
        self, network: Mastodon, access: Access, mock_mastodon: MockMastodon
    ) -> None:
        mock_mastodon.order(type="latency", delay_ms=800)
        part = a_part(network)
        assert network.send(access, part, Prepared(), deadline_s=0.3).outcome is Outcome.UNKNOWN
        mock_mastodon.order(type="latency", delay_ms=1_000)
        assert send(network, access, part).outcome is Outcome.SENT
        assert presence(network, access, part) is Presence.FOUND
        assert self.standing(access) == 1

    def test_pictures_with_alt_text_language_and_a_thread_arrive(
        self, network: Mastodon, access: Access, account: Account, mock_mastodon: MockMastodon, tmp_path: Path
    ) -> None:
        images = (an_image(tmp_path, "teal", alt="Ein Plan der Straße"), an_image(tmp_path, "gold"))
        first = replace(a_part(network, "Störung 👍🏽"), media=images, language="de")
        top = send(network, access, first).ref
        below = replace(a_part(network, "Zweiter Teil"), index=1, parent=top, root=top)
        assert send(network, access, below).outcome is Outcome.SENT
        assert (presence(network, access, first), presence(network, access, below)) == (Presence.FOUND,) * 2
        reply, post = mock_mastodon.statuses(account.secret["account_id"])
        assert reply["in_reply_to_id"] == post["id"]
        assert (post["language"], post["visibility"], reply["visibility"]) == ("de", "public", "public")
        assert [one["description"] for one in post["media_attachments"]] == [one.alt for one in images]

    def test_a_poll_arrives_as_one(
        self, network: Mastodon, access: Access, account: Account, mock_mastodon: MockMastodon
    ) -> None:
        part = replace(a_part(network), poll=Poll(("At nine", "At ten"), 90))
        assert send(network, access, part).outcome is Outcome.SENT
        poll = mock_mastodon.statuses(account.secret["account_id"])[0]["poll"]
        assert [option["title"] for option in poll["options"]] == ["At nine", "At ten"]
        lasts = datetime.fromisoformat(poll["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=89) < lasts <= timedelta(minutes=90)


class OnARecordedServer(Wired):
    secrets = (TOKEN, "of-somebody-else")

    @pytest.fixture
    def server(self) -> Iterator[RecordedMastodon]:
        self._server = self.made()
        with self._server.running():
            yield self._server

    def made(self) -> RecordedMastodon:
        raise NotImplementedError

    @pytest.fixture
    def access(self, server: RecordedMastodon) -> Access:
        return recorded_access(server)

    @pytest.fixture
    def wrong_access(self, access: Access) -> Access:
        return with_secret(access, access_token="of-somebody-else")

    @pytest.fixture
    def unreachable_access(self, access: Access, dead_host: str) -> Access:
        return with_secret(access, server=f"http://{dead_host}")

    def standing(self, access: Access) -> int:
        return len(self._server.posts)

    def old_post(self, access: Access, text: str) -> None:
        self._server.add(text, made=CREATED_AT - timedelta(hours=1))


class TestAgainstARecordedMastodon(AskedAgain, OnARecordedServer, KeyedContract, Readable):
    kind = NetworkClass.KEYED

    def made(self) -> RecordedMastodon:
        return RecordedMastodon()


class TestAgainstARecordedServerWithoutItsKey(OnARecordedServer, QueryableContract):
    def made(self) -> RecordedMastodon:
        return RecordedMastodon(software="gotosocial", version="0.20.1+git-1234567", is_keyed=False)


class TestAgainstARecordedServerThatShowsLittle(OnARecordedServer, QueryableContract):
    """No source, no pages, shortened links."""

    def made(self) -> RecordedMastodon:
        return RecordedMastodon(
            software="pixelfed", is_keyed=False, has_source=False, pages=False, shows=as_shortened
        )
