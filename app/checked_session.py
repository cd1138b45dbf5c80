"""Authlib's session for OAuth, over the checked connections and with nothing from the environment."""

from collections.abc import Callable
from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter


class CheckedSession(OAuth2Session):
    """`transport` makes the adapter that every call goes through."""

    def __init__(self, *args: Any, transport: Callable[[], HTTPAdapter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, transport())
