"""`deskcast doctor`: what is wrong with this installation, in words: the cause, and what to do about it."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import condition, doctor_engine, migrate, restore
from app.doctor_findings import Finding, fine, mend
from app.doctor_secrets import secrets
from content_library import mail_outbox
from content_library.database import Database
from content_library.models.user import User
from content_library.settings import Settings
from content_library.wall_time import system_tzdata_version, tzdata_version

SLOW_S = 1.0
LOCKED_S = 3.0

__all__ = ["Finding", "examine"]


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be checked without changing anything."""
    findings = [_data(settings), _disk(settings), _port(settings), _mail(settings), _zones()]
    if restore.is_unfinished(settings):
        findings.append(
            mend("A restore was not finished, so no engine starts. Run `deskcast restore` again.")
        )
    findings.append(doctor_engine.senders(settings))  # before there are threads
    database_finding = _database(settings)
    findings.append(database_finding)
    if database_finding.ok:
        findings.extend(_inside(settings))
    return findings


def _data(settings: Settings) -> Finding:
    folder = settings.data
    probe = folder if folder.exists() else folder.parent
    if not os.access(probe, os.W_OK):
        return mend(f"{probe} cannot be written. Give this user the right to, or set DESKCAST_DATA.")
    return fine(f"Data is kept in {folder}.")


def _disk(settings: Settings) -> Finding:
    room = condition.room(settings.data)
    if room.is_short:
        return mend(
            f"Only {room.free // 2**20} MB are free on the disk of {settings.data}. When it is full nothing can be "
            "recorded, and so nothing is sent. Make room."
        )
    return fine(f"{room.free // 2**30} GB are free on the disk.")


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex(("127.0.0.1", settings.port)) == 0
    if taken:
        return fine(f"Something answers on port {settings.port}: Deskcast, if it is running.")
    return fine(f"Port {settings.port} is free.")


def _mail(settings: Settings) -> Finding:
    """The server is greeted and signed in to, as for a mail; none is sent."""
    if not settings.smtp_url:
        return fine(f"No mail server is set: mails are written to {settings.mail_folder}.")
    host = urlsplit(settings.smtp_url).hostname or ""
    try:
        mail_outbox.greet(settings.smtp_url)
    except mail_outbox.MailNotSent as problem:
        return mend(f"{host} does not take mail ({problem}). Check DESKCAST_SMTP_URL.")
    return fine(f"The mail server {host} answers.")


def _zones() -> Finding:
    ours, system = tzdata_version(), system_tzdata_version()
    if system and system > ours:
        return mend(
            f"Time zones are those of IANA release {ours}, and this machine has {system}: times may be an hour off "
            "where a country changed its clocks. Bring Deskcast up to date (the package tzdata)."
        )
    if system and system < ours:
        return fine(
            f"Time zones are those of IANA release {ours}. This machine’s own are older ({system}): its other programs "
            "may show other times."
        )
    return fine(f"Time zones are those of IANA release {ours}.")


def _database(settings: Settings) -> Finding:
    kind = "SQLite" if settings.database_url.startswith("sqlite") else "PostgreSQL"
    try:
        if migrate.pending(settings.database_url):
            return mend(f"The {kind} database is not up to date. Run `deskcast migrate`.")
    except SQLAlchemyError as problem:
        first_line = str(problem).splitlines()[0]
        return mend(f"The {kind} database cannot be reached: {first_line}. Check DESKCAST_DATABASE_URL.")
    return fine(f"The {kind} database is reachable and up to date.")


Check = Callable[[Settings, Session, datetime], Iterator[Finding]]


def _inside(settings: Settings) -> Iterator[Finding]:
    database = Database(settings.database_url)
    yield _quick(database)
    checks: tuple[Check, ...] = (_people, *doctor_engine.CHECKS, _mails, secrets, doctor_engine.record_key)
    for check in checks:
        with database.read() as session:
            yield from check(settings, session, datetime.now(UTC))
    database.dispose()


def _quick(database: Database) -> Finding:
    """Whether somebody could write now, and how long that takes. Nothing is written."""
    began = time.monotonic()
    try:
        with database.engine.connect() as connection:
            if database.is_sqlite:
                connection.connection.cursor().execute(f"PRAGMA busy_timeout={int(LOCKED_S * 1000)}")
                connection = connection.execution_options(begin_immediate=True)
            connection.execute(text("SELECT 1"))
            connection.rollback()
    except SQLAlchemyError:
        return mend(
            f"The database has been locked for {LOCKED_S:g} seconds: nobody can write. Look for a program that "
            "holds it open (a backup by copying, a database browser), and end it."
        )
    took = time.monotonic() - began
    if took > SLOW_S:
        return mend(
            f"The database took {took:.1f} seconds to answer. Look at the disk and what else uses it."
        )
    return fine(f"The database answers within {max(1, round(took * 1000))} ms.")


def _people(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    administrators = session.scalar(
        select(func.count()).select_from(User).where(User.is_administrator, User.is_active)
    )
    if not administrators:
        yield mend(f"Nobody can administer this installation. {_first_administrator(session)}")
        return
    yield fine(f"{administrators} active administrator{'s' if administrators != 1 else ''}.")


def _first_administrator(session: Session) -> str:
    if session.scalar(select(User.id).limit(1)) is None:
        return "Run `deskcast set-up-link`."
    return "There are people, so somebody changed the database by hand: restore a backup."


def _mails(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    if given_up := condition.mails_given_up(session, now=now):
        yield mend(
            f"{given_up} mails of the last week could not be delivered. Check DESKCAST_SMTP_URL and the addresses."
        )
    waiting = condition.mails_waiting(session, now=now)
    if waiting.since is not None and now - waiting.since > timedelta(minutes=15):
        minutes = int((now - waiting.since).total_seconds() // 60)
        yield mend(
            f"{waiting.count} mails wait, the first for {minutes} minutes: the mail server does not take them, or no "
            "engine runs. The engine’s log says which."
        )
    if not given_up and not waiting.count:
        yield fine("No mail was given up, and none waits.")
