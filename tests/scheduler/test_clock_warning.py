"""A clock that jumped is said with both clocks to whoever can mend it, and is over by itself."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.desk import Setting
from content_library.models.notice import Notice
from content_library.models.user import DeskRole
from scheduler import clock_warning
from scheduler.clock_watch import ClockWatch
from tests import factories as make
from tests.factories import NOW

HOUR = timedelta(hours=1)


def tick(session: Session, watch: ClockWatch, wall, monotonic: float, engine: str = "host:1") -> None:
    watch.tick(wall, monotonic)
    clock_warning.keep(session, engine, watch, now=wall, monotonic=monotonic)


def test_both_clocks_are_said_while_they_disagree_and_no_longer(session: Session) -> None:
    watch = ClockWatch(120.0)
    tick(session, watch, NOW, 0.0)
    assert clock_warning.in_force(session, now=NOW) == []
    wall = NOW + HOUR
    tick(session, watch, wall, 1.0)
    (said,) = clock_warning.in_force(session, now=wall)
    assert (said.engine, said.wall, said.expected) == ("host:1", wall, NOW + timedelta(seconds=1))
    for second in range(2, 62):
        tick(session, watch, wall + timedelta(seconds=second), float(second))
    assert clock_warning.in_force(session, now=wall + timedelta(seconds=61)) == []


def test_leads_and_administrators_are_told_once_and_it_is_over_by_itself(session: Session) -> None:
    desk, other = make.make_desk(session), make.make_desk(session, "Elsewhere", "elsewhere")
    priya = make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
    sam = make.make_user(session, "Sam Ito", is_administrator=True)
    olga = make.make_user(session, "Olga Fremd", desk=other, role=DeskRole.LEAD)
    make.make_user(session, "Maya Okafor", desk=desk)
    watch = ClockWatch(120.0)
    tick(session, watch, NOW, 0.0)
    for second in (1, 2, 3):
        tick(session, watch, NOW - HOUR, float(second))
    told = session.scalars(select(Notice).filter_by(kind="desk.clock_jumped")).all()
    assert {n.user_id for n in told} == {priya.id, sam.id, olga.id}
    assert len(told) == 3
    assert "shows 2026-11-03 08:00:00 UTC and should show 2026-11-03 09:00:01 UTC" in told[0].text
    for second in range(4, 70):
        tick(session, watch, NOW - HOUR + timedelta(seconds=second), float(second))
    session.expire_all()
    assert all(n.read_at is not None for n in session.scalars(select(Notice)))


def test_what_an_engine_that_is_gone_has_said_counts_no_more(session: Session) -> None:
    watch = ClockWatch(120.0)
    tick(session, watch, NOW, 0.0)
    tick(session, watch, NOW + HOUR, 1.0)
    later = NOW + HOUR + timedelta(minutes=3)
    assert clock_warning.in_force(session, now=later) == []
    clock_warning.forget_ended(session, now=later + HOUR)
    assert session.scalars(select(Setting).where(Setting.key.startswith("clock:"))).all() == []


def test_one_engine_that_is_steady_again_does_not_speak_for_another(session: Session) -> None:
    first, second = ClockWatch(120.0), ClockWatch(120.0)
    for watch, engine in ((first, "host:1"), (second, "host:2")):
        tick(session, watch, NOW, 0.0, engine)
        tick(session, watch, NOW + HOUR, 1.0, engine)
    for n in range(2, 64):
        tick(session, first, NOW + HOUR + timedelta(seconds=n), float(n), "host:1")
    (said,) = clock_warning.in_force(session, now=NOW + HOUR)
    assert said.engine == "host:2"
