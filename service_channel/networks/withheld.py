"""Secrets that are part of an address: they are put in at the last moment and taken out of every answer.

A bot's token in a path or a webhook's signature in a query would otherwise stand in a client's log, in its errors, and
wherever a server repeats what it was asked.
"""

import html
from collections.abc import Sequence
from urllib.parse import quote

import httpx

WITHHELD = "~withheld~"
"""What stands in an address where the secret goes."""

SHORTEST = 8
"""Characters: what is shorter keeps no secret, and taking it out would garble an answer."""

_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Withheld(httpx.BaseTransport):
    """`in_address` replaces `WITHHELD` in each address. It and `others` never come back in an answer."""

    def __init__(self, inner: httpx.BaseTransport, in_address: str = "", others: Sequence[str] = ()) -> None:
        self._inner = inner
        self._in_address = in_address
        long_enough = {secret for secret in (in_address, *others) if len(secret) >= SHORTEST}
        written = {way(secret) for secret in long_enough for way in (str, html.escape, _quoted)}
        self._secrets = sorted(written, key=len, reverse=True)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._inner.handle_request(self._addressed(request))
        except httpx.RequestError as error:
            raise self._silent(error, request) from error.__cause__
        headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _OF_THE_WIRE]
        return httpx.Response(response.status_code, headers=headers, content=self._cleaned(response.read()))

    def _addressed(self, request: httpx.Request) -> httpx.Request:
        url = str(request.url).replace(WITHHELD, self._in_address, 1)
        return httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )

    def _cleaned(self, octets: bytes) -> bytes:
        for secret in self._secrets:
            octets = octets.replace(secret.encode(), WITHHELD.encode())
        return octets

    def _silent(self, error: httpx.RequestError, request: httpx.Request) -> httpx.RequestError:
        """The same error about the address without its secret."""
        words = self._cleaned(str(error).encode()).decode()
        return type(error)(words, request=request)


def _quoted(secret: str) -> str:
    """As it stands inside another address."""
    return quote(secret, safe="")
