"""Every network this release can send to, by key: a new one is a file of its own and a line here."""

from collections.abc import Callable

import httpx

from content_library.web_fetch import FetchPolicy
from content_library.web_transports import httpx_transport
from service_channel.networks.base import Network
from service_channel.networks.bluesky import Bluesky
from service_channel.networks.page import Page

OVER_THE_WEB: tuple[Callable[..., Network], ...] = (Bluesky,)


def networks(policy: FetchPolicy) -> dict[str, Network]:
    """The built-in page, and what is reached over the web as `policy` allows."""

    def transport() -> httpx.BaseTransport:
        return httpx_transport(policy)

    made = (Page(), *(network(transport_for=transport) for network in OVER_THE_WEB))
    return {network.key: network for network in made}
