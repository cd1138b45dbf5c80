"""`deskcast backup`: the database of one moment, its pictures and the keys, in one file, while everything runs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import backup_file, migrate
from app.backup_file import DATABASE, Manifest, Writer
from app.condition import database_kind
from app.database_copies import (
    CopyFailed,
    copy_sqlite,
    dump_postgres,
    is_sqlite,
    postgres_snapshot,
    sqlite_file,
)
from content_library import sealing
from content_library.database import Database
from content_library.models.media import Media
from content_library.settings import Settings
from content_library.wall_time import tzdata_version
from scheduler import agenda
from service_channel.token_vault import key_id

INCLUDED, LEFT_OUT, ELSEWHERE = "included", "left out", "in the environment"
KEYS = ("secret_key", "vault_key", "record_key")


@dataclass(frozen=True)
class Made:
    """A finished backup."""

    path: Path
    manifest: Manifest
    size: int


@dataclass(frozen=True)
class _Facts:
    """What the copied database says of itself, and the pictures it names."""

    server: str
    head: dict[str, object]
    publications: dict[str, int]
    pictures: list[str]


def back_up(settings: Settings, where: Path, *, with_keys: bool = True, now: datetime | None = None) -> Made:
    """Write a backup into a folder, or to a file that is not there yet. Raises CopyFailed."""
    made_at = now or datetime.now(UTC)
    target = _target(where, made_at)
    revision = migrate.current_revision(settings.database_url)
    if revision is None:
        raise CopyFailed(
            "There is no database to back up yet. Check DESKCAST_DATA and DESKCAST_DATABASE_URL."
        )
    with (
        tempfile.TemporaryDirectory(prefix=".deskcast-backup-", dir=target.parent) as folder,
        _copied(settings.database_url, Path(folder)) as (copy, facts),
        backup_file.writing(target) as writer,
    ):
        writer.add(DATABASE, copy)
        missing = _add_pictures(writer, settings.media_folder, facts.pictures)
        keys = _add_keys(writer, settings.data / "keys") if with_keys else LEFT_OUT
        manifest = Manifest(
            made_at=made_at.isoformat(), deskcast=version("deskcast"),
            kind="sqlite" if is_sqlite(settings.database_url) else "postgresql", server=facts.server,
            revision=revision, tzdata=tzdata_version(), head=facts.head, publications=facts.publications,
            keys=keys, key_ids=key_ids(settings), files=writer.files, missing=missing,
        )  # fmt: skip
        writer.close(manifest)
    return Made(target, manifest, target.stat().st_size)


def key_ids(settings: Settings) -> dict[str, list[str]]:
    """Names of the keys in use, which give nothing of them away."""
    record = sha256(f"deskcast:record-key-id:v1\n{settings.record_key}".encode()).hexdigest()[:8]
    return {"vault": [key_id(key) for key in settings.vault_keys], "record": [record]}


def _target(where: Path, made_at: datetime) -> Path:
    target = where / f"deskcast-{made_at:%Y%m%d-%H%M%S}.tar" if where.is_dir() else where
    if target.exists():
        raise CopyFailed(f"{target} is there already. Choose another name: backups are never written over.")
    if not target.parent.is_dir():
        raise CopyFailed(f"There is no folder {target.parent}. Make it first.")
    return target


@contextmanager
def _copied(url: str, folder: Path) -> Iterator[tuple[Path, _Facts]]:
    """A copy of the database, and what the same moment of it says."""
    copy = folder / DATABASE
    if is_sqlite(url):
        copy_sqlite(sqlite_file(url), copy)
        database = Database(f"sqlite:///{copy}")
        with database.read() as session:
            facts = _facts(session)
        database.dispose()
        yield copy, facts
        return
    database = Database(url)
    with postgres_snapshot(url) as snapshot, database.read() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        session.connection().exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        facts = _facts(session)
        dump_postgres(url, copy, snapshot=snapshot)
    database.dispose()
    yield copy, facts


def _facts(session: Session) -> _Facts:
    kind, _size = database_kind(session)
    counts = {state.value: count for state, count in agenda.counts(session).items()}
    names = session.scalars(select(Media.name).union_all(select(Media.thumb_name))).all()
    return _Facts(kind, sealing.export_head(session), counts, sorted({n for n in names if n}))


def _add_pictures(writer: Writer, folder: Path, names: list[str]) -> list[str]:
    """Their files never change, so they may be read after the database; returns those that are not there."""
    missing = []
    for name in names:
        try:
            writer.add(f"media/{name}", folder / name)
        except FileNotFoundError:
            missing.append(name)
    return missing


def _add_keys(writer: Writer, folder: Path) -> str:
    found = [name for name in KEYS if (folder / name).is_file()]
    for name in found:
        writer.add(f"keys/{name}", folder / name)
    return INCLUDED if found else ELSEWHERE
