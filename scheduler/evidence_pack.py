"""How an evidence pack is written: one .zip with the document, the pictures, and the SHA-256 of each file. Pure.

Nothing in it depends on the machine: whoever has `sha256sum` and a text editor can check it.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import IO, Any

MOST_MEDIA_BYTES = 500_000_000
DOCUMENT, SUMS = "evidence.json", "SHA256SUMS"
_CHUNK = 1 << 20
_ABOUT = """Evidence pack

evidence.json  everything that is known of one post: its revisions, who decided on which hash, when and where it
               went, what the networks answered, and the record's entries about it. Times are UTC.
media/         the pictures of every revision, each named by the SHA-256 of its bytes, each once.
SHA256SUMS     the SHA-256 of every other file. To check them: sha256sum -c SHA256SUMS

A revision's content_hash is SHA-256 over "deskcast:revision:v1", a line end, and the JSON of
{"content": …, "renditions": [their sha256, sorted]} with sorted keys, no spaces, and characters not escaped.
A rendition's sha256 is the same over "deskcast:rendition:v1", a line end, and its payload as it stands here.
"""


def plain(value: Any) -> Any:
    """What JSON can hold: instants as ISO 8601 in UTC, enums by value, keys as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    return value


def written(document: Mapping[str, Any]) -> bytes:
    """The document as it is hashed: sorted keys, two spaces, characters as they are."""
    return (json.dumps(document, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()


def with_files(document: Mapping[str, Any], folder: Path, *, most: int = MOST_MEDIA_BYTES) -> dict[str, Any]:
    """The document with, for each picture, the `file` it becomes in the pack, or in `state` why it is not there."""
    room, media = most, []
    for picture in document["media"]:
        state, size = _state(folder, picture)
        if state == "kept" and size > room:
            state = f"left out: the pictures of this pack are more than {most // 1_000_000} MB together"
        kept = state == "kept"
        room -= size if kept else 0
        name = f"media/{picture['sha256']}{Path(picture['name']).suffix}" if kept else None
        media.append({**picture, "state": state, "file": name, "bytes": size if kept else None})
    return {**document, "media": media}


def write_pack(file: IO[bytes], document: Mapping[str, Any], folder: Path) -> None:
    """Write the .zip: the document of `with_files`, its pictures, and the list of what each must hash to."""
    made = datetime.fromisoformat(document["made_at"])
    sums = []
    with zipfile.ZipFile(file, "w") as pack:
        for name, data in (("README.txt", _ABOUT.encode()), (DOCUMENT, written(document))):
            pack.writestr(_entry(name, made, zipfile.ZIP_DEFLATED), data)
            sums.append((hashlib.sha256(data).hexdigest(), name))
        for picture in document["media"]:
            if picture["file"]:
                sums.append((_copy(pack, folder / picture["name"], picture["file"], made), picture["file"]))
        listed = "".join(f"{sha256}  {name}\n" for sha256, name in sums)
        pack.writestr(_entry(SUMS, made, zipfile.ZIP_DEFLATED), listed)


def sha256_of(file: IO[bytes]) -> tuple[str, int]:
    """(SHA-256, bytes) of a file from its beginning; it stands at its beginning afterwards."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return digest.hexdigest(), size


def _state(folder: Path, picture: Mapping[str, Any]) -> tuple[str, int]:
    if not picture["name"]:
        return "no longer kept", 0
    try:
        with (folder / picture["name"]).open("rb") as file:
            found, size = sha256_of(file)
    except OSError:
        return "missing on disk", 0
    return ("kept", size) if found == picture["sha256"] else ("changed on disk since it was approved", size)


def _copy(pack: zipfile.ZipFile, path: Path, name: str, made: datetime) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source, pack.open(_entry(name, made, zipfile.ZIP_STORED), "w") as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _entry(name: str, made: datetime, how: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, made.timetuple()[:6])
    entry.compress_type, entry.external_attr = how, 0o644 << 16
    return entry
