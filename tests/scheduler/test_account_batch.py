"""What a worker does for one account: everything that is due, in order, each at its moment, and then it lets go."""

import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from content_library.database import is_away
from scheduler import publishing, transitions
from scheduler.account_batch import AccountBatch
from scheduler.models import Publication, PublicationState
from scheduler.transitions import Claim
from tests import factories as make
from tests.scheduler.road import Road

pytestmark = pytest.mark.network


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


def batch_of(road: Road, publication_id: int, stopping: threading.Event) -> AccountBatch:
    account_id = road.get(publication_id).account_id
    return AccountBatch(
        road.world, account_id, lambda claim: publishing.publish_one(road.world, claim), stopping
    )


def move(road: Road, publication_id: int, due_at: datetime) -> None:
    with road.database.write() as session:
        session.execute(
            update(Publication)
            .where(Publication.id == publication_id)
            .values(due_at=due_at, late_at=due_at + timedelta(minutes=15), version=Publication.version + 1)
        )


def test_it_sends_what_is_due_in_order_and_ends(road: Road, stopping: threading.Event) -> None:
    first, second, third = road.plan(count=3)
    move(road, third, road.clock() - timedelta(seconds=5))
    road.clock.advance(minutes=1)
    batch_of(road, first, stopping).run()
    assert {road.state(one) for one in (first, second, third)} == {PublicationState.PUBLISHED}
    sent = [body["publication_id"] for body in road.server.posts().values()]
    assert sent[-3:] == [third, first, second]


def test_what_another_account_has_due_is_left_alone(road: Road, stopping: threading.Event) -> None:
    mine, other = road.plan(count=2)
    with road.database.write() as session:
        desk, _ = road.desk_and_lead(session)
        elsewhere = make.make_account(session, desk, handle="other.example")
        session.execute(
            update(Publication)
            .where(Publication.id == other)
            .values(account_id=elsewhere.id, version=Publication.version + 1)
        )
    road.clock.advance(minutes=1)
    batch_of(road, mine, stopping).run()
    assert road.state(mine) is PublicationState.PUBLISHED
    assert road.state(other) is PublicationState.PLANNED


def test_each_goes_at_its_moment(road: Road, stopping: threading.Event) -> None:
    publication_id = road.plan_one()
    move(road, publication_id, road.clock() + timedelta(seconds=0.3))
    began = time.monotonic()
    reached: list[float] = []
    batch = batch_of(road, publication_id, stopping)
    batch.publish = lambda _claim: reached.append(time.monotonic() - began)
    batch.run()
    assert 0.3 <= reached[0] < 3


def test_what_becomes_due_while_it_waits_goes_first(road: Road, stopping: threading.Event) -> None:
    road.world.timing = replace(road.world.timing, tick=0.05)
    first, second = road.plan(count=2)
    move(road, first, road.clock() + timedelta(seconds=1.5))
    batch, sent = batch_of(road, first, stopping), []
    batch.publish = lambda claim: sent.append(claim.publication_id)
    timer = threading.Timer(0.2, lambda: move(road, second, road.clock() - timedelta(seconds=1)))
    timer.start()
    batch.run()
    timer.join()
    assert sent == [second, first]


def test_asked_to_stop_it_gives_back_what_it_has_not_begun(road: Road, stopping: threading.Event) -> None:
    first, second = road.plan(count=2)
    road.clock.advance(minutes=1)
    batch = batch_of(road, first, stopping)

    def publish(claim: Claim) -> None:
        publishing.publish_one(road.world, claim)
        stopping.set()

    batch.publish = publish
    batch.run()
    assert road.state(first) is PublicationState.PUBLISHED
    assert road.state(second) is PublicationState.PLANNED


def test_one_that_breaks_keeps_the_next_from_nothing(road: Road, stopping: threading.Event) -> None:
    first, second = road.plan(count=2)
    road.clock.advance(minutes=1)
    batch = batch_of(road, first, stopping)

    def publish(claim: Claim) -> None:
        if claim.publication_id == first:
            raise OSError("the disk is away")
        publishing.publish_one(road.world, claim)

    batch.publish = publish
    batch.run()
    assert road.state(first) is PublicationState.CLAIMED
    assert road.state(second) is PublicationState.PUBLISHED


def test_a_clock_that_jumped_claims_nothing(road: Road, stopping: threading.Event) -> None:
    publication_id = road.plan_one()
    batch_of(road, publication_id, stopping).run()
    road.clock.advance(hours=1)  # the other clock has not moved
    batch_of(road, publication_id, stopping).run()
    assert road.state(publication_id) is PublicationState.PLANNED


def test_an_account_on_which_anything_is_being_sent_is_not_begun(
    road: Road, stopping: threading.Event
) -> None:
    first, second = road.plan(count=2)
    road.clock.advance(minutes=1)
    with road.database.write() as session:
        mine = transitions.claim(
            session, engine=road.world.engine, now=road.clock(), until=road.clock(), lease_s=180, most=1,
            per_account=1, account_id=road.get(first).account_id,
        )  # fmt: skip
        revision_id = session.get_one(Publication, mine[0].publication_id).revision_id
        assert transitions.mark(session, {mine[0]: revision_id}, now=road.clock(), send_by_s=60)
    batch_of(road, first, stopping).run()
    assert road.state(second) is PublicationState.PLANNED


def test_more_than_one_look_brings_goes_out_too(road: Road, stopping: threading.Event) -> None:
    ids = road.plan(count=3)
    road.clock.advance(minutes=1)
    batch = batch_of(road, ids[0], stopping)
    batch.at_once = 1
    batch.run()
    assert {road.state(one) for one in ids} == {PublicationState.PUBLISHED}


@pytest.mark.on("postgresql")
def test_whoever_falls_asleep_while_claiming_holds_nobody_up(
    road: Road, stopping: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    monkeypatch.setattr(transitions, "CLAIM_ASLEEP_MS", 300)
    with closing(road.database.session(writing=True)) as asleep:
        asleep.execute(
            text("SET LOCAL idle_in_transaction_session_timeout = 0")
        )  # by itself it would wait for ever
        held = transitions.claim(
            asleep, engine="asleep", now=road.clock(), until=road.clock(), lease_s=180, most=1, per_account=1,
        )  # fmt: skip
        assert [one.publication_id for one in held] == [publication_id]
        running = threading.Thread(target=batch_of(road, publication_id, stopping).run, daemon=True)
        running.start()
        running.join(30)
        assert road.state(publication_id) is PublicationState.PUBLISHED
        with pytest.raises(DBAPIError, match="idle-in-transaction timeout") as cut:
            asleep.commit()
        assert is_away(cut.value)


def test_claims_of_a_worker_wait_for_their_turn(road: Road, stopping: threading.Event) -> None:
    """They hold no connection meanwhile, which others need to record what was sent."""
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    turn = threading.BoundedSemaphore(1)
    batch = batch_of(road, publication_id, stopping)
    batch.claiming = turn
    with turn:
        running = threading.Thread(target=batch.run)
        running.start()
        time.sleep(0.2)
        assert road.state(publication_id) is PublicationState.PLANNED
        assert road.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    running.join(10)
    assert road.state(publication_id) is PublicationState.PUBLISHED


def test_what_grew_too_old_while_it_waited_is_claimed_anew_and_goes_out_once(
    road: Road, stopping: threading.Event
) -> None:
    """The network takes so long for the first that the lease of the others no longer suffices."""
    ids = road.plan(count=3)
    road.clock.advance(minutes=1)
    now = [100.0]
    world = replace(road.world, monotonic=lambda: now[0], timing=replace(road.world.timing, tick=0.05))
    fences: dict[int, int] = {}

    def publish(claim: Claim) -> None:
        publishing.publish_one(world, claim)
        fences[claim.publication_id] = claim.fence
        if len(fences) == 1:
            now[0] += world.timing.lease
            road.clock.advance(seconds=int(world.timing.lease))

    AccountBatch(world, road.get(ids[0]).account_id, publish, stopping).run()
    assert {road.state(one) for one in ids} == {PublicationState.PUBLISHED}
    assert fences == {ids[0]: 1, ids[1]: 2, ids[2]: 2}
    assert [body["publication_id"] for body in road.server.posts().values()][-3:] == ids
