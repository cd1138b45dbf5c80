"""Two people, or two engines, in the same moment: what wins is whole, and nothing slips between asking and marking."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import approvals, catalogue, facts, ladder
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.fact import Fact
from content_library.models.format import Format, Kind, Tone
from content_library.models.user import TeamMembership, User
from content_library.settings import Timing
from scheduler import gate, holds, points, publishing, transitions
from scheduler.clock_watch import ClockWatch
from scheduler.models import Publication, PublicationState
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel.networks.page import Page
from tests import factories as make
from tests.fakes import CountingNetwork, FakeServer
from tests.scheduler.road import THREAD, Road
from tests.support.clock import FrozenClock

pytestmark = pytest.mark.network


@pytest.fixture
def postgres_road(
    postgres_url: str, clock: FrozenClock, fake_server: FakeServer, tmp_path: Path
) -> Iterator[Road]:
    """The road on PostgreSQL, where writers do not queue up."""
    database, counting = Database(postgres_url, clock=clock), CountingNetwork()
    networks = {"page": Page(), "bluesky": counting}
    world = World(database, networks, make.VAULT, tmp_path, Timing(), "engine-1", ClockWatch(120.0))
    yield Road(world, clock, fake_server)
    counting.close()
    database.dispose()


def one_claimed(road: Road, **how: object) -> Claim:
    road.plan_one(**how)
    road.clock.advance(minutes=1)
    (claim,) = road.claim()
    return claim


@contextmanager
def asked(road: Road, claim: Claim) -> Iterator[tuple[Session, gate.Passed]]:
    """A marking transaction that has passed the gate and has not marked yet."""
    with road.database.write() as session:
        answer = gate.ask(session, claim.publication_id, now=road.clock())
        assert isinstance(answer, gate.Passed)
        yield session, answer


def mark(session: Session, road: Road, claim: Claim, answer: gate.Passed) -> bool:
    return bool(transitions.mark(session, {claim: answer.revision_id}, now=road.clock(), send_by_s=60))


def withdraw(road: Road, claim: Claim) -> None:
    with road.database.write() as session:
        withdraw_in(session, road, claim)


def withdraw_in(session: Session, road: Road, claim: Claim) -> None:
    post = session.get_one(Publication, claim.publication_id).post
    approval = approvals.approval_in_force(session, post)
    assert approval is not None
    approvals.withdraw(session, post, approval, actor=None, now=road.clock(), why="A mistake.")


PRICE = "It costs {{price}}."


def one_with_a_fact(road: Road, **how: object) -> Claim:
    """One claimed publication that says what a fact says."""
    return one_claimed(road, facts={"price": "12 €"}, **{"text": PRICE, **how})


def change_fact(road: Road) -> None:
    with road.database.write() as session:
        change_fact_in(session, road)


def change_fact_in(session: Session, road: Road) -> None:
    desk, lead = road.desk_and_lead(session)
    fact = session.scalars(select(Fact).filter_by(desk_id=desk.id)).one()
    facts.change_fact(session, fact, "14 €", why="Dearer.", seen=1, actor=lead, now=road.clock())


def stop(road: Road) -> None:
    with road.database.write() as session:
        stop_in(session, road)


def stop_in(session: Session, road: Road) -> None:
    desk, lead = road.desk_and_lead(session)
    holds.stop_desk(session, desk, "Wait.", actor=lead, now=road.clock())


def promotion(road: Road) -> dict[str, str]:
    """A format that needs the third stage and asks for nothing else."""
    with road.database.write() as session:
        catalogue.install(session, now=make.NOW)
        steps = [[{"team": "marketing", "why": "Voice.", "quorum": 1}]]
        session.add(
            Format(
                key="a_promotion", kind=Kind.PROMOTION, name="A promotion", purpose="", tone=Tone.PROMOTIONAL,
                fields=[], steps=steps, position=90,
            )
        )  # fmt: skip
    return {"format_key": "a_promotion"}


def climb(road: Road, claim: Claim) -> None:
    """The account is on the ladder, high enough for what is claimed."""
    with road.database.write() as session:
        _desk, lead = road.desk_and_lead(session)
        account = session.get_one(Account, claim.account_id)
        ladder.switch_on(session, account, 3, "x", actor=lead, now=road.clock())


def step_down(road: Road, claim: Claim) -> None:
    with road.database.write() as session:
        step_down_in(session, road, claim)


def step_down_in(session: Session, road: Road, claim: Claim) -> None:
    _desk, lead = road.desk_and_lead(session)
    account = session.get_one(Account, claim.account_id)
    ladder.step_down(session, account, 1, "A breach.", actor=lead, now=road.clock())


def test_a_step_down_between_asking_and_marking_stops_what_was_claimed(postgres_road: Road) -> None:
    road = postgres_road
    claim = one_claimed(road, **promotion(road))
    climb(road, claim)
    with asked(road, claim) as (session, answer):
        step_down(road, claim)
        assert not mark(session, road, claim, answer)
    assert road.state(claim.publication_id) is PublicationState.BLOCKED


def test_a_step_down_while_it_is_being_marked_waits_and_leaves_it_alone(postgres_road: Road) -> None:
    road = postgres_road
    claim = one_claimed(road, **promotion(road))
    climb(road, claim)
    late = threading.Thread(target=lambda: step_down(road, claim))
    with asked(road, claim) as (session, answer):
        assert mark(session, road, claim, answer)
        late.start()
        late.join(0.3)
        assert late.is_alive()
    late.join(10)
    assert not late.is_alive()
    assert road.state(claim.publication_id) is PublicationState.SENDING


def test_between_two_parts_of_a_thread_a_step_down_keeps_the_rest_back(postgres_road: Road) -> None:
    road = postgres_road
    claim = one_claimed(road, text=THREAD, thread=True, **promotion(road))
    climb(road, claim)
    stepped = threading.Event()

    def down() -> None:
        with road.database.write() as session:
            step_down_in(session, road, claim)
            stepped.set()
            threading.Event().wait(0.3)  # the first part's answer is being recorded meanwhile

    def once(point: str) -> None:
        if point == "before_record":
            points.on_reach(None)
            threading.Thread(target=down).start()
            assert stepped.wait(10)

    points.on_reach(once)
    publishing.publish_one(road.world, claim)
    assert [body["index"] for body in road.posts()] == [0]
    assert road.state(claim.publication_id) is PublicationState.BLOCKED


@pytest.mark.parametrize("act", ["withdraw", "stop"])
def test_what_is_taken_back_between_asking_and_marking_is_not_marked(postgres_road: Road, act: str) -> None:
    road = postgres_road
    claim = one_claimed(road)
    with asked(road, claim) as (session, answer):
        withdraw(road, claim) if act == "withdraw" else stop(road)
        assert not mark(session, road, claim, answer)
    assert road.state(claim.publication_id) in (PublicationState.BLOCKED, PublicationState.HELD)


def test_a_fact_changed_between_asking_and_marking_keeps_the_old_value_back(postgres_road: Road) -> None:
    road = postgres_road
    claim = one_with_a_fact(road)
    with asked(road, claim) as (session, answer):
        assert "12 €" in answer.payload
        change_fact(road)
        assert not mark(session, road, claim, answer)
    assert road.state(claim.publication_id) is PublicationState.BLOCKED


def test_a_fact_changed_between_claiming_and_asking_keeps_the_old_value_back(road: Road) -> None:
    claim = one_with_a_fact(road)
    change_fact(road)
    publishing.publish_one(road.world, claim)
    assert road.posts() == []
    assert road.state(claim.publication_id) is PublicationState.BLOCKED


def test_who_changes_a_fact_while_it_is_being_marked_waits_and_leaves_it_alone(postgres_road: Road) -> None:
    road = postgres_road
    claim = one_with_a_fact(road)
    late = threading.Thread(target=lambda: change_fact(road))
    with asked(road, claim) as (session, answer):
        assert mark(session, road, claim, answer)
        late.start()
        late.join(0.3)
        assert late.is_alive()
    late.join(10)
    assert not late.is_alive()
    assert road.state(claim.publication_id) is PublicationState.SENDING


def test_between_two_parts_of_a_thread_a_changed_fact_is_heard(road: Road) -> None:
    claim = one_with_a_fact(road, text=f"{PRICE} {THREAD}", thread=True)

    def once(point: str) -> None:
        if point == "recorded":
            points.on_reach(None)
            change_fact(road)

    points.on_reach(once)
    publishing.publish_one(road.world, claim)
    assert [body["index"] for body in road.posts()] == [0]
    assert road.state(claim.publication_id) is PublicationState.BLOCKED


def test_a_revision_bound_between_asking_and_marking_is_not_marked_for_the_old_one(
    postgres_road: Road,
) -> None:
    road = postgres_road
    claim = one_claimed(road)
    with asked(road, claim) as (session, answer):
        with road.database.write() as other:
            publication = other.get_one(Publication, claim.publication_id)
            post, author = publication.post, publication.created_by
            assert author is not None
            make.save(other, post, author, text="Citric acid works too.")
            submission = make.submit(other, post, author)
            people = {review.team.key: reviewer(other, review.team_id) for review in submission.reviews}
            for review in submission.reviews:
                make.decide(other, review, people[review.team.key])
        assert not mark(session, road, claim, answer)


def reviewer(session: Session, team_id: int):  # type: ignore[no-untyped-def]
    return session.scalars(select(User).join(TeamMembership).where(TeamMembership.team_id == team_id)).first()


@pytest.mark.parametrize("act", ["withdraw", "stop"])
def test_who_comes_while_it_is_being_marked_waits_and_leaves_it_alone(postgres_road: Road, act: str) -> None:
    road = postgres_road
    claim = one_claimed(road)
    late = threading.Thread(
        target=(lambda: withdraw(road, claim)) if act == "withdraw" else lambda: stop(road)
    )
    with asked(road, claim) as (session, answer):
        assert mark(session, road, claim, answer)
        late.start()
        late.join(0.3)
        assert late.is_alive()
    late.join(10)
    assert not late.is_alive()
    assert road.state(claim.publication_id) is PublicationState.SENDING


@pytest.mark.parametrize("act", ["withdraw", "stop"])
def test_between_two_parts_of_a_thread_whoever_takes_it_back_is_heard(postgres_road: Road, act: str) -> None:
    road = postgres_road
    claim = one_claimed(road, text=THREAD, thread=True)
    taken_back = threading.Event()

    def take_back() -> None:
        with road.database.write() as session:
            if act == "stop":
                stop_in(session, road)
            else:
                withdraw_in(session, road, claim)
            taken_back.set()
            threading.Event().wait(0.3)  # the first part's answer is being recorded meanwhile

    def once(point: str) -> None:
        if point == "before_record":
            points.on_reach(None)
            threading.Thread(target=take_back).start()
            assert taken_back.wait(10)

    points.on_reach(once)
    publishing.publish_one(road.world, claim)
    assert [body["index"] for body in road.posts()] == [0]
    assert road.state(claim.publication_id) in (PublicationState.BLOCKED, PublicationState.HELD)


def test_one_account_never_has_two_posts_on_their_way(road: Road) -> None:
    road.plan(count=2)
    road.clock.advance(minutes=1)
    first, second = road.claim()
    first_is_sending, second_was_tried = threading.Event(), threading.Event()
    most: list[int] = []

    def watch(point: str) -> None:
        if point == "marked":
            first_is_sending.set()
            assert second_was_tried.wait(10)
        if point == "before_send":
            with road.database.read() as session:
                sending = Publication.state == PublicationState.SENDING
                most.append(session.scalar(select(func.count(Publication.id)).where(sending)) or 0)

    points.on_reach(watch)
    sender = threading.Thread(target=publishing.publish_one, args=(road.world, first))
    sender.start()
    assert first_is_sending.wait(10)
    publishing.publish_one(road.world, second)
    assert road.state(second.publication_id) is PublicationState.PLANNED
    second_was_tried.set()
    sender.join(10)
    points.on_reach(None)
    road.tick()
    assert road.state(second.publication_id) is PublicationState.PUBLISHED
    assert most == [1]
    assert len(road.posts()) == 2
