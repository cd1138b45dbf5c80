"""Pictures for networks that fetch them: approved bytes, and an address where they would be found."""

import hashlib
from pathlib import Path

from service_channel.networks.base import OutgoingMedia


def a_jpeg(folder: Path, name: str = "street", *, alt: str = "Elm Street, open again") -> OutgoingMedia:
    path = folder / f"{name}.jpg"
    path.write_bytes(b"\xff\xd8\xff " + name.encode())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return OutgoingMedia(
        path, sha256, "image/jpeg", alt, 1_080, 1_080, url=f"https://desk.example/m/{name}.jpg"
    )
