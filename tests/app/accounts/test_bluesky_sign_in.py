"""Signing in on Bluesky and coming back: on a real server, through the real pages of both."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select

from content_library.models.account import Account, AccountState
from content_library.models.audit import AuditEntry
from content_library.settings import Settings
from content_library.web_addresses import FetchPolicy
from service_channel import accounts, renewing
from service_channel.models.connecting import NetworkApp, NetworkSignIn
from service_channel.models.credential import Credential
from service_channel.networks.base import Outcome
from service_channel.token_vault import TokenVault
from tests.app.accounts.leaving import leads_to
from tests.app.house import House, database, furnish, send, settings_for, token
from tests.support.pds import RealPds
from tests.support.pds_sign_in import PersonAtPds
from tests.support.processes import free_port
from tests.support.served import served

__all__ = ["database"]
pytestmark = [pytest.mark.pds, pytest.mark.slow]
HERE = "/d/brindlemoor/accounts"
BLUESKY = f"{HERE}/new/bluesky"
DOCUMENT = "/oauth-client-metadata.json"


def settings_at(folder, pds: RealPds, **more: str) -> Settings:
    allowed = ",".join(url.removeprefix("http://") for url in (pds.url, pds.named_url, pds.directory))
    return settings_for(folder, DESKCAST_FETCH_ALLOW=allowed, DESKCAST_PLC_DIRECTORY=pds.directory, **more)


@pytest.fixture
def house(database, tmp_path, pds: RealPds) -> Iterator[House]:
    yield furnish(database, settings_at(tmp_path, pds))


@pytest.fixture
def priya(house: House) -> FlaskClient:
    return house.client("priya")


def said(answer) -> str:
    return " ".join(html.fromstring(answer.text).text_content().split())


def set_out(client: FlaskClient, pds: RealPds, typed: str = "", page: str = BLUESKY, **more: str) -> str:
    answer = send(client, page, f"{BLUESKY}/sign-in", server=typed or pds.named_url, **more)
    return leads_to(answer)


def come_back(client: FlaskClient, arguments: dict[str, str]):
    return client.get("/accounts/signed-in", query_string=arguments)


def connect(client: FlaskClient, pds: RealPds, handle: str, **more: str):
    return come_back(client, PersonAtPds(set_out(client, pds, **more)).allow(handle))


def kept(house: House) -> tuple[Account, Credential]:
    with house.database.read() as session:
        row = session.execute(
            select(Account, Credential).join(Credential, Credential.account_id == Account.id)
        ).one()
        session.expunge_all()
        return row[0], row[1]


def vault(house: House) -> TokenVault:
    return TokenVault(house.app.extensions["deskcast.settings"].vault_keys)


def secret(house: House, account_id: int) -> dict:
    with house.database.read() as session:
        account = session.get_one(Account, account_id)
        return dict(accounts.access(session, account, database=house.database, vault=vault(house)).secret)


def test_who_says_yes_there_is_connected_and_everything_secret_is_sealed(house: House, priya, pds: RealPds):
    did, handle, _app_password = pds.create_account()
    answer = connect(priya, pds, handle)
    assert answer.status_code == 303, said(answer)
    assert f"Connected: {handle}" in said(priya.get(answer.location))
    account, credential = kept(house)
    assert (account.handle, account.remote_id, account.state) == (handle, did, AccountState.ACTIVE)
    for name in ("access_token", "refresh_token", "key"):
        assert secret(house, account.id)[name].encode() not in credential.secret
    with house.database.read() as session:
        assert not session.scalars(select(NetworkSignIn)).all()
        assert "account.active" in session.scalars(select(AuditEntry.verb)).all()


def test_the_accounts_page_says_what_ends_when(house: House, priya, pds: RealPds):
    connect(priya, pds, pds.create_account()[1])
    page = said(priya.get(HERE))
    assert "Has to be connected again by" in page
    assert "Access renews itself before" in page
    assert "Signs in at the next post" not in page
    account, _credential = kept(house)
    works = send(priya, HERE, f"{HERE}/{account.id}/check")
    assert f"{account.handle} works." in said(priya.get(works.location))


def test_the_page_offers_both_ways_and_recommends_signing_in(priya):
    page = said(priya.get(BLUESKY))
    assert page.index("Sign in on Bluesky") < page.index("Recommended") < page.index("With an app password")
    assert "Not the account’s real password" in page


def test_what_is_needed_on_return_is_sealed_and_the_answer_counts_once(house: House, priya, pds: RealPds):
    _did, handle, _app_password = pds.create_account()
    address = set_out(priya, pds)
    with house.database.read() as session:
        row = session.scalars(select(NetworkSignIn)).one()
        assert b"verifier" not in row.kept
    answer = PersonAtPds(address).allow(handle)
    assert come_back(priya, answer).status_code == 303
    again = come_back(priya, answer)
    assert again.status_code == 422
    assert "Begin again." in said(again)


def test_who_says_no_there_finds_nothing_changed(house: House, priya, pds: RealPds):
    answer = come_back(priya, PersonAtPds(set_out(priya, pds)).deny())
    assert "Nothing was changed." in said(priya.get(answer.location))
    with house.database.read() as session:
        assert not session.scalars(select(Credential)).all()


def test_a_handle_nobody_has_is_said_at_its_field(priya):
    answer = send(priya, BLUESKY, f"{BLUESKY}/sign-in", server="")
    assert answer.status_code == 422
    page = html.fromstring(answer.text)
    assert "Enter the handle" in page.get_element_by_id("server-wrong").text_content()


def test_connecting_again_keeps_the_account_and_refuses_another(house: House, priya, pds: RealPds):
    _did, handle, _app_password = pds.create_account()
    connect(priya, pds, handle)
    account, _credential = kept(house)
    page = f"{HERE}/{account.id}/connection"
    shown = html.fromstring(priya.get(page).text)
    assert shown.get_element_by_id("server").get("value") == handle
    before = secret(house, account.id)["access_token"]
    assert connect(priya, pds, handle, page=page, again=str(account.id)).status_code == 303
    assert kept(house)[0].id == account.id
    assert secret(house, account.id)["access_token"] != before
    other = connect(priya, pds, pds.create_account()[1], page=page, again=str(account.id))
    assert other.status_code == 422
    assert "is another account than" in said(other)
    assert kept(house)[0].handle == handle


def test_an_account_with_an_app_password_changes_to_signing_in_with_its_history(
    house: House, priya, pds: RealPds
):
    _did, handle, app_password = pds.create_account()
    send(priya, BLUESKY, host=pds.named_url, identifier=handle, app_password=app_password)
    account, credential = kept(house)
    assert credential.expires_at is None
    assert connect(priya, pds, handle).status_code == 303
    changed, credential = kept(house)
    assert changed.id == account.id
    assert credential.expires_at is not None
    assert "app_password" not in secret(house, account.id)


def test_the_engine_renews_it_and_who_sent_meanwhile_goes_on(house: House, priya, pds: RealPds, clock):
    connect(priya, pds, pds.create_account()[1])
    account, credential = kept(house)
    network = accounts.networks(policy_of(house))["bluesky"]
    with house.database.read() as session:
        access = accounts.access(session, account, database=house.database, vault=vault(house))
    clock.set(credential.expires_at - timedelta(minutes=9))
    with house.database.write() as session:
        assert renewing.claim_due(session, {"bluesky"}, now=clock()) == [account.id]
    assert renewing.renew(house.database, network, vault(house), account.id) is Outcome.SENT
    renewed = secret(house, account.id)
    assert renewed["access_token"] != access.secret["access_token"]
    assert network.check(access).presence == "found", "it reads again what was kept meanwhile"
    assert kept(house)[1].dies_at == credential.dies_at, "renewing does not make the session longer"


def test_testing_a_connection_whose_token_ran_out_has_it_renewed_instead_of_lost(
    house: House, priya, pds: RealPds
):
    connect(priya, pds, pds.create_account()[1])
    account, _credential = kept(house)
    with house.database.write() as session:
        broken = {**secret(house, account.id), "access_token": "eyJ.over"}
        session.get_one(Credential, account.id).secret = accounts.seal_secret(
            vault(house), account.id, broken
        )
    answer = send(priya, HERE, f"{HERE}/{account.id}/check")
    assert "Its access is renewed now." in said(priya.get(answer.location))
    assert kept(house)[0].state is AccountState.ACTIVE


def test_without_an_address_servers_can_look_up_there_is_the_app_password(database, tmp_path, pds: RealPds):
    url = "http://desk.lan:8000"
    house = furnish(database, settings_at(tmp_path, pds, DESKCAST_PUBLIC_URL=url))
    page = at(url, house).get(BLUESKY, base_url=url)
    assert "Not possible at the address of this installation." in said(page)
    assert "With an app password" in said(page)


def test_at_a_public_address_servers_read_about_us_and_the_connection_lasts_two_years(
    database, tmp_path, clock, pds: RealPds
):
    port = free_port()
    url = f"https://desk.at-{port}.net"
    house = furnish(database, settings_at(tmp_path, pds, DESKCAST_PUBLIC_URL=url))
    client, handle = at(url, house), pds.create_account()[1]
    assert client.get(DOCUMENT, base_url=url).status_code == 404, "nobody has signed in yet"
    with served(house.app, port=port):
        for _ in range(2):
            answer = send_at(url, client, BLUESKY, f"{BLUESKY}/sign-in", server=pds.named_url)
            arguments = PersonAtPds(leads_to(answer)).allow(handle)
            back = client.get("/accounts/signed-in", query_string=arguments, base_url=url)
            assert back.status_code == 303, said(back)
    assert kept(house)[1].dies_at == clock() + timedelta(days=730)
    told = client.get(DOCUMENT, base_url=url)
    assert (told.status_code, told.mimetype) == (200, "application/json")
    assert told.json["client_id"] == f"{url}{DOCUMENT}"
    assert told.json["redirect_uris"] == [f"{url}/accounts/signed-in"]
    assert "d" not in told.json["jwks"]["keys"][0]
    with house.database.read() as session:
        (app,) = session.scalars(select(NetworkApp)).all()
        assert b"kty" not in app.secret


def test_on_ones_own_machine_one_comes_back_to_the_name_one_is_signed_in_at(house: House):
    answer = house.client("priya").get("/accounts/signed-in?state=s&code=c", base_url="http://127.0.0.1:8000")
    assert answer.status_code == 303
    assert answer.location == "http://localhost/accounts/signed-in?state=s&code=c"


def at(url: str, house: House) -> FlaskClient:
    """Priya's browser at a public address."""
    client, name = house.client("priya"), house.app.config["SIGN_IN_COOKIE"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    client.set_cookie(name, cookie.value, domain=urlsplit(url).hostname or "")
    return client


def send_at(url: str, client: FlaskClient, page: str, action: str, **data: str):
    fields = {"csrf_token": token(client.get(page, base_url=url)), **data}
    return client.post(action, data=fields, base_url=url, headers={"Referer": f"{url}{page}"})


def policy_of(house: House) -> FetchPolicy:
    return FetchPolicy(allow=house.app.extensions["deskcast.settings"].fetch_allow)
