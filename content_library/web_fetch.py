"""The one way out to the web: fetching with every address checked, and the same as transports for clients.

Feeds, link checks, discovery, networks and sign-in all go through here.
"""

import email.utils
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin

from content_library.checked_connection import Resolver
from content_library.checked_wire import DEADLINE_S, MAX_BYTES, Answer, CheckedWire
from content_library.web_addresses import (
    FetchError,
    FetchErrorKind,
    FetchPolicy,
    Target,
    parse_target,
)
from content_library.web_transports import httpx_transport, requests_adapter

__all__ = [
    "FetchError",
    "FetchErrorKind",
    "FetchPolicy",
    "Fetched",
    "Fetcher",
    "LinkResult",
    "httpx_transport",
    "requests_adapter",
]

USER_AGENT = "Deskcast/0.1 (feed reader and link check)"
MAX_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
# Sites that answer like this are there; they only do not like being asked by a program.
_GUARDED = frozenset({401, 402, 403, 405, 406, 407, 418, 421, 429, 451, 999})


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer after redirects. `headers` has lower-case names; `body` is decompressed."""

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    body_sha256: str
    content_type: str
    etag: str | None
    last_modified: str | None
    not_modified: bool
    permanent_redirect: str | None
    retry_after_s: int | None
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class LinkResult:
    """Whether a link leads somewhere. `error` says why not, or what a person should look at."""

    ok: bool
    status: int | None
    final_url: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class _Trail:
    answer: Answer
    target: Target
    permanent: str | None


class Fetcher:
    """Fetches over kept connections. One per process is enough; safe to use from many threads."""

    def __init__(
        self, policy: FetchPolicy, *, user_agent: str = USER_AGENT, resolve: Resolver | None = None
    ) -> None:
        self._wire = CheckedWire(policy, resolve=resolve)
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        max_bytes: int = MAX_BYTES,
        deadline_s: float = DEADLINE_S,
    ) -> Fetched:
        """Fetch a link, following at most five redirects by hand. Raises FetchError.

        `etag` and `last_modified` go back exactly as the server gave them. `max_bytes` counts decompressed.
        """
        started = time.monotonic()
        headers = {**self._headers, **_validators(etag, last_modified)}
        trail = self._follow("GET", url, headers, started + deadline_s, max_bytes)
        return _fetched(url, trail, round((time.monotonic() - started) * 1000))

    def post(self, url: str, body: bytes, *, content_type: str, deadline_s: float = DEADLINE_S) -> int:
        """Send something once and follow nothing; the status of the answer. Raises FetchError."""
        target = parse_target(url)
        headers = {**self._headers, "Content-Type": content_type}
        answer = self._wire.exchange(
            "POST",
            target,
            headers,
            body=body,
            deadline_at=time.monotonic() + deadline_s,
            max_bytes=0,
            truncate=True,
        )
        return answer.status

    def check_link(self, url: str, *, deadline_s: float = DEADLINE_S) -> LinkResult:
        """Ask whether a link leads somewhere: HEAD first, GET where HEAD is not understood. Never raises."""
        deadline_at = time.monotonic() + deadline_s
        try:
            trail = self._ask(url, deadline_at)
        except FetchError as error:
            return LinkResult(ok=False, status=None, final_url=None, error=error.message)
        status = trail.answer.status
        ok = status < 400 or status in _GUARDED
        return LinkResult(ok, status, trail.target.url, _link_sentence(status))

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, url: str, deadline_at: float) -> _Trail:
        try:
            trail = self._follow("HEAD", url, self._headers, deadline_at, 0, truncate=True)
            if trail.answer.status < 400:
                return trail
        except FetchError as error:
            if error.kind is not FetchErrorKind.PROTOCOL:
                raise
        return self._follow("GET", url, self._headers, deadline_at, 0, truncate=True)

    def _follow(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        deadline_at: float,
        max_bytes: int,
        *,
        truncate: bool = False,
    ) -> _Trail:
        target, permanent, all_permanent = parse_target(url), None, True
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._wire.exchange(
                method, target, headers, deadline_at=deadline_at, max_bytes=max_bytes, truncate=truncate
            )
            location = answer.header("location")
            if answer.status not in _REDIRECTS or not location:
                return _Trail(answer, target, permanent)
            target = _next_target(target, location)
            all_permanent = all_permanent and answer.status in _PERMANENT
            permanent = target.url if all_permanent else permanent
        raise FetchError(
            f"{target.host} sent us on more than {MAX_REDIRECTS} times. Use the address it leads to.",
            FetchErrorKind.TOO_MANY_REDIRECTS,
        )


def _validators(etag: str | None, last_modified: str | None) -> dict[str, str]:
    pairs = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in pairs.items() if value and value.isprintable()}


def _next_target(target: Target, location: str) -> Target:
    """Where a redirect leads. Header bytes arrive as latin-1 although most servers mean UTF-8."""
    text = location.encode("latin-1", "replace").decode("utf-8", "replace").strip()
    if "\\" in text:
        raise FetchError(f"{target.host} sent us on to a broken address.", FetchErrorKind.BAD_ADDRESS)
    try:
        return parse_target(urljoin(target.url, text))
    except ValueError as error:
        raise FetchError(
            f"{target.host} sent us on to a broken address.", FetchErrorKind.BAD_ADDRESS
        ) from error


def _fetched(url: str, trail: _Trail, elapsed_ms: int) -> Fetched:
    answer = trail.answer
    headers = _joined(answer)
    return Fetched(
        url=url,
        final_url=trail.target.url,
        status=answer.status,
        headers=headers,
        body=answer.body,
        body_sha256=hashlib.sha256(answer.body).hexdigest(),
        content_type=headers.get("content-type", ""),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        not_modified=answer.status == 304,
        permanent_redirect=trail.permanent if answer.status < 400 else None,
        retry_after_s=_retry_after(headers),
        elapsed_ms=elapsed_ms,
    )


def _joined(answer: Answer) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in answer.headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds, from seconds or from a date counted against the server's own Date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    until = _http_date(text)
    if until is None:
        return None
    asked = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return max(0, round((until - asked).total_seconds()))


def _http_date(text: str) -> datetime | None:
    try:
        parsed = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _link_sentence(status: int) -> str | None:
    if status < 400:
        return None
    if status in _GUARDED:
        return f"The site answers {status} to our check. Open the link once to see that it works."
    if status in (404, 410):
        return f"The page is gone (the site answers {status}). Put in another link."
    return f"The site answers with an error ({status}). Try the link again later."
