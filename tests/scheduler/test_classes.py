"""What each class of network is promised, with a network that counts and senders that are real processes.

Class K: once, by the server's memory of our key. Q: once, or a question. B: at most once, and a question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from scheduler import holds, planning, settling
from scheduler.models import AttemptOutcome, Publication, PublicationState
from scheduler.senders import Senders
from service_channel.networks.base import Network, NetworkClass
from tests.drills.engines import wait_until
from tests.fakes import FakeServer, Mode
from tests.posting_fakes import KEY_WINDOW_S, PostingNetwork
from tests.scheduler.road import THREAD, Road
from tests.scheduler.scene import utc

pytestmark = pytest.mark.network

K, Q, B = NetworkClass.KEYED, NetworkClass.QUERYABLE, NetworkClass.BLIND
PUBLISHED, UNKNOWN, PLANNED, NEEDS_PERSON = (
    PublicationState.PUBLISHED,
    PublicationState.UNKNOWN,
    PublicationState.PLANNED,
    PublicationState.NEEDS_PERSON,
)
UNCLEAR = (
    Mode.FAIL_BEFORE,
    Mode.FAIL_AFTER,
    Mode.RESET_BEFORE,
    Mode.RESET_AFTER,
    Mode.GARBAGE,
    Mode.DUPLICATE,
)
ARRIVES = {Mode.FAIL_AFTER, Mode.RESET_AFTER, Mode.GARBAGE, Mode.DUPLICATE}


def make(kind: NetworkClass, can_read: bool = True) -> Mapping[str, Network]:
    return {"bluesky": PostingNetwork("bluesky", kind, can_read=can_read)}


@pytest.fixture
def fake_server() -> Iterator[FakeServer]:
    """One for each test: posts with the same words are told apart by when they were made."""
    with FakeServer.start() as server:
        yield server


@pytest.fixture
def of(road: Road) -> Iterator[Any]:
    """Let the account be on a network of a class."""
    started: list[Senders] = []

    def become(kind: NetworkClass, *, can_read: bool = True) -> Road:
        road.use(PostingNetwork("bluesky", kind, can_read=can_read))
        road.world.senders = Senders(partial(make, kind, can_read), most=2, preload="tests.posting_fakes")
        road.world.senders.start()
        started.append(road.world.senders)
        return road

    yield become
    for senders in started:
        senders.stop()


def quiet_s(road: Road) -> float:
    return road.world.timing.send_deadline + road.world.timing.settle


@pytest.mark.parametrize("kind", [K, Q, B])
def test_without_trouble_a_thread_is_out_once_in_its_order(of: Any, kind: NetworkClass) -> None:
    road = of(kind)
    publication_id = road.plan_one(text=THREAD, thread=True)
    road.go()
    assert road.state(publication_id) is PUBLISHED
    assert [body["index"] for body in road.posts()] == [0, 1, 2]


@pytest.mark.parametrize("mode", UNCLEAR)
@pytest.mark.parametrize("kind", [K, Q])
def test_an_unclear_answer_ends_in_one_post(of: Any, kind: NetworkClass, mode: Mode) -> None:
    road = of(kind)
    publication_id = road.plan_one()
    road.server.order(mode, times=1)
    road.go()
    assert road.state(publication_id) is UNKNOWN
    road.settle(rounds=30)
    assert road.state(publication_id) is PUBLISHED
    assert len(road.posts()) == 1


def test_where_it_can_be_read_it_is_found_at_once_and_not_sent_again(of: Any) -> None:
    road = of(Q)
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()
    road.look()
    assert road.state(publication_id) is PUBLISHED
    assert road.arrived() == 1


def test_without_a_key_it_is_sent_again_only_after_two_looks_at_rest(of: Any) -> None:
    road = of(Q)
    publication_id = road.plan_one()
    road.server.order(Mode.RESET_BEFORE, times=1)
    road.go()
    road.look()  # too early to count
    assert road.state(publication_id) is UNKNOWN
    road.clock.advance(seconds=quiet_s(road) - 1)
    road.look()
    assert road.outcomes(publication_id).count(("look", AttemptOutcome.ABSENT)) == 1
    road.clock.advance(seconds=1)
    road.look()
    assert road.state(publication_id) is UNKNOWN
    road.clock.advance(seconds=road.world.timing.look_gap - 1)
    road.look()
    assert road.state(publication_id) is UNKNOWN
    road.clock.advance(seconds=1)
    road.look()
    assert road.state(publication_id) is PLANNED
    road.settle(rounds=4)
    assert road.state(publication_id) is PUBLISHED
    assert (len(road.posts()), road.arrived()) == (1, 2)


def test_a_post_that_arrives_late_is_found_before_it_is_sent_again(of: Any) -> None:
    road = of(Q)
    publication_id = road.plan_one()
    road.server.order(Mode.LATE, times=1, seconds=1)
    road.go()
    road.look()
    assert road.state(publication_id) is PUBLISHED
    assert (len(road.posts()), road.arrived()) == (1, 1)


def test_without_a_key_a_second_unclear_try_asks_a_person(of: Any) -> None:
    road = of(Q)
    publication_id = road.plan_one()
    road.server.order(Mode.RESET_BEFORE, times=2)
    road.go()
    road.settle(rounds=40)
    assert road.state(publication_id) is NEEDS_PERSON
    assert road.arrived() == 2
    assert "publication.needs_person" in road.told()


@pytest.mark.parametrize("mode", UNCLEAR)
def test_where_nobody_can_look_a_person_is_asked_at_once(of: Any, mode: Mode) -> None:
    road = of(B)
    publication_id = road.plan_one()
    road.server.order(mode, times=1)
    road.go()
    road.look()
    assert road.state(publication_id) is NEEDS_PERSON
    road.settle(rounds=10)
    assert road.state(publication_id) is NEEDS_PERSON
    assert len(road.posts()) == (mode in ARRIVES)
    assert road.arrived() == 1


def test_a_person_who_says_it_is_not_there_has_it_sent_when_nothing_can_be_on_its_way(of: Any) -> None:
    road = of(B)
    publication_id = road.plan_one()
    road.server.order(Mode.RESET_BEFORE, times=1)
    road.go()
    road.look()
    with road.database.write() as session:
        _desk, lead = road.desk_and_lead(session)
        publication = session.get_one(Publication, publication_id)
        settling.it_is_not_there(session, publication, actor=lead, now=road.clock())
    road.tick()
    assert road.arrived() == 1
    road.clock.advance(seconds=quiet_s(road))
    road.tick()
    assert road.state(publication_id) is PUBLISHED
    assert len(road.posts()) == 1


def test_a_person_who_says_it_is_not_there_a_second_time_is_heard_again(of: Any) -> None:
    road = of(Q)
    publication_id = road.plan_one()
    road.server.order(Mode.RESET_BEFORE, times=3)
    road.go()
    road.settle(rounds=40)
    assert road.state(publication_id) is NEEDS_PERSON
    with road.database.write() as session:
        _desk, lead = road.desk_and_lead(session)
        publication = session.get_one(Publication, publication_id)
        settling.it_is_not_there(session, publication, actor=lead, now=road.clock())
    road.settle(rounds=60)
    assert road.state(publication_id) is PUBLISHED
    assert (len(road.posts()), road.arrived()) == (1, 4)


def test_by_key_it_is_sent_again_though_it_cannot_be_read(of: Any) -> None:
    road = of(K, can_read=False)
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()
    road.settle(rounds=4)
    assert road.state(publication_id) is PUBLISHED
    assert (len(road.posts()), road.arrived()) == (1, 2)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_key_is_not_trusted_when_the_server_may_have_forgotten_it(of: Any, arrives: bool) -> None:
    """Held between two tries, past the time in which the server remembers."""
    road = of(K, can_read=False)
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_AFTER if arrives else Mode.FAIL_BEFORE, times=1)
    road.go()
    road.look()
    assert road.state(publication_id) is PLANNED
    with road.database.write() as session:
        desk, lead = road.desk_and_lead(session)
        holds.stop_desk(session, desk, "Wait.", actor=lead, now=road.clock())
    road.clock.advance(seconds=10)
    road.tick()
    road.clock.advance(seconds=KEY_WINDOW_S)
    road.server.order(Mode.FORGETFUL)
    with road.database.write() as session:
        desk, lead = road.desk_and_lead(session)
        holds.lift(session, holds.open_holds(session, desk.id)[0], actor=lead, now=road.clock())
        publication = session.get_one(Publication, publication_id)
        assert publication.state is PublicationState.MISSED
        soon = utc(road.clock() + timedelta(minutes=1))
        planning.move_to(session, publication, soon, actor=lead, now=road.clock())
    assert road.state(publication_id) is PLANNED
    road.clock.advance(minutes=2)
    road.settle(rounds=2)
    assert road.state(publication_id) is NEEDS_PERSON
    assert (len(road.posts()), road.arrived()) == (arrives, 1)


def test_nothing_leaves_without_senders(of: Any) -> None:
    road = of(Q)
    road.world.senders = None
    publication_id = road.plan_one()
    road.go()
    assert road.state(publication_id) is PLANNED
    assert road.arrived() == 0
    assert "senders" in road.get(publication_id).explanation


def test_a_sender_that_is_ended_leaves_it_unknown_and_the_next_one_sends(of: Any) -> None:
    road = of(Q)
    publication_id = road.plan_one()
    road.server.order(Mode.LATE, times=1, seconds=6)
    road.world.timing = replace(road.world.timing, send_deadline=2.0)
    road.go()
    assert road.state(publication_id) is UNKNOWN
    road.world.timing = replace(road.world.timing, send_deadline=30.0)
    wait_until(road.server.is_quiet, "it has arrived after all")
    road.settle(rounds=30)
    assert road.state(publication_id) is PUBLISHED
    assert (len(road.posts()), road.arrived()) == (1, 1)


def test_of_two_posts_with_the_same_words_each_finds_its_own(of: Any) -> None:
    road = of(Q)
    first, second = road.plan(count=2)
    road.server.order(Mode.FAIL_AFTER, times=2)
    road.go()
    assert (road.state(first), road.state(second)) == (UNKNOWN, UNKNOWN)
    road.settle(rounds=30)
    assert (road.state(first), road.state(second)) == (PUBLISHED, PUBLISHED)
    assert len(road.posts()) == 2
    assert road.arrived() == 2
