"""Backing up while everything runs, and putting it back: whole, verified, and never over what is there unasked."""

import io
import json
import os
import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import backup, restore
from app.backup_file import BadBackup
from app.cli import main
from app.database_copies import CopyFailed
from app.restore import NotRestored
from content_library.database import Database
from content_library.models.desk import EngineBeat
from content_library.models.user import User, WebSession
from content_library.settings import Settings, load
from content_library.sign_in import start_session
from tests import factories as make
from tests.support.databases import Databases
from tests.support.pictures import make_picture
from tests.support.postgres import programs

pytestmark = pytest.mark.network  # PostgreSQL's programs are run
PICTURE = "0123456789abcdef" * 2


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with a person who is signed in, and one picture."""
    if not database_url.startswith("sqlite"):
        monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    made = settings_at(database_url, tmp_path / "here")
    database = Database(database_url)
    with database.write() as session:
        desk = make.make_desk(session)
        maya = make.make_user(session, "Maya Okafor", desk=desk)
        make_picture(session, desk, maya, sha256="0" * 64, name=PICTURE)
        start_session(session, maya, identified_by="password", now=datetime.now(UTC))
    database.dispose()
    made.media_folder.mkdir()
    (made.media_folder / f"{PICTURE}.jpg").write_bytes(b"kettle")
    return made


def settings_at(url: str, data: Path) -> Settings:
    return load({"DESKCAST_DATA": str(data), "DESKCAST_DATABASE_URL": url})


def names(url: str) -> list[str]:
    database = Database(url)
    with database.read() as session:
        found = list(session.scalars(select(User.name).order_by(User.id)))
    database.dispose()
    return found


def add(url: str, name: str) -> None:
    database = Database(url)
    with database.write() as session:
        make.make_user(session, name)
    database.dispose()


def put_back(settings: Settings, file: Path, **how: bool) -> restore.Restored:
    return restore.restore(settings, file, wait=lambda _s: None, **how)


def test_a_backup_names_what_is_in_it_and_only_its_owner_reads_it(settings: Settings, tmp_path: Path) -> None:
    made = backup.back_up(settings, tmp_path, now=datetime(2026, 11, 3, 9, 0, tzinfo=UTC))
    assert made.path == tmp_path / "deskcast-20261103-090000.tar"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    manifest = restore.check(made.path)
    assert set(manifest.files) == {
        "database", f"media/{PICTURE}.jpg", "keys/secret_key", "keys/vault_key", "keys/record_key",
    }  # fmt: skip
    assert (manifest.keys, manifest.missing) == (backup.INCLUDED, [f"{PICTURE}-thumb.jpg"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deskcast-20261103-090000.tar", "here"]


def test_a_backup_is_never_written_over(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "mine.tar"
    backup.back_up(settings, file)
    with pytest.raises(CopyFailed, match="is there already"):
        backup.back_up(settings, file)


def test_what_is_restored_is_what_was_and_everybody_signs_in_again(
    settings: Settings, tmp_path: Path
) -> None:
    url = settings.database_url
    file = backup.back_up(settings, tmp_path).path
    add(url, "Somebody New")
    (settings.media_folder / "later.jpg").write_bytes(b"later")
    done = put_back(settings, file, replace_existing=True)
    assert names(url) == ["Maya Okafor"]
    assert sorted(p.name for p in settings.media_folder.iterdir()) == [f"{PICTURE}.jpg"]
    database = Database(url)
    with database.read() as session:
        assert session.scalars(select(WebSession)).all() == []
        assert session.scalars(select(EngineBeat)).all() == []
    database.dispose()
    assert len(done.aside) == 3, "the database, the pictures and the keys of before are kept"
    assert not restore.is_unfinished(settings)
    again = backup.back_up(settings, tmp_path / "again.tar").path
    put_back(settings, again, replace_existing=True)
    assert names(url) == ["Maya Okafor"]


def test_an_installation_that_is_there_is_not_replaced_unasked(settings: Settings, tmp_path: Path) -> None:
    file = backup.back_up(settings, tmp_path).path
    add(settings.database_url, "Somebody New")
    with pytest.raises(NotRestored, match="Say --replace"):
        put_back(settings, file)
    assert names(settings.database_url) == ["Maya Okafor", "Somebody New"]


def test_an_empty_place_needs_no_asking(settings: Settings, databases: Databases, tmp_path: Path) -> None:
    file = backup.back_up(settings, tmp_path).path
    kind = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    url = databases.empty_url(kind)
    there = settings_at(url, tmp_path / "there")
    done = put_back(there, file)
    assert names(url) == ["Maya Okafor"]
    assert done.warnings == ["1 pictures were missing when the backup was made."]
    assert (there.data / "keys" / "record_key").read_text() == settings.record_key


def test_without_its_keys_a_backup_says_what_will_not_open(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    file = backup.back_up(settings, tmp_path, with_keys=False).path
    kind = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    done = put_back(settings_at(databases.empty_url(kind), tmp_path / "there"), file)
    assert any("vault keys" in said for said in done.warnings)
    assert any("record key" in said for said in done.warnings)


def test_a_backup_that_was_changed_is_refused_and_nothing_is_touched(
    settings: Settings, tmp_path: Path
) -> None:
    file = backup.back_up(settings, tmp_path).path
    with tarfile.open(file) as archive:
        offset = archive.getmember(f"media/{PICTURE}.jpg").offset_data
    with file.open("r+b") as raw:
        raw.seek(offset)
        raw.write(b"K")
    with pytest.raises(BadBackup, match=r"media/.* is not what was backed up"):
        put_back(settings, file, replace_existing=True)
    assert names(settings.database_url) == ["Maya Okafor"]
    assert not restore.is_unfinished(settings)


@pytest.mark.parametrize("member", ["../outside", "keys/../../outside", "media/a/b", "/etc/outside"])
def test_a_name_that_leads_elsewhere_is_not_written(settings: Settings, tmp_path: Path, member: str) -> None:
    file, wrong = backup.back_up(settings, tmp_path).path, tmp_path / "wrong.tar"
    with tarfile.open(file) as old, tarfile.open(wrong, "w") as new:
        for info in old.getmembers():
            body = old.extractfile(info)
            assert body is not None
            data = body.read()
            if info.name == "manifest.json":
                said = json.loads(data)
                said["files"][member] = said["files"].pop(f"media/{PICTURE}.jpg")
                data = json.dumps(said).encode()
            info.name = member if info.name.startswith("media/") else info.name
            info.size = len(data)

            new.addfile(info, io.BytesIO(data))
    with pytest.raises(BadBackup):
        put_back(settings, wrong, replace_existing=True)
    assert not list(tmp_path.rglob("outside"))


def test_what_is_no_backup_is_said(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sam")
    with pytest.raises(BadBackup, match="cannot be read as a backup"):
        restore.check(file)


def test_a_backup_of_the_other_kind_or_of_a_newer_version_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    file = backup.back_up(settings, tmp_path).path
    other = (
        "postgresql://x@/y" if settings.database_url.startswith("sqlite") else f"sqlite:///{tmp_path}/o.db"
    )
    with pytest.raises(NotRestored, match="DESKCAST_DATABASE_URL names a"):
        put_back(settings_at(other, tmp_path / "there"), file)
    newer = tmp_path / "newer.tar"
    with tarfile.open(file) as old, tarfile.open(newer, "w") as new:
        for info in old.getmembers():
            body = old.extractfile(info)
            assert body is not None
            data = body.read().replace(b'"revision": "00', b'"revision": "99')

            new.addfile(info, io.BytesIO(data))
    with pytest.raises(NotRestored, match="newer version"):
        put_back(settings, newer, replace_existing=True)


def test_a_database_somebody_has_open_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    file = backup.back_up(settings, tmp_path).path
    database = Database(settings.database_url)
    with database.read() as session:
        session.scalars(select(User)).all()
        with pytest.raises(NotRestored, match=r"open|connections"):
            put_back(settings, file, replace_existing=True)
    database.dispose()


@pytest.mark.on("sqlite")
def test_a_damaged_database_can_be_replaced(settings: Settings, tmp_path: Path) -> None:
    file = backup.back_up(settings, tmp_path).path
    place = Path(settings.database_url.removeprefix("sqlite:///"))
    for part in ("-wal", "-shm"):
        Path(f"{place}{part}").unlink(missing_ok=True)
    place.write_bytes(b"not a database at all " * 1000)
    with pytest.raises(NotRestored, match="Say --replace"):
        put_back(settings, file)
    put_back(settings, file, replace_existing=True)
    assert names(settings.database_url) == ["Maya Okafor"]


@pytest.mark.on("sqlite")
def test_the_commands_say_what_they_did_and_end_with_a_status(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("DATA", settings.data), ("DATABASE_URL", settings.database_url)):
        monkeypatch.setenv(f"DESKCAST_{name}", str(value))
    file = tmp_path / "one.tar"
    made = CliRunner().invoke(main, ["backup", str(file)])
    assert made.exit_code == 0 and "whoever has this file can open the credentials" in made.output
    checked = CliRunner().invoke(main, ["restore", "--check", str(file)])
    assert checked.exit_code == 0 and "The backup is whole." in checked.output
    refused = CliRunner().invoke(main, ["restore", str(file)])
    assert refused.exit_code == 1 and "Say --replace" in refused.output
    done = CliRunner().invoke(main, ["restore", "--replace", str(file)])
    assert done.exit_code == 0 and "0 publications were due since then" in done.output
    (settings.data / restore.MARK).touch()
    stopped = CliRunner().invoke(main, ["engine"])
    assert stopped.exit_code == 1 and "was not finished" in stopped.output


def test_a_copy_is_one_moment_while_others_write(settings: Settings, tmp_path: Path) -> None:
    """What is written and not committed is not in it."""
    database = Database(settings.database_url)
    session = database.session(writing=True)
    make.make_user(session, "Not Yet")
    session.flush()
    file = backup.back_up(settings, tmp_path).path
    session.rollback()
    session.close()
    database.dispose()
    put_back(settings, file, replace_existing=True)
    assert names(settings.database_url) == ["Maya Okafor"]
