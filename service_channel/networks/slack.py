"""Slack: a bot that posts into a channel. Class Q: our key goes with each message as metadata and is read back.

Pictures are uploaded before, privately, and shown by blocks in the one message (Slack file object).
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import slack_connect
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
from service_channel.networks.calls import Failed, Reply
from service_channel.networks.chat_parts import CONNECT_DEADLINE_S, NO_SENSE, media_problem, random_key
from service_channel.networks.slack_messages import escaped, message, text_problem
from service_channel.networks.slack_wire import API, Line

EVENT_TYPE = "deskcast_part"
EARLIER = timedelta(minutes=2)
PAGE, MOST_PAGES = 100, 10
_SHOWN_LINK = re.compile(r"<(https?://[^>|]+)(?:\|[^>]*)?>")
"""How Slack gives back an address that it found in a text."""

_TOO_MUCH = "Too much has been written in the channel since to read all of it."


class Slack:
    """`transport_for` is asked once for the way out to the web; `pause` waits for a picture, in seconds."""

    key = "slack"
    asks: tuple[Asked, ...] = slack_connect.ASKS
    help = slack_connect.HELP

    def __init__(
        self,
        transport_for: Callable[[], httpx.BaseTransport] | None = None,
        *,
        server: str = API,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._server, self._pause = server, pause

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.QUERYABLE)

    def answers_at(self, access: Access) -> str:
        return self._server

    def new_key(self, now: datetime) -> str:
        """It goes with the message where readers do not see it."""
        return random_key()

    def connect(self, given: Mapping[str, str]) -> Connection:
        return slack_connect.connect(self._transport, self._server, given)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        problem = media_problem(self.key, "Slack", part) or text_problem(self.key, part)
        if problem:
            return Preparation(None, Outcome.REFUSED, problem)
        line = self._line(access, deadline_s)
        try:
            uploads = {
                media.sha256: line.upload(media, number, self._pause)
                for number, media in enumerate(part.media)
            }
        except Failed as failed:
            return failed.as_preparation()
        return Preparation(Prepared(uploads))

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = _body(access, part, prepared)
        try:
            reply = self._line(access, deadline_s).post("chat.postMessage", body)
        except Failed as failed:
            return failed.as_send(body)
        stamp = reply.body.get("ts")
        if not isinstance(stamp, str) or not stamp:
            return SendResult(Outcome.UNKNOWN, None, reply.status, body, reply.record, NO_SENSE)
        return SendResult(Outcome.SENT, _ref(access, stamp), reply.status, body, reply.record)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        try:
            return _look(self._line(access, deadline_s), access, part)
        except Failed as failed:
            return failed.as_find()

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        """Of a message in the channel itself: replies in a thread are not in its history."""
        at = ref.remote_id
        asked: dict[str, str | int] = {"oldest": at, "latest": at, "inclusive": "true", "limit": 1}
        try:
            reply = self._line(access, deadline_s).get(
                "conversations.history", channel=_channel(access), **asked
            )
            found = _messages(reply)
        except Failed as failed:
            return failed.as_find()
        same = any(one.get("ts") == at and one.get("subtype") != "tombstone" for one in found)
        return FindResult(Presence.FOUND if same else Presence.ABSENT, ref if same else None, reply.status)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        body = {"channel": _channel(access), "ts": ref.remote_id}
        try:
            reply = self._line(access, deadline_s).post("chat.delete", body)
        except Failed as failed:
            gone = failed.error == "message_not_found"
            return SendResult(Outcome.SENT, ref, failed.status, body) if gone else failed.as_send(body)
        return SendResult(Outcome.SENT, ref, reply.status, body, reply.record)

    def check(self, access: Access) -> FindResult:
        """Whether the token works and the app may read the channel."""
        line = self._line(access, CONNECT_DEADLINE_S)
        try:
            reply = line.get("conversations.history", channel=_channel(access), limit=1)
        except Failed as failed:
            return failed.as_check()
        return FindResult(Presence.FOUND, RemoteRef(_channel(access)), reply.status)

    def _line(self, access: Access, deadline_s: float) -> Line:
        return Line(self._transport, self._server, str(access.secret.get("token") or "none"), deadline_s)


def _channel(access: Access) -> str:
    return str(access.secret.get("channel") or "")


def _body(access: Access, part: OutgoingPart, prepared: Prepared) -> dict[str, Any]:
    pictures = {sha256: {"slack_file": {"id": file_id}} for sha256, file_id in prepared.uploads.items()}
    body: dict[str, Any] = {
        "channel": _channel(access),
        **message(part, pictures),
        "mrkdwn": False,
        "parse": "none",
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": part.key}},
    }
    return {**body, "thread_ts": _thread(part)} if part.parent else body


def _thread(part: OutgoingPart) -> str:
    """ "Never use a reply's ts value; use its parent instead": the first part of the thread."""
    first = part.root or part.parent
    return first.remote_id if first else ""


def _ref(access: Access, stamp: str) -> RemoteRef:
    workspace = str(access.secret.get("url") or "")
    url = f"{workspace}archives/{_channel(access)}/p{stamp.replace('.', '')}" if workspace else ""
    return RemoteRef(stamp, url=url)


def _look(line: Line, access: Access, part: OutgoingPart) -> FindResult:
    for one in _since(line, access, part):
        stamp = str(one.get("ts"))
        if stamp not in part.taken and _is_ours(one, access, part):
            return FindResult(Presence.FOUND, _ref(access, stamp), 200, {"ts": stamp})
    return FindResult(Presence.ABSENT, None, 200)


def _since(line: Line, access: Access, part: OutgoingPart) -> Iterator[Mapping[str, Any]]:
    """What was written in the channel, or in the thread, since two minutes before the part. Raises Failed."""
    method = "conversations.replies" if part.parent else "conversations.history"
    params: dict[str, str | int] = {
        "channel": _channel(access),
        "oldest": f"{(part.created_at - EARLIER).timestamp():.6f}",
        "inclusive": "true",
        "include_all_metadata": "true",
        "limit": PAGE,
        **({"ts": _thread(part)} if part.parent else {}),
    }
    for _ in range(MOST_PAGES):
        reply = line.get(method, **params)
        yield from _messages(reply)
        cursor = _cursor(reply)
        if not cursor:
            return
        params["cursor"] = cursor
    raise Failed(Outcome.UNKNOWN, _TOO_MUCH)


def _messages(reply: Reply) -> list[Mapping[str, Any]]:
    found = reply.body.get("messages")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Failed(Outcome.UNKNOWN, "Slack's answer makes no sense.", reply.status)
    return found


def _cursor(reply: Reply) -> str:
    more = reply.body.get("response_metadata")
    return str(more.get("next_cursor") or "") if isinstance(more, dict) else ""


def _is_ours(one: Mapping[str, Any], access: Access, part: OutgoingPart) -> bool:
    """By our key; by the app and the text only where Slack gave no metadata with the message."""
    metadata = one.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("event_payload"), dict):
        return metadata.get("event_type") == EVENT_TYPE and metadata["event_payload"].get("key") == part.key
    by_us = bool(one.get("bot_id")) and one.get("bot_id") == access.secret.get("bot")
    return by_us and _SHOWN_LINK.sub(r"\1", str(one.get("text"))) == escaped(part.text)
