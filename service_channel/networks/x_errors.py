"""What X's errors mean: a permission, a dead token, a duplicate and a refused text share their statuses.

Sources: docs.x.com, Response codes and errors; docs.x.com, Rate limits.
"""

import time
from collections.abc import Mapping
from typing import Any

from service_channel.networks.base import Outcome
from service_channel.networks.calls import Refusal

DUPLICATE = "duplicate"
READING_REFUSED = "reading-refused"
_NO_CREDITS_WAIT_S = 3_600.0
_ACCOUNT_OUT = ("suspended", "temporarily locked", "account is locked")
_APP_OUT = ("client-forbidden", "unsupported-authentication", "oauth1-permissions", "oauth2-permissions")
_DAY_LIMITS = ("x-user-limit-24hour", "x-app-limit-24hour", "x-rate-limit")


def read(status: int, content: Any, headers: Mapping[str, str]) -> Refusal:
    """An answer that is no success, by X's problem type and words (RFC 7807)."""
    problem = content if isinstance(content, dict) else {}
    name = str(problem.get("type") or "").rpartition("/")[2]
    words = _words(problem)
    if status == 429:
        return Refusal(name, words, Outcome.NOT_SENT, wait_of_limits(headers))
    if status == 402:  # nothing is done before it is paid for
        return Refusal("credits", words, Outcome.NOT_SENT, _NO_CREDITS_WAIT_S)
    if status == 403:
        return _forbidden(name, words)
    return Refusal(name, words)


def wait_of_limits(headers: Mapping[str, str]) -> float | None:
    """Seconds until the last of the used up limits begins anew; None where no header says."""
    ends = [
        float(headers[f"{limit}-reset"]) - time.time()
        for limit in _DAY_LIMITS
        if headers.get(f"{limit}-remaining") == "0" and headers.get(f"{limit}-reset", "").isdigit()
    ]
    return max(1.0, *ends) if ends else None


def is_missing(error: str) -> bool:
    """Whether X said that there is no such post, rather than no such way to ask."""
    return error == "resource-not-found"


def _forbidden(name: str, words: str) -> Refusal:
    low = words.lower()
    if "duplicate content" in low:
        return Refusal(DUPLICATE, words, Outcome.REFUSED)
    if "daily status update limit" in low:
        return Refusal(name, words, Outcome.NOT_SENT, _NO_CREDITS_WAIT_S)
    if name in _APP_OUT or any(out in low for out in _ACCOUNT_OUT):
        return Refusal(name, words, Outcome.SIGNED_OUT)
    return Refusal(name, words, Outcome.REFUSED)


def _words(problem: Mapping[str, Any]) -> str:
    """X's own sentence; with several errors the first one's."""
    inner = problem.get("errors")
    first = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], dict) else {}
    said = [problem.get("detail"), first.get("detail"), first.get("message"), problem.get("title")]
    general = "One or more parameters to your request was invalid."
    words = [word for word in said if isinstance(word, str) and word]
    better = [word for word in words if word != general]
    return (better or words or [""])[0]
