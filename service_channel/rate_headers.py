"""What an answer says is left of a network's rate limit, whichever headers it says it with.

`RateLimit-*` (draft-ietf-httpapi-ratelimit-headers: three fields up to draft 02, one list or one item later),
`X-RateLimit-*`, `x-rate-limit-*` and the limits of a day beside them (X), and the shares in percent of
`X-App-Usage` and `X-Business-Use-Case-Usage` (Meta).
"""

import email.utils
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

FAMILIES = ("ratelimit", "x-ratelimit", "x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
USAGES = ("x-app-usage", "x-business-use-case-usage", "x-page-usage")
ROLLING = timedelta(hours=1)
"""Meta counts the last hour; how long it takes to regain access is said only where it is lost."""
LONGEST = timedelta(hours=25)
"""No limit of a network is longer than a day. What says so was misread, and would silence an account for months."""
_ITEM = re.compile(r"\b(limit|remaining|reset|r|t|q)\s*=\s*(\d{1,9})(?!\d)")
_INSTANT = 1_000_000_000  # larger numbers are seconds since 1970


@dataclass(frozen=True)
class Left:
    """So many calls of `most` are left until `until`; Meta's are percent. None: the answer did not say."""

    left: int
    until: datetime
    most: int | None = None


def left_of(headers: Mapping[str, str], *, now: datetime) -> Left | None:
    """The tightest limit an answer names; None where it names none, or nothing that can be read."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    named = [*_families(lower, now), *_items(lower, now), *_usages(lower, now)]
    said = [replace(one, until=min(one.until, now + LONGEST)) for one in named]
    return min(said, key=lambda one: (one.left, -one.until.timestamp()), default=None)


def _families(headers: Mapping[str, str], now: datetime) -> Iterator[Left]:
    for family in FAMILIES:
        left = _number(headers.get(f"{family}-remaining", ""))
        after = headers.get(f"{family}-reset-after", "")
        until = _until(after or headers.get(f"{family}-reset", ""), now)
        if left is not None and until is not None:
            yield Left(left, until, _number(headers.get(f"{family}-limit", "").partition(",")[0]))


def _items(headers: Mapping[str, str], now: datetime) -> Iterator[Left]:
    """`limit=100, remaining=50, reset=5` and `"default";r=50;t=30`, of which there may be several."""
    said = headers.get("ratelimit", "")
    for item in [said] if "remaining" in said else said.split(","):
        found = {name: int(value) for name, value in _ITEM.findall(item)}
        left, span = found.get("remaining", found.get("r")), found.get("reset", found.get("t"))
        if left is not None and span is not None:
            yield Left(left, now + timedelta(seconds=span), found.get("limit"))


def _usages(headers: Mapping[str, str], now: datetime) -> Iterator[Left]:
    for name in USAGES:
        try:
            said = json.loads(headers.get(name, ""))
        except ValueError:
            continue
        for usage in _records(said):
            shares = [v for k, v in usage.items() if k in ("call_count", "total_time", "total_cputime")]
            used = max((s for s in shares if isinstance(s, int | float) and 0 <= s < 10_000), default=None)
            if used is not None:
                yield Left(max(0, 100 - int(used)), now + _regained(usage), 100)


def _records(said: Any) -> Iterator[Mapping[str, Any]]:
    """The usage itself, or those of each business: {id: [usage, …]}."""
    if not isinstance(said, dict):
        return
    nested = [one for rows in said.values() if isinstance(rows, list) for one in rows]
    yield from (one for one in nested or [said] if isinstance(one, dict))


def _regained(usage: Mapping[str, Any]) -> timedelta:
    minutes = usage.get("estimated_time_to_regain_access")
    return timedelta(minutes=minutes) if isinstance(minutes, int) and 0 < minutes < 10_000 else ROLLING


def _number(said: str) -> int | None:
    return int(said) if re.fullmatch(r"\d{1,9}", said) else None


def _until(said: str, now: datetime) -> datetime | None:
    """A span in seconds, an instant in seconds since 1970, or a date; a moment beyond a year is a slip."""
    found: datetime | None
    try:
        number = float(said)
        found = datetime.fromtimestamp(number, UTC) if number > _INSTANT else now + timedelta(seconds=number)
    except (ValueError, OverflowError, OSError):
        found = _date(said)
    return None if found is None or found > now + timedelta(days=366) else found


def _date(said: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        try:
            instant = email.utils.parsedate_to_datetime(said)
        except ValueError:
            return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
