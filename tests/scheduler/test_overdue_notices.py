"""Leads are told when something of their desk becomes overdue: once, and again only when it was over in between."""

from datetime import datetime

import pytest
from sqlalchemy import select, update

from content_library.models.notice import Notice
from content_library.settings import Timing
from scheduler import overdue_notices, watch
from scheduler.models import Publication
from scheduler.models import PublicationState as S
from tests.scheduler.road import Road

pytestmark = pytest.mark.network


def put(road: Road, publication_id: int, state: S, at: datetime) -> None:
    with road.database.write() as session:
        session.execute(
            update(Publication)
            .where(Publication.id == publication_id)
            .values(state=state, state_at=at, published_at=at if state is S.PUBLISHED else None)
        )


def round_of_the_watch(road: Road) -> None:
    with road.database.read() as session:
        found = watch.overdue(session, now=road.clock(), timing=Timing())
    overdue_notices.tell(road.database, Timing(), anything=bool(found))


def told(road: Road) -> list[str]:
    with road.database.read() as session:
        rows = select(Notice.text).where(Notice.kind == "desk.overdue", Notice.user_id == road.lead_id)
        return list(session.scalars(rows.order_by(Notice.id)))


def test_nothing_is_told_while_nothing_is_overdue(road: Road) -> None:
    road.plan_one()
    round_of_the_watch(road)
    assert told(road) == []


def test_the_leads_are_told_once_and_not_every_round(road: Road) -> None:
    publication_id = road.plan_one()
    put(road, publication_id, S.NEEDS_PERSON, road.clock())
    road.clock.advance(days=1, minutes=1)
    for _ in range(5):
        round_of_the_watch(road)
        road.clock.advance(minutes=1)
    [text] = told(road)
    assert text.startswith("Brindlemoor Home: 1 publication is overdue (nobody has looked")


def test_another_state_is_told_by_itself(road: Road) -> None:
    first, second = road.plan(count=2)
    put(road, first, S.NEEDS_PERSON, road.clock())
    put(road, second, S.UNKNOWN, road.clock())
    road.clock.advance(hours=4)
    round_of_the_watch(road)
    assert len(told(road)) == 1
    road.clock.advance(days=1)
    round_of_the_watch(road)
    assert len(told(road)) == 2


def test_when_it_is_over_the_notice_is_read_and_the_next_time_is_told_anew(road: Road) -> None:
    publication_id = road.plan_one()
    put(road, publication_id, S.UNKNOWN, road.clock())
    road.clock.advance(hours=4)
    round_of_the_watch(road)
    put(road, publication_id, S.PUBLISHED, road.clock())
    round_of_the_watch(road)
    with road.database.read() as session:
        assert all(session.scalars(select(Notice.read_at).where(Notice.kind == "desk.overdue")))
    put(road, publication_id, S.UNKNOWN, road.clock())
    road.clock.advance(hours=4)
    round_of_the_watch(road)
    assert len(told(road)) == 2


def test_what_is_overdue_is_counted_desk_by_desk(road: Road) -> None:
    publication_id = road.plan_one()
    put(road, publication_id, S.UNKNOWN, road.clock())
    road.clock.advance(hours=4)
    desk_id = road.get(publication_id).desk_id
    with road.database.read() as session:
        found = watch.overdue_by_desk(session, now=road.clock(), timing=Timing())
    assert {desk: [one.state for one in those] for desk, those in found.items()} == {desk_id: [S.UNKNOWN]}
