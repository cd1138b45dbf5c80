"""The desk's accounts in the browser: who sees them, practice ones, closing, and that nothing secret is shown."""

import pytest
from lxml import html
from sqlalchemy import select

from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from scheduler.models import Publication, PublicationState
from service_channel.models.credential import Credential
from tests import factories as make
from tests.app.calendar.conftest import Plan, words
from tests.app.house import count_queries, database, house

__all__ = ["count_queries", "database", "house"]
HERE = "/d/brindlemoor/accounts"


@pytest.fixture
def plan(house) -> Plan:
    house.app.config["WTF_CSRF_ENABLED"] = False
    return Plan(house)


@pytest.fixture
def priya(plan):
    return plan.client("priya")


def account(plan: Plan, handle: str) -> Account:
    with plan.database.read() as session:
        found = session.scalars(select(Account).where(Account.handle == handle)).one()
        session.expunge(found)
        return found


def test_each_account_says_how_it_is(plan: Plan, priya):
    said = words(priya.get(HERE))
    assert "Practice Cannot send until it is connected" in said
    assert "Connected Look at the page" in said


@pytest.mark.parametrize("who", ["maya", "ruth", "tom"])
def test_accounts_are_for_leads_and_administrators(plan: Plan, who):
    client = plan.client(who)
    assert client.get(HERE).status_code == 403
    assert client.get(f"{HERE}/new/bluesky").status_code == 403
    assert (
        client.post(
            f"{HERE}/new/bluesky", data={"host": "x", "identifier": "x", "app_password": "x"}
        ).status_code
        == 403
    )
    for act in ("closing", "check", "connection"):
        assert client.post(f"{HERE}/{plan.practice_id}/{act}").status_code == 403
    practice = client.post(f"{HERE}/practice", data={"network": "mastodon", "handle": "x"})
    assert practice.status_code == 403


def test_an_account_for_practice_is_added_once(plan: Plan, priya):
    sent = {"network": "mastodon", "handle": "@help@brindlemoor.social"}
    assert priya.post(f"{HERE}/practice", data=sent).status_code == 303
    assert account(plan, "help@brindlemoor.social").state is AccountState.PRACTICE
    again = priya.post(f"{HERE}/practice", data=sent)
    assert again.status_code == 422
    assert "stands on this desk already" in words(again)


def test_the_public_page_cannot_be_taken_out_of_use(plan: Plan, priya):
    assert priya.post(f"{HERE}/{plan.page_id}/closing").status_code == 422


def test_closing_deletes_the_secret_and_says_what_no_longer_goes(plan: Plan, priya):
    with plan.database.write() as session:
        desk = session.get_one(Desk, plan.house.desk.id)
        account_id = make.make_account(session, desk, handle="shop.example").id
    publication_id = plan.publication(accounts=[account_id])
    page = html.fromstring(priya.get(HERE).text)
    [form] = [f for f in page.forms if (f.get("action") or "").endswith(f"/{account_id}/closing")]
    assert "1 planned there do not go out" in form.get("data-confirm")
    priya.post(form.get("action"))
    with plan.database.read() as session:
        assert session.get(Credential, account_id) is None
        publication = session.get_one(Publication, publication_id)
        assert (publication.state, publication.reason) == (PublicationState.BLOCKED, "account")
    assert "shop.example" not in words(priya.get(HERE)).replace("shop.example is out of use", "")


def test_only_what_is_connected_can_be_tested(plan: Plan, priya):
    assert priya.post(f"{HERE}/{plan.practice_id}/check").status_code == 409


def test_another_desks_account_is_not_found(plan: Plan):
    sam = plan.client("sam")
    for act in ("closing", "check", "connection"):
        assert sam.post(f"/d/elsewhere/accounts/{plan.practice_id}/{act}").status_code == 404
    assert sam.get(f"/d/elsewhere/accounts/{plan.practice_id}/connection").status_code == 404


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        ({"host": "not a host"}, "host", "not the address of a server"),
        ({"host": "http://bsky.social"}, "host", "Use https://"),
        ({"host": ""}, "host", "Enter the server"),
        ({"identifier": ""}, "identifier", "handle"),
        ({"app_password": ""}, "app_password", "app password"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_password_is_never_shown(
    plan: Plan, priya, sent, field, sentence
):
    data = {
        "host": "https://bsky.social",
        "identifier": "shop.example",
        "app_password": "secret-words",
        **sent,
    }
    answer = priya.post(f"{HERE}/new/bluesky", data=data)
    assert answer.status_code == 422
    assert sentence in html.fromstring(answer.text).get_element_by_id(f"{field}-wrong").text_content()
    assert "secret-words" not in answer.text


def test_the_list_costs_few_queries(plan: Plan, priya, count_queries):
    priya.get(HERE)
    with count_queries(plan.database) as asked:
        priya.get(HERE)
    assert len([s for s in asked if not s.startswith(("BEGIN", "PRAGMA"))]) <= 15
