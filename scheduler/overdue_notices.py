"""Telling the leads of a desk that something of theirs is overdue: when it begins, and not every round."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content_library import clock
from content_library.database import Database
from content_library.models.desk import Desk, Setting
from content_library.notices import leads_of, notify, over
from content_library.settings import Timing
from scheduler import watch
from scheduler.models import PublicationState as S
from scheduler.watch import Overdue, Whose

KIND = "desk.overdue"
_TOLD = "overdue_told"
"""The setting that says of what each desk was told and is overdue still: {desk: {state: since when}}."""
_SAID: Mapping[S, str] = {
    S.PLANNED: "should have gone out by now",
    S.CLAIMED: "should have gone out by now",
    S.SENDING: "on the way for too long",
    S.UNKNOWN: "looked for on the network for hours",
    S.BLOCKED: "past its time and still waiting",
    S.NEEDS_PERSON: "nobody has looked for more than a day",
    S.HELD: "held for more than a week",
    S.MISSED: "missed more than a week ago, and nobody has decided",
}


def tell(database: Database, timing: Timing, *, anything: bool) -> None:
    """Say what has become overdue since the last round. `anything`: whether something is at all."""
    with database.read() as session:
        kept = session.get(Setting, _TOLD)
        if not anything and (kept is None or not kept.value):
            return
        found = watch.overdue_by_desk(session, now=clock.now(session), timing=timing)
        before = dict(kept.value) if kept else {}
    if _states(found) == {desk: set(states) for desk, states in before.items()}:
        return
    with database.write() as session:
        _say(session, _held(session), found, now=clock.now(session))


def _held(session: Session) -> Setting:
    """The setting, held until the end: two engines that have found the same tell it once."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(Setting.__table__).values(key=_TOLD, value={})
    session.execute(first.on_conflict_do_nothing(index_elements=["key"]))
    locked = select(Setting).where(Setting.key == _TOLD).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def _states(found: Mapping[int, Sequence[Overdue]]) -> dict[str, set[str]]:
    """By desk as JSON names it."""
    return {str(desk_id): {one.state.value for one in those} for desk_id, those in found.items()}


def _say(session: Session, kept: Setting, found: Mapping[int, Sequence[Overdue]], *, now: datetime) -> None:
    before: dict[str, dict[str, Any]] = kept.value
    for desk_id, those in found.items():
        told = before.get(str(desk_id), {})
        for one in those:
            if one.state.value not in told:
                _tell_leads(session, desk_id, one, now=now)
    for desk_id in {int(desk) for desk in before} - set(found):
        if (desk := session.get(Desk, desk_id)) is not None:
            over(session, KIND, [desk], now=now)
    kept.value = {
        str(desk_id): {
            one.state.value: before.get(str(desk_id), {}).get(one.state.value, now.isoformat())
            for one in those
        }
        for desk_id, those in found.items()
    }
    session.flush()


def _tell_leads(session: Session, desk_id: int, one: Overdue, *, now: datetime) -> None:
    desk = session.get_one(Desk, desk_id)
    whose = (
        "Somebody of the desk decides."
        if one.whose is Whose.PEOPLE
        else "An administrator looks at the engine."
    )
    count = "1 publication is" if one.count == 1 else f"{one.count:,} publications are"
    text = f"{desk.name}: {count} overdue ({_SAID[one.state]}). {whose}"
    notify(
        session, leads_of(session, desk_id), KIND, desk, stage=f"{one.state.value} {now.isoformat()}",
        text=text, now=now, desk_id=desk_id,
    )  # fmt: skip
