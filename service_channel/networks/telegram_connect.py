"""Connecting a Telegram bot: is the token one, is the chat there, and may the bot post in it?"""

from collections.abc import Mapping
from typing import Any

import httpx

from service_channel.networks.base import Asked, Connection, ConnectRefused, Outcome
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.chat_parts import CONNECT_DEADLINE_S, typed
from service_channel.networks.telegram_wire import caller, result_of

ASKS = (
    Asked("token", "Bot token", "From @BotFather in Telegram. It looks like 123456789:AAF…", is_secret=True),
    Asked("chat", "Channel or group", "@name of a public one, or the number of a private one, such as -1001234567890."),
)  # fmt: skip
HELP = (
    "In Telegram, write /newbot to @BotFather and copy the token. Then add the bot to your channel as an administrator "
    "that may post messages, or to your group as a member."
)
_WHICH_BOT = "Enter the token that @BotFather gave you. It looks like 123456789:AAF…"
_WHICH_CHAT = "Enter the channel or group: @name, or its number such as -1001234567890."
_GROUPS = ("group", "supergroup")


def connect(transport: httpx.BaseTransport, server: str, given: Mapping[str, str]) -> Connection:
    """Ask who the bot is, what the chat is, and what the bot may do there. Raises ConnectRefused."""
    token, chat = _typed_token(given), _typed_chat(given)
    line = caller(transport, server, token, CONNECT_DEADLINE_S)
    bot = _asked(line, "getMe", {}, "token")
    found = _asked(line, "getChat", {"chat_id": chat}, "chat")
    title, kind = str(found.get("title") or chat), str(found.get("type") or "")
    _require_place(line, bot, found, title, kind)
    name, number = str(found.get("username") or ""), str(found["id"])
    return Connection(
        handle=f"@{name}" if name else f"{title} ({number})"[:253],
        display_name=title,
        remote_id=number,
        url=f"https://t.me/{name}" if name else "",
        secret={"token": token, "chat": number, "name": name},
    )


def _typed_token(given: Mapping[str, str]) -> str:
    token = typed(given, "token", _WHICH_BOT).removeprefix("bot")
    number, colon, rest = token.partition(":")
    if not (number.isdigit() and colon and rest and rest.replace("-", "").replace("_", "").isalnum()):
        raise ConnectRefused(_WHICH_BOT, "token")
    return token


def _typed_chat(given: Mapping[str, str]) -> str:
    """A link to the chat is as good as its name."""
    chat = typed(given, "chat", _WHICH_CHAT)
    for beginning in ("https://t.me/", "http://t.me/", "t.me/"):
        chat = chat.removeprefix(beginning)
    if chat.lstrip("-").isdigit() or chat.startswith("@"):
        return chat
    if not chat.replace("_", "").isalnum():
        raise ConnectRefused(_WHICH_CHAT, "chat")
    return f"@{chat}"


def _asked(line: Caller, method: str, body: Mapping[str, Any], field: str) -> dict[str, Any]:
    try:
        found = result_of(line.post(f"/{method}", dict(body)), dict)
    except Failed as failed:
        raise _refused(failed, field) from failed
    if method != "getChatMember" and not isinstance(found.get("id"), int):
        raise ConnectRefused("Telegram's answer makes no sense. Try again later.", field)
    return dict(found)


def _refused(failed: Failed, field: str) -> ConnectRefused:
    if failed.status == 429:
        return ConnectRefused("Telegram has been asked too often. Try again in a few minutes.", field)
    if failed.error == "token":
        return ConnectRefused(
            "Telegram does not know a bot with this token. Copy it from @BotFather.", "token"
        )
    if failed.outcome is Outcome.SIGNED_OUT:
        return ConnectRefused(
            f"Telegram says: {failed.message}. Check the name, and add the bot to the channel or group.",
            "chat",
        )
    return ConnectRefused("Telegram cannot be reached just now. Try again later.", field)


def _require_place(
    line: Caller, bot: Mapping[str, Any], chat: Mapping[str, Any], title: str, kind: str
) -> None:
    if kind != "channel" and kind not in _GROUPS:
        raise ConnectRefused("That is a person, not a channel or a group.", "chat")
    member = _asked(line, "getChatMember", {"chat_id": chat["id"], "user_id": bot["id"]}, "chat")
    status = member.get("status")
    if kind == "channel" and status != "creator" and not member.get("can_post_messages"):
        raise ConnectRefused(
            f"The bot is not an administrator of {title} that may post messages. Make it one in Telegram.",
            "chat",
        )
    if status in ("left", "kicked") or (status == "restricted" and not member.get("can_send_messages")):
        raise ConnectRefused(f"The bot may not write in {title}. Add it to the group in Telegram.", "chat")
