"""Accounts on a real Bluesky server, as the adapter gets them."""

import hashlib
import io
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import Access, OutgoingMedia
from service_channel.networks.bluesky import Bluesky
from tests.support.pds import RealPds

LOOPBACK = FetchPolicy(allow=("127.0.0.1:*", "localhost:*"))


@dataclass
class Signed:
    """An account with its password; `saved` are the sessions the adapter asked to keep."""

    did: str
    handle: str
    app_password: str
    saved: list[str] = field(default_factory=list)

    def access(self, host: str, *, session: str = "") -> Access:
        """Like what is kept of an account: each renewed session is used from then on."""
        secret = {"host": host, "identifier": self.did, "app_password": self.app_password}
        access = Access(1, self.handle, secret, session)

        def save(renewed: str) -> None:
            self.saved.append(renewed)
            access.session = renewed

        access.save_session = save
        return access


def bluesky() -> Bluesky:
    return Bluesky(lambda: httpx_transport(LOOPBACK))


def signed_up(pds: RealPds) -> Signed:
    return Signed(*pds.create_account())


def with_other_password(access: Access) -> Access:
    return replace(access, secret={**access.secret, "app_password": "aaaa-bbbb-cccc-dddd"}, session="")


def an_image(
    folder: Path, color: str = "teal", *, alt: str = "A teal square", size: tuple[int, int] = (60, 40)
) -> OutgoingMedia:
    drawn = io.BytesIO()
    Image.new("RGB", size, color).save(drawn, "PNG")
    octets = drawn.getvalue()
    path = folder / f"{color}.png"
    path.write_bytes(octets)
    return OutgoingMedia(path, hashlib.sha256(octets).hexdigest(), "image/png", alt, *size)
