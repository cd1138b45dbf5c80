"""The line to the server of a Bluesky account: with an app password's session, or with what a sign-in granted."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from service_channel.networks.base import Access, Outcome
from service_channel.networks.bluesky_wire import DEFAULT_HOST, Failed, Line, Wire
from service_channel.networks.calls import Reply
from service_channel.networks.proofs import Nonces, Proving

_PAUSES_S = (0.0, 0.5, 1.5)  # a token is over at the server a moment before its successor is kept here


class GrantedLine:
    """Speaks with a token that is bound to a key. It renews nothing: `renewing` does, one at a time.

    A server ends an access token when its successor is made, so one that was read before may be refused just after. A
    refusal proves that nothing was done; where a newer token is kept by then, the call is made once more with that.
    """

    def __init__(
        self, access: Access, transport: httpx.BaseTransport, deadline_s: float, nonces: Nonces
    ) -> None:
        token, key = (str(access.secret.get(name) or "") for name in ("access_token", "key"))
        if not (token and key):
            raise Failed(Outcome.SIGNED_OUT, "Nothing is kept of this account's sign-in. Connect it again.")
        self._access, self._token = access, token
        self.did = str(access.secret.get("identifier") or "")
        self._proving: Proving | None = None

        def proved(inner: httpx.BaseTransport) -> httpx.BaseTransport:
            self._proving = Proving(inner, key, nonces, token=token)
            return self._proving

        host = str(access.secret.get("host") or DEFAULT_HOST)
        self._wire = Wire(host, transport, deadline_s, around=proved)

    def query(self, nsid: str, params: Any = None) -> Reply:
        return self._asked(lambda: self._wire.query(nsid, params))

    def procedure(self, nsid: str, body: Mapping[str, Any]) -> Reply:
        return self._asked(lambda: self._wire.procedure(nsid, body))

    def upload(self, octets: bytes, mime: str) -> Reply:
        return self._asked(lambda: self._wire.upload(octets, mime))

    def _asked(self, call: Callable[[], Reply]) -> Reply:
        try:
            return call()
        except Failed as failed:
            if not (failed.refuses_token and self._has_newer()):
                raise
        return call()

    def _has_newer(self) -> bool:
        for pause_s in _PAUSES_S:
            time.sleep(pause_s)
            newer = str(self._access.latest().get("access_token") or "")
            if newer != self._token:
                break
        if newer in ("", self._token):
            return False
        assert self._proving is not None
        self._token = self._proving.token = newer
        return True


AnyLine = Line | GrantedLine


def open_line(access: Access, transport: httpx.BaseTransport, deadline_s: float, nonces: Nonces) -> AnyLine:
    """Raises `Failed` where nothing is kept that lets us in, or signing in does not work."""
    if "token_url" in access.secret:
        return GrantedLine(access, transport, deadline_s, nonces)
    return Line(access, transport, deadline_s)
