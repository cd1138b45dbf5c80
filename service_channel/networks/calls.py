"""Calling a network over HTTP: one try, one deadline, nothing followed, and what each kind of failure proves.

Every adapter that speaks plain HTTP goes through `Caller`. It raises `Failed` and nothing else for what happened over
there. Addresses and headers can hold secrets, so neither is in what is kept for the record.
"""

import email.utils
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from content_library.web_fetch import FetchError, FetchErrorKind
from service_channel.networks.base import (
    FindResult,
    Outcome,
    Preparation,
    Presence,
    SendResult,
)

USER_AGENT = "Deskcast/0.1"
KEPT_CHARACTERS = 2_000
NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""What a client says where no connection stood: nothing can have been sent."""

_CONTENT_REFUSED = {400, 403, 404, 413, 415, 422}
_KEPT_HEADERS = ("retry-after", "x-request-id")
_KEPT_BEGINNINGS = (
    "ratelimit",
    "x-ratelimit-",
    "x-rate-limit-",
    "x-user-limit-24hour-",
    "x-app-limit-24hour-",
    "x-app-usage",
    "x-page-usage",
    "x-business-use-case-usage",
)


@dataclass
class Failed(Exception):
    """A call that did not succeed, judged. `error` is the server's own name for it."""

    outcome: Outcome
    message: str
    status: int | None = None
    error: str = ""
    retry_after: float | None = None
    response: Mapping[str, Any] = field(default_factory=dict)
    kind: FetchErrorKind | None = None

    def before_sending(self) -> Self:
        """The same failure where the post itself was not on its way yet: that proves it was not sent."""
        if self.outcome in (Outcome.UNKNOWN, Outcome.REFUSED):
            self.outcome = Outcome.NOT_SENT
        return self

    def as_send(self, request: Mapping[str, Any]) -> SendResult:
        """How a sending ended that failed like this. `request`: what was asked, without secrets."""
        return SendResult(
            self.outcome, None, self.status, request, self.response, self.message, self.retry_after
        )

    def as_preparation(self) -> Preparation:
        """How preparing ended: whatever it was, nothing was posted."""
        outcome = Outcome.NOT_SENT if self.outcome is Outcome.UNKNOWN else self.outcome
        return Preparation(None, outcome, self.message, self.status, self.retry_after)

    def as_find(self, presence: Presence = Presence.UNREADABLE) -> FindResult:
        return FindResult(presence, None, self.status, self.response, self.message)

    def as_check(self) -> FindResult:
        """What testing a connection has shown."""
        refused = self.outcome is Outcome.SIGNED_OUT
        return self.as_find(Presence.ABSENT if refused else Presence.UNREADABLE)


@dataclass(frozen=True)
class Reply:
    """A 2xx answer. `body` is empty where the server sent no JSON object; `content` is whatever JSON it sent."""

    status: int
    body: Mapping[str, Any]
    record: Mapping[str, Any]  # for the attempt's record
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """What a network's own error says: its name, its words, and an outcome where the status alone would mislead."""

    error: str = ""
    message: str = ""
    outcome: Outcome | None = None
    retry_after: float | None = None


Reader = Callable[[int, Any, Mapping[str, str]], Refusal]
"""Reads an answer that is no success: status, body (JSON or text) and headers, whose names are lower-case."""


def read_plainly(_status: int, content: Any, _headers: Mapping[str, str]) -> Refusal:
    """For networks that put a sentence into `error`, `message`, `detail` or `error_description`."""
    if not isinstance(content, dict):
        return Refusal()
    said = [content.get(name) for name in ("error_description", "message", "detail", "error")]
    words = [word for word in said if isinstance(word, str) and word]
    name = content.get("error")
    return Refusal(name if isinstance(name, str) else "", words[0] if words else "")


class OneTry(httpx.BaseTransport):
    """Ends every exchange by one common deadline and follows nothing: a redirected POST may be a second one."""

    def __init__(self, inner: httpx.BaseTransport, deadline_s: float) -> None:
        self._inner = inner
        self._ends = time.monotonic() + deadline_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpx.ConnectTimeout("There was no time left to begin.", request=request)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), left)
        request.extensions = {**request.extensions, "timeout": timeouts, "deadline_s": left}
        response = self._inner.handle_request(request)
        if response.has_redirect_location:
            raise httpx.RemoteProtocolError("The server sent us on to another address.", request=request)
        return response


class Caller:
    """Calls within one total deadline, from the first to the last. `headers` go with each, tokens among them.

    `server` begins every address that is not whole. `read` tells the network's own errors apart.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport,
        deadline_s: float,
        *,
        server: str = "",
        headers: Mapping[str, str] | None = None,
        read: Reader = read_plainly,
    ) -> None:
        self._client = httpx.Client(
            transport=OneTry(transport, deadline_s),
            base_url=server,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})},
            trust_env=False,
            timeout=deadline_s,  # OneTry gives each exchange what is left of it
            follow_redirects=False,
        )
        self._read = read

    def get(self, path: str, **params: str | int) -> Reply:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Reply:
        """`body` goes as JSON; `more` is what httpx takes: data, files, content, headers, params."""
        return self.call("POST", path, **({} if body is None else {"json": dict(body)}), **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self.call("DELETE", path, **more)

    def call(self, method: str, path: str, **more: Any) -> Reply:
        """One exchange. Raises `Failed` for all but a 2xx answer."""
        try:
            response = self._client.request(method, path, **more)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise broken(error) from None
        content = _content(response)
        record = kept(response.status_code, response.headers, content)
        if not response.is_success:
            raise self._refused(response, content, record)
        body = content if isinstance(content, dict) else {}
        return Reply(response.status_code, body, record, content, response.headers)

    def _refused(self, response: httpx.Response, content: Any, record: Mapping[str, Any]) -> Failed:
        status = response.status_code
        said = self._read(status, content, response.headers)
        words = said.message or said.error or f"The server answered {status}."
        # Many servers send a limit's reset with every answer; it is a wait only where the limit is reached.
        waits = status == 429 or "retry-after" in response.headers
        return Failed(
            said.outcome or outcome_of(status),
            words[:KEPT_CHARACTERS],
            status,
            said.error,
            said.retry_after if said.retry_after is not None or not waits else wait_of(response.headers),
            record,
        )


def outcome_of(status: int) -> Outcome:
    """What a status proves where the network says nothing more exact (design: publication protocol, step 8)."""
    if status == 429:
        return Outcome.NOT_SENT
    if status == 401:
        return Outcome.SIGNED_OUT
    return Outcome.REFUSED if status in _CONTENT_REFUSED else Outcome.UNKNOWN


def broken(error: Exception) -> Failed:
    """No usable answer. Only a connection that never stood proves that nothing was sent."""
    cause = error.__cause__ if isinstance(error.__cause__, httpx.HTTPError) else error
    outcome = Outcome.NOT_SENT if isinstance(cause, NOTHING_LEFT) else Outcome.UNKNOWN
    kind = cause.__cause__.kind if isinstance(cause.__cause__, FetchError) else None
    words = str(cause) if isinstance(cause, httpx.HTTPError) else "The server's answer makes no sense."
    return Failed(outcome, words[:KEPT_CHARACTERS] or type(cause).__name__, kind=kind)


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, by `Retry-After` (a number or a date) or by a rate limit's reset (RFC 9110 § 10.2.3)."""
    said = headers.get("retry-after", "").strip()
    if said:
        return _seconds(said)
    for name in ("x-ratelimit-reset-after", "ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset"):
        if name in headers:
            return _seconds(headers[name].strip())
    return None


def _seconds(said: str) -> float | None:
    """A span, an instant in seconds since 1970, or a date: as the span from now."""
    try:
        number = float(said)
    except ValueError:
        return _until(said)
    return max(0.0, number - time.time()) if number > 1_000_000_000 else max(0.0, number)


def _until(said: str) -> float | None:
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        try:
            instant = email.utils.parsedate_to_datetime(said)
        except ValueError:
            return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def kept(status: int, headers: Mapping[str, str], content: Any) -> dict[str, Any]:
    """What the record keeps of an answer: never a token, for none of these headers holds one."""
    body = content if isinstance(content, dict) else repr(content)[:KEPT_CHARACTERS]
    wanted = {name.lower(): value for name, value in headers.items()}
    return {
        "status": status,
        "headers": {
            name: value
            for name, value in wanted.items()
            if name in _KEPT_HEADERS or name.startswith(_KEPT_BEGINNINGS)
        },
        "body": body,
    }


def _content(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text[:KEPT_CHARACTERS]
