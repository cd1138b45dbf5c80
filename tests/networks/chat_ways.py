"""The way out for tests of the chat networks, whose servers are fixed: to loopback, and for some to nowhere."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import Connection, ConnectRefused, OutgoingMedia
from tests.networks.bluesky_accounts import an_image

LOOPBACK = FetchPolicy(allow=("127.0.0.1:*",))


class Way(httpx.BaseTransport):
    """To loopback. What bears `lost` in its address or its headers goes to a host where nobody answers."""

    def __init__(self, dead_host: str, lost: str) -> None:
        self._inner, self._dead_host, self._lost = httpx_transport(LOOPBACK), dead_host, lost

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._lost in str(request.url) or self._lost in request.headers.get("authorization", ""):
            request.url = httpx.URL(f"http://{self._dead_host}/")
        return self._inner.handle_request(request)


def way(dead_host: str, lost: str) -> Callable[[], httpx.BaseTransport]:
    return lambda: Way(dead_host, lost)


def refusal(connect: Callable[[dict[str, str]], Connection], given: dict[str, str]) -> tuple[str, str]:
    """What a person reads who tries to connect with this, and at which field."""
    with pytest.raises(ConnectRefused) as refused:
        connect(given)
    return refused.value.field, str(refused.value)


def images(folder: Path, count: int = 2) -> tuple[OutgoingMedia, ...]:
    colors = ("teal", "gold", "red", "blue", "green", "pink", "gray", "navy", "lime", "aqua", "tan")
    return tuple(an_image(folder, color, alt=f"A {color} square") for color in colors[:count])


def hosted(media: tuple[OutgoingMedia, ...]) -> tuple[OutgoingMedia, ...]:
    """The same with an address where a network finds them."""
    return tuple(replace(one, url=f"https://desk.example/media/{one.sha256}.png") for one in media)
