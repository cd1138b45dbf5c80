"""A network forgets our key before we ask again; the answer to a renewal is lost."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.models.user import DeskRole
from scheduler.models import PublicationState
from service_channel import accounts
from service_channel.models.credential import Credential
from service_channel.networks.base import Connection
from tests import factories as make
from tests.drills.classes import K
from tests.drills.engines import THROUGH_SENDERS, wait_until
from tests.drills.stage import Stage
from tests.fakes import FakeServer, Mode

pytestmark = [pytest.mark.network, pytest.mark.slow]

KEY_WINDOW_S = 4.0


@pytest.mark.parametrize(("point", "arrives"), [("before_send", 0), ("sent", 1)])
def test_a_key_the_network_may_have_forgotten_is_not_relied_on(
    stage: Stage, point: str, arrives: int
) -> None:
    """It would take a second try for another post, and nobody can look: a person is asked."""
    stage.engines.timing = {**THROUGH_SENDERS, "DRILL_KEY_WINDOW_S": str(KEY_WINDOW_S)}
    victim = stage.engines.start(crash_at=point)
    stage.plan("single", of=K)
    victim.wait_dead()
    time.sleep(KEY_WINDOW_S)
    stage.server.order(Mode.FORGETFUL)
    stage.engines.start()
    stage.hurry_until_over()
    assert stage.states() == {PublicationState.NEEDS_PERSON: 1}
    stage.assert_promise(published=False)
    assert (stage.arrived(), sum(stage.posts().values())) == (arrives, arrives)


def test_where_the_answer_to_a_renewal_is_lost_a_person_signs_in_and_what_waited_goes_once(
    stage: Stage,
) -> None:
    with FakeServer.start() as server:
        stage.go_to(server)
        server.order(Mode.UNRENEWED)
        stage.plan("single", "thread", in_s=0.1)
        appoint_a_lead(stage)
        runs_out(stage)
        stage.engines.start()
        wait_until(lambda: said_of_it(stage).startswith("It could not be renewed:"), "the answer is lost")
        assert state_of_account(stage) is AccountState.ACTIVE, "one failure disconnects nobody"
        wait_until(lambda: tried_again(stage), "the token it has is worth nothing any more")
        stage.let_pauses_pass()
        wait_until(lambda: stage.states() == {PublicationState.BLOCKED: 2}, "what waits says so")
        assert all("connected again" in said for said in stage.explanations())
        with stage.database.read() as session:
            assert list(session.scalars(select(Notice.text).where(Notice.kind == "account.reconnect")))
        assert stage.arrived() == 0
        server.order(Mode.OK)
        sign_in(stage, server)
        stage.hurry_until_over()
        stage.assert_promise()


def appoint_a_lead(stage: Stage) -> None:
    with stage.database.write() as session:
        make.make_user(session, "Priya Nair", desk=session.scalars(select(Desk)).one(), role=DeskRole.LEAD)


def runs_out(stage: Stage) -> None:
    """Its token is over as of now."""
    with stage.database.write() as session:
        session.execute(update(Credential).values(expires_at=datetime.now(UTC)))


def said_of_it(stage: Stage) -> str:
    with stage.database.read() as session:
        return session.scalars(select(Credential.problem)).one()


def state_of_account(stage: Stage) -> AccountState:
    with stage.database.read() as session:
        return session.scalars(select(Account.state).where(Account.network == "bluesky")).one()


def tried_again(stage: Stage) -> bool:
    """Whether the connection is known to be lost; the minute between two tries passes at once."""
    with stage.database.write() as session:
        session.execute(update(Credential).values(renewing_until=None))
    return state_of_account(stage) is AccountState.RECONNECT


def sign_in(stage: Stage, server: FakeServer) -> None:
    """As a lead does it under Accounts."""
    with stage.database.write() as session:
        account = session.scalars(select(Account).where(Account.network == "bluesky")).one()
        desk = session.get_one(Desk, account.desk_id)
        ruth = make.make_user(session, "Ruth Adeyemi", is_administrator=True)
        found = Connection(account.handle, account.name, account.remote_id, account.url, server.sign_in())
        accounts.connect(
            session, desk, account.network, found, vault=make.VAULT, actor=ruth, now=datetime.now(UTC)
        )
