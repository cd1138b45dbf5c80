"""Telegram: a bot that posts into a channel or a group. Class B: bots cannot read back what they have posted.

Texts go as they are: no `parse_mode`, so no character is a mark of formatting. Telegram keeps no descriptions of
pictures. A part is one visible call, so a text that is too long for a caption is refused with pictures, and a poll has
its text as its description (Bot API: sendPoll).
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from content_library.network_limits import PollLimits, limits_of, utf16_length
from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import telegram_connect
from service_channel.networks.base import (
    Access,
    Asked,
    Connection,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Poll,
    Preparation,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.chat_parts import (
    CONNECT_DEADLINE_S,
    NO_SENSE,
    approved_octets,
    file_name,
    media_problem,
    random_key,
)
from service_channel.networks.telegram_wire import API, caller, moved_chat, result_of

CAPTION = 1_024
"""Characters of a text that goes with pictures (Bot API: sendPhoto, InputMediaPhoto)."""

FEWEST_OPTIONS, LONGEST_POLL_S = 2, 2_628_000
"""Bot API: sendPoll, options and open_period."""

_POLLS = limits_of("telegram").polls or PollLimits(0, 0)

LONGEST_SIDES, STEEPEST = 10_000, 20
"""Width and height together in pixels, and how many times one may be the other (Bot API: sendPhoto)."""

_BLIND = "Telegram does not show a bot what it has posted."
_MOVED = "The group has become a supergroup. The next try goes there."
_TOO_OLD = "Telegram lets a bot take down what is less than 48 hours old. Delete it in Telegram itself."


class Telegram:
    """`transport_for` is asked once for the way out to the web; `server` is where the Bot API answers."""

    key = "telegram"
    asks: tuple[Asked, ...] = telegram_connect.ASKS
    help = telegram_connect.HELP

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
        """Telegram is not told: it only tells our own parts apart."""
        return random_key()

    def connect(self, given: Mapping[str, str]) -> Connection:
        return telegram_connect.connect(self._transport, self._server, given)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Nothing can be uploaded ahead; it is looked whether everything fits."""
        problem = _problem(part)
        if problem:
            return Preparation(None, Outcome.REFUSED, problem)
        try:
            for media in part.media:
                approved_octets(media)
        except Failed as failed:
            return failed.as_preparation()
        return Preparation(Prepared())

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        fields = _fields(_chat(access), part)
        try:
            return _sent(access, part, self._post(access, part, fields, deadline_s), fields)
        except Failed as failed:
            return _failed(access, failed, fields)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        return FindResult(Presence.UNREADABLE, message=_BLIND)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        chat, _, numbers = ref.remote_id.rpartition("/")
        ids = [int(number) for number in numbers.split(",") if number.isdigit()]
        if not chat or not ids:
            return SendResult(Outcome.REFUSED, message=f"{ref.remote_id} is not a message of this account.")
        line = caller(self._transport, self._server, _token(access), deadline_s)
        body = {"chat_id": chat, "message_ids": ids}
        try:
            for number in ids:
                _delete(line, chat, number)
        except Failed as failed:
            return failed.as_send(body)
        return SendResult(Outcome.SENT, ref, request=body)

    def check(self, access: Access) -> FindResult:
        try:
            reply = caller(self._transport, self._server, _token(access), CONNECT_DEADLINE_S).post(
                "/getChat", {"chat_id": _chat(access)}
            )
            result_of(reply, dict)
        except Failed as failed:
            return failed.as_check()
        return FindResult(Presence.FOUND, RemoteRef(_chat(access)), reply.status)

    def _post(self, access: Access, part: OutgoingPart, fields: dict[str, Any], deadline_s: float) -> Reply:
        """The one call that readers see. Pictures go with it (Bot API, "Sending files")."""
        line = caller(self._transport, self._server, _token(access), deadline_s)
        if part.poll:
            return line.post("/sendPoll", fields)
        if not part.media:
            return line.post("/sendMessage", fields)
        files = {
            f"file{number}": (file_name(number, media), approved_octets(media), media.mime)
            for number, media in enumerate(part.media)
        }
        if len(part.media) == 1:
            return line.post("/sendPhoto", data=_as_form(fields), files={"photo": files["file0"]})
        return line.post("/sendMediaGroup", data=_as_form(fields), files=files)


def _token(access: Access) -> str:
    return str(access.secret.get("token") or "0")


def _chat(access: Access) -> str:
    """Where to post: a group that has become a supergroup has another number since, kept as the session."""
    return access.session or str(access.secret.get("chat") or "")


def _problem(part: OutgoingPart) -> str:
    if part.poll:
        return _poll_problem(part, part.poll)
    problem = media_problem("telegram", "Telegram", part)
    if problem:
        return problem
    if any(_is_misshapen(media.width, media.height) for media in part.media):
        return "Telegram takes pictures whose sides are together no longer than 10,000 pixels and no strip."
    length = utf16_length(part.text)
    limit = CAPTION if part.media else limits_of("telegram").graphemes
    if length > limit:
        with_pictures = " where there are pictures" if part.media else ""
        return f"Telegram takes {limit:,} characters{with_pictures}; this text has {length:,}."
    return ""


def _poll_problem(part: OutgoingPart, poll: Poll) -> str:
    if part.media:
        return "Telegram takes pictures or a poll in one message, not both."
    if not FEWEST_OPTIONS <= len(poll.options) <= _POLLS.options:
        return f"Telegram takes polls of 2 to {_POLLS.options} options; this one has {len(poll.options)}."
    if any(not 0 < utf16_length(option) <= _POLLS.option_length for option in poll.options):
        return f"Telegram takes options of 1 to {_POLLS.option_length} characters."
    if not 0 < poll.minutes * 60 <= LONGEST_POLL_S:
        return "Telegram keeps a poll open for a month at most."
    if not 0 < utf16_length(_question(part, poll)) <= (_POLLS.question or 0):
        return f"Telegram wants a question of up to {_POLLS.question} characters for a poll."
    if utf16_length(part.text) > (_POLLS.text or 0):
        return f"Telegram takes {_POLLS.text:,} characters beside a poll; this text has {utf16_length(part.text):,}."
    return ""


def _question(part: OutgoingPart, poll: Poll) -> str:
    return poll.question or part.text


def _poll_fields(part: OutgoingPart, poll: Poll) -> dict[str, Any]:
    """The text stands above the question, unless it is the question."""
    question = _question(part, poll)
    fields: dict[str, Any] = {
        "question": question,
        "options": [{"text": option} for option in poll.options],
        "open_period": poll.minutes * 60,
    }
    return fields if part.text == question else {**fields, "description": part.text}


def _is_misshapen(width: int, height: int) -> bool:
    return width + height > LONGEST_SIDES or max(width, height) > STEEPEST * max(1, min(width, height))


def _fields(chat: str, part: OutgoingPart) -> dict[str, Any]:
    fields: dict[str, Any] = {"chat_id": chat}
    if part.poll:
        fields |= _poll_fields(part, part.poll)
    elif len(part.media) > 1:
        fields["media"] = [
            {"type": "photo", "media": f"attach://file{number}"} for number in range(len(part.media))
        ]
        fields["media"][0]["caption"] = part.text
    else:
        fields["caption" if part.media else "text"] = part.text
    if part.parent:
        fields["reply_parameters"] = {"message_id": _first_message(part.parent)}
    return fields


def _first_message(ref: RemoteRef) -> int:
    number = ref.remote_id.rpartition("/")[2].partition(",")[0]
    return int(number) if number.isdigit() else 0


def _as_form(fields: dict[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in fields.items()
    }


def _sent(access: Access, part: OutgoingPart, reply: Reply, fields: dict[str, Any]) -> SendResult:
    messages = result_of(reply, list if len(part.media) > 1 else dict)
    said = messages if isinstance(messages, list) else [messages]
    ids = [one.get("message_id") if isinstance(one, dict) else None for one in said]
    if not ids or not all(isinstance(number, int) for number in ids):
        return SendResult(Outcome.UNKNOWN, None, reply.status, fields, reply.record, NO_SENSE)
    return SendResult(Outcome.SENT, _ref(access, [str(n) for n in ids]), reply.status, fields, reply.record)


def _ref(access: Access, ids: list[str]) -> RemoteRef:
    """An album is several messages: all their numbers, so that it can be taken down as a whole."""
    chat, name = _chat(access), str(access.secret.get("name") or "")
    if name:
        url = f"https://t.me/{name}/{ids[0]}"
    else:
        url = f"https://t.me/c/{chat[4:]}/{ids[0]}" if chat.startswith("-100") else ""
    return RemoteRef(f"{chat}/{','.join(ids)}", url=url)


def _failed(access: Access, failed: Failed, fields: dict[str, Any]) -> SendResult:
    moved = moved_chat(failed)
    if moved:
        access.save_session(moved)
        failed.message = _MOVED
    return failed.as_send(fields)


def _delete(line: Caller, chat: str, number: int) -> None:
    """One message; what is gone already is fine. `deleteMessages` would not say which ones had to stay."""
    try:
        result_of(line.post("/deleteMessage", {"chat_id": chat, "message_id": number}), bool)
    except Failed as failed:
        if "can't be deleted" in failed.message:
            failed.message = f"{failed.message}. {_TOO_OLD}"
        if "message to delete not found" not in failed.message:
            raise
