"""Accounts that were connected by signing in on a real Bluesky server, and ways to that server that tests can bend."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from content_library.web_fetch import httpx_transport
from service_channel.networks.base import Access, AppKeys, Connection
from service_channel.networks.bluesky import Bluesky
from service_channel.networks.pushed_sign_in import OurClient
from tests.networks.bluesky_accounts import LOOPBACK
from tests.support.pds import RealPds
from tests.support.pds_sign_in import PersonAtPds
from tests.support.sites import Answer, site

HERE = "http://localhost:8000"
BACK = "/accounts/signed-in"
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
Bent = Callable[[httpx.Request], httpx.Response | None]


class Bending(httpx.BaseTransport):
    """The way to loopback. `asked` are the addresses in order; `bent` may answer in a server's place, or change where a
    request goes."""

    def __init__(self, bent: Bent | None = None) -> None:
        self.asked: list[str] = []
        self.bent = bent
        self._inner = httpx_transport(LOOPBACK)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        sent = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.read(),
            extensions=request.extensions,
        )
        answer = self.bent(sent) if self.bent else None
        return answer or self._inner.handle_request(sent)


@dataclass
class Signing:
    """A network at a real server, and who we are there."""

    pds: RealPds
    way: Bending = field(default_factory=Bending)

    def __post_init__(self) -> None:
        self.network = Bluesky(lambda: self.way, directory=self.pds.directory)
        self.client = client_at(self.network, HERE)

    def connected(self, handle: str, typed: str = "", client: OurClient | None = None) -> Connection:
        """Signed in by `handle`, named or not, and back again."""
        client = client or self.client
        out = self.network.set_out(client, typed or self.pds.named_url, "a-state-nobody-guesses")
        answer = PersonAtPds(out.address).allow(handle)
        return self.network.arrived(client, out.kept, answer, now=NOW)


def client_at(network: Bluesky, url: str) -> OurClient:
    found = network.client_at(url, f"{url}{BACK}")
    assert found is not None
    return found


def access_of(connection: Connection, **other: Any) -> Access:
    return Access(1, connection.handle, {**connection.secret, **other})


@contextmanager
def looked_up(network: Bluesky) -> Iterator[OurClient]:
    """Who we are at an https address that the server reads about us from."""
    with site() as ours:
        url = f"https://desk.at-{ours.url.rpartition(':')[2]}.net"
        client = client_at(network, url)
        client = replace(client, keys=AppKeys(client.keys.client_id, network.new_client_key()))
        ours["/oauth-client-metadata.json"] = Answer(
            _json(network.client_document(client, url)), content_type="application/json"
        )
        yield client


def _json(value: Mapping[str, Any]) -> bytes:
    return httpx.Response(200, json=dict(value)).content
