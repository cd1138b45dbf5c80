"""`deskcast doctor`: what is wrong with this installation, in words, with what to do about it."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import migrate
from content_library.database import Database
from content_library.models.desk import EngineBeat
from content_library.models.notice import Mail
from content_library.models.user import User
from content_library.settings import Settings
from content_library.wall_time import tzdata_version
from scheduler import agenda
from service_channel.models.credential import Credential
from service_channel.token_vault import TokenVault

LEAST_FREE = 500 * 1024 * 1024
BEAT_LATE = timedelta(minutes=2)


@dataclass(frozen=True)
class Finding:
    ok: bool
    sentence: str


def _fine(sentence: str) -> Finding:
    return Finding(ok=True, sentence=sentence)


def _mend(sentence: str) -> Finding:
    return Finding(ok=False, sentence=sentence)


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be checked without changing anything."""
    findings = [_data(settings), _disk(settings), _port(settings), _mail(settings), _zones()]
    database_finding = _database(settings)
    findings.append(database_finding)
    if database_finding.ok:
        findings.extend(_inside(settings))
    return findings


def _data(settings: Settings) -> Finding:
    folder = settings.data
    probe = folder if folder.exists() else folder.parent
    if not os.access(probe, os.W_OK):
        return _mend(f"{probe} cannot be written. Give this user the right to, or set DESKCAST_DATA.")
    return _fine(f"Data is kept in {folder}.")


def _disk(settings: Settings) -> Finding:
    probe = settings.data if settings.data.exists() else settings.data.parent
    free = shutil.disk_usage(probe).free
    if free < LEAST_FREE:
        return _mend(f"Only {free // 2**20} MB are free on the disk of {probe}. Make room before it is full.")
    return _fine(f"{free // 2**30} GB are free on the disk.")


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex(("127.0.0.1", settings.port)) == 0
    if taken:
        return _fine(f"Something answers on port {settings.port}: Deskcast, if it is running.")
    return _fine(f"Port {settings.port} is free.")


def _mail(settings: Settings) -> Finding:
    if not settings.smtp_url:
        return _fine(f"No mail server is set: mails are written to {settings.mail_folder}.")
    server = urlsplit(settings.smtp_url)
    try:
        socket.create_connection((server.hostname or "", server.port or 25), timeout=5).close()
    except OSError as problem:
        return _mend(f"{server.hostname} does not take mail ({problem}). Check DESKCAST_SMTP_URL.")
    return _fine(f"The mail server {server.hostname} answers.")


def _zones() -> Finding:
    return _fine(f"Time zones are those of IANA release {tzdata_version()}.")


def _database(settings: Settings) -> Finding:
    kind = "SQLite" if settings.database_url.startswith("sqlite") else "PostgreSQL"
    try:
        if migrate.pending(settings.database_url):
            return _mend(f"The {kind} database is not up to date. Run `deskcast migrate`.")
    except SQLAlchemyError as problem:
        first_line = str(problem).splitlines()[0]
        return _mend(f"The {kind} database cannot be reached: {first_line}. Check DESKCAST_DATABASE_URL.")
    return _fine(f"The {kind} database is reachable and up to date.")


def _inside(settings: Settings) -> Iterator[Finding]:
    database = Database(settings.database_url)
    checks: list[Callable[[Settings, Database], Finding]] = [_people, _engine, _overdue, _mails, _secrets]
    for check in checks:
        yield check(settings, database)
    database.dispose()


def _people(settings: Settings, database: Database) -> Finding:
    with database.read() as session:
        administrators = session.scalar(
            select(func.count()).select_from(User).where(User.is_administrator, User.is_active)
        )
    if not administrators:
        return _mend("Nobody can administer this installation. Run `deskcast set-up-link`.")
    return _fine(f"{administrators} active administrator{'s' if administrators != 1 else ''}.")


def _engine(settings: Settings, database: Database) -> Finding:
    with database.read() as session:
        last = session.scalar(select(func.max(EngineBeat.at)))
    if last is None:
        return _mend("No engine has run yet, so nothing goes out. Start `deskcast run` or `deskcast engine`.")
    if datetime.now(UTC) - last > BEAT_LATE:
        return _mend(f"The engine was last seen at {last:%Y-%m-%d %H:%M} UTC. Start `deskcast engine`.")
    return _fine("The engine is running.")


def _overdue(settings: Settings, database: Database) -> Finding:
    with database.read() as session:
        late = agenda.overdue(session, now=datetime.now(UTC), slack_s=120)
    if late:
        return _mend(f"{late} publications should have gone out and have not. Is the engine running?")
    return _fine("Nothing is overdue.")


def _mails(settings: Settings, database: Database) -> Finding:
    with database.read() as session:
        given_up = session.scalar(select(func.count()).select_from(Mail).where(Mail.given_up_at.is_not(None)))
    if given_up:
        return _mend(f"{given_up} mails could not be delivered. Check DESKCAST_SMTP_URL and the addresses.")
    return _fine("No mail was given up.")


def _secrets(settings: Settings, database: Database) -> Finding:
    known = {TokenVault([key]).key_id for key in settings.vault_keys}
    with database.read() as session:
        strange = set(session.scalars(select(Credential.key_id).distinct())) - known
    if strange:
        return _mend(
            "Some secrets were sealed under a key we do not have. Restore DESKCAST_VAULT_KEYS, or reconnect."
        )
    return _fine("Every stored secret can be opened.")
