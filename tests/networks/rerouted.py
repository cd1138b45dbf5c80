"""Ways out to loopback for adapters whose address is fixed: one account's calls go where nobody answers."""

import hashlib
import io
from pathlib import Path

import httpx
from PIL import Image

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import OutgoingMedia

NOWHERE = "token-of-an-account-whose-network-cannot-be-reached"


class Rerouted(httpx.BaseTransport):
    """Whatever carries the token `NOWHERE` goes to a port that refuses every connection."""

    def __init__(self, dead_host: str) -> None:
        self._inner = httpx_transport(FetchPolicy(allow=("127.0.0.1:*",)))
        host, _, port = dead_host.partition(":")
        self._host, self._port = host, int(port)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if NOWHERE in request.headers.get("Authorization", ""):
            request.url = request.url.copy_with(scheme="http", host=self._host, port=self._port)
        return self._inner.handle_request(request)


def a_picture(
    folder: Path, color: str = "teal", *, alt: str = "A teal square", kind: str = "PNG"
) -> OutgoingMedia:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), color).save(drawn, kind)
    octets = drawn.getvalue()
    path = folder / f"{color}.{kind.lower()}"
    path.write_bytes(octets)
    return OutgoingMedia(path, hashlib.sha256(octets).hexdigest(), f"image/{kind.lower()}", alt, 60, 40)
