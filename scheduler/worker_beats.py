"""Who sends besides the engines: each worker says every few seconds that it lives; who is silent counts as gone."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from scheduler.models import WorkerBeat

KEPT = timedelta(hours=1)
"""How long one that fell silent is shown."""


def beat(session: Session, worker: str, *, accounts: int, busy: int, note: str, now: datetime) -> None:
    """This worker lives and is sending for `busy` of the `accounts` it takes at once."""
    kept = session.get(WorkerBeat, worker)
    if kept is None:
        kept = WorkerBeat(worker=worker, started_at=now)
        session.add(kept)
    kept.at, kept.accounts, kept.busy, kept.note = now, accounts, busy, note
    session.flush()


def leave(session: Session, worker: str) -> None:
    """This worker has ended, or cannot work for now."""
    session.execute(delete(WorkerBeat).where(WorkerBeat.worker == worker))


def is_anybody_there(session: Session, *, now: datetime, silent_s: float) -> bool:
    """Whether some worker has said less than `silent_s` seconds ago that it lives."""
    return bool(session.scalar(select(exists().where(WorkerBeat.at > now - timedelta(seconds=silent_s)))))


def known(session: Session) -> list[WorkerBeat]:
    """Every worker that lives or has fallen silent lately."""
    return list(session.scalars(select(WorkerBeat).order_by(WorkerBeat.started_at, WorkerBeat.worker)))


def forget_silent(session: Session, *, now: datetime) -> None:
    """Forget who has been silent for long."""
    session.execute(delete(WorkerBeat).where(WorkerBeat.at < now - KEPT))
