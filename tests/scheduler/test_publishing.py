"""From a claim to the network and back, on real databases and a counting network."""

import pytest
from sqlalchemy import select

from content_library import approvals
from content_library.database import Database
from scheduler import publishing, transitions
from scheduler.models import Attempt, AttemptOutcome, Publication, PublicationState
from scheduler.world import World
from service_channel.models.page_post import PagePost
from tests import factories as make
from tests.fakes import FakeServer, Mode
from tests.support.clock import FrozenClock

pytestmark = pytest.mark.network


def a_cleared_publication(
    database: Database, server: FakeServer, *, network: str = "page", **content: object
) -> int:
    with database.write() as session:
        desk = make.make_desk(session)
        author = make.make_user(session, "Maya Okafor", desk=desk)
        reviewers = make.make_reviewers(session)
        account = make.page_of(session, desk)
        if network != "page":
            account = make.make_account(session, desk, secret=dict(server.access().secret))
        post = make.make_post(session, desk, author, accounts=[account.id], **content)
        make.clear(session, post, author, reviewers)
        return make.plan(session, post, account, author).id


def run_due(world: World) -> int:
    """What one tick of an engine does, without waiting for the moment; returns how many were claimed."""
    with world.database.write() as session:
        now = session.info["clock"]()
        claims = transitions.claim(
            session, engine=world.engine, now=now, until=now, lease_s=180, most=100, per_account=100
        )
    for claim in claims:
        publishing.publish_one(world, claim)
    return len(claims)


def state_of(database: Database, publication_id: int) -> PublicationState:
    with database.read() as session:
        return session.get_one(Publication, publication_id).state


def test_a_cleared_post_goes_out_once_on_the_public_page(
    world: World, database: Database, clock: FrozenClock, fake_server: FakeServer
) -> None:
    publication_id = a_cleared_publication(database, fake_server)
    assert run_due(world) == 0  # not yet due
    clock.advance(minutes=1)
    assert run_due(world) == 1
    assert run_due(world) == 0
    with database.read() as session:
        assert session.get_one(Publication, publication_id).state is PublicationState.PUBLISHED
        standing = session.scalars(select(PagePost)).one()
        assert standing.text == "Vinegar and water, twenty minutes, rinse twice."
        attempt = session.scalars(select(Attempt)).one()
        assert attempt.outcome is AttemptOutcome.SENT


def test_what_loses_its_approval_is_never_sent(
    world: World, database: Database, clock: FrozenClock, fake_server: FakeServer
) -> None:
    publication_id = a_cleared_publication(database, fake_server, network="bluesky")
    before = fake_server.arrived()
    with database.write() as session:
        publication = session.get_one(Publication, publication_id)
        approval = approvals.approval_in_force(session, publication.post)
        assert approval is not None
        approvals.withdraw(session, publication.post, approval, actor=None, now=clock(), why="A mistake.")
    clock.advance(minutes=1)
    run_due(world)
    assert state_of(database, publication_id) is PublicationState.BLOCKED
    assert fake_server.arrived() == before


@pytest.mark.parametrize("mode", list(Mode))
def test_at_most_one_post_stands_whatever_the_network_does(
    world: World, database: Database, clock: FrozenClock, fake_server: FakeServer, mode: Mode
) -> None:
    publication_id = a_cleared_publication(database, fake_server, network="bluesky")
    before = fake_server.count()
    fake_server.order(mode, times=1, seconds=0.2)
    clock.advance(minutes=1)
    run_due(world)
    fake_server.order(Mode.OK)
    assert fake_server.count() - before <= 1
    assert state_of(database, publication_id) is not PublicationState.SENDING
