"""Answers that come when the lease is over: a late no, and a late yes for what others have taken up by then."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from scheduler import holds, planning, points, publishing, reconciling, settling
from scheduler.errands import next_errand
from scheduler.models import Attempt, AttemptOutcome, Part, Publication
from scheduler.models import PublicationState as S
from scheduler.recording import Stands, record_parts
from service_channel.networks.base import FindResult, NetworkClass, Outcome, Presence, RemoteRef, SendResult
from tests.fakes import CountingNetwork, FakeServer, Mode
from tests.posting_fakes import PostingNetwork
from tests.scheduler.road import THREAD, Road, SendsHere

pytestmark = pytest.mark.network

K, Q, B = NetworkClass.KEYED, NetworkClass.QUERYABLE, NetworkClass.BLIND


@pytest.fixture
def fake_server() -> Iterator[FakeServer]:
    """One for each test: posts with the same words are told apart by when they were made."""
    with FakeServer.start() as server:
        yield server


def become(road: Road, kind: NetworkClass) -> None:
    road.use(PostingNetwork("bluesky", kind))
    road.world.senders = SendsHere(road)


def when_reached(point: str, do: Callable[[], None]) -> None:
    def once(reached: str) -> None:
        if reached == point:
            points.on_reach(None)
            do()

    points.on_reach(once)


def oversleep(road: Road) -> None:
    road.clock.advance(seconds=road.world.timing.lease + 1)
    road.recover()


def indexes(road: Road) -> list[int]:
    return [body["index"] for body in road.posts()]


@pytest.mark.parametrize("kind", [K, Q, B])
def test_a_no_that_comes_late_has_failed_and_is_not_looked_for_any_more(
    road: Road, kind: NetworkClass
) -> None:
    become(road, kind)
    publication_id = road.plan_one()
    road.server.order(Mode.REFUSED, times=1)
    when_reached("sent", lambda: oversleep(road))
    road.go()
    assert road.state(publication_id) is S.FAILED
    assert "publication.failed" in road.told()


def test_what_is_looked_for_though_nothing_is_in_doubt_goes_again(road: Road) -> None:
    """As a release before this one left it: unknown, after a try that ended with a no."""
    become(road, Q)
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_BEFORE, times=1)
    road.go()
    with road.database.write() as session:
        session.scalars(select(Attempt)).one().outcome = AttemptOutcome.REFUSED
    road.settle(rounds=6)
    assert road.state(publication_id) is S.PUBLISHED
    assert indexes(road) == [0]


@pytest.mark.parametrize("content", [{}, {"text": THREAD, "thread": True}], ids=["single", "thread"])
@pytest.mark.parametrize("kind", [Q, B])
def test_what_is_known_to_be_out_by_the_time_it_is_marked_is_not_sent_again(
    road: Road, kind: NetworkClass, content: dict[str, Any]
) -> None:
    """Somebody said it is not there; another engine has prepared it anew; then the first one's yes comes."""
    become(road, kind)
    publication_id = road.plan_one(**content)
    prepared: list[Any] = []

    def others_take_it_up() -> None:
        oversleep(road)
        with road.database.write() as session:
            reconciling._ask_a_person(session, publication_id, "Is it there?", now=road.clock())
        with road.database.write() as session:
            _, lead = road.desk_and_lead(session)
            publication = session.get_one(Publication, publication_id)
            settling.it_is_not_there(session, publication, actor=lead, now=road.clock())
        road.clock.advance(minutes=4)
        (claim,) = road.claim(engine="engine-2")
        errand = next_errand(road.world, claim)
        prepared.extend([errand, publishing._prepare(road.world, errand)])

    when_reached("before_record", others_take_it_up)
    road.go()
    assert publishing._mark(road.world, *prepared) is None
    road.settle(rounds=4)
    assert road.state(publication_id) is S.PUBLISHED
    assert indexes(road) == ([0, 1, 2] if content else [0])


def test_a_no_for_what_is_known_to_be_out_by_then_does_not_end_the_thread(road: Road) -> None:
    become(road, K)
    publication_id = road.plan_one(text=THREAD, thread=True)

    class SecondIsRefused(PostingNetwork):
        """The first yes is written down while the second try is under way, which ends with a no."""

        tries = 0

        def send(self, access: Any, part: Any, prepared: Any, *, deadline_s: float) -> SendResult:
            self.tries += 1
            answer = super().send(access, part, prepared, deadline_s=deadline_s)
            if self.tries != 2:
                return answer
            with road.database.write() as session:
                first = Stands(publication_id, 0, access.account_id, answer.ref)
                record_parts(session, [first], now=road.clock())
                earlier = session.scalars(select(Attempt).order_by(Attempt.id).limit(1)).one()
                earlier.outcome = AttemptOutcome.SENT
            return SendResult(Outcome.REFUSED, status=422, message="A duplicate.")

    road.use(SecondIsRefused("bluesky", K))
    road.server.order(Mode.FAIL_BEFORE, times=1)
    road.go()
    road.settle(rounds=6)
    assert road.state(publication_id) is S.PUBLISHED
    assert indexes(road) == [0, 1, 2]


def test_whoever_wakes_up_after_their_turn_sends_nothing(road: Road) -> None:
    publication_id = road.plan_one()

    def cancelled_meanwhile() -> None:
        oversleep(road)
        road.look()
        road.clock.advance(minutes=1)
        road.look()
        with road.database.write() as session:
            _, lead = road.desk_and_lead(session)
            publication = session.get_one(Publication, publication_id)
            planning.cancel(session, publication, actor=lead, now=road.clock())

    when_reached("before_send", cancelled_meanwhile)
    slept = road.world.timing.lease + 1
    real = road.world.monotonic
    road.world.monotonic = lambda: real() + (slept if road.state(publication_id) is S.CANCELLED else 0)
    road.go()
    assert road.state(publication_id) is S.CANCELLED
    assert not road.posts()


def test_a_yes_for_what_was_cancelled_meanwhile_is_told_and_can_be_taken_down(road: Road) -> None:
    publication_id = road.plan_one()

    def cancelled_meanwhile() -> None:
        oversleep(road)
        road.use(NothingThere())
        road.look()
        road.use(CountingNetwork())
        with road.database.write() as session:
            _, lead = road.desk_and_lead(session)
            publication = session.get_one(Publication, publication_id)
            planning.cancel(session, publication, actor=lead, now=road.clock())

    when_reached("before_record", cancelled_meanwhile)
    road.go()
    assert road.state(publication_id) is S.CANCELLED
    assert road.told() == ["publication.take_down"]
    with road.database.write() as session:
        _, lead = road.desk_and_lead(session)
        settling.take_down(
            session, session.get_one(Publication, publication_id), actor=lead, now=road.clock()
        )
    road.take_down()
    assert not road.posts()


def test_a_yes_for_what_is_kept_back_meanwhile_is_out_and_nobody_has_to_decide(road: Road) -> None:
    publication_id = road.plan_one()

    def held_meanwhile() -> None:
        oversleep(road)
        road.use(NothingThere())
        road.look()
        road.use(CountingNetwork())
        with road.database.write() as session:
            desk, lead = road.desk_and_lead(session)
            holds.stop_desk(session, desk, "Wait.", actor=lead, now=road.clock())
        road.clock.advance(minutes=1)
        road.tick()
        assert road.state(publication_id) is S.HELD

    when_reached("before_record", held_meanwhile)
    road.go()
    road.tick()
    assert road.state(publication_id) is S.PUBLISHED
    assert road.arrived() == 1


def test_a_yes_that_comes_after_the_rest_was_taken_down_is_taken_down_too(road: Road) -> None:
    become(road, B)
    publication_id = road.plan_one(text=THREAD, thread=True)

    def given_up_and_taken_down() -> None:
        oversleep(road)
        road.look()
        with road.database.write() as session:
            _, lead = road.desk_and_lead(session)
            publication = session.get_one(Publication, publication_id)
            settling.give_up(session, publication, actor=lead, now=road.clock())
            settling.take_down(session, publication, actor=lead, now=road.clock())
        road.take_down()
        assert indexes(road) == [1]

    parts = iter(["first"])

    def second(reached: str) -> None:
        if reached == "before_record" and next(parts, None) is None:
            points.on_reach(None)
            given_up_and_taken_down()

    points.on_reach(second)
    road.go()
    road.clock.advance(seconds=1)
    road.take_down()
    assert indexes(road) == []
    assert road.get(publication_id).taken_down_at is not None


class NothingThere(CountingNetwork):
    def find(self, access: Any, part: Any, *, deadline_s: float) -> FindResult:
        return FindResult(Presence.ABSENT)


def test_what_is_known_to_be_another_publication_is_asked_about(road: Road) -> None:
    first, second = road.plan(count=2)

    class FindsTheFirst(CountingNetwork):
        def send(self, access: Any, part: Any, prepared: Any, *, deadline_s: float) -> SendResult:
            if part.publication_id == second:
                return SendResult(Outcome.UNKNOWN, status=500)
            return super().send(access, part, prepared, deadline_s=deadline_s)

        def find(self, access: Any, part: Any, *, deadline_s: float) -> FindResult:
            with road.database.read() as session:
                known = session.get_one(Part, (first, 0))
                return FindResult(Presence.FOUND, RemoteRef(known.remote_id or "", "", known.url))

    road.use(FindsTheFirst())
    road.go()
    road.look()
    assert (road.state(first), road.state(second)) == (S.PUBLISHED, S.NEEDS_PERSON)
    assert "another publication of ours" in road.get(second).explanation
