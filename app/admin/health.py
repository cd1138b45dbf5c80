"""How the installation is, in sentences: each says what is so, and what to do when it is not well."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import condition, migrate
from app.condition import Publications
from app.formatting import ago
from content_library.models.audit import AuditEntry
from content_library.models.desk import EngineBeat
from content_library.models.notice import Mail
from content_library.settings import Settings
from content_library.wall_time import tzdata_version
from scheduler import head_exports
from scheduler.conservation import Sum
from scheduler.watch import Beat, Whose

QUIET_FOR = timedelta(minutes=2)


@dataclass(frozen=True)
class Sign:
    """`tone`: approved, held or failed."""

    tone: str
    icon: str
    text: str


def signs(session: Session, settings: Settings, *, now: datetime) -> list[Sign]:
    """How everything is, the engine first: without it nothing goes out."""
    return [
        *_engine(session, settings, now),
        *_database(session, settings),
        *_mail(session, settings, now),
        *_record(session, now),
        *_heads(session, now),
        _good("world", f"Time zones: the release {tzdata_version()} of the world’s clocks."),
        _address(settings),
    ]


def _good(icon: str, sentence: str) -> Sign:
    return Sign("approved", icon, sentence)


def _engine(session: Session, settings: Settings, now: datetime) -> Iterator[Sign]:
    newest = session.scalars(select(EngineBeat).order_by(EngineBeat.at.desc()).limit(1)).first()
    if newest is None:
        yield Sign("failed", "alert-octagon", "No engine has ever run. Start one with: deskcast engine.")
        return
    if newest.at < now - QUIET_FOR:
        since = ago(newest.at, now)
        sentence = (
            f"The engine has been silent since {since}: nothing goes out. Start it again: deskcast engine."
        )
        yield Sign("failed", "alert-octagon", sentence)
        return
    yield _good(
        "bolt",
        f"The engine works; it was last heard {ago(newest.at, now)}, on {newest.note or 'this machine'}.",
    )
    yield from _jobs(condition.beats(session, settings, now=now), now)


def _jobs(beats: list[Beat], now: datetime) -> Iterator[Sign]:
    watchdog = condition.watchdog(beats)
    if watchdog is not None:
        since = f"since {ago(watchdog.at, now)}" if watchdog.at else "since the engine started"
        sentence = f"The watchdog itself is late: nobody has counted what is overdue {since}."
        yield Sign("failed", "alert-octagon", sentence)
    late = sorted(beat.job for beat in beats if beat.is_late and beat is not watchdog)
    if late:
        yield Sign(
            "held",
            "clock-exclamation",
            f"Some of its work is late: {', '.join(late)}. The engine’s log says why.",
        )


def _workers(session: Session, settings: Settings, now: datetime) -> Iterator[Sign]:
    """Nothing where nobody has started one: engines send by themselves."""
    found = condition.workers(session, settings, now=now)
    alive = [worker for worker in found if not worker.is_silent]
    if alive:
        waiting = _counted(condition.queue(session).waiting, "account waits", "accounts wait")
        yield _good("users", f"{_counted(len(alive), 'worker sends', 'workers send')}; {waiting} for one.")
    for gone in (worker for worker in found if worker.is_silent):
        others = "the others send" if alive else "the engine sends by itself"
        yield Sign(
            "held",
            "clock-exclamation",
            f"The worker {gone.name} has been silent since {ago(gone.at, now)}: {others}. Start it again.",
        )


def trouble_signs(
    session: Session, settings: Settings, here: Publications, *, now: datetime
) -> Iterator[Sign]:
    """What the status page says first: the engine, its watchdog, the sum, and what is overdue."""
    yield from _engine(session, settings, now)
    yield from _workers(session, settings, now)
    yield _adds_up(here.total)
    engine, people = (
        sum(o.count for o in here.overdue if o.whose is whose) for whose in (Whose.ENGINE, Whose.PEOPLE)
    )
    if engine:
        yield Sign("failed", "clock-exclamation", f"{_publications(engine)} should have gone on by now.")
    if people:
        yield Sign("held", "user-question", f"{_publications(people)} wait long for somebody of their desk.")
    if not here.overdue:
        yield _good("checks", "Nothing is overdue.")
    if here.oldest_unknown is not None:
        since = ago(here.oldest_unknown, now)
        yield Sign(
            "held", "list-search", f"Deskcast looks whether posts are there, for the oldest since {since}."
        )
    room = condition.room(settings.data)
    if room.is_short:
        yield Sign(
            "failed",
            "database",
            f"Only {room.free // 2**20:,} MB are free on the disk. Make room before it is full.",
        )


def _adds_up(total: Sum) -> Sign:
    if total.created is None:
        return Sign(
            "held", "equal", "The record is still being counted; then it is compared with what is there."
        )
    if not total.adds_up:
        sentence = f"{total.created:,} publications were planned and {total.standing:,} are there."
        return Sign("failed", "equal", f"{sentence} Compare with a backup.")
    return _good("equal", "It adds up: every publication that was planned is there, in one state.")


def _publications(count: int) -> str:
    return _counted(count, "publication", "publications")


def _database(session: Session, settings: Settings) -> Iterator[Sign]:
    if settings.database_url.startswith("sqlite"):
        version = session.scalar(text("SELECT sqlite_version()"))
        size = (
            session.scalar(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"))
            or 0
        )
        yield _good("database", f"Database: SQLite {version}, {size / 1_048_576:.1f} MB in one file.")
    else:
        version = str(session.scalar(text("SHOW server_version"))).split()[0]
        size = session.scalar(text("SELECT pg_database_size(current_database())")) or 0
        yield _good("database", f"Database: PostgreSQL {version}, {size / 1_048_576:.1f} MB.")
    if migrate.pending(settings.database_url):
        yield Sign("failed", "alert-octagon", "The database is of an older Deskcast. Run: deskcast migrate.")


def _mail(session: Session, settings: Settings, now: datetime) -> Iterator[Sign]:
    if not settings.smtp_url:
        where = f"Mails are written to files in {settings.mail_folder}: set DESKCAST_SMTP_URL to send them."
        yield Sign("held", "mail", where)
    else:
        yield _good("mail", f"Mails go out over SMTP as {settings.mail_from}.")
    stuck = session.scalar(
        select(func.count()).select_from(Mail).where(
            Mail.sent_at.is_(None), Mail.given_up_at.is_(None), Mail.created_at < now - timedelta(minutes=15)
        )
    )  # fmt: skip
    lost = session.scalar(select(func.count()).select_from(Mail).where(Mail.given_up_at.is_not(None)))
    if stuck:
        yield Sign(
            "held",
            "mail-opened",
            f"{_counted(stuck, 'mail has', 'mails have')} waited for a quarter of an hour or more.",
        )
    if lost:
        yield Sign(
            "failed", "mail-opened", f"{_counted(lost, 'mail was', 'mails were')} given up: nobody took them."
        )


def _record(session: Session, now: datetime) -> Iterator[Sign]:
    overdue = AuditEntry.at < now - timedelta(minutes=1)
    late = session.scalar(
        select(func.count()).select_from(AuditEntry).where(AuditEntry.seq.is_(None), overdue)
    )
    if late:
        yield Sign(
            "held",
            "shield-lock",
            f"{_counted(late, 'entry of the record waits', 'entries of the record wait')} for a seal.",
        )
    else:
        yield _good("shield-check", "The record is sealed up to the last minute.")


def _heads(session: Session, now: datetime) -> Iterator[Sign]:
    last = head_exports.last_export(session)
    if last is None:
        return
    for problem in last.problems.values():
        yield Sign("failed", "shield-lock", f"The head of the record could not be exported: {problem}")
    if last.done_at is not None and last.done_at < now - timedelta(days=2):
        yield Sign(
            "held", "shield-lock", f"The head of the record was last exported {ago(last.done_at, now)}."
        )
    elif last.done_at is not None and not last.problems:
        yield _good(
            "shield-check",
            f"The head of the record, entry {last.seq}, was exported {ago(last.done_at, now)}.",
        )


def _address(settings: Settings) -> Sign:
    if settings.is_https:
        return _good("lock", f"Reached at {settings.public_url}, over TLS.")
    return Sign(
        "held",
        "lock-open",
        f"Reached at {settings.public_url}, without TLS: fine on this machine, not outside.",
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
