"""What LinkedIn's errors mean.

Source: learn.microsoft.com, LinkedIn, Error Handling; Rate Limiting; Versioning. The words of a duplicate's refusal are
in no document: 422 with DUPLICATE_POST and "Content is a duplicate of urn:li:share:…" was seen by many.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import regex

from service_channel.networks.base import Outcome
from service_channel.networks.calls import Failed, Refusal

DUPLICATE = "DUPLICATE_POST"
NOT_FOUND = "RESOURCE_NOT_FOUND"
_NAMED = regex.compile(r"duplicate of (urn:li:(?:share|ugcPost):[0-9]{1,19})", regex.IGNORECASE)
_NO_PERMISSION = ("ACCESS_DENIED", "not enough permissions", "/author]", "/actor]")
_WAIT_S = 300.0


def read(status: int, content: Any, headers: Mapping[str, str]) -> Refusal:
    """An answer that is no success."""
    problem = content if isinstance(content, dict) else {}
    name, words = str(problem.get("code") or ""), str(problem.get("message") or "")
    if status == 429:
        return Refusal(name, words, Outcome.NOT_SENT, _wait(words, headers))
    if status == 426:  # this LinkedIn-Version is no more: nothing was done, and an update of ours is due
        return Refusal(name, words, Outcome.NOT_SENT)
    if status in (400, 409, 422) and _is_duplicate(problem, words):
        return Refusal(DUPLICATE, words, Outcome.REFUSED)
    if status == 403 and any(sign.lower() in f"{name} {words}".lower() for sign in _NO_PERMISSION):
        return Refusal(name, words, Outcome.SIGNED_OUT)
    return Refusal(name, words)


def named_by(failed: Failed) -> str:
    """The post that a refused duplicate is said to be a duplicate of; "" where none is named."""
    match = _NAMED.search(failed.message)
    return match[1] if match else ""


def _is_duplicate(problem: Mapping[str, Any], words: str) -> bool:
    details = problem.get("errorDetails")
    errors = details.get("inputErrors") if isinstance(details, dict) else None
    codes = [error.get("code") for error in errors or () if isinstance(error, dict)]
    return DUPLICATE in codes or "is a duplicate of" in words


def _wait(words: str, headers: Mapping[str, str]) -> float | None:
    """LinkedIn says no time: what is counted by the day begins anew at midnight UTC."""
    if "retry-after" in headers:
        return None
    if "DAY" not in words:
        return _WAIT_S
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
