"""What a backup file is: a tar archive of the database, the pictures and, unless left out, the keys, with a manifest.

The manifest is its last member. It names every other member with size and SHA-256, and says of what moment, version and
record the backup is.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

FORM = "deskcast-backup-v1"
MANIFEST = "manifest.json"
DATABASE = "database"
_CHUNK = 1024 * 1024
_MOST_MANIFEST = 256 * 1024 * 1024


class BadBackup(Exception):
    """This file cannot be used; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """`kind`: sqlite or postgresql. `keys`: included, left out, or in the environment."""

    made_at: str
    deskcast: str
    kind: str
    server: str
    revision: str
    tzdata: str
    head: Mapping[str, Any]
    publications: Mapping[str, int]
    keys: str
    key_ids: Mapping[str, list[str]]
    files: Mapping[str, list[Any]]  # name → [size, sha256]
    missing: list[str]  # pictures the database names and the folder did not have
    form: str = FORM

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.made_at)


class Writer:
    """Adds members one after the other, and remembers what they were."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.files: dict[str, list[Any]] = {}

    def add(self, name: str, source: Path) -> None:
        """Raises FileNotFoundError for a file that has gone."""
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            member = tarfile.TarInfo(name)
            member.size, member.mode = size, 0o600
            hashed = _Hashing(file)
            self._archive.addfile(member, hashed)
        self.files[name] = [size, hashed.sha256.hexdigest()]

    def close(self, manifest: Manifest) -> None:
        said = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(said), 0o600
        self._archive.addfile(member, io.BytesIO(said))


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """All of a file or nothing, readable by its owner only."""
    part = target.with_name(f".{target.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


class Reader:
    """A backup file that is open. Nothing is taken out of it by a name the manifest does not have."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members = {member.name: member for member in archive.getmembers()}
        self.manifest = self._read_manifest()

    def verify(self) -> None:
        """Every member is there, whole and unchanged. Raises BadBackup naming the first that is not."""
        wanted = set(self.manifest.files)
        if strange := set(self._members) - wanted - {MANIFEST}:
            raise BadBackup(f"{min(strange)} is in the file and not in its manifest.")
        for name, (size, sha256) in self.manifest.files.items():
            if self._digest(name) != (size, sha256):
                raise BadBackup(f"{name} is not what was backed up. Take another backup.")

    def take_out(self, name: str, target: Path) -> None:
        """Write one member to a file of its own."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for chunk in self._chunks(name):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def names(self, folder: str) -> Iterator[tuple[str, str]]:
        """The members of a folder: (name in the backup, name in the folder)."""
        for name in self.manifest.files:
            path = PurePosixPath(name)
            if path.parts[:1] == (folder,) and len(path.parts) == 2 and path.name not in ("", ".", ".."):
                yield name, path.name

    def _read_manifest(self) -> Manifest:
        member = self._members.get(MANIFEST)
        if member is None or member.size > _MOST_MANIFEST:
            raise BadBackup("It has no manifest: it was not finished, or is not a backup of Deskcast.")
        try:
            said = json.loads(b"".join(self._chunks(MANIFEST)))
            manifest = Manifest(**said)
            form, _when = manifest.form, manifest.moment
        except (ValueError, TypeError) as problem:
            raise BadBackup("Its manifest cannot be read.") from problem
        if form != FORM:
            raise BadBackup(f"Its form is “{form}”, which this version of Deskcast does not know.")
        return manifest

    def _digest(self, name: str) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        for chunk in self._chunks(name):
            size += len(chunk)
            digest.update(chunk)
        return size, digest.hexdigest()

    def _chunks(self, name: str) -> Iterator[bytes]:
        member = self._members.get(name)
        file = self._archive.extractfile(member) if member is not None and member.isreg() else None
        if file is None:
            raise BadBackup(f"{name} is missing from the file.")
        while chunk := file.read(_CHUNK):
            yield chunk


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open a backup file. Raises BadBackup."""
    try:
        with tarfile.open(path, mode="r:") as archive:
            yield Reader(archive)
    except (tarfile.TarError, OSError) as problem:
        raise BadBackup(f"{path} cannot be read as a backup: {problem}.") from problem


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.sha256.update(chunk)
        return chunk
