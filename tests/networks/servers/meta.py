"""What Facebook, Instagram and Threads have in common: the Graph API's errors, tokens and the sign-in with Facebook.

Written from developers.facebook.com, read November 2026: "Handle errors", "Rate limits", "Secure requests",
"Long-lived access tokens", "Debug token", "Page access tokens".
"""

import hashlib
import hmac
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from tests.networks.servers.recorded import Recorded

APP_ID, APP_SECRET = "1234567890", "app-secret-of-the-desk"
NOW = datetime(2026, 11, 3, 9, 0, 5, tzinfo=UTC)
GONE = (
    "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions,"
    " or does not support this operation"
)


def graph_error(
    code: int,
    message: str = "Something is wrong.",
    *,
    subcode: int | None = None,
    status: int = 400,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """As the Graph API says it."""
    error = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "A6LJylpZRKw2xKLFsAP",
        **more,
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return Response(
        json.dumps({"error": error}), status, headers=dict(headers or {}), content_type="application/json"
    )


def rate_limited() -> Response:
    """Too many calls for a Page; access comes back in five minutes."""
    usage = {
        "111": [{"type": "pages", "call_count": 100, "total_time": 30, "estimated_time_to_regain_access": 5}]
    }
    said = "(#80001) There have been too many calls to this Page account. Wait a bit and try again."
    return graph_error(80001, said, headers={"X-Business-Use-Case-Usage": json.dumps(usage)})


def proof(token: str) -> str:
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


@dataclass
class Ordered:
    """An answer for the next call of this method whose path ends like this."""

    method: str
    ending: str
    answer: Response


@dataclass
class GraphServer:
    """`tokens` maps each good token to whom it speaks for. `objects` are what a GET of an id shows."""

    name: str
    version: str
    wants_proof: bool = True
    tokens: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW
    may_not_delete: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.recorded = Recorded(self.name, rate_limited=rate_limited)
        self.app = self.recorded.app
        self.objects: dict[str, dict[str, Any]] = {}
        self._orders: list[Ordered] = []
        self._ids = itertools.count(17_900_000_000_000_001)
        self.app.before_request(self._guard)

    def order(self, method: str, ending: str, answer: Response) -> None:
        self._orders.append(Ordered(method, ending, answer))

    def new_id(self) -> str:
        return str(next(self._ids))

    def stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%S+0000")

    def owner(self) -> str:
        """Whom the call's token speaks for; "" for nobody."""
        return self.tokens.get(self._token(), "")

    def gone(self, object_id: str) -> Response:
        return self.gone_as(request.method.lower(), object_id)

    def gone_as(self, method: str, object_id: str) -> Response:
        return graph_error(100, GONE.format(method=method, id=object_id), subcode=33)

    def shown(self, object_id: str) -> Any:
        """The asked fields of an object."""
        if object_id == "me":
            object_id = self.owner()
        if object_id not in self.objects:
            return self.gone(object_id)
        asked = request.args.get("fields", "id").split(",")
        found = self.objects[object_id]
        return {"id": object_id, **{name: found[name] for name in asked if name in found}}

    def page_of(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        """One page of a list, with cursors ("Paginated results"): `next` is there as long as there is more."""
        first, limit = int(request.args.get("after", "0")), int(request.args.get("limit", "25"))
        shown = entries[first : first + limit]
        if not shown:
            return {"data": []}
        last = first + len(shown)
        more = {"next": f"{request.base_url}?after={last}"} if last < len(entries) else {}
        return {"data": shown, "paging": {"cursors": {"before": str(first), "after": str(last)}, **more}}

    def _token(self) -> str:
        return request.headers.get("Authorization", "").removeprefix("Bearer ")

    def _guard(self) -> Response | None:
        """Tokens, proofs and ordered answers, before any route."""
        for order in self._orders:
            if order.method == request.method and request.path.endswith(order.ending):
                self._orders.remove(order)
                return order.answer
        if self._is_sign_in():
            return None
        if "access_token" in request.args:
            return graph_error(100, "This server takes no tokens in addresses.")
        return self._token_problem()

    def _is_sign_in(self) -> bool:
        return request.path.endswith(("access_token", "debug_token", "me/accounts"))

    def _token_problem(self) -> Response | None:
        token = self._token()
        if token not in self.tokens:
            return graph_error(190, f"Malformed access token {token}", status=401)
        given = request.values.get("appsecret_proof")
        if self.wants_proof and given != proof(token):
            said = "Invalid appsecret_proof provided in the API argument"
            return graph_error(
                100, said if given else "API calls from the server require an appsecret_proof argument"
            )
        return None


@dataclass
class FacebookLogin:
    """Signing in with Facebook on a `GraphServer`. `pages` are the entries of `me/accounts`."""

    server: GraphServer
    scopes: list[str]
    pages: list[dict[str, Any]] = field(default_factory=list)
    short: str = "EAAshort"
    long: str = "EAAlong"
    data_access_expires_at: int = 1_801_000_000
    page_size: int = 100

    def __post_init__(self) -> None:
        root = f"/{self.server.version}"
        self.server.app.add_url_rule(f"{root}/oauth/access_token", "exchange", self._exchange)
        self.server.app.add_url_rule(f"{root}/debug_token", "debug", self._debug)
        self.server.app.add_url_rule(f"{root}/me/accounts", "accounts", self._accounts)

    def _exchange(self) -> Any:
        asked = request.args
        if asked.get("client_id") != APP_ID or asked.get("client_secret") != APP_SECRET:
            return graph_error(1, "Error validating client secret.")
        if asked.get("grant_type") != "fb_exchange_token" or asked.get("fb_exchange_token") != self.short:
            return graph_error(190, f"Malformed access token {asked.get('fb_exchange_token')}")
        return {"access_token": self.long, "token_type": "bearer", "expires_in": 5_183_944}

    def _debug(self) -> Any:
        if request.headers.get("Authorization") != f"Bearer {APP_ID}|{APP_SECRET}":
            return graph_error(190, "Invalid OAuth access token.")
        if request.args.get("input_token") != self.long:
            return {"data": {"is_valid": False, "scopes": []}}
        ends = self.data_access_expires_at
        return {
            "data": {
                "app_id": APP_ID,
                "is_valid": True,
                "data_access_expires_at": ends,
                "scopes": self.scopes,
            }
        }

    def _accounts(self) -> Any:
        if request.headers.get("Authorization") != f"Bearer {self.long}":
            return graph_error(190, "Invalid OAuth access token.")
        if request.args.get("appsecret_proof") != proof(self.long):
            return graph_error(100, "Invalid appsecret_proof provided in the API argument")
        start = int(request.args.get("after", "0"))
        end = start + self.page_size
        more = {"next": "https://graph.facebook.com/…"} if end < len(self.pages) else {}
        return {"data": self.pages[start:end], "paging": {"cursors": {"after": str(end)}, **more}}
