"""Discord: a bot that posts into a channel. Class K: a nonce, checked by Discord for a few minutes, and then reading.

`nonce` with `enforce_nonce` answers a repeated message with the one that stands there already (Create Message).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import discord_connect
from service_channel.networks.base import (
    Access,
    Asked,
    Connection,
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
from service_channel.networks.chat_parts import CONNECT_DEADLINE_S, approved_octets, random_key
from service_channel.networks.discord_messages import (
    API,
    UNKNOWN_MESSAGE,
    address,
    caller,
    code_of,
    message,
    message_id,
    part_problem,
    plain,
    post,
    same_text,
)

NONCE_WINDOW_S = 120.0
"""Discord's documents say "the past few minutes" and no number: two are certainly a few."""

EARLIER = timedelta(minutes=2)
PAGE, MOST_PAGES = 100, 10
_EPOCH_MS = 1_420_070_400_000  # the first second of 2015, from which Discord counts ("Snowflakes")
_NO_HISTORY = "The bot may not read the channel's history, so nobody can tell what stands there."
_TOO_MUCH = "Too much has been written in the channel since to read all of it."


class Discord:
    """`transport_for` is asked once for the way out to the web; `server` is where the API answers."""

    key = "discord"
    asks: tuple[Asked, ...] = discord_connect.ASKS
    help = discord_connect.HELP

    def __init__(
        self, transport_for: Callable[[], httpx.BaseTransport] | None = None, *, server: str = API
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._server = server

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.KEYED, NONCE_WINDOW_S)

    def answers_at(self, access: Access) -> str:
        return self._server

    def new_key(self, now: datetime) -> str:
        """A nonce, which Discord takes up to 25 characters long."""
        return random_key()

    def connect(self, given: Mapping[str, str]) -> Connection:
        return discord_connect.connect(self._transport, self._server, given)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Nothing is uploaded ahead; it is looked whether everything fits."""
        return fits(self.key, "Discord", part)

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        channel = _channel(access)
        body = {**message(part), "nonce": part.key, "enforce_nonce": True}
        if part.parent:
            body["message_reference"] = {"message_id": part.parent.remote_id, "fail_if_not_exists": True}
        try:
            reply = post(self._line(access, deadline_s), f"/channels/{channel}/messages", part, body)
            number = message_id(reply)
        except Failed as failed:
            return failed.as_send(body)
        return SendResult(Outcome.SENT, _ref(access, number), reply.status, body, reply.record)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        try:
            return _look(self._line(access, deadline_s), access, part)
        except Failed as failed:
            return failed.as_find()

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        if not ref.remote_id.isdigit():
            return FindResult(
                Presence.UNREADABLE, message=f"{ref.remote_id} is not a message of this account."
            )
        try:
            reply = self._line(access, deadline_s).get(
                f"/channels/{_channel(access)}/messages/{ref.remote_id}"
            )
        except Failed as failed:
            gone = code_of(failed) == UNKNOWN_MESSAGE
            return failed.as_find(Presence.ABSENT if gone else Presence.UNREADABLE)
        same = reply.body.get("id") == ref.remote_id
        return FindResult(Presence.FOUND if same else Presence.UNREADABLE, ref, reply.status)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        body = {"channel": _channel(access), "message": ref.remote_id}
        if not ref.remote_id.isdigit():
            return SendResult(Outcome.REFUSED, message=f"{ref.remote_id} is not a message of this account.")
        try:
            reply = self._line(access, deadline_s).delete(
                f"/channels/{_channel(access)}/messages/{ref.remote_id}"
            )
        except Failed as failed:
            gone = code_of(failed) == UNKNOWN_MESSAGE
            return SendResult(Outcome.SENT, ref, failed.status, body) if gone else failed.as_send(body)
        return SendResult(Outcome.SENT, ref, reply.status, body, reply.record)

    def check(self, access: Access) -> FindResult:
        """Whether the token works and the bot still sees the channel."""
        try:
            reply = self._line(access, CONNECT_DEADLINE_S).get(f"/channels/{_channel(access)}")
        except Failed as failed:
            return failed.as_check()
        seen = reply.body.get("id") == _channel(access)
        return FindResult(
            Presence.FOUND if seen else Presence.UNREADABLE, RemoteRef(_channel(access)), reply.status
        )

    def _line(self, access: Access, deadline_s: float) -> Caller:
        return caller(
            self._transport, self._server, deadline_s, bot=str(access.secret.get("token") or "none")
        )


def fits(network: str, name: str, part: OutgoingPart) -> Preparation:
    """Whether Discord would take a part; asked before anything is sent."""
    problem = part_problem(network, name, part)
    if problem:
        return Preparation(None, Outcome.REFUSED, problem)
    try:
        for media in part.media:
            approved_octets(media)
    except Failed as failed:
        return failed.as_preparation()
    return Preparation(Prepared())


def snowflake(instant: datetime) -> int:
    """The least number of a message made at this instant ("Snowflake IDs in Pagination")."""
    return (int(instant.timestamp() * 1_000) - _EPOCH_MS) << 22


def _channel(access: Access) -> str:
    return str(access.secret.get("channel") or "0")


def _ref(access: Access, number: str) -> RemoteRef:
    return RemoteRef(number, url=address(access.secret.get("guild"), _channel(access), number))


def _look(line: Caller, access: Access, part: OutgoingPart) -> FindResult:
    """What the bot itself has posted since, oldest page first; the text has to tell."""
    after = snowflake(part.created_at - EARLIER)
    for number in range(MOST_PAGES):
        found = _messages(line, access, after=after, limit=PAGE)
        for one in found:
            if _is_ours(one, access, part):
                return FindResult(Presence.FOUND, _ref(access, one["id"]), 200, {"message": one["id"]})
        if len(found) < PAGE:
            return (
                _absent(line, access) if not found and number == 0 else FindResult(Presence.ABSENT, None, 200)
            )
        after = max(int(one["id"]) for one in found)
    return FindResult(Presence.UNREADABLE, message=_TOO_MUCH)


def _messages(line: Caller, access: Access, **params: int) -> list[dict[str, Any]]:
    reply = line.get(f"/channels/{_channel(access)}/messages", **params)
    found = reply.content
    if not isinstance(found, list) or not all(isinstance(one, dict) and "id" in one for one in found):
        raise Failed(Outcome.UNKNOWN, "Discord's answer makes no sense.", reply.status)
    return found


def _is_ours(one: Mapping[str, Any], access: Access, part: OutgoingPart) -> bool:
    author = one.get("author")
    if (
        not isinstance(author, dict)
        or author.get("id") != access.secret.get("bot")
        or one["id"] in part.taken
    ):
        return False
    if one.get("nonce"):  # documented for a message, but as a rule not in the history
        return str(one["nonce"]) == part.key
    same_media = len(one.get("attachments") or ()) == len(part.media)
    return same_media and same_text(one.get("content"), plain(part.text))


def _absent(line: Caller, access: Access) -> FindResult:
    """Nothing came back. A bot that may not read the history is answered like that too, without an error."""
    if _messages(line, access, limit=1):
        return FindResult(Presence.ABSENT, None, 200)
    channel = line.get(f"/channels/{_channel(access)}").body
    if "last_message_id" in channel and channel["last_message_id"] is None:
        return FindResult(Presence.ABSENT, None, 200)
    return FindResult(Presence.UNREADABLE, None, 200, message=_NO_HISTORY)
