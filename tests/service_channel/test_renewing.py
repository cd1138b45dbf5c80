"""Tokens that run out: who renews, what is kept, and when a person is asked."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.database import Database
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.models.user import DeskRole
from service_channel import accounts, allowances, connection_health, renewing
from service_channel.models.allowance import Allowance
from service_channel.models.credential import Credential
from service_channel.networks.base import Access, Connection, Outcome, Renewed
from service_channel.rate_headers import LONGEST
from service_channel.token_vault import TokenVault
from tests import factories as make
from tests.factories import NOW, VAULT
from tests.support.clock import FrozenClock

SOON = NOW + timedelta(minutes=5)


class Renewing:
    """A network that renews as it is told, and remembers with which secret it was asked."""

    key = "bluesky"

    def __init__(self, answer: Callable[[Access], Renewed]) -> None:
        self.answer, self.asked = answer, list[str]()

    def renew(self, access: Access, *, now: datetime, deadline_s: float) -> Renewed:
        self.asked.append(str(access.secret["token"]))
        return self.answer(access)


def gives_new(access: Access) -> Renewed:
    return Renewed(Outcome.SENT, {"token": "new"}, expires_at=NOW + timedelta(hours=2))


@pytest.fixture
def account_id(database: Database, clock: FrozenClock) -> int:
    """An account whose token runs out in five minutes."""
    clock.set(NOW)
    with database.write() as session:
        desk = make.make_desk(session)
        make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
        account = make.make_account(session, desk, secret={"token": "old"})
        session.get_one(Credential, account.id).expires_at = SOON
        return account.id


def claim(database: Database, *, now: datetime = NOW) -> list[int]:
    with database.write() as session:
        return renewing.claim_due(session, {"bluesky"}, now=now)


def of(session: Session, account_id: int) -> tuple[Account, Credential]:
    return session.get_one(Account, account_id), session.get_one(Credential, account_id)


def secret(database: Database, account_id: int) -> str:
    with database.read() as session:
        account = session.get_one(Account, account_id)
        return str(accounts.access(session, account, database=database, vault=VAULT).secret["token"])


def test_what_runs_out_soon_is_renewed_by_one_and_kept(database: Database, account_id: int) -> None:
    assert claim(database) == [account_id]
    assert claim(database) == [], "another engine leaves it to the first"
    network = Renewing(gives_new)
    assert renewing.renew(database, network, VAULT, account_id) is Outcome.SENT
    assert network.asked == ["old"]
    assert secret(database, account_id) == "new"
    assert claim(database) == [], "it is not due any more"
    with database.read() as session:
        _account, credential = of(session, account_id)
        assert (credential.expires_at, credential.renewed_at) == (NOW + timedelta(hours=2), NOW)


def test_what_lasts_longer_or_is_of_a_network_that_renews_nothing_is_left_alone(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        assert renewing.claim_due(session, {"x"}, now=NOW) == []
        of(session, account_id)[1].expires_at = NOW + timedelta(hours=1)
    assert claim(database) == []


def test_one_failure_disconnects_nobody_and_is_tried_again_a_minute_later(
    database: Database, account_id: int
) -> None:
    claim(database)
    broken = Renewing(lambda _access: Renewed(Outcome.UNKNOWN, message="It broke."))
    renewing.renew(database, broken, VAULT, account_id)
    with database.read() as session:
        account, credential = of(session, account_id)
        assert account.state is AccountState.ACTIVE
        assert "It broke." in credential.problem
    assert secret(database, account_id) == "old"
    assert claim(database, now=NOW + timedelta(seconds=59)) == []
    assert claim(database, now=NOW + timedelta(seconds=60)) == [account_id]


def test_a_crash_of_the_network_s_adapter_disconnects_nobody(database: Database, account_id: int) -> None:
    def breaks(_access: Access) -> Renewed:
        raise ValueError("no")

    claim(database)
    assert renewing.renew(database, Renewing(breaks), VAULT, account_id) is Outcome.UNKNOWN
    with database.read() as session:
        assert of(session, account_id)[0].state is AccountState.ACTIVE


def test_a_network_that_renews_no_more_asks_for_a_person_and_tells_the_leads(
    database: Database, account_id: int
) -> None:
    claim(database)
    refused = Renewing(lambda _access: Renewed(Outcome.SIGNED_OUT, message="The permission was taken back."))
    renewing.renew(database, refused, VAULT, account_id)
    with database.read() as session:
        assert of(session, account_id)[0].state is AccountState.RECONNECT
        assert "account.reconnect" in session.scalars(select(Notice.kind)).all()


def test_a_secret_under_a_key_that_is_not_ours_asks_for_a_person(database: Database, account_id: int) -> None:
    claim(database)
    network = Renewing(gives_new)
    assert renewing.renew(database, network, TokenVault(["another key"]), account_id) is Outcome.SIGNED_OUT
    assert network.asked == []


def test_a_refused_token_is_renewed_first_and_lost_only_when_that_does_not_help(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        account, credential = of(session, account_id)
        credential.expires_at = NOW + timedelta(hours=1)
        assert not connection_health.refused(session, account, "401", now=NOW)
        assert account.state is AccountState.ACTIVE
    assert claim(database) == [account_id]
    renewing.renew(database, Renewing(gives_new), VAULT, account_id)
    with database.write() as session:
        account, _credential = of(session, account_id)
        assert connection_health.refused(session, account, "401", now=NOW + timedelta(minutes=1))
        assert account.state is AccountState.RECONNECT


def test_a_refused_token_that_nothing_renews_is_lost_at_once(database: Database, account_id: int) -> None:
    with database.write() as session:
        account, credential = of(session, account_id)
        credential.expires_at = None
        assert connection_health.refused(session, account, "401", now=NOW)


@pytest.mark.parametrize(("days", "told"), [(8, 0), (6, 1), (0.5, 1)])
def test_the_leads_are_told_before_a_connection_ends(
    database: Database, account_id: int, days: float, told: int
) -> None:
    with database.write() as session:
        of(session, account_id)[1].dies_at = NOW + timedelta(days=days)
    for _ in range(3):
        with database.write() as session:
            renewing.tell_dying(session, now=NOW)
    with database.read() as session:
        kinds = session.scalars(select(Notice.kind)).all()
        assert kinds.count("account.expiring") == told


def test_a_week_before_and_a_day_before_are_two_words(database: Database, account_id: int) -> None:
    with database.write() as session:
        of(session, account_id)[1].dies_at = NOW + timedelta(days=7)
        renewing.tell_dying(session, now=NOW)
        renewing.tell_dying(session, now=NOW + timedelta(days=6))
    with database.read() as session:
        texts = session.scalars(select(Notice.text).where(Notice.kind == "account.expiring")).all()
        assert sorted("tomorrow" in text for text in texts) == [False, True]


def test_a_connection_that_is_over_asks_for_a_person(database: Database, account_id: int) -> None:
    with database.write() as session:
        of(session, account_id)[1].dies_at = NOW
        assert renewing.end_dead(session, now=NOW) == 1
        assert of(session, account_id)[0].state is AccountState.RECONNECT
        assert renewing.end_dead(session, now=NOW) == 0


def test_what_is_sealed_under_a_former_key_moves_to_the_first_one(
    database: Database, account_id: int
) -> None:
    both = TokenVault(["a newer key", make.VAULT_KEY])
    with database.write() as session:
        assert accounts.seal_again(session, vault=both) == 1
        assert accounts.seal_again(session, vault=both) == 0
        assert of(session, account_id)[1].key_id == both.key_id != VAULT.key_id
    with database.read() as session:
        account = session.get_one(Account, account_id)
        only_new = TokenVault(["a newer key"])
        assert accounts.access(session, account, database=database, vault=only_new).secret == {"token": "old"}


def test_access_that_lasts_for_minutes_is_not_renewed_all_the_time(
    database: Database, account_id: int
) -> None:
    def gives_little(_access: Access) -> Renewed:
        return Renewed(Outcome.SENT, {"token": "new"}, expires_at=NOW + timedelta(minutes=5))

    claim(database)
    renewing.renew(database, Renewing(gives_little), VAULT, account_id)
    assert claim(database, now=NOW + renewing.PACE - timedelta(seconds=1)) == []
    assert claim(database, now=NOW + renewing.PACE) == [account_id]


def test_a_refusal_meanwhile_lets_no_second_one_renew_beside_the_first(
    database: Database, account_id: int
) -> None:
    assert claim(database) == [account_id]
    with database.write() as session:
        account, _credential = of(session, account_id)
        assert not connection_health.refused(session, account, "401", now=NOW)
    assert claim(database) == [], "a refresh token counts once: who holds the claim uses it alone"


def test_what_is_kept_now_can_be_read_again_by_who_read_before(database: Database, account_id: int) -> None:
    with database.read() as session:
        account = session.get_one(Account, account_id)
        access = accounts.access(session, account, database=database, vault=VAULT)
    claim(database)
    renewing.renew(database, Renewing(gives_new), VAULT, account_id)
    assert (access.secret["token"], access.latest()["token"]) == ("old", "new")


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.SIGNED_OUT])
def test_who_connects_an_account_anew_meanwhile_is_not_overwritten(
    database: Database, account_id: int, outcome: Outcome
) -> None:
    def connects(_access: Access) -> Renewed:
        with database.write() as session:
            account, credential = of(session, account_id)
            credential.secret = accounts.seal_secret(VAULT, account.id, {"token": "of a person"})
            credential.connected_at = NOW + timedelta(seconds=1)
        return Renewed(outcome, {"token": "new"}, message="over")

    claim(database)
    renewing.renew(database, Renewing(connects), VAULT, account_id)
    assert secret(database, account_id) == "of a person"
    with database.read() as session:
        assert of(session, account_id)[0].state is AccountState.ACTIVE


def test_a_refused_token_that_dies_when_it_expires_is_lost_at_once(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        account, credential = of(session, account_id)
        credential.expires_at = credential.dies_at = NOW + timedelta(days=60)
        assert connection_health.refused(session, account, "401", now=NOW)
        assert account.state is AccountState.RECONNECT


def test_the_refusal_of_a_token_that_was_renewed_meanwhile_says_nothing(
    database: Database, account_id: int
) -> None:
    with database.write() as session:
        account, credential = of(session, account_id)
        credential.renewed_at = NOW
        late = {"now": NOW + timedelta(seconds=2)}
        assert not connection_health.refused(
            session, account, "401", since=NOW - timedelta(seconds=1), **late
        )
        assert (account.state, credential.expires_at) == (AccountState.ACTIVE, SOON)
        assert connection_health.refused(session, account, "401", since=NOW + timedelta(seconds=1), **late)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-app-usage": "[" * 100_000},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "Mon, 1 Jan 99999999999999999999 00:00:00 GMT"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_no_header_keeps_us_from_noting_what_was_sent(
    database: Database, account_id: int, headers: dict[str, str]
) -> None:
    with database.write() as session:
        allowances.heard(session, account_id, {"headers": headers}, now=NOW)
    with database.read() as session:
        assert session.get(Allowance, account_id) is None


def test_connecting_anew_forgets_what_was_left_to_the_former_connection(
    database: Database, account_id: int
) -> None:
    nothing = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3600000"}
    with database.write() as session:
        allowances.heard(session, account_id, {"headers": nothing}, now=NOW)
        assert session.get_one(Allowance, account_id).calls_until == NOW + LONGEST
        account, _ = of(session, account_id)
        found = Connection(account.handle, account.name, account.remote_id, account.url, {"token": "x"})
        desk = session.get_one(Desk, account.desk_id)
        sam = make.make_user(session, "Sam Ito", is_administrator=True)
        accounts.connect(session, desk, account.network, found, vault=VAULT, actor=sam, now=NOW)
    with database.read() as session:
        assert session.get_one(Allowance, account_id).calls_left is None
