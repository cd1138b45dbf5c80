"""Connecting a Discord bot: is the token one, and does the bot see the channel and read what stands there?"""

from collections.abc import Mapping
from typing import Any

import httpx

from service_channel.networks.base import Asked, Connection, ConnectRefused, Outcome
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.chat_parts import CONNECT_DEADLINE_S, typed
from service_channel.networks.discord_messages import caller

ASKS = (
    Asked("token", "Bot token", "In discord.com/developers: your application, Bot, Reset token.", is_secret=True),
    Asked("channel", "Channel", "Its link or its number: right-click the channel in Discord, Copy link."),
)  # fmt: skip
HELP = (
    "Make an application with a bot at discord.com/developers, and invite it to your server with the permissions View "
    "channels, Send messages, Attach files and Read message history."
)
_WHICH_BOT = "Enter the bot's token. You find it at discord.com/developers under Bot."
_WHICH_CHANNEL = "Enter the channel's link or number, such as https://discord.com/channels/11…/22…."
_NO_HISTORY = (
    "The bot may not read the channel's history, so it could not tell whether a post arrived. "
    "Give it Read message history."
)
_SPOKEN_IN = {0, 2, 5, 10, 11, 12}
"""Channels with messages of their own: text, voice, announcements and threads ("Channel Types")."""


def connect(transport: httpx.BaseTransport, server: str, given: Mapping[str, str]) -> Connection:
    """Ask who the bot is and look into the channel; nothing is posted. Raises ConnectRefused."""
    token = typed(given, "token", _WHICH_BOT).removeprefix("Bot ")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConnectRefused(_WHICH_BOT, "token")
    number = _typed_channel(given)
    line = caller(transport, server, CONNECT_DEADLINE_S, bot=token)
    bot = _asked(line, "/users/@me", "token").body
    channel = _asked(line, f"/channels/{number}", "channel").body
    _require_readable(line, channel, number)
    return _connection(token, bot, channel)


def _connection(token: str, bot: Mapping[str, Any], channel: Mapping[str, Any]) -> Connection:
    number, guild, name = str(channel.get("id")), str(channel.get("guild_id") or ""), str(channel.get("name"))
    return Connection(
        handle=f"#{name} ({number})",
        display_name=f"#{name}",
        remote_id=number,
        url=f"https://discord.com/channels/{guild or '@me'}/{number}",
        secret={"token": token, "channel": number, "guild": guild, "bot": str(bot.get("id"))},
    )


def _typed_channel(given: Mapping[str, str]) -> str:
    pasted = typed(given, "channel", _WHICH_CHANNEL)
    number = pasted.rstrip("/").rpartition("/")[2]
    if not number.isascii() or not number.isdigit():
        raise ConnectRefused(_WHICH_CHANNEL, "channel")
    return number


def _asked(line: Caller, path: str, field: str, **params: int) -> Reply:
    try:
        reply = line.get(path, **params)
    except Failed as failed:
        raise refused(failed, field) from failed
    if "limit" not in params and not str(reply.body.get("id", "")).isdigit():
        raise ConnectRefused("Discord's answer makes no sense. Try again later.", field)
    return reply


def refused(failed: Failed, field: str) -> ConnectRefused:
    """The sentence for what Discord said while an account was connected."""
    if failed.status == 429:
        return ConnectRefused("Discord has been asked too often. Try again in a few minutes.", field)
    if failed.status == 401:
        return ConnectRefused("Discord does not know a bot with this token. Reset it and try again.", "token")
    if failed.outcome in (Outcome.SIGNED_OUT, Outcome.REFUSED):
        return ConnectRefused(
            "The bot cannot see this channel. Check the link, and invite the bot to the server.", field
        )
    return ConnectRefused("Discord cannot be reached just now. Try again later.", field)


def _require_readable(line: Caller, channel: Mapping[str, Any], number: str) -> None:
    if channel.get("type") not in _SPOKEN_IN:
        raise ConnectRefused(
            "Messages cannot be posted in this kind of channel. Choose a text channel.", "channel"
        )
    found = _asked(line, f"/channels/{number}/messages", "channel", limit=1).content
    if channel.get("last_message_id") and found == []:
        raise ConnectRefused(_NO_HISTORY, "channel")
