"""What the errors of Meta's Graph API prove, for Facebook, Instagram and Threads alike. Pure.

Sources: "Handle errors" and "Rate limits" of the Graph API, "Error codes" of the Instagram platform
(developers.facebook.com, read November 2026). An error is named `code` or `code/subcode`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from service_channel.networks.base import Outcome
from service_channel.networks.calls import Failed, Reader, Refusal

PAUSE_S = 900.0
"""How long to wait where Meta names a limit but no time: its windows roll over an hour."""
DAY_FULL_S = 3_600.0
"""How long to wait where the day's posts are used up: the window rolls over 24 hours."""
NOT_READY_S = 30.0

_TOKEN_DEAD = {102, 190}  # 190 with 458, 459, 460, 463, 464, 467: all of them need the person again
_ACCOUNT_LOCKED = {"25/2207050"}  # Instagram: inactive, checkpointed or restricted
_RATE = {4, 17, 32, 341, 613, *range(80_000, 80_015)}
_DAY_FULL = {"9/2207042"}
_NOT_READY = {"9007/2207027"}
_TEMPORARY = {-2, -1, 1, 2, 24}  # 24: a container that "cannot be found", also one published a moment ago
_BLOCKED = {"368", "4/2207051"}  # held back as abuse or spam
_GONE = {"100/33", "803"}
_PERMISSION = {3, 10, *range(200, 300)}
_NAMED = re.compile(r"\b(?:pages|instagram|threads|business)_[a-z_]+[a-z]\b")
_BAD_PROOF = "appsecret_proof"


def graph_reader(needs: tuple[str, ...]) -> Reader:
    """Reads Graph errors. `needs` are the permissions to name where Meta does not say which one is missing."""

    def read(_status: int, content: Any, headers: Mapping[str, str]) -> Refusal:
        error = content.get("error") if isinstance(content, dict) else None
        return _refusal(error, headers, needs) if isinstance(error, dict) else _plain(content)

    return read


def is_gone(failed: Failed) -> bool:
    """Whether the object asked for is not there (any more), or not for us."""
    return failed.error in _GONE


def is_permission(failed: Failed) -> bool:
    """Whether the token works, but not for this."""
    return _number(failed.error.partition("/")[0]) in _PERMISSION


def _plain(content: Any) -> Refusal:
    """Threads' sign-in answers in the older shape: `error_type`, `code`, `error_message`."""
    return Refusal(message=_text(content.get("error_message")) if isinstance(content, dict) else "")


def _refusal(error: Mapping[str, Any], headers: Mapping[str, str], needs: tuple[str, ...]) -> Refusal:
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    name = "" if code is None else f"{code}/{subcode}" if subcode else str(code)
    said = _text(error.get("error_user_msg")) or _text(error.get("message"))
    outcome = _outcome(name, code, said, is_transient=error.get("is_transient") is True)
    message = _permission_words(said, needs) if _lacks_permission(code, outcome) else said
    wait = _wait(name, headers) if outcome is Outcome.NOT_SENT else None
    return Refusal(name, message, outcome, wait)


def _outcome(name: str, code: int | None, said: str, *, is_transient: bool) -> Outcome | None:
    if code in _TOKEN_DEAD or name in _ACCOUNT_LOCKED or _BAD_PROOF in said:
        return Outcome.SIGNED_OUT
    if name in _BLOCKED or code == 368:
        return Outcome.REFUSED
    if code in _RATE or name in _DAY_FULL | _NOT_READY:
        return Outcome.NOT_SENT
    if code in _PERMISSION:
        return Outcome.SIGNED_OUT
    return Outcome.UNKNOWN if code in _TEMPORARY or is_transient else None


def _lacks_permission(code: int | None, outcome: Outcome | None) -> bool:
    return code in _PERMISSION and outcome is Outcome.SIGNED_OUT


def _permission_words(said: str, needs: tuple[str, ...]) -> str:
    names = ", ".join(dict.fromkeys(_NAMED.findall(said))) or ", ".join(needs)
    which = f" ({names})" if names else ""
    return f"{said} A permission is missing{which}. Connect the account again and allow it.".strip()


def _wait(name: str, headers: Mapping[str, str]) -> float | None:
    """Seconds. `X-Business-Use-Case-Usage` says minutes until calls are taken again, for each use."""
    if name in _NOT_READY:
        return NOT_READY_S
    if minutes := _minutes(headers.get("x-business-use-case-usage", "")):
        return minutes * 60.0
    if "retry-after" in headers:
        return None  # the caller reads it
    return DAY_FULL_S if name in _DAY_FULL else PAUSE_S


def _minutes(header: str) -> float:
    """The longest `estimated_time_to_regain_access`; 0 where there is none."""
    try:
        usage = json.loads(header)
        uses = [use for of_one in usage.values() for use in of_one]
        return max((float(use.get("estimated_time_to_regain_access") or 0) for use in uses), default=0.0)
    except (AttributeError, TypeError, ValueError):
        return 0.0


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
