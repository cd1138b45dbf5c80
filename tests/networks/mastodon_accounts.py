"""Accounts on servers of Mastodon's API, as the adapter and the drills get them.

A drill connects with `connected(server)`, lets its engines post, and counts with `texts()`: the same for
`mastodon_mock` (class K; hundreds of posts) and for snac (class Q; up to 256 posts can be read back).
"""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from content_library.web_fetch import httpx_transport
from service_channel.networks.base import Access, Connection
from service_channel.networks.mastodon import Mastodon
from service_channel.networks.mastodon_limits import ServerLimits
from tests.networks.bluesky_accounts import LOOPBACK
from tests.networks.servers.mastodon import ACCOUNT, TOKEN, RecordedMastodon
from tests.support.mock_mastodon import MockMastodon
from tests.support.snac import Snac


@dataclass(frozen=True)
class Account:
    """An account that was connected, on a server that counts. `secret` is what a credential keeps of it."""

    server: MockMastodon | Snac
    connection: Connection
    name: str

    @property
    def secret(self) -> dict[str, Any]:
        return dict(self.connection.secret)

    @property
    def access(self) -> Access:
        return Access(1, self.connection.handle, self.connection.secret)

    def texts(self) -> list[str]:
        """What stands there, as it was written, once for each post."""
        is_mock = isinstance(self.server, MockMastodon)
        return self.server.texts(self.secret["account_id"] if is_mock else self.name)


def mastodon(*, pause_s: float = 0.01) -> Mastodon:
    return Mastodon(lambda: httpx_transport(LOOPBACK), pause_s=pause_s)


def connected(server: MockMastodon | Snac) -> Account:
    """A new account there, connected with a typed token as a person would."""
    name = f"desk{uuid.uuid4().hex[:8]}"
    token = server.add_user(name).token
    return Account(server, mastodon().connect({"server": server.url, "access_token": token}), name)


def recorded_access(server: RecordedMastodon) -> Access:
    """The account of a server written from the documents, as connecting would keep it."""
    secret = {
        "server": server.url,
        "access_token": TOKEN,
        "account_id": ACCOUNT,
        "keyed": server.is_keyed,
        "limits": ServerLimits.told({"configuration": server.limits}).as_kept(),
    }
    return Access(1, "desk@mastodon.example", secret)


def with_secret(access: Access, **other: Any) -> Access:
    return replace(access, secret={**access.secret, **other})
