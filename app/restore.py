"""`deskcast restore`: a backup put back, whole or not at all, so that nothing that went out since is sent again.

What stands there is moved aside, never deleted. While this is at work a mark lies in the data folder, and no engine
starts where it lies: a restore that broke off half-way must not send anything.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import backup, backup_file, migrate
from app.backup_file import DATABASE, BadBackup, Manifest, Reader
from app.database_copies import (
    ASIDE,
    connected_to_postgres,
    drop_aside,
    is_sqlite,
    load_postgres,
    sqlite_file,
    sqlite_is_in_use,
)
from content_library import clock
from content_library.database import Database
from content_library.models.desk import EngineBeat
from content_library.models.user import User
from content_library.settings import Settings
from scheduler import restoring
from scheduler.engine import BEAT_EVERY_S
from scheduler.restoring import Settled

MARK = "restoring"
QUIET_S = 60.0
LISTEN_S = 3 * BEAT_EVERY_S
_SQLITE_PARTS = ("", "-wal", "-shm")


class NotRestored(Exception):
    """Nothing was changed; the message says why, and what to do."""


@dataclass(frozen=True)
class Restored:
    """What was put back, what became of what was due meanwhile, what was moved aside, and what to mind."""

    manifest: Manifest
    settled: Settled
    aside: list[str]
    warnings: list[str]


def check(path: Path) -> Manifest:
    """Whether a backup can be used, without touching anything. Raises BadBackup."""
    with backup_file.reading(path) as reader:
        reader.verify()
        return reader.manifest


def restore(
    settings: Settings,
    path: Path,
    *,
    replace_existing: bool = False,
    wait: Callable[[float], None] = time.sleep,
    now: datetime | None = None,
) -> Restored:
    """Put a backup in place and make it fit to go on. Raises BadBackup, NotRestored or CopyFailed.

    `wait` listens for the beats of an engine.
    """
    with backup_file.reading(path) as reader:
        _check_fits(settings, reader.manifest)
        _check_place(settings, replace_existing=replace_existing, wait=wait)
        reader.verify()
        return _put_back(settings, reader, now or datetime.now(UTC))


def is_unfinished(settings: Settings) -> bool:
    """Whether a restore broke off: then only another restore may touch this installation."""
    return (settings.data / MARK).exists()


def _check_fits(settings: Settings, manifest: Manifest) -> None:
    kind = "sqlite" if is_sqlite(settings.database_url) else "postgresql"
    if manifest.kind != kind:
        raise NotRestored(
            f"This backup is of a {manifest.kind} database, and DESKCAST_DATABASE_URL names a {kind} one."
        )
    if not migrate.knows(manifest.revision):
        raise NotRestored(
            f"This backup was made by a newer version of Deskcast ({manifest.deskcast}, database {manifest.revision}). "
            "Bring Deskcast up to date first."
        )


def _check_place(settings: Settings, *, replace_existing: bool, wait: Callable[[float], None]) -> None:
    """Nobody at work, and nothing there that was not said to be replaced."""
    url = settings.database_url
    is_there = sqlite_file(url).exists() if is_sqlite(url) else True
    if is_there and _engine_runs(url, wait):
        raise NotRestored("An engine is at work here. Stop Deskcast (web and engine), then restore.")
    if is_there and is_sqlite(url) and sqlite_is_in_use(sqlite_file(url)):
        raise NotRestored("Something has the database open. Stop Deskcast (web and engine), then restore.")
    if not is_sqlite(url) and (others := connected_to_postgres(url)):
        raise NotRestored(
            f"{others} other connections to this database are open. Stop Deskcast everywhere, then restore."
        )
    if not replace_existing and (not is_empty(url) or _pictures(settings)) and not is_unfinished(settings):
        raise NotRestored(
            "There is an installation here already. Say --replace to put the backup in its place; "
            "what is there now is moved aside."
        )


def is_empty(url: str) -> bool:
    """No people: nobody has begun here."""
    if not _has_tables(url):
        return True
    return _asked(url, lambda session: session.scalar(select(func.count()).select_from(User))) == 0


def _has_tables(url: str) -> bool:
    """Also where they are damaged: what cannot be read is not empty."""
    try:
        return migrate.current_revision(url) is not None
    except SQLAlchemyError:
        return True


def _pictures(settings: Settings) -> bool:
    return settings.media_folder.is_dir() and any(settings.media_folder.iterdir())


def _engine_runs(url: str, wait: Callable[[float], None]) -> bool:
    """An engine beats every few seconds: a last beat that is young is listened to for another."""
    before = _last_beat(url)
    if before is None or before[0] < before[1].timestamp() - QUIET_S:
        return False
    wait(LISTEN_S)
    after = _last_beat(url)
    return after is not None and after[0] > before[0]


def _last_beat(url: str) -> tuple[float, datetime] | None:
    """When, and what time it is."""
    if not _has_tables(url):
        return None

    def ask(session):  # type: ignore[no-untyped-def]
        last = session.scalar(select(func.max(EngineBeat.at)))
        return (last.timestamp(), clock.now(session)) if last is not None else None

    found: tuple[float, datetime] | None = _asked(url, ask)
    return found


def _asked(url: str, ask):  # type: ignore[no-untyped-def]
    """An answer of the database; None where it has no such tables."""
    database = Database(url)
    try:
        with database.read() as session:
            return ask(session)
    except SQLAlchemyError:
        return None
    finally:
        database.dispose()


def _put_back(settings: Settings, reader: Reader, now: datetime) -> Restored:
    """The files first, into places of their own; then each takes the place of what is there."""
    settings.data.mkdir(parents=True, exist_ok=True)
    mark, ending = settings.data / MARK, f"{now:%Y%m%d-%H%M%S-%f}"
    mark.write_text("A restore is under way, or broke off. Run deskcast restore again.\n")
    with TemporaryDirectory(prefix=".restoring-", dir=settings.data) as folder:
        staged = Path(folder)
        for name in reader.manifest.files:
            reader.take_out(name, _staged(staged, reader, name))
        fit = _Fit(reader.manifest, _begun_here(settings.database_url, reader.manifest))
        aside, settled = _place_database(settings, staged / DATABASE, fit, ending)
        for part in ("media", "keys"):
            aside += _place_folder(staged / part, settings.data / part, ending)
    mark.unlink()
    return Restored(reader.manifest, settled, aside, _warnings(settings, reader.manifest))


def _staged(staged: Path, reader: Reader, name: str) -> Path:
    """Where a member goes. A name that is none of ours is refused."""
    if name == DATABASE:
        return staged / DATABASE
    for folder in ("media", "keys"):
        for full, short in reader.names(folder):
            if full == name:
                (staged / folder).mkdir(exist_ok=True, mode=0o700 if folder == "keys" else 0o755)
                return staged / folder / short
    raise BadBackup(f"{name} is nothing a backup of Deskcast holds.")


@dataclass(frozen=True)
class _Fit:
    """Makes the restored database fit to go on."""

    manifest: Manifest
    begun: frozenset[str]

    def __call__(self, url: str) -> Settled:
        """Up to date, and what was due meanwhile decided, in one transaction."""
        migrate.upgrade(url)
        database = Database(url)
        try:
            with database.write() as session:
                return restoring.settle_restored(
                    session, made_at=self.manifest.moment, now=clock.now(session), begun=self.begun
                )
        finally:
            database.dispose()


def _begun_here(url: str, manifest: Manifest) -> frozenset[str]:
    """What the database that is replaced knows to have begun since the backup, where it can still be read."""
    if not _has_tables(url):
        return frozenset()
    return _asked(url, lambda session: restoring.begun_since(session, manifest.moment)) or frozenset()


def _place_database(settings: Settings, copy: Path, fit: _Fit, ending: str) -> tuple[list[str], Settled]:
    if not is_sqlite(settings.database_url):
        return _place_postgres(settings.database_url, copy, fit, ending)
    settled = fit(f"sqlite:///{copy}")  # before it stands in its place
    place, aside = sqlite_file(settings.database_url), []
    place.parent.mkdir(parents=True, exist_ok=True)
    for part in _SQLITE_PARTS:
        old = Path(f"{place}{part}")
        if old.exists():
            kept = Path(f"{place}.before-{ending}{part}")
            old.replace(kept)
            aside += [str(kept)] if not part else []
    _moved(copy, place)
    return aside, settled


def _place_postgres(url: str, dump: Path, fit: _Fit, ending: str) -> tuple[list[str], Settled]:
    was_empty, aside = is_empty(url), f"{ASIDE}{ending.replace('-', '_')}"
    load_postgres(url, dump, aside=aside)
    settled = fit(url)
    if was_empty:
        drop_aside(url, aside)
        return [], settled
    return [f"the schema {aside}"], settled


def _place_folder(staged: Path, place: Path, ending: str) -> list[str]:
    """Whole folders change places. Pictures the backup does not name stay where they were, aside."""
    if not staged.is_dir():
        return []
    aside = []
    if place.is_dir() and any(place.iterdir()):
        kept = place.with_name(f"{place.name}.before-{ending}")
        place.replace(kept)
        aside.append(str(kept))
    with suppress(FileNotFoundError):
        place.rmdir()
    _moved(staged, place)
    return aside


def _moved(source: Path, place: Path) -> None:
    """Into its place, and durably so. The database may lie on another disk than the data folder."""
    try:
        source.replace(place)
    except OSError:
        near = place.with_name(f".{place.name}.restored")
        near.write_bytes(source.read_bytes())
        near.replace(place)
    handle = os.open(place.parent, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def _warnings(settings: Settings, manifest: Manifest) -> list[str]:
    """What a person has to see to."""
    here = backup.key_ids(_with_restored_keys(settings, manifest))
    said = []
    if not set(manifest.key_ids["vault"]) & set(here["vault"]):
        said.append(
            "The vault keys here are not those of the backup: put them into keys/ or DESKCAST_VAULT_KEYS, "
            "or connect every account again."
        )
    if manifest.key_ids["record"] != here["record"]:
        said.append(
            "The record key here is not that of the backup: the record cannot be verified without the right one."
        )
    if manifest.missing:
        said.append(f"{len(manifest.missing)} pictures were missing when the backup was made.")
    return said


def _with_restored_keys(settings: Settings, manifest: Manifest) -> Settings:
    """The keys as the next start will read them: variables count for more than files."""
    if manifest.keys != backup.INCLUDED:
        return settings

    def read(name: str, variable: str, now: str) -> str:
        file = settings.data / "keys" / name
        return now if os.environ.get(variable) or not file.is_file() else file.read_text("ascii").strip()

    return replace(
        settings,
        vault_keys=settings.vault_keys
        if os.environ.get("DESKCAST_VAULT_KEYS")
        else (read("vault_key", "DESKCAST_VAULT_KEYS", settings.vault_keys[0]),),
        record_key=read("record_key", "DESKCAST_RECORD_KEY", settings.record_key),
    )
