"""Signing in on a network and coming back: on a stateful stand-in for Mastodon, through the real pages."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select

from content_library.models.account import Account, AccountState
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.user import User
from service_channel import connecting, network_apps
from service_channel.models.connecting import NetworkApp, NetworkSignIn
from service_channel.models.credential import Credential
from service_channel.networks.base import AppKeys, Connection
from service_channel.token_vault import TokenVault
from tests import factories as make
from tests.app.accounts.leaving import leads_to
from tests.app.house import House, database, furnish, send, settings_for
from tests.support.mock_mastodon import MockMastodon

__all__ = ["database"]
pytestmark = [pytest.mark.network, pytest.mark.slow]
HERE = "/d/brindlemoor/accounts"
MASTODON = f"{HERE}/new/mastodon"


@pytest.fixture(scope="module")
def mock() -> Iterator[MockMastodon]:
    with MockMastodon() as server:
        yield server


@pytest.fixture
def house(database, tmp_path, mock: MockMastodon) -> House:
    return furnish(database, settings_for(tmp_path, DESKCAST_FETCH_ALLOW=urlsplit(mock.url).netloc))


@pytest.fixture
def priya(house: House) -> FlaskClient:
    return house.client("priya")


def said(answer) -> str:
    return " ".join(html.fromstring(answer.text).text_content().split())


def set_out(client: FlaskClient, mock: MockMastodon, **more: str) -> dict[str, str]:
    """What the network is asked in the address a person is sent to."""
    answer = send(client, MASTODON, f"{MASTODON}/sign-in", server=mock.url, **more)
    address = leads_to(answer)
    assert address.startswith(f"{mock.url}/oauth/authorize?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def come_back(client: FlaskClient, **arguments: str):
    return client.get("/accounts/signed-in", query_string=arguments)


def test_who_says_yes_there_is_connected_with_what_the_server_gave(
    house: House, priya: FlaskClient, mock: MockMastodon
) -> None:
    user = mock.add_user(f"desk{id(house)}")
    asked = set_out(priya, mock)
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"].endswith("/accounts/signed-in")
    answer = come_back(priya, state=asked["state"], code=f"mockcode_{user.name}")
    assert answer.status_code == 303, said(answer)
    assert "Connected:" in said(priya.get(answer.location))
    with house.database.read() as session:
        account, credential = session.execute(
            select(Account, Credential).join(Credential, Credential.account_id == Account.id)
        ).one()
        assert (account.network, account.state) == ("mastodon", AccountState.ACTIVE)
        assert user.name in account.handle
        assert b"access_token" not in credential.secret
        assert not session.scalars(select(NetworkSignIn)).all()
        assert "account.active" in session.scalars(select(AuditEntry.verb)).all()


def test_the_server_registers_us_once(house: House, priya: FlaskClient, mock: MockMastodon) -> None:
    first, second = set_out(priya, mock), set_out(priya, mock)
    assert first["client_id"] == second["client_id"]
    assert first["state"] != second["state"]
    with house.database.read() as session:
        (app,) = session.scalars(select(NetworkApp)).all()
        assert (app.network, app.server, app.updated_by_id) == ("mastodon", mock.url, None)


def test_an_answer_counts_once(house: House, priya: FlaskClient, mock: MockMastodon) -> None:
    user = mock.add_user(f"once{id(house)}")
    state = set_out(priya, mock)["state"]
    assert come_back(priya, state=state, code=f"mockcode_{user.name}").status_code == 303
    again = come_back(priya, state=state, code=f"mockcode_{user.name}")
    assert again.status_code == 422
    assert "Begin again." in said(again)


@pytest.mark.parametrize("state", ["", "made-up"])
def test_an_answer_nobody_asked_for_changes_nothing(house: House, priya: FlaskClient, state: str) -> None:
    assert come_back(priya, state=state, code="anything").status_code == 422


def test_another_person_cannot_use_it(house: House, priya: FlaskClient, mock: MockMastodon) -> None:
    state = set_out(priya, mock)["state"]
    assert come_back(house.client("sam"), state=state, code="mockcode_desk").status_code == 422


def test_it_is_over_after_ten_minutes(house: House, priya: FlaskClient, mock: MockMastodon, clock) -> None:
    state = set_out(priya, mock)["state"]
    clock.advance(minutes=10)
    assert come_back(priya, state=state, code="mockcode_desk").status_code == 422


def test_who_says_no_there_finds_nothing_changed(
    house: House, priya: FlaskClient, mock: MockMastodon
) -> None:
    state = set_out(priya, mock)["state"]
    answer = come_back(priya, state=state, error="access_denied")
    assert answer.status_code == 303
    assert "Nothing was changed." in said(priya.get(answer.location))
    with house.database.read() as session:
        assert not session.scalars(select(Credential)).all()


def test_a_code_the_network_does_not_take_is_said_in_a_sentence(
    house: House, priya: FlaskClient, mock: MockMastodon
) -> None:
    state = set_out(priya, mock)["state"]
    answer = come_back(priya, state=state, code="no-such-code")
    assert answer.status_code == 422
    assert "Mastodon did not accept the sign-in." in said(answer)


@pytest.mark.parametrize(
    ("server", "sentence"),
    [("", "is not the address of a server"), ("http://mastodon.social", "Use https://")],
)
def test_a_wrong_server_is_said_at_its_field(priya: FlaskClient, server: str, sentence: str) -> None:
    answer = send(priya, MASTODON, f"{MASTODON}/sign-in", server=server)
    assert answer.status_code == 422
    assert sentence in said(answer)


def test_without_keys_of_an_administrator_nobody_is_sent_anywhere(house: House, priya: FlaskClient) -> None:
    page = priya.get(f"{HERE}/new/x")
    assert "X does not know this installation yet." in said(page)
    answer = send(priya, f"{HERE}/new/x", f"{HERE}/new/x/sign-in")
    assert answer.status_code == 422
    assert "An administrator has to register Deskcast with X first" in said(answer)


def test_with_an_administrators_keys_one_is_sent_to_the_network(house: House, priya: FlaskClient) -> None:
    answer = send(
        house.client("sam"), "/settings/networks", "/settings/networks/x",
        **{"x-client_id": "our-id", "x-client_secret": "our-secret"},
    )  # fmt: skip
    assert answer.status_code == 303
    page = house.client("sam").get("/settings/networks")
    assert "our-id" in page.text
    assert "our-secret" not in page.text
    answer = send(priya, f"{HERE}/new/x", f"{HERE}/new/x/sign-in")
    assert leads_to(answer).startswith("https://x.com/i/oauth2/authorize?")
    assert "our-id" in leads_to(answer)
    assert "our-secret" not in answer.text


def test_an_empty_secret_keeps_the_one_there_is_and_keys_can_be_forgotten(house: House) -> None:
    sam = house.client("sam")
    page, action = "/settings/networks", "/settings/networks/x"
    send(sam, page, action, **{"x-client_id": "our-id", "x-client_secret": "our-secret"})
    send(sam, page, action, **{"x-client_id": "other-id", "x-client_secret": ""})
    with house.database.read() as session:
        app = session.scalars(select(NetworkApp)).one()
        vault = TokenVault(house.app.extensions["deskcast.settings"].vault_keys)
        assert app.client_id == "other-id"
        assert vault.open(app.secret, key_id=app.key_id, place="network_apps:x:") == "our-secret"
    assert send(sam, page, f"{action}/forgetting").status_code == 303
    with house.database.read() as session:
        assert not session.scalars(select(NetworkApp)).all()


def test_keys_sealed_under_a_lost_key_are_asked_for_again_and_break_no_page(
    house: House, priya: FlaskClient
) -> None:
    page, action = "/settings/networks", "/settings/networks/x"
    with house.database.write() as session:
        network_apps.keep_registered(
            session, "x", "", AppKeys("our-id", "our-secret"), vault=TokenVault(["a lost key"]), now=make.NOW
        )
    answer = send(priya, f"{HERE}/new/x", f"{HERE}/new/x/sign-in")
    assert answer.status_code == 422
    assert "An administrator has to register Deskcast with X first" in said(answer)
    sam = house.client("sam")
    assert "our-id" in sam.get(page).text
    answer = send(sam, page, action, **{"x-client_id": "our-id", "x-client_secret": ""})
    assert answer.status_code == 422
    assert "The secret there is cannot be opened. Enter it again." in said(answer)
    send(sam, page, action, **{"x-client_id": "our-id", "x-client_secret": "our-secret"})
    answer = send(priya, f"{HERE}/new/x", f"{HERE}/new/x/sign-in")
    assert leads_to(answer).startswith("https://x.com/i/oauth2/authorize?")


def test_of_several_pages_one_is_chosen(house: House, priya: FlaskClient, clock) -> None:
    vault = TokenVault(house.app.extensions["deskcast.settings"].vault_keys)
    now = clock()
    later = now + timedelta(days=60)
    found = [
        Connection(
            f"Page {n}", f"Brindlemoor {n}", f"page-{n}", "", {"access_token": f"secret-{n}"}, dies_at=later
        )
        for n in range(2)
    ]
    with house.database.write() as session:
        desk, lead = session.scalars(select(Desk)).one(), session.get_one(User, house.people["priya"].id)
        begun = connecting.begin(session, desk, "facebook", "", actor=lead, now=now, vault=vault)
        connecting.come_back(session, begun.state, actor=lead, now=now, vault=vault)
        connecting.keep_choice(session, begun.state, found, actor=lead, now=now, vault=vault)
    page = f"{HERE}/choice/{begun.state}"
    shown = priya.get(page)
    assert "Brindlemoor 0" in shown.text
    assert "secret-" not in shown.text
    assert send(priya, page).status_code == 422
    assert send(priya, page, account="1").status_code == 303
    with house.database.read() as session:
        account = session.scalars(select(Account).where(Account.network == "facebook")).one()
        credential = session.get_one(Credential, account.id)
        assert (account.handle, account.name) == ("Page 1", "Brindlemoor 1")
        assert credential.dies_at == later
    assert priya.get(page).status_code == 422


def test_every_network_has_its_page(priya: FlaskClient) -> None:
    listed = priya.get(f"{HERE}/new")
    links = re.findall(rf'href="({HERE}/new/[a-z_]+)"', listed.text)
    assert len(links) >= 14
    for link in links:
        page = priya.get(link)
        assert page.status_code == 200, link
        assert "Connect " in said(page)
