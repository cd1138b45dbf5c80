"""Signing in that is handed in before the person sets out (RFC 9126), as Bluesky asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from service_channel.networks.base import AppKeys, Asked, Connection


@dataclass(frozen=True)
class OurClient:
    """What we are to servers that look us up: `keys.client_id` is an address, `keys.client_secret` a private key.

    `has_document`: they read at that address who we are, so it has to be reachable for them.
    """

    keys: AppKeys
    redirect_uri: str
    has_document: bool = False


@dataclass(frozen=True)
class SetOut:
    """Where a person goes to sign in, and what is needed when they come back: kept sealed meanwhile."""

    address: str
    kept: str


@runtime_checkable
class PushedSignIn(Protocol):
    """Where a sign-in is handed in before the person sets out (RFC 9126), by a client that servers look up."""

    sign_in_ask: Asked

    def client_at(self, public_url: str, redirect_uri: str) -> OurClient | None:
        """Who we are at this address of ours, without a key; None where no server could look us up. Pure."""
        ...

    def new_client_key(self) -> str: ...

    def client_document(self, client: OurClient, public_url: str) -> Mapping[str, Any]:
        """What servers read about us. Pure."""
        ...

    def set_out(self, client: OurClient, typed: str, state: str) -> SetOut:
        """Find the server and hand the sign-in in. Takes seconds. Raises ConnectRefused."""
        ...

    def arrived(
        self, client: OurClient, kept: str, answer: Mapping[str, str], *, now: datetime
    ) -> Connection:
        """Who signed in; `answer` is what the server sent the person back with. Raises ConnectRefused."""
        ...
