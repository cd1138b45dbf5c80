"""Saying that a machine's clock jumped: kept where every page can read it, told once, and over by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.desk import Desk, Setting
from content_library.models.user import User
from content_library.notices import leads_of, notify, over
from scheduler.clock_watch import ClockWatch

JUMPED = "desk.clock_jumped"
FRESH = timedelta(minutes=2)  # an engine that says nothing any more has ended
_KEY = "clock:"


@dataclass(frozen=True)
class ClockWarning:
    """What one engine says: its clock on the wall, and what it would show had it not jumped."""

    engine: str
    wall: datetime
    expected: datetime


def keep(session: Session, engine: str, watch: ClockWatch, *, now: datetime, monotonic: float) -> None:
    """After each tick: say that the clock jumped while it has, and take it back once the clocks agree again."""
    if watch.jumped:
        _say(session, engine, watch, now=now, monotonic=monotonic)
    elif watch.is_said:
        _take_back(session, engine, now=now)
        watch.is_said = False


def _say(session: Session, engine: str, watch: ClockWatch, *, now: datetime, monotonic: float) -> None:
    told = {"engine": engine, "wall": now.isoformat(), "expected": watch.expected(monotonic).isoformat()}
    kept = session.get(Setting, _key(engine)) or Setting(key=_key(engine))
    kept.value = told
    session.add(kept)
    session.flush()
    if not watch.is_said:
        _tell(session, told, now=now)
        watch.is_said = True


def _take_back(session: Session, engine: str, *, now: datetime) -> None:
    kept = session.get(Setting, _key(engine))
    if kept is not None:
        session.delete(kept)
        session.flush()
    if not in_force(session, now=now):
        over(session, JUMPED, list(session.scalars(select(Desk))), now=now)


def _tell(session: Session, told: Mapping[str, Any], *, now: datetime) -> None:
    """The leads of every desk, and administrators once."""
    desks = session.scalars(select(Desk).order_by(Desk.id)).all()
    administrators = set(session.scalars(select(User.id).where(User.is_administrator, User.is_active)))
    for desk in desks:
        people = {*leads_of(session, desk.id), *administrators}
        administrators -= people
        notify(
            session, people, JUMPED, desk, stage=str(told["wall"]), now=now, desk_id=desk.id,
            text=f"The clock of {told['engine']} jumped: it shows {_shown(told['wall'])} and should show "
            f"{_shown(told['expected'])}. Nothing goes out until it has been steady for a minute.",
        )  # fmt: skip


def _shown(instant: str) -> str:
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M:%S} UTC"


def in_force(session: Session, *, now: datetime) -> Sequence[ClockWarning]:
    """What engines say at this moment."""
    rows = session.scalars(select(Setting).where(Setting.key.startswith(_KEY)).order_by(Setting.key))
    told = [
        ClockWarning(
            str(row.value["engine"]),
            datetime.fromisoformat(row.value["wall"]),
            datetime.fromisoformat(row.value["expected"]),
        )
        for row in rows
    ]
    return [one for one in told if abs(now - one.wall) < FRESH]


def forget_ended(session: Session, *, now: datetime) -> None:
    """What engines that are gone have left behind."""
    for row in session.scalars(select(Setting).where(Setting.key.startswith(_KEY))):
        if abs(now - datetime.fromisoformat(row.value["wall"])) > FRESH * 30:
            session.delete(row)


def _key(engine: str) -> str:
    return f"{_KEY}{engine}"[:60]
