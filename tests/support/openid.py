"""A real OpenID Connect provider on loopback, in a process of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.processes import free_port, running


@dataclass(frozen=True)
class OpenIDProvider:
    """`issuer` is its address; any client id and secret are accepted."""

    issuer: str

    @property
    def discovery_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def knows(self, subject: str, **claims: object) -> None:
        """What the provider tells about this person, for example email=…, email_verified=True, name=…"""
        httpx.put(f"{self.issuer}/users/{subject}", json=claims, timeout=10).raise_for_status()


@contextmanager
def openid_server(folder: Path) -> Iterator[OpenIDProvider]:
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    with running(command, port=port, log=folder / "openid.log", environment=os.environ):
        yield OpenIDProvider(f"http://127.0.0.1:{port}")
