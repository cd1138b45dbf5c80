"""How the Telegram Bot API is called, and what its errors prove (core.telegram.org/bots/api, "Making requests").

Every answer is `{"ok": …}`; an error has `error_code`, a `description` for people and sometimes `parameters`. The bot's
token is part of every address, so it is withheld from all that is kept.
"""

from collections.abc import Mapping
from typing import Any

import httpx

from service_channel.networks.base import Outcome
from service_channel.networks.calls import Caller, Failed, Refusal, Reply
from service_channel.networks.chat_parts import NO_SENSE
from service_channel.networks.withheld import WITHHELD, Withheld

API = "https://api.telegram.org"

UNKNOWN_BOT = (
    "Telegram does not know this bot's token any more. Connect the account again with one from @BotFather."
)
_SHUT_OUT = (
    "chat not found",
    "need administrator rights",
    "not enough rights",
    "have no rights to send",
    "chat_write_forbidden",
    "chat_restricted",
    "group chat was deactivated",
    "group is deactivated",
    "upgraded to a supergroup",
    "peer_id_invalid",
)
"""What a 400 says where not the content is at fault but the bot's place in the chat; in small letters."""


def caller(transport: httpx.BaseTransport, server: str, token: str, deadline_s: float) -> Caller:
    return Caller(
        Withheld(transport, token), deadline_s, server=f"{server}/bot{WITHHELD}", read=read_telegram
    )


def result_of(reply: Reply, kind: type) -> Any:
    """What a successful answer holds. Raises Failed where it is not of this kind."""
    found = reply.body.get("result")
    if reply.body.get("ok") is not True or not isinstance(found, kind):
        raise Failed(Outcome.UNKNOWN, NO_SENSE, reply.status, response=reply.record)
    return found


def read_telegram(status: int, content: Any, _headers: Mapping[str, str]) -> Refusal:
    if not isinstance(content, dict) or content.get("ok") is not False:
        # Not the Bot API's own answer: something in between. What became of the message it does not say.
        return Refusal(outcome=None if status in (401, 413, 429) else Outcome.UNKNOWN)
    words = str(content.get("description") or "")
    parameters = content.get("parameters")
    details = parameters if isinstance(parameters, dict) else {}
    if status in (401, 404):  # a token that never was one is a path that does not exist
        return Refusal("token", UNKNOWN_BOT, Outcome.SIGNED_OUT)
    moved_to = details.get("migrate_to_chat_id")
    if isinstance(moved_to, int):
        return Refusal("migrated", words, Outcome.NOT_SENT)
    wait = details.get("retry_after")
    return Refusal(
        _name(status, words), words, _judged(status, words), float(wait) if isinstance(wait, int) else None
    )


def moved_chat(failed: Failed) -> str:
    """Where a group went that has become a supergroup; "" for any other failure."""
    body = failed.response.get("body")
    parameters = body.get("parameters") if isinstance(body, dict) else None
    moved_to = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
    return str(moved_to) if isinstance(moved_to, int) else ""


def _judged(status: int, words: str) -> Outcome | None:
    if status == 403 or (status == 400 and any(said in words.lower() for said in _SHUT_OUT)):
        return Outcome.SIGNED_OUT
    return None


def _name(status: int, words: str) -> str:
    return words.partition(":")[2].strip().lower() if status in (400, 403) else str(status)
