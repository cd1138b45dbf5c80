"""A webhook of a Discord channel. Class B: it knows no nonce and cannot list what it has posted.

With `wait=true` Discord answers with the message, so that it can be taken down again (Execute Webhook).
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import (
    Access,
    Asked,
    Connection,
    ConnectRefused,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.chat_parts import CONNECT_DEADLINE_S, random_key, typed
from service_channel.networks.discord import fits
from service_channel.networks.discord_messages import (
    API,
    UNKNOWN_MESSAGE,
    address,
    caller,
    code_of,
    message,
    message_id,
    post,
)
from service_channel.networks.withheld import WITHHELD

_WHICH = "Paste the webhook's address. It looks like https://discord.com/api/webhooks/123…/abc…."
_PATH = re.compile(r"/api/(?:v\d+/)?webhooks/(?P<id>\d{1,25})/(?P<token>[A-Za-z0-9_-]{1,200})/?")
_HOSTS = ("discord.com", "discordapp.com")
_BLIND = "A webhook cannot read what it has posted."
_NO_REPLY = "A Discord webhook cannot attach a message to an earlier one. Use a bot for threads."


class DiscordWebhook:
    """`transport_for` is asked once for the way out to the web; `server` is where the API answers."""

    key = "discord_webhook"
    asks: tuple[Asked, ...] = (
        Asked("address", "Webhook address", "It is a secret: who has it can post in the channel.", is_secret=True),
    )  # fmt: skip
    help = (
        "In Discord: Edit channel, Integrations, Webhooks, New webhook, Copy webhook URL. "
        "Testing it here posts nothing."
    )

    def __init__(
        self, transport_for: Callable[[], httpx.BaseTransport] | None = None, *, server: str = API
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._server = server

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.BLIND, can_read=False)

    def answers_at(self, access: Access) -> str:
        return self._server

    def new_key(self, now: datetime) -> str:
        """Discord is not told: it only tells our own parts apart."""
        return random_key()

    def connect(self, given: Mapping[str, str]) -> Connection:
        """Read what the webhook is called; nothing is posted. Raises ConnectRefused."""
        number, token = _typed(given)
        try:
            found = self._line(token, CONNECT_DEADLINE_S).get(f"/webhooks/{number}/{WITHHELD}").body
        except Failed as failed:
            raise _refused(failed) from failed
        if found.get("id") != number or not found.get("channel_id"):
            raise ConnectRefused("Discord's answer makes no sense. Try again later.", "address")
        name, channel, guild = str(found.get("name") or "Webhook"), found["channel_id"], found.get("guild_id")
        return Connection(
            handle=f"{name} ({number})",
            display_name=name,
            remote_id=number,
            url=f"https://discord.com/channels/{guild or '@me'}/{channel}",
            secret={"id": number, "token": token, "channel": channel, "guild": guild or ""},
        )

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Nothing is uploaded ahead; it is looked whether everything fits."""
        if part.parent:
            return Preparation(None, Outcome.REFUSED, _NO_REPLY)
        return fits(self.key, "Discord", part)

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = message(part)
        try:
            reply = post(self._line(_token(access), deadline_s), _path(access), part, body, wait="true")
            number = message_id(reply)
        except Failed as failed:
            return failed.as_send(body)
        url = address(access.secret.get("guild"), access.secret.get("channel"), number)
        return SendResult(Outcome.SENT, RemoteRef(number, url=url), reply.status, body, reply.record)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        return FindResult(Presence.UNREADABLE, message=_BLIND)

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        """Of a message in the webhook's channel: one that was moved to another does not see what it posted before."""
        if not ref.remote_id.isdigit():
            return FindResult(
                Presence.UNREADABLE, message=f"{ref.remote_id} is not a message of this account."
            )
        line = self._line(_token(access), deadline_s)
        try:
            reply = line.get(f"{_path(access)}/messages/{ref.remote_id}")
        except Failed as failed:
            gone = code_of(failed) == UNKNOWN_MESSAGE and _is_where_it_was(line, access, ref)
            return failed.as_find(Presence.ABSENT if gone else Presence.UNREADABLE)
        same = reply.body.get("id") == ref.remote_id
        return FindResult(Presence.FOUND if same else Presence.UNREADABLE, ref, reply.status)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        body = {"message": ref.remote_id}
        if not ref.remote_id.isdigit():
            return SendResult(Outcome.REFUSED, message=f"{ref.remote_id} is not a message of this account.")
        line = self._line(_token(access), deadline_s)
        try:
            reply = line.delete(f"{_path(access)}/messages/{ref.remote_id}")
        except Failed as failed:
            gone = code_of(failed) == UNKNOWN_MESSAGE
            return SendResult(Outcome.SENT, ref, failed.status, body) if gone else failed.as_send(body)
        return SendResult(Outcome.SENT, ref, reply.status, body, reply.record)

    def check(self, access: Access) -> FindResult:
        try:
            reply = self._line(_token(access), CONNECT_DEADLINE_S).get(_path(access))
        except Failed as failed:
            return failed.as_check()
        known = reply.body.get("id") == access.secret.get("id")
        return FindResult(Presence.FOUND if known else Presence.UNREADABLE, None, reply.status)

    def _line(self, token: str, deadline_s: float) -> Caller:
        return caller(self._transport, self._server, deadline_s, webhook=token)


def _token(access: Access) -> str:
    return str(access.secret.get("token") or "none")


def _path(access: Access) -> str:
    return f"/webhooks/{access.secret.get('id') or 0}/{WITHHELD}"


def _is_where_it_was(line: Caller, access: Access, ref: RemoteRef) -> bool:
    """Only where Discord says so: the webhook is there and still leads to the channel that the message was put in."""
    try:
        found = line.get(_path(access)).body
    except Failed:
        return False
    channel = access.secret.get("channel")
    is_same = (found.get("id"), found.get("channel_id")) == (access.secret.get("id"), channel)
    return bool(channel) and is_same and f"/{channel}/" in ref.url


def _typed(given: Mapping[str, str]) -> tuple[str, str]:
    """The webhook's number and its token."""
    pasted = typed(given, "address", _WHICH)
    try:
        parts = urlsplit(pasted)
    except ValueError as error:
        raise ConnectRefused(_WHICH, "address") from error
    host, found = parts.hostname or "", _PATH.fullmatch(parts.path)
    is_discord = host in _HOSTS or host.endswith(tuple(f".{name}" for name in _HOSTS))
    if parts.scheme != "https" or not is_discord or found is None:
        raise ConnectRefused(_WHICH, "address")
    return found["id"], found["token"]


def _refused(failed: Failed) -> ConnectRefused:
    if failed.status == 429:
        return ConnectRefused("Discord has been asked too often. Try again in a few minutes.", "address")
    if failed.outcome in (Outcome.SIGNED_OUT, Outcome.REFUSED):
        return ConnectRefused("Discord does not know this webhook. Copy its address again.", "address")
    return ConnectRefused("Discord cannot be reached just now. Try again later.", "address")
