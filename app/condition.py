"""How the installation is, read at once for the status page, /healthz, /metrics and `deskcast doctor`.

All of it is read and nothing changed; every question is bounded or answered from an index.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from content_library.database import UtcDateTime
from content_library.models.audit import AuditEntry
from content_library.models.feed import Feed, Subscription
from content_library.models.notice import Mail
from content_library.notifications import NOT_AGAIN
from content_library.settings import Settings
from scheduler import account_queue, agenda, conservation, watch, worker_beats
from scheduler.engine import timetable
from scheduler.models import PublicationState
from scheduler.watch import Beat, Lateness, Overdue

FEED_BEHIND = timedelta(minutes=30)
LEAST_FREE = 500 * 1024 * 1024
NEARLY_FULL = 0.05
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Waiting:
    """How many wait, and since when the first does."""

    count: int
    since: datetime | None


@dataclass(frozen=True)
class Worker:
    """A worker process: it sends for `busy` of the `accounts` it takes at once."""

    name: str
    machine: str
    started_at: datetime
    at: datetime
    accounts: int
    busy: int
    is_silent: bool


@dataclass(frozen=True)
class Publications:
    """Of one desk, or of all."""

    counts: Mapping[PublicationState, int]
    total: conservation.Sum
    overdue: list[Overdue]
    oldest_unknown: datetime | None
    lateness: Lateness


@dataclass(frozen=True)
class Room:
    """Bytes on the disk of the data folder."""

    free: int
    total: int

    @property
    def is_short(self) -> bool:
        return self.free < LEAST_FREE or self.free < self.total * NEARLY_FULL


def publications(
    session: Session, settings: Settings, *, now: datetime, desk_id: int | None = None
) -> Publications:
    counts = agenda.counts(session, desk_id)
    return Publications(
        counts,
        conservation.balance(session, sum(counts.values()), desk_id),
        watch.overdue(session, now=now, timing=settings.timing, desk_id=desk_id),
        watch.oldest_unknown(session, desk_id),
        watch.lateness(session, now=now, desk_id=desk_id),
    )


def limits(settings: Settings) -> dict[str, float]:
    """Job → seconds after which its beat is late."""
    return {entry.name: entry.late_after_s for entry in timetable(settings)}


def beats(session: Session, settings: Settings, *, now: datetime) -> list[Beat]:
    return watch.beats(session, limits(settings), now=now)


def workers(session: Session, settings: Settings, *, now: datetime) -> list[Worker]:
    """Every worker that lives, and those that fell silent in the last hour."""
    silent = timedelta(seconds=settings.timing.worker_silent)
    return [
        Worker(one.worker, one.note, one.started_at, one.at, one.accounts, one.busy, now - one.at > silent)
        for one in worker_beats.known(session)
    ]


def watchdog(found: list[Beat]) -> Beat | None:
    """The watchdog's own beat, when it is late."""
    return next((beat for beat in found if beat.job == watch.WATCHDOG and beat.is_late), None)


def queue(session: Session) -> account_queue.Length:
    """Accounts that wait for a worker, and that workers are at."""
    return account_queue.length(session)


def unsealed(session: Session) -> Waiting:
    row = session.execute(
        select(func.count(), func.min(AuditEntry.at, type_=UtcDateTime())).where(AuditEntry.seq.is_(None))
    ).one()
    return Waiting(row[0], row[1])


def mails_waiting(session: Session, *, now: datetime) -> Waiting:
    """What is due and has not gone."""
    open_ = (Mail.sent_at.is_(None), Mail.given_up_at.is_(None), Mail.created_at <= now)
    row = session.execute(
        select(func.count(), func.min(Mail.created_at, type_=UtcDateTime())).where(*open_)
    ).one()
    return Waiting(row[0], row[1])


def mails_given_up(session: Session, *, now: datetime) -> int:
    """In the last days, not those that a restore let pass."""
    lately = (Mail.given_up_at >= now - LATELY, Mail.error != NOT_AGAIN)
    return session.scalar(select(func.count()).select_from(Mail).where(*lately)) or 0


def feeds_behind(session: Session, *, now: datetime) -> Waiting:
    """Feeds somebody follows that should have been asked half an hour ago."""
    followed = select(Subscription.id).where(Subscription.feed_id == Feed.id, Subscription.is_active)
    row = session.execute(
        select(func.count(), func.min(Feed.due_at, type_=UtcDateTime())).where(
            Feed.due_at < now - FEED_BEHIND, followed.exists()
        )
    ).one()
    return Waiting(row[0], row[1])


def database_kind(session: Session) -> tuple[str, int]:
    """Its name with the version, and its size in bytes."""
    if session.get_bind().dialect.name == "sqlite":
        size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return f"SQLite {session.scalar(text('SELECT sqlite_version()'))}", session.scalar(text(size)) or 0
    version = str(session.scalar(text("SHOW server_version"))).split()[0]
    return f"PostgreSQL {version}", session.scalar(
        text("SELECT pg_database_size(current_database())")
    ) or 0  # fmt: skip


def room(folder: Path) -> Room:
    """On the disk of a folder, or of the first above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return Room(usage.free, usage.total)


def is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)
