"""When the world's clocks change their rules: the instants of what is unsent are derived again from its wall times.

The wall time is what a person meant, so it stays. What would then lie in the past was missed, and is never sent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session, joinedload

from content_library.models.desk import Desk
from content_library.notices import leads_of, notify
from content_library.wall_time import Resolved, parse_wall, resolve, tzdata_version
from scheduler import transitions
from scheduler.binding import late_at
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import UNSENT, Act

RETIMED = "desk.retimed"
MOST_NAMED = 20
PAST = "With the new rules of its time zone its time has passed. Give it a new one."


def retime(session: Session, *, now: datetime, version: str | None = None) -> int:
    """Derive again what was derived with another release of the time zones. Returns how many instants changed."""
    version = version or tzdata_version()
    changed = _changed(session, version)
    for publication in changed:
        _retime_one(session, publication, version, now=now)
    session.execute(
        update(Publication)
        .where(Publication.state.in_(UNSENT), Publication.tzdata_version != version)
        .values(tzdata_version=version)
        .execution_options(synchronize_session=False)
    )
    for desk_id in sorted({p.desk_id for p in changed}):
        _tell(session, desk_id, [p for p in changed if p.desk_id == desk_id], version, now=now)
    return len(changed)


def _changed(session: Session, version: str) -> Sequence[Publication]:
    """Those whose wall time means another instant now, held until the transaction ends."""
    rows: Iterable[Row[int, str, str, int, datetime]] = session.execute(
        select(
            Publication.id, Publication.wall, Publication.zone, Publication.fold, Publication.due_at
        ).where(Publication.state.in_(UNSENT), Publication.tzdata_version != version)
    )
    ids = [row.id for row in rows if _resolved(row.wall, row.zone, row.fold).due_at != row.due_at]
    if not ids:
        return []
    found = session.scalars(
        select(Publication)
        .where(Publication.id.in_(ids), Publication.state.in_(UNSENT))
        .order_by(Publication.id)
        .options(joinedload(Publication.post), joinedload(Publication.account))
        .with_for_update(of=Publication)
        .execution_options(populate_existing=True)
    )
    return found.all()


def _resolved(wall: str, zone: str, fold: int) -> Resolved:
    return resolve(parse_wall(wall), zone, fold=fold)


def _retime_one(session: Session, publication: Publication, version: str, *, now: datetime) -> None:
    before, old = publication.due_at, publication.tzdata_version
    publication.due_at = _resolved(publication.wall, publication.zone, publication.fold).due_at
    publication.late_at = late_at(publication.due_at, publication.grace_s, publication.ends_at)
    publication.tzdata_version = version
    transitions.note(
        session, publication, "publication.retimed",
        f"Its wall time stays, {publication.wall[:16].replace('T', ' ')} {publication.zone}; the rules of that zone "
        f"changed, so it goes at {publication.due_at:%Y-%m-%d %H:%M} UTC instead of {before:%Y-%m-%d %H:%M} UTC.",
        now=now, details={"from": before.isoformat(), "to": publication.due_at.isoformat(), "tzdata": [old, version]},
    )  # fmt: skip
    if publication.state not in (PublicationState.PLANNED, PublicationState.CLAIMED):
        return
    if publication.due_at <= now < before:
        transitions.move(
            session, publication, Act.MISS, actor=None, now=now, reason=Reason.LATE, explanation=PAST
        )
    elif publication.state is PublicationState.CLAIMED:
        transitions.move(session, publication, Act.GIVE_BACK, actor=None, now=now)


def _tell(
    session: Session, desk_id: int, changed: Sequence[Publication], version: str, *, now: datetime
) -> None:
    desk = session.get_one(Desk, desk_id)
    named = [
        f"“{p.post.title}” on {p.account.handle}, {p.wall[:16].replace('T', ' ')} {p.zone}"
        + (" (missed)" if p.state is PublicationState.MISSED else "")
        for p in changed[:MOST_NAMED]
    ]
    more = [f"and {len(changed) - MOST_NAMED} more"] if len(changed) > MOST_NAMED else []
    notify(
        session, leads_of(session, desk_id), RETIMED, desk, stage=version, now=now, desk_id=desk_id,
        text=f"The rules of time zones changed (release {version}): {len(changed)} of what is planned keep their time "
        "on the wall and go at another moment.",
        details={"quote": "; ".join([*named, *more]), "publications": [p.id for p in changed]},
    )  # fmt: skip
