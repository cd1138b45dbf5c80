"""What a message on Discord looks like, whether a bot or a webhook posts it, and what Discord's errors prove.

Sources: docs.discord.com, Create Message, Execute Webhook, Poll, Uploading Files, Error Messages, Rate Limits, JSON
Error Codes.
"""

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import httpx

from content_library.network_limits import find_links, limits_of
from service_channel.networks.base import Outcome, OutgoingPart, Poll
from service_channel.networks.calls import Caller, Failed, Refusal, Reply
from service_channel.networks.chat_parts import NO_SENSE, approved_octets, file_name, media_problem
from service_channel.networks.withheld import Withheld

API = "https://discord.com/api/v10"
USER_AGENT = "DiscordBot (https://deskcast.invalid, 0.1)"
"""The form Discord asks for ("User Agent"): what does not have it may be blocked."""

WHOLE_MESSAGE = 25_000_000
"""Bytes: "the maximum request size when sending a message is 25 MiB", less what the form itself takes."""

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK = 10003, 10008, 10015
NO_ACCESS, NO_PERMISSION, DEAD_WEBHOOK = 50001, 50013, 50027

_SENTENCES = {
    UNKNOWN_CHANNEL: "The channel is gone from Discord. Connect the account again with another one.",
    UNKNOWN_WEBHOOK: "The webhook is gone from Discord. Make a new one and connect the account again.",
    DEAD_WEBHOOK: "Discord does not accept this webhook's address any more. Connect the account again.",
    NO_ACCESS: "The bot cannot see the channel any more. Let it in again, or connect another one.",
    NO_PERMISSION: "The bot lacks a permission in the channel: it has to view it, read its history, send messages "
    "and attach files.",
}  # fmt: skip
_LATER = {20016, 20028, 20029, 40004, 40006, 40062, 40333}
"""Slow mode, write limits, what is switched off for a while, and a block before the message was looked at."""

_POLL_ANSWERS, _POLL_ANSWER, _POLL_QUESTION, _POLL_HOURS = 10, 55, 300, 32 * 24

_MARKS = re.compile(r"[\\*_~`|]|<(?=[@#:/ati$])|(?m:^(?:#|>|-(?=#)))|\[(?=[^\]\n]*\]\()")
"""What Discord would take for formatting or for a mention ("Message Formatting")."""


def caller(
    transport: httpx.BaseTransport, server: str, deadline_s: float, *, bot: str = "", webhook: str = ""
) -> Caller:
    """`bot` is a bot's token, which goes in a header; `webhook` a webhook's, which is part of the address."""
    headers = {"User-Agent": USER_AGENT, **({"Authorization": f"Bot {bot}"} if bot else {})}
    return Caller(
        Withheld(transport, webhook, (bot,)), deadline_s, server=server, headers=headers, read=read_discord
    )


def read_discord(status: int, content: Any, _headers: Mapping[str, str]) -> Refusal:
    """An error of the API has a `code`; a page in between (Cloudflare) has none and proves nothing but a 429."""
    if not isinstance(content, dict):
        return Refusal(outcome=Outcome.UNKNOWN if status in (400, 403, 404, 422) else None)
    code, wait = content.get("code"), content.get("retry_after")
    words = "; ".join([str(content.get("message") or ""), *_details(content.get("errors"))]).strip("; ")
    known = code if isinstance(code, int) else 0
    return Refusal(
        str(known or ""),
        _SENTENCES.get(known, words),
        _judged(known),
        float(wait) if isinstance(wait, int | float) else None,
    )


def code_of(failed: Failed) -> int:
    """Discord's own number for an error, 0 where it gave none."""
    return int(failed.error) if failed.error.isdigit() else 0


def part_problem(network: str, name: str, part: OutgoingPart) -> str:
    """Why Discord would refuse a part, "" if it would not."""
    problem = media_problem(network, name, part) or _poll_problem(part.poll)
    if problem:
        return problem
    if sum(media.path.stat().st_size for media in part.media) > WHOLE_MESSAGE:
        return "The pictures of this post are together larger than the 25 MB Discord takes in one message."
    limit, length = limits_of(network).graphemes, len(plain(part.text))
    if length > limit:
        return (
            f"Discord takes {limit:,} characters; this text has {length:,} with the marks that keep it plain."
        )
    return ""


def plain(text: str) -> str:
    """The text as Discord has to be given it so that it shows it as it is: with backslashes before its marks."""
    shown, position = [], 0
    for link in find_links(text):
        shown += [_MARKS.sub(r"\\\g<0>", text[position : link.start]), link.url]
        position = link.end
    return "".join([*shown, _MARKS.sub(r"\\\g<0>", text[position:])])


def same_text(shown: Any, text: str) -> bool:
    """Whether this is our text. Discord trims and "may strip certain characters", so only what readers see counts."""
    return isinstance(shown, str) and _bare(shown) == _bare(text)


def message(part: OutgoingPart) -> dict[str, Any]:
    """What a bot and a webhook post alike. Nobody is notified by what stands in the text."""
    body: dict[str, Any] = {"content": plain(part.text), "allowed_mentions": {"parse": []}}
    if part.media:
        body["attachments"] = [
            {"id": number, "filename": file_name(number, media), "description": media.alt}
            for number, media in enumerate(part.media)
        ]
    if part.poll:
        body["poll"] = _poll(part, part.poll)
    return body


def post(line: Caller, path: str, part: OutgoingPart, body: Mapping[str, Any], **params: str) -> Reply:
    """The one call that readers see; pictures go with it. Raises Failed."""
    if not part.media:
        return line.post(path, body, params=params)
    files = {
        f"files[{number}]": (file_name(number, media), approved_octets(media), media.mime)
        for number, media in enumerate(part.media)
    }
    form = {"payload_json": json.dumps(body, ensure_ascii=False)}
    return line.post(path, data=form, files=files, params=params)


def message_id(reply: Reply) -> str:
    """Raises Failed where the answer is no message."""
    found = reply.body.get("id")
    if not isinstance(found, str) or not found.isdigit():
        raise Failed(Outcome.UNKNOWN, NO_SENSE, reply.status, response=reply.record)
    return found


def address(guild: Any, channel: Any, number: str) -> str:
    return f"https://discord.com/channels/{guild or '@me'}/{channel}/{number}" if channel else ""


def _judged(code: int) -> Outcome | None:
    if code in _SENTENCES:
        return Outcome.SIGNED_OUT
    return Outcome.NOT_SENT if code in _LATER else None


def _details(errors: Any) -> list[str]:
    """The sentences in an error's tree, each once."""
    if isinstance(errors, list):
        return [str(one["message"]) for one in errors if isinstance(one, dict) and "message" in one]
    if not isinstance(errors, dict):
        return []
    return list(dict.fromkeys(words for below in errors.values() for words in _details(below)))


def _poll_problem(poll: Poll | None) -> str:
    if poll is None:
        return ""
    if len(poll.options) > _POLL_ANSWERS or any(len(option) > _POLL_ANSWER for option in poll.options):
        return f"Discord takes {_POLL_ANSWERS} answers to a poll, each up to {_POLL_ANSWER} characters."
    if math.ceil(poll.minutes / 60) > _POLL_HOURS:
        return "A poll on Discord is open for 32 days at most."
    return ""


def _poll(part: OutgoingPart, poll: Poll) -> dict[str, Any]:
    return {
        "question": {"text": (poll.question or part.title or part.text)[:_POLL_QUESTION]},
        "answers": [{"poll_media": {"text": option}} for option in poll.options],
        "duration": max(1, math.ceil(poll.minutes / 60)),
        "allow_multiselect": False,
    }


def _bare(text: str) -> str:
    """Without white space, invisible characters and backslashes."""
    whole = unicodedata.normalize("NFC", text)
    return "".join(c for c in whole if c != "\\" and not c.isspace() and unicodedata.category(c)[0] != "C")
