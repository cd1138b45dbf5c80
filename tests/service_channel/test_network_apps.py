"""What networks know us as: secrets move to the first key, and one that is lost can be entered again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library.database import Database
from content_library.errors import InvalidInput
from service_channel import network_apps
from service_channel.models.connecting import NetworkApp
from service_channel.networks.base import AppKeys
from service_channel.token_vault import CannotOpen, TokenVault
from tests import factories as make
from tests.factories import NOW, VAULT, VAULT_KEY

NEW = TokenVault(["a newer key"])
BOTH = TokenVault(["a newer key", VAULT_KEY])
MASTODON = "https://mastodon.example"


@pytest.fixture
def two_apps(database: Database) -> None:
    with database.write() as session:
        for network, server in (("x", ""), ("mastodon", MASTODON)):
            keys = AppKeys(f"our id at {network}", f"our secret at {network}")
            network_apps.keep_registered(session, network, server, keys, vault=VAULT, now=NOW)


def test_secrets_under_a_former_key_move_to_the_first_one(database: Database, two_apps: None) -> None:
    with database.write() as session:
        assert network_apps.seal_again(session, vault=BOTH) == 2
        assert network_apps.seal_again(session, vault=BOTH) == 0
    with database.read() as session:
        assert network_apps.app_keys(session, "x", "", vault=NEW) == AppKeys("our id at x", "our secret at x")
        there = network_apps.app_keys(session, "mastodon", MASTODON, vault=NEW)
        assert there == AppKeys("our id at mastodon", "our secret at mastodon")


def test_no_more_are_moved_at_once_than_asked_for(database: Database, two_apps: None) -> None:
    with database.write() as session:
        assert [network_apps.seal_again(session, vault=BOTH, most=1) for _ in range(3)] == [1, 1, 0]


def test_nothing_is_moved_that_cannot_be_opened(database: Database, two_apps: None) -> None:
    with database.write() as session, pytest.raises(CannotOpen):
        network_apps.seal_again(session, vault=NEW)
    with database.read() as session:
        assert set(session.scalars(select(NetworkApp.key_id))) == {VAULT.key_id}


def test_a_secret_whose_key_is_lost_shows_as_none_and_is_asked_for_again(
    database: Database, two_apps: None
) -> None:
    later = NOW + timedelta(minutes=1)
    with database.write() as session:
        assert not network_apps.known_apps(session, vault=NEW)["x"].has_secret
        sam = make.make_user(session, "Sam Ito", is_administrator=True)
        with pytest.raises(InvalidInput, match="Enter it again") as refused:
            network_apps.set_app(session, "x", AppKeys("our id at x"), vault=NEW, actor=sam, now=later)
        assert list(refused.value.fields) == ["client_secret"]
        network_apps.set_app(session, "x", AppKeys("our id", "another"), vault=NEW, actor=sam, now=later)
        assert network_apps.app_keys(session, "x", "", vault=NEW) == AppKeys("our id", "another")
