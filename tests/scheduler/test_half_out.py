"""A thread of which a part is out and the rest is not: what may follow, who hears of it, and what never happens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from content_library import approvals
from content_library.errors import InvalidInput
from content_library.models.desk import Desk, Team
from content_library.models.notice import Notice
from content_library.models.user import TeamMembership, User
from scheduler import binding, mending, planning, points, publishing, restoring, settling
from scheduler.models import Attempt, Part, Publication
from scheduler.models import PublicationState as S
from scheduler.plan_models import QuietHours
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import NetworkClass
from tests import factories as make
from tests.fakes import Mode
from tests.posting_fakes import PostingNetwork
from tests.scheduler.road import THREAD, Road, SendsHere
from tests.scheduler.scene import utc

pytestmark = pytest.mark.network


def after_the_first_part(do: Callable[[], None]) -> None:
    def once(reached: str) -> None:
        if reached == "recorded":
            points.on_reach(None)
            do()

    points.on_reach(once)


def indexes(road: Road) -> list[int]:
    return [body["index"] for body in road.posts()]


def with_lead(road: Road, publication_id: int, do: Callable[[Session, Publication, User], Any]) -> Any:
    with road.database.write() as session:
        _, lead = road.desk_and_lead(session)
        return do(session, session.get_one(Publication, publication_id), lead)


def plan_anew(road: Road, publication_id: int) -> int:
    def plan(session: Session, found: Publication, lead: User) -> int:
        due_at = road.clock() + timedelta(minutes=5)
        return make.plan(session, found.post, found.account, lead, due_at=due_at, now=road.clock()).id

    found: int = with_lead(road, publication_id, plan)
    return found


def take_down(road: Road, publication_id: int) -> None:
    with_lead(
        road,
        publication_id,
        lambda session, p, lead: settling.take_down(session, p, actor=lead, now=road.clock()),
    )
    road.take_down()


def withdraw_approval(road: Road, publication_id: int) -> None:
    def withdraw(session: Session, found: Publication, _lead: User) -> None:
        approval = approvals.approval_in_force(session, found.post)
        assert approval is not None
        approvals.withdraw(session, found.post, approval, actor=None, now=road.clock(), why="A mistake.")

    with_lead(road, publication_id, withdraw)


def teams(session: Session) -> dict[str, User]:
    """Who decides for each team, as the road has them."""
    members = select(Team.key, User).join(TeamMembership, TeamMembership.team_id == Team.id).join(User)
    return {row[0]: row[1] for row in session.execute(members)}


def expire_uncleared(road: Road) -> None:
    with road.database.write() as session:
        mending.expire_uncleared(session, now=road.clock())


@pytest.mark.parametrize("content", [{"text": THREAD, "thread": True}, {"first_comment": "Ask us here."}])
def test_what_has_failed_halfway_is_planned_anew_only_once_it_is_taken_down(
    road: Road, content: dict[str, Any]
) -> None:
    publication_id = road.plan_one(**content)
    after_the_first_part(lambda: road.server.order(Mode.REFUSED, times=1))
    road.go()
    assert road.state(publication_id) is S.FAILED
    with pytest.raises(InvalidInput, match=r"A part of it stands on .* already\. Take that down on"):
        plan_anew(road, publication_id)
    take_down(road, publication_id)
    assert indexes(road) == []
    anew = plan_anew(road, publication_id)
    road.clock.advance(minutes=6)
    road.tick()
    assert road.state(anew) is S.PUBLISHED
    assert len(indexes(road)) == len(set(indexes(road))) > 1


def test_what_stands_on_an_account_counts_though_another_run_is_the_newest(road: Road) -> None:
    half, nothing = road.plan_on_many(2)

    def one_stands(session: Session, publication: Publication, _lead: User) -> None:
        publication.state = S.FAILED
        if publication.id == half:
            key = f"key-{publication.id}"
            session.add(
                Part(publication_id=half, position=0, key=key, created_at=road.clock(), remote_id="there")
            )

    for publication_id in (half, nothing):
        with road.database.write() as session:
            publication = session.get_one(Publication, publication_id)
            one_stands(session, publication, publication.post.owner)
    author_plans_anew(road, nothing)
    with pytest.raises(InvalidInput, match=r"A part of it stands on .* already"):
        author_plans_anew(road, half)


def author_plans_anew(road: Road, publication_id: int) -> None:
    with road.database.write() as session:
        found = session.get_one(Publication, publication_id)
        due_at = road.clock() + timedelta(minutes=5)
        make.plan(session, found.post, found.account, found.post.owner, due_at=due_at, now=road.clock())


def test_what_is_cancelled_halfway_can_be_taken_down(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)

    def cancel(session: Session, found: Publication, lead: User) -> None:
        planning.cancel(session, found, actor=lead, now=road.clock())

    after_the_first_part(lambda: with_lead(road, publication_id, cancel))
    road.go()
    assert (road.state(publication_id), indexes(road)) == (S.CANCELLED, [0])
    take_down(road, publication_id)
    assert indexes(road) == []
    assert road.get(publication_id).taken_down_at is not None


def test_the_rest_that_lost_its_approval_is_missed_and_told_and_never_expires_unheard(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    after_the_first_part(lambda: withdraw_approval(road, publication_id))
    road.go()
    assert (road.state(publication_id), indexes(road)) == (S.BLOCKED, [0])
    road.clock.advance(minutes=20)
    expire_uncleared(road)
    assert road.state(publication_id) is S.MISSED
    assert road.get(publication_id).explanation.startswith(
        "A part of it is out, and the rest lost its approval"
    )
    assert "publication.missed" in road.told()


def test_what_had_begun_without_anything_out_is_missed_with_the_way_on(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.RATE_LIMITED, times=1, seconds=300)
    road.go()
    withdraw_approval(road, publication_id)
    road.clock.advance(minutes=20)
    expire_uncleared(road)
    assert road.state(publication_id) is S.MISSED
    assert "nothing of it is out. Cancel it and plan it anew" in road.get(publication_id).explanation
    assert "publication.missed" in road.told()


def test_when_the_post_is_over_people_hear_that_half_of_it_stands_there(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)

    def is_over() -> None:
        with road.database.write() as session:
            binding.expire_unsent(
                session, session.get_one(Publication, publication_id).post, now=road.clock()
            )

    after_the_first_part(is_over)
    road.go()
    assert (road.state(publication_id), indexes(road)) == (S.EXPIRED, [0])
    assert road.told() == ["publication.expired"]


def test_what_is_not_begun_and_lost_its_approval_expires(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    withdraw_approval(road, publication_id)
    road.clock.advance(minutes=20)
    expire_uncleared(road)
    assert road.state(publication_id) is S.EXPIRED


def test_the_missed_rest_goes_at_a_new_time_though_a_newer_revision_is_approved(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    after_the_first_part(lambda: road.server.order(Mode.RATE_LIMITED, times=1, seconds=1200))
    road.go()
    road.clock.advance(minutes=21)
    road.tick()
    assert road.state(publication_id) is S.MISSED
    with road.database.write() as session:
        post = session.get_one(Publication, publication_id).post
        author = session.scalars(select(User).where(User.name == "Maya Okafor")).one()
        make.save(session, post, author, text="A newer text, cleared as well. " * 30, now=road.clock())
        make.clear(session, post, author, teams(session), now=road.clock())

    def move(session: Session, found: Publication, lead: User) -> None:
        when = utc(road.clock() + timedelta(hours=1))
        planning.move_to(session, found, when, actor=lead, now=road.clock())

    with_lead(road, publication_id, move)
    assert road.state(publication_id) is S.PLANNED
    road.clock.advance(minutes=61)
    road.tick()
    assert road.state(publication_id) is S.PUBLISHED
    assert indexes(road) == [0, 1, 2]


@pytest.mark.parametrize("against", ["quiet hours", "the least gap"])
def test_a_thread_that_has_begun_goes_on_against(road: Road, against: str) -> None:
    other, thread = road.plan(count=2, text=THREAD, thread=True)
    with road.database.write() as session:
        found = session.get_one(Publication, thread)
        if against == "quiet hours":
            session.add(QuietHours(account_id=found.account_id, begins="09:01", ends="18:00"))
        else:
            found.account.least_gap_s = 3600
        session.scalars(select(Desk)).one().zone = "UTC"
    road.clock.advance(minutes=1)
    first, second = road.claim()
    assert first.publication_id == other
    publishing.publish_one(road.world, first)
    assert road.state(other) is S.PUBLISHED
    after_the_first_part(lambda: road.clock.advance(seconds=31))
    publishing.publish_one(road.world, second)
    assert road.state(thread) is S.PUBLISHED
    assert indexes(road) == [0, 1, 2, 0, 1, 2]


def test_taking_down_what_a_person_saw_says_what_still_stands(road: Road) -> None:
    road.use(PostingNetwork("bluesky", NetworkClass.BLIND))
    road.world.senders = SendsHere(road)
    publication_id = road.plan_one(text=THREAD, thread=True)
    after_the_first_part(lambda: road.server.order(Mode.RESET_AFTER, times=1))
    road.go()
    road.look()
    assert road.state(publication_id) is S.NEEDS_PERSON
    there = "https://network.example/2"
    with_lead(
        road, publication_id,
        lambda session, p, lead: settling.it_is_there(session, p, there, actor=lead, now=road.clock()),
    )  # fmt: skip
    take_down(road, publication_id)
    found = road.get(publication_id)
    assert found.taken_down_at is not None
    assert found.explanation.startswith("What a person saw there stands where only they know")
    assert indexes(road) == [1]
    with road.database.write() as session:
        mending.forget_what_moved_on(session, now=road.clock())
        told = session.scalars(select(Notice).where(Notice.kind == "publication.left_there")).all()
        assert [(notice.user_id, notice.read_at) for notice in told] == [(road.lead_id, None)]


@dataclass
class Backup:
    """The rows of one publication as they were while its first part was on its way."""

    road: Road
    rows: dict[type[Any], list[dict[str, Any]]] = field(default_factory=dict)

    def make(self) -> None:
        with self.road.database.read() as session:
            for table in (Publication, Part, Attempt):
                found = session.execute(select(table.__table__)).mappings()
                self.rows[table] = [dict(row) for row in found]

    def put_back(self) -> None:
        (publication,) = self.rows[Publication]
        with self.road.database.write() as session:
            for table in (SentPart, Attempt, Part):
                session.execute(delete(table))
            session.execute(update(Publication.__table__).values(publication))
            for table in (Part, Attempt):
                session.execute(insert(table.__table__), self.rows[table])


def test_after_a_restore_the_rest_of_a_thread_is_decided_by_a_person(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    backup = Backup(road)

    def back_up(reached: str) -> None:
        if reached == "before_record":
            points.on_reach(None)
            backup.make()

    points.on_reach(back_up)
    made_at = road.clock() + timedelta(minutes=1)
    road.go()
    assert indexes(road) == [0, 1, 2]
    road.clock.advance(minutes=10)
    backup.put_back()
    with road.database.write() as session:
        assert restoring.settle_restored(session, made_at=made_at, now=road.clock()).looked_for == 1
    road.clock.advance(seconds=1)
    road.settle(rounds=4)
    assert indexes(road) == [0, 1, 2]
    assert road.state(publication_id) is S.MISSED
    assert "publication.missed" in road.told()
