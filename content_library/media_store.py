"""Pictures of people's uploads: checked and re-encoded in a confined process, kept under names made by chance."""

import contextlib
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from content_library.confined import ConfinedPool, Killed, WorkFailed, shared_pool
from content_library.errors import InvalidInput, NotFound

LARGEST_MB = 20
"""Of 1,000,000 bytes; what the pages say, and the request's limit leaves room for."""

_MIMES = {"jpg": "image/jpeg", "png": "image/png"}
_NAME = re.compile(r"[0-9a-f]{32}(?:-thumb)?\.(?:jpg|png)")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A kept picture. `sha256`, `size` (bytes) and the measures are those of the kept file."""

    name: str
    thumb_name: str
    sha256: str
    mime: str
    width: int
    height: int
    size: int


def store_image(data: bytes, *, folder: Path, pool: ConfinedPool | None = None) -> StoredImage:
    """Keep an uploaded picture and its thumbnail in `folder`. Raises InvalidInput with what to do.

    At most 2048 pixels a side and 950,000 bytes, so that it fits every network; without metadata. Takes up to
    10 s: never inside a database transaction.
    """
    _refuse_size(data)
    head, blob = _shrink(data, pool or shared_pool())
    picture, thumb = blob[: head["split"]], blob[head["split"] :]
    stem = secrets.token_hex(16)
    name, thumb_name = f"{stem}.{head['kind']}", f"{stem}-thumb.{head['thumb_kind']}"
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, thumb_name, thumb)
    _write(folder, name, picture)
    return StoredImage(
        name=name,
        thumb_name=thumb_name,
        sha256=hashlib.sha256(picture).hexdigest(),
        mime=_MIMES[head["kind"]],
        width=head["width"],
        height=head["height"],
        size=len(picture),
    )


def media_path(folder: Path, name: str) -> Path:
    """Where a kept picture lies. Raises NotFound for any name that we did not give."""
    path = folder / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise NotFound("There is no such picture.")
    return path


def open_media(folder: Path, name: str) -> BinaryIO:
    """A kept picture, opened for reading. Raises NotFound."""
    return media_path(folder, name).open("rb")


def media_mime(name: str) -> str:
    """The type to send a kept picture with; from its name, which is ours."""
    return _MIMES.get(name.rpartition(".")[2], "application/octet-stream")


def remove_image(folder: Path, image: StoredImage) -> None:
    """Remove a picture and its thumbnail; what is gone already is fine."""
    for name in (image.name, image.thumb_name):
        remove_file(folder, name)


def remove_file(folder: Path, name: str) -> None:
    """Remove one file of ours; what is gone already is fine."""
    with contextlib.suppress(NotFound):
        media_path(folder, name).unlink(missing_ok=True)


def _refuse_size(data: bytes) -> None:
    if not data:
        raise InvalidInput("This file is empty. Choose the picture again.")
    if len(data) > LARGEST_MB * 1_000_000:
        raise InvalidInput(
            f"This file is larger than {LARGEST_MB} MB. Make the picture smaller and upload it again."
        )


def _shrink(data: bytes, pool: ConfinedPool) -> tuple[dict[str, Any], bytes]:
    try:
        head, blob = pool.run("content_library.image_work:shrink_for_parent", data)
    except (Killed, WorkFailed) as error:
        raise InvalidInput(
            "This picture takes too much time or memory to open. Save it as a smaller JPEG and upload that."
        ) from error
    if "refusal" in head:
        raise InvalidInput(head["refusal"])
    return head, blob


def _write(folder: Path, name: str, data: bytes) -> None:
    """All of a file or nothing, and on the disk before anyone is told of it."""
    part = folder / f".{name}.part"
    with part.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
