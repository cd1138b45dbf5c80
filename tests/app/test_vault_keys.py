"""Keys of the vault that follow one another: what the doctor says of them, and the command that leaves the old one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app.cli import main
from app.doctor_secrets import secrets
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.user import DeskRole
from content_library.settings import Settings, load
from service_channel import accounts, connecting, network_apps
from service_channel.connecting import Begun
from service_channel.models.connecting import NetworkApp
from service_channel.networks.base import AppKeys
from service_channel.token_vault import TokenVault
from tests import factories as make
from tests.factories import VAULT, VAULT_KEY
from tests.support.databases import Databases

NEW_KEY = "a newer key"
BEGUN = Begun("state", "the verifier")


@pytest.fixture
def environment(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Where the key everything was sealed under has become the second one."""
    values = {
        "DESKCAST_DATA": str(tmp_path),
        "DESKCAST_DATABASE_URL": databases.new_url("sqlite"),
        "DESKCAST_VAULT_KEYS": f"{NEW_KEY},{VAULT_KEY}",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return load(environment)


@pytest.fixture
def without_the_old_key(environment: dict[str, str]) -> Settings:
    return load(environment | {"DESKCAST_VAULT_KEYS": NEW_KEY})


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.dispose()


def now() -> datetime:
    return datetime.now(UTC)


def an_account(database: Database) -> int:
    with database.write() as session:
        return make.make_account(session, make.make_desk(session), secret={"token": "of the account"}).id


def an_app(database: Database, network: str = "facebook", server: str = "", key: str = VAULT_KEY) -> None:
    with database.write() as session:
        keys = AppKeys("our-id", "of the app")
        network_apps.keep_registered(session, network, server, keys, vault=TokenVault([key]), now=now())


def a_sign_in(database: Database, *, began: datetime) -> None:
    with database.write() as session:
        desk = make.make_desk(session)
        priya = make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
        connecting.begin(session, desk, "x", "", actor=priya, now=began, vault=VAULT, begun=BEGUN)


def said(settings: Settings, database: Database) -> list[tuple[bool, str]]:
    with database.read() as session:
        return [(found.ok, found.sentence) for found in secrets(settings, session, now())]


def rotated() -> Result:
    return CliRunner().invoke(main, ["rotate-keys"])


def test_a_key_that_opens_nothing_can_be_dropped(settings: Settings, database: Database) -> None:
    assert said(settings, database) == [
        (True, "Every stored secret can be opened."),
        (True, "1 of the older vault keys open nothing any more: they can be dropped."),
    ]


def test_a_key_that_still_opens_an_account_is_not_said_to_be_idle(
    settings: Settings, database: Database
) -> None:
    an_account(database)
    assert said(settings, database) == [
        (True, "Every stored secret can be opened."),
        (
            True,
            "1 secret is sealed under an older vault key. Run `deskcast rotate-keys` before you drop it.",
        ),
    ]


def test_a_key_that_still_opens_the_secret_of_an_app_is_not_said_to_be_idle(
    settings: Settings, database: Database
) -> None:
    an_app(database)
    an_app(database, "mastodon", "https://mastodon.example")
    assert said(settings, database) == [
        (True, "Every stored secret can be opened."),
        (
            True,
            "2 secrets are sealed under an older vault key. Run `deskcast rotate-keys` before you drop it.",
        ),
    ]


def test_a_key_is_needed_until_a_sign_in_that_has_begun_is_over(
    settings: Settings, database: Database
) -> None:
    a_sign_in(database, began=now())
    assert "1 secret is sealed under an older vault key" in said(settings, database)[1][1]


def test_a_sign_in_that_is_over_needs_no_key(settings: Settings, database: Database) -> None:
    a_sign_in(database, began=now() - timedelta(hours=1))
    assert "they can be dropped" in said(settings, database)[1][1]


def test_an_app_whose_key_is_lost_is_named_with_what_to_do(
    without_the_old_key: Settings, database: Database
) -> None:
    lost = "sealed under a key we do not have. Restore DESKCAST_VAULT_KEYS, or"
    an_app(database)
    an_app(database, "mastodon", "https://mastodon.example")
    an_app(database, "bluesky", "https://desk.example/oauth-client-metadata.json")
    an_app(database, "x", key=NEW_KEY)
    assert said(without_the_old_key, database) == [
        (False, f"The secret of our app at Facebook was {lost} enter its secret again under Settings, Networks."),
        (False, f"Our keys at Mastodon (mastodon.example) were {lost} sign in there again, which makes new ones."),
        (False, f"Our keys at Bluesky were {lost} connect accounts there with an app password."),
    ]  # fmt: skip


def test_accounts_and_sign_ins_whose_key_is_lost_are_said(
    without_the_old_key: Settings, database: Database
) -> None:
    an_account(database)
    with database.write() as session:
        desk = session.get_one(Account, 1).desk
        priya = make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
        connecting.begin(session, desk, "x", "", actor=priya, now=now(), vault=VAULT, begun=BEGUN)
    account, sign_in = said(without_the_old_key, database)
    assert account[1].startswith(
        "The secrets of brindlemoor.bsky.social were sealed under a key we do not have."
    )
    assert sign_in[1].startswith("1 sign-in under way was sealed under a key we do not have.")
    assert (account[0], sign_in[0]) == (False, False)


def test_the_command_seals_everything_under_the_first_key_so_that_the_old_one_can_go(
    without_the_old_key: Settings, settings: Settings, database: Database
) -> None:
    account_id = an_account(database)
    an_app(database)
    with database.write() as session:
        desk = session.get_one(Account, account_id).desk
        priya = make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
        connecting.begin(session, desk, "x", "", actor=priya, now=now(), vault=VAULT, begun=BEGUN)
    done = rotated()
    assert (done.exit_code, done.output) == (0, "3 sealed again. All stand under the first key now.\n")
    assert "they can be dropped" in said(settings, database)[1][1]
    assert said(without_the_old_key, database) == [(True, "Every stored secret can be opened.")]
    only_new = TokenVault([NEW_KEY])
    with database.write() as session:
        account = session.get_one(Account, account_id)
        opened = accounts.access(session, account, database=database, vault=only_new)
        assert opened.secret == {"token": "of the account"}
        app = network_apps.app_keys(session, "facebook", "", vault=only_new)
        assert app == AppKeys("our-id", "of the app")
        priya = session.merge(priya)
        _row, kept = connecting.come_back(session, BEGUN.state, actor=priya, now=now(), vault=only_new)
        assert kept == BEGUN.verifier


def test_the_command_has_nothing_to_do_a_second_time(database: Database) -> None:
    an_account(database)
    rotated()
    assert (rotated().exit_code, rotated().output) == (0, "All stand under the first key.\n")


def test_the_command_stops_where_a_secret_cannot_be_opened_and_says_which_key_is_missing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_app(database)
    monkeypatch.setenv("DESKCAST_VAULT_KEYS", NEW_KEY)
    done = rotated()
    assert done.exit_code == 1
    assert done.output == (
        f"Stopped after 0: sealed under key {VAULT.key_id}, which is not among DESKCAST_VAULT_KEYS. Add the key it was "
        "sealed under to DESKCAST_VAULT_KEYS.\n"
    )
    with database.read() as session:
        assert session.scalars(select(NetworkApp.key_id)).all() == [VAULT.key_id]
