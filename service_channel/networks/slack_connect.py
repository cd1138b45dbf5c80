"""Connecting a Slack app to a channel: is the token one, has it its permissions, and is the app in the channel?"""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from service_channel.networks.base import Asked, Connection, ConnectRefused
from service_channel.networks.calls import Failed, Reply
from service_channel.networks.chat_parts import CONNECT_DEADLINE_S, typed
from service_channel.networks.slack_messages import SIGNED_OUT
from service_channel.networks.slack_wire import Line

ASKS = (
    Asked("token", "Bot token", "Bot User OAuth Token of your app: it begins with xoxb-.", is_secret=True),
    Asked("channel", "Channel", "Its link or its id: in Slack, the channel's menu, Copy, Copy link."),
)  # fmt: skip
HELP = (
    "Make an app for your workspace at api.slack.com/apps with the bot scopes chat:write, channels:read, "
    "channels:history, groups:read, groups:history, files:write and files:read, install it, copy its bot token, and "
    "write /invite @your-app in the channel."
)
NEEDED = ("chat:write", "channels:history", "files:write", "files:read")
"""Without these nothing works, or nothing can be told, in a public channel; `groups:` is for private ones."""

_WHICH_APP = "Enter the app's bot token. It begins with xoxb-."
_WHICH_CHANNEL = "Enter the channel's link or id, such as https://your-team.slack.com/archives/C0123ABCD."
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,30}")
_TOKEN_ERRORS = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired")


def connect(transport: httpx.BaseTransport, server: str, given: Mapping[str, str]) -> Connection:
    """Ask who the app is and look into the channel; nothing is posted. Raises ConnectRefused."""
    token = typed(given, "token", _WHICH_APP)
    if not token.startswith("xoxb-") or not token.isascii() or not token.isprintable() or " " in token:
        raise ConnectRefused(_WHICH_APP, "token")
    channel = _typed_channel(given)
    line = Line(transport, server, token, CONNECT_DEADLINE_S)
    app = _asked(line, "token", "auth.test")
    _require_scopes(app)
    found = _asked(line, "channel", "conversations.info", channel=channel).body.get("channel")
    _asked(line, "channel", "conversations.history", channel=channel, limit=1)
    name = str(found.get("name") or channel) if isinstance(found, dict) else channel
    return _connection(token, channel, name, app.body)


def _connection(token: str, channel: str, name: str, app: Mapping[str, Any]) -> Connection:
    workspace = str(app.get("url") or "")
    return Connection(
        handle=f"#{name} ({channel})",
        display_name=f"#{name}, {app.get('team') or 'Slack'}",
        remote_id=f"{app.get('team_id') or ''}/{channel}",
        url=f"{workspace}archives/{channel}" if workspace else "",
        secret={"token": token, "channel": channel, "bot": str(app.get("bot_id") or ""), "url": workspace},
    )


def _typed_channel(given: Mapping[str, str]) -> str:
    pasted = typed(given, "channel", _WHICH_CHANNEL)
    found = _CHANNEL_ID.fullmatch(pasted) or re.search(r"/archives/([CG][A-Z0-9]{2,30})(?:[/?]|$)", pasted)
    if found is None:
        raise ConnectRefused(_WHICH_CHANNEL, "channel")
    return found.group(found.lastindex or 0)


def _asked(line: Line, field: str, method: str, **params: str | int) -> Reply:
    try:
        return line.get(method, **params)
    except Failed as failed:
        raise _refused(failed, field) from failed


def _require_scopes(app: Reply) -> None:
    """Slack names a token's scopes in a header of every answer."""
    if "x-oauth-scopes" not in app.headers:
        return
    granted = {scope.strip() for scope in app.headers["x-oauth-scopes"].split(",")}
    missing = [scope for scope in NEEDED if scope not in granted]
    if missing:
        raise ConnectRefused(
            f"The app lacks {', '.join(missing)}. Add them under OAuth & Permissions and install it again.",
            "token",
        )


def _refused(failed: Failed, field: str) -> ConnectRefused:
    if failed.status == 429 or failed.error in ("ratelimited", "rate_limited"):
        return ConnectRefused("Slack has been asked too often. Try again in a few minutes.", field)
    if failed.error in _TOKEN_ERRORS:
        return ConnectRefused(
            "Slack does not accept this token. Copy the bot token of your app again.", "token"
        )
    if failed.error in SIGNED_OUT:
        return ConnectRefused(failed.message, "token" if failed.error == "missing_scope" else field)
    return ConnectRefused("Slack cannot be reached just now. Try again later.", field)
