"""A person at the sign-in pages of a real Bluesky server: what the pages' own script sends when they say yes or no."""

import json
from http.cookies import SimpleCookie
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from tests.support.pds import ANSWERS_WITHIN_S, PASSWORD

_API = "/@atproto/oauth-provider/~api"
_opener = build_opener(ProxyHandler({}))


class PersonAtPds:
    """`address`: where Deskcast sent the person."""

    def __init__(self, address: str) -> None:
        self._address, self._origin = address, "{0.scheme}://{0.netloc}".format(urlsplit(address))
        self._cookies: dict[str, str] = {}
        self.page = self._opened()

    def allow(self, handle: str, password: str = PASSWORD) -> dict[str, str]:
        """Sign in and say yes: what the browser brings back to Deskcast."""
        signed_in = self._call("/sign-in", {"locale": "en", "username": handle, "password": password})
        did = signed_in["account"]["did"]
        agreed = self._call("/consent", {"did": did}, token=signed_in["ephemeralToken"])
        return _arguments(agreed["url"])

    def deny(self) -> dict[str, str]:
        return _arguments(self._call("/reject", {})["url"])

    def _opened(self) -> str:
        return self._exchange(
            Request(
                self._address,
                headers={
                    "Sec-Fetch-Site": "none",
                    "Sec-Fetch-Mode": "navigate",
                    "Sec-Fetch-Dest": "document",
                },
            )
        )

    def _call(self, endpoint: str, body: dict, *, token: str = "") -> dict:
        request = Request(f"{self._origin}{_API}{endpoint}", data=json.dumps(body).encode())
        headers = {
            "Content-Type": "application/json",
            "X-Csrf-Token": self._cookies["csrf-token"],
            "Origin": self._origin,
            "Referer": self._address,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "same-origin",
            "Sec-Fetch-Dest": "empty",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        for name, value in headers.items():
            request.add_header(name, value)
        return json.loads(self._exchange(request))

    def _exchange(self, request: Request) -> str:
        request.add_header("Cookie", "; ".join(f"{name}={value}" for name, value in self._cookies.items()))
        try:
            with _opener.open(request, timeout=ANSWERS_WITHIN_S) as answer:
                self._keep(answer.headers.get_all("Set-Cookie") or [])
                return answer.read().decode()
        except HTTPError as error:
            with error:
                raise AssertionError(f"{request.full_url}: {error.code} {error.read().decode()}") from error

    def _keep(self, cookies: list[str]) -> None:
        for line in cookies:
            for name, cookie in SimpleCookie(line).items():
                self._cookies[name] = cookie.value


def _arguments(url: str) -> dict[str, str]:
    found = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return {
        name: found[name] for name in ("code", "state", "iss", "error", "error_description") if name in found
    }
