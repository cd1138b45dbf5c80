"""Connecting a Bluesky account through the form, at a real server."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select

from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from service_channel.models.credential import Credential
from tests import factories as make
from tests.app.house import House, database, furnish, settings_for
from tests.app.house import send as send_form
from tests.support.pds import RealPds

__all__ = ["database"]
pytestmark = [pytest.mark.pds, pytest.mark.slow]
HERE = "/d/brindlemoor/accounts"


@pytest.fixture
def house(database, tmp_path, pds: RealPds) -> Iterator[House]:
    allowed = pds.url.removeprefix("http://").replace("localhost", "127.0.0.1")
    name = pds.url.removeprefix("http://")
    yield furnish(database, settings_for(tmp_path, DESKCAST_FETCH_ALLOW=f"{allowed},{name}"))


@pytest.fixture
def priya(house: House) -> FlaskClient:
    return house.client("priya")


def connect(client: FlaskClient, pds: RealPds, handle: str, password: str, page: str = f"{HERE}/new/bluesky"):
    return send_form(client, page, host=pds.url, identifier=handle, app_password=password)


def the_account(house: House) -> tuple[Account, Credential]:
    with house.database.read() as session:
        row = session.execute(
            select(Account, Credential).join(Credential, Credential.account_id == Account.id)
        ).one()
        session.expunge_all()
        return row[0], row[1]


def said(answer) -> str:
    return " ".join(html.fromstring(answer.text).text_content().split())


def test_an_app_password_connects_the_account_and_is_kept_sealed(house: House, priya, pds: RealPds):
    did, handle, app_password = pds.create_account()
    answer = connect(priya, pds, f"@{handle}", app_password)
    assert answer.status_code == 303, said(answer)
    account, credential = the_account(house)
    assert (account.handle, account.remote_id, account.state) == (handle, did, AccountState.ACTIVE)
    assert app_password.encode() not in credential.secret
    page = priya.get(answer.location)
    assert f"Connected: {handle}" in said(page)
    assert app_password not in page.text


def test_a_wrong_password_is_said_at_its_field_and_nothing_is_kept(house: House, priya, pds: RealPds):
    _did, handle, _app_password = pds.create_account()
    answer = connect(priya, pds, handle, "wrong-words-here")
    assert answer.status_code == 422
    page = html.fromstring(answer.text)
    assert (
        "does not accept this handle with this app password"
        in page.get_element_by_id("app_password-wrong").text_content()
    )
    assert page.get_element_by_id("identifier").get("value") == handle
    assert "wrong-words-here" not in answer.text
    with house.database.read() as session:
        assert session.scalars(select(Credential)).all() == []


def test_a_server_that_is_none_is_said_at_the_server(house: House, priya, pds: RealPds):
    answer = send_form(
        priya, f"{HERE}/new/bluesky", host="http://127.0.0.1:9", identifier="x.test", app_password="x"
    )
    assert answer.status_code == 422
    assert html.fromstring(answer.text).get_element_by_id("host-wrong").text_content()


def test_a_practice_account_becomes_the_real_one_with_its_history(house: House, priya, pds: RealPds):
    _did, handle, app_password = pds.create_account()
    with house.database.write() as session:
        desk = session.get_one(Desk, house.desk.id)
        account = Account(
            desk_id=desk.id, network="bluesky", handle=handle, name=desk.name, state=AccountState.PRACTICE,
            created_at=make.NOW,
        )  # fmt: skip
        session.add(account)
        session.flush()
        account_id = account.id
    answer = connect(priya, pds, handle, app_password, f"{HERE}/{account_id}/connection")
    assert answer.status_code == 303, said(answer)
    assert the_account(house)[0].id == account_id


def test_a_connection_is_tested_on_demand_and_made_again_without_a_second_account(
    house: House, priya, pds: RealPds
):
    _did, handle, app_password = pds.create_account()
    connect(priya, pds, handle, app_password)
    account, _credential = the_account(house)
    works = send_form(priya, HERE, f"{HERE}/{account.id}/check")
    assert f"{handle} works." in said(priya.get(works.location))
    again = connect(priya, pds, handle, app_password, f"{HERE}/{account.id}/connection")
    assert again.status_code == 303
    assert the_account(house)[0].id == account.id


def test_another_identity_never_takes_an_accounts_place(house: House, priya, pds: RealPds):
    _did, handle, app_password = pds.create_account()
    connect(priya, pds, handle, app_password)
    account, _credential = the_account(house)
    _other_did, other, other_password = pds.create_account()
    answer = connect(priya, pds, other, other_password, f"{HERE}/{account.id}/connection")
    assert answer.status_code == 422
    assert "is another account than" in said(answer)
    assert the_account(house)[0].handle == handle


def test_the_page_says_why_it_asks_for_an_app_password(priya):
    assert "Not the account’s real password" in said(priya.get(f"{HERE}/new/bluesky"))
