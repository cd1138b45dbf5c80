"""After an unclear answer or a crash: what is looked for, what is sent again, and when a person is asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler import points, publishing, reconciling
from scheduler.models import Attempt, AttemptOutcome, Publication, PublicationState
from service_channel.networks.base import FindResult, Outcome, Presence, SendResult
from service_channel.token_vault import TokenVault
from tests.fakes import CountingNetwork, Mode
from tests.scheduler.road import THREAD, Road

pytestmark = pytest.mark.network

UNKNOWN, PUBLISHED, NEEDS_PERSON = (
    PublicationState.UNKNOWN,
    PublicationState.PUBLISHED,
    PublicationState.NEEDS_PERSON,
)


class PowerCut(BaseException):
    """The engine is gone at a named point."""


def cut_at(point: str) -> None:
    def cut(reached: str) -> None:
        if reached == point:
            points.on_reach(None)
            raise PowerCut

    points.on_reach(cut)


def lose_power(road: Road, point: str) -> None:
    """Publish what is due and lose the engine at a point."""
    cut_at(point)
    with pytest.raises(PowerCut):
        road.go()


class Reader(CountingNetwork):
    """A network that answers a look as it is told."""

    def __init__(self, answer: Callable[[], FindResult]) -> None:
        super().__init__()
        self.answer = answer

    def find(self, access: Any, part: Any, *, deadline_s: float) -> FindResult:
        return self.answer()


def answer_looks(road: Road, answer: Callable[[], FindResult]) -> None:
    road.use(Reader(answer))


def test_a_claim_whose_lease_is_over_comes_back(road: Road) -> None:
    publication_id = road.plan_one()
    lose_power(road, "before_mark")
    road.recover()
    assert road.state(publication_id) is PublicationState.CLAIMED
    road.clock.advance(seconds=road.world.timing.lease + 1)
    road.recover()
    assert road.state(publication_id) is PublicationState.PLANNED
    assert road.get(publication_id).leased_until is None


@pytest.mark.parametrize("point", ["marked", "before_send", "sent", "before_record"])
def test_what_was_being_sent_when_the_lease_ended_is_unknown_and_its_attempt_says_so(
    road: Road, point: str
) -> None:
    publication_id = road.plan_one()
    lose_power(road, point)
    road.clock.advance(seconds=road.world.timing.lease + 1)
    road.recover()
    assert road.state(publication_id) is UNKNOWN
    assert road.outcomes(publication_id) == [("send", AttemptOutcome.UNKNOWN)]
    road.settle(rounds=4)
    assert road.state(publication_id) is PUBLISHED
    assert len(road.posts()) == 1


def test_a_yes_that_comes_after_the_lease_counts(road: Road) -> None:
    publication_id = road.plan_one()

    def oversleep(reached: str) -> None:
        if reached == "sent":
            points.on_reach(None)
            road.clock.advance(seconds=road.world.timing.lease + 1)
            road.recover()
            assert road.state(publication_id) is UNKNOWN

    points.on_reach(oversleep)
    road.go()
    assert road.state(publication_id) is PUBLISHED
    assert road.outcomes(publication_id) == [("send", AttemptOutcome.SENT)]


@pytest.mark.parametrize("asks", [False, True], ids=["looked for", "asked about"])
def test_after_a_late_yes_for_its_beginning_the_rest_of_a_thread_follows(road: Road, asks: bool) -> None:
    """What was looked for, or a person was asked about, is known by now; what follows it was never tried."""
    publication_id = road.plan_one(text=THREAD, thread=True)

    def oversleep(reached: str) -> None:
        if reached == "sent":
            points.on_reach(None)
            road.clock.advance(seconds=road.world.timing.lease + 1)
            road.recover()
            if asks:
                ask_a_person(road)
            assert road.state(publication_id) is (NEEDS_PERSON if asks else UNKNOWN)

    points.on_reach(oversleep)
    road.go()
    assert [body["index"] for body in road.posts()] == [0]
    assert road.state(publication_id) is PublicationState.PLANNED
    road.tick()
    assert road.state(publication_id) is PUBLISHED
    assert [body["index"] for body in road.posts()] == [0, 1, 2]


def ask_a_person(road: Road) -> None:
    """Because something else stands under its address, as the network says."""
    answer_looks(road, lambda: FindResult(Presence.DIFFERENT))
    road.look()
    road.use(CountingNetwork())


def test_what_the_next_one_finds_out_already_is_not_looked_for_where_nothing_was_tried(road: Road) -> None:
    """The first yes comes while another engine sends the same part anew, and that one's answer is unclear."""
    publication_id = road.plan_one(text=THREAD, thread=True)

    def oversleep(reached: str) -> None:
        if reached == "sent":
            road.clock.advance(seconds=road.world.timing.lease + 1)
            road.recover()
            answer_looks(road, lambda: FindResult(Presence.ABSENT))
            road.look()
            road.clock.advance(minutes=1)
            lose_power_while_sending(road)

    points.on_reach(oversleep)
    road.go()
    assert road.state(publication_id) is PublicationState.SENDING
    road.clock.advance(seconds=road.world.timing.lease + 1)
    road.use(CountingNetwork())
    road.settle(rounds=4)
    assert road.state(publication_id) is PUBLISHED
    assert [body["index"] for body in road.posts()] == [0, 1, 2]


def lose_power_while_sending(road: Road) -> None:
    cut_at("before_send")
    with pytest.raises(PowerCut):
        road.tick()


def test_a_yes_that_comes_when_it_is_planned_again_ends_published_without_another_try(road: Road) -> None:
    publication_id = road.plan_one()

    def oversleep(reached: str) -> None:
        if reached == "before_record":
            points.on_reach(None)
            road.clock.advance(seconds=road.world.timing.lease + 1)
            road.recover()
            answer_looks(road, lambda: FindResult(Presence.ABSENT))
            road.look()
            assert road.state(publication_id) is PublicationState.PLANNED

    points.on_reach(oversleep)
    road.go()
    road.clock.advance(minutes=1)
    road.tick()
    assert road.state(publication_id) is PUBLISHED
    assert road.arrived() == 1


def test_a_late_yes_counts_even_when_it_would_be_too_late_to_send(road: Road) -> None:
    publication_id = road.plan_one()

    def oversleep(reached: str) -> None:
        if reached == "before_record":
            points.on_reach(None)
            road.clock.advance(seconds=road.world.timing.lease + 1)
            road.recover()
            answer_looks(road, lambda: FindResult(Presence.ABSENT))
            road.look()

    points.on_reach(oversleep)
    road.go()
    road.clock.advance(hours=1)
    road.tick()
    assert road.state(publication_id) is PUBLISHED


def test_it_is_not_looked_for_twice_at_once(road: Road) -> None:
    road.plan_one()
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()
    with road.database.write() as session:
        assert len(reconciling.due_looks(session, now=road.clock())) == 1
        assert reconciling.due_looks(session, now=road.clock()) == []
        later = road.clock() + timedelta(seconds=61)
        assert len(reconciling.due_looks(session, now=later)) == 1


@pytest.mark.parametrize("breaks", [False, True])
def test_a_network_that_cannot_be_read_for_long_needs_a_person(road: Road, breaks: bool) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()

    def unreadable() -> FindResult:
        if breaks:
            raise ValueError("an answer that makes no sense")
        return FindResult(Presence.UNREADABLE, message="No route.")

    answer_looks(road, unreadable)
    road.settle(rounds=reconciling.MOST_LOOKS, seconds=900)
    assert road.state(publication_id) is NEEDS_PERSON
    assert "publication.needs_person" in road.told()
    looks = [outcome for act, outcome in road.outcomes(publication_id) if act == "look"]
    assert looks == [AttemptOutcome.UNKNOWN] * reconciling.MOST_LOOKS


def test_something_else_under_our_key_needs_a_person_at_once(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()
    answer_looks(road, lambda: FindResult(Presence.DIFFERENT))
    road.look()
    assert road.state(publication_id) is NEEDS_PERSON
    assert "publication.needs_person" in road.told()
    road.settle(rounds=4)
    assert road.state(publication_id) is NEEDS_PERSON


def test_what_cannot_be_looked_for_needs_a_person(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()
    road.world.vault = TokenVault(["another key"])
    road.look()
    assert road.state(publication_id) is NEEDS_PERSON


def test_a_found_part_lets_the_rest_of_its_thread_follow_at_once(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()
    road.look()
    assert road.state(publication_id) is PublicationState.PLANNED
    road.tick()
    assert road.state(publication_id) is PUBLISHED
    assert [body["index"] for body in road.posts()] == [0, 1, 2]


def test_what_may_not_go_any_more_is_not_called_absent_while_it_may_still_be_in_flight(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_BEFORE, times=1)
    road.go()
    with road.database.write() as session:
        from scheduler import holds

        desk, lead = road.desk_and_lead(session)
        holds.stop_desk(session, desk, "Wait.", actor=lead, now=road.clock())
    road.look()
    assert road.state(publication_id) is UNKNOWN
    timing = road.world.timing
    road.clock.advance(seconds=timing.send_deadline + timing.settle)
    road.look()
    assert road.state(publication_id) is PublicationState.PLANNED
    road.settle(rounds=2)
    assert road.state(publication_id) is PublicationState.HELD
    assert not road.posts()


@pytest.mark.parametrize("status", [None, 504])
def test_what_nobody_answered_may_still_arrive_and_is_not_planned_again_before_it_could(
    road: Road, status: int | None
) -> None:
    publication_id = road.plan_one()
    underway = Underway(status)
    road.use(underway)
    road.go()
    road.look()
    assert road.state(publication_id) is UNKNOWN  # so that nobody can cancel what may be there in a minute
    underway.arrive()
    road.clock.advance(seconds=road.world.timing.send_deadline + road.world.timing.settle)
    road.look()
    assert road.state(publication_id) is PUBLISHED


class Underway(CountingNetwork):
    """A network at which a post arrives when the sender has given up long ago."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status

    def send(self, access: Any, part: Any, prepared: Any, *, deadline_s: float) -> SendResult:
        self.arrive = lambda: super(Underway, self).send(access, part, prepared, deadline_s=deadline_s)
        return SendResult(Outcome.UNKNOWN, status=self.status)


def test_a_key_window_of_many_unclear_tries_still_leaves_one_post(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_BEFORE, times=3)
    road.go()
    road.settle(rounds=30)
    assert road.state(publication_id) is PUBLISHED
    assert len(road.posts()) == 1
    with road.database.read() as session:
        tries = session.scalars(select(Attempt.outcome).where(Attempt.act == "send").order_by(Attempt.id))
        assert list(tries) == [AttemptOutcome.UNKNOWN] * 3 + [AttemptOutcome.SENT]


def test_an_engine_that_wakes_up_after_another_has_published_adds_nothing(road: Road) -> None:
    publication_id = road.plan_one()

    def oversleep(reached: str) -> None:
        if reached == "before_send":
            points.on_reach(None)
            road.clock.advance(seconds=road.world.timing.lease + 1)
            road.settle(rounds=4)
            assert road.state(publication_id) is PUBLISHED

    points.on_reach(oversleep)
    road.go()
    assert len(road.posts()) == 1
    assert road.recorded(publication_id).count("publication.succeed") == 1


def test_the_lease_of_a_thread_begins_again_with_each_part(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)

    def slow(reached: str) -> None:
        if reached == "sent":
            road.clock.advance(seconds=road.world.timing.lease - road.world.timing.send_deadline - 1)

    points.on_reach(slow)
    road.clock.advance(minutes=1)
    (claim,) = road.claim()
    publishing.publish_one(road.world, claim)
    points.on_reach(None)
    assert road.state(publication_id) is PUBLISHED


def test_looking_leaves_what_has_been_settled_alone(road: Road) -> None:
    publication_id = road.plan_one()
    road.go()
    reconciling.look(road.world, publication_id)
    assert road.state(publication_id) is PUBLISHED
    with road.database.read() as session:
        assert session.get_one(Publication, publication_id).looks == 0
