"""Microsoft Teams: a workflow (Power Automate) that posts what its webhook is sent. Class B: it answers 202 and no id.

The workflow "Send webhook alerts to a channel" takes a message with one adaptive card (learn.microsoft.com, "Create
incoming webhooks with Workflows for Microsoft Teams"). As there is no id, a part's own key stands for it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, parse_qs

import httpx

from content_library.network_limits import find_links, limits_of
from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import (
    Access,
    Asked,
    Connection,
    ConnectRefused,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingMedia,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Caller, Failed, Refusal, Reply
from service_channel.networks.chat_parts import (
    NO_SENSE,
    fetched_media_problem,
    fingerprint,
    random_key,
    typed,
    typed_address,
)
from service_channel.networks.withheld import WITHHELD, Withheld

HOSTS = ("logic.azure.com", "api.powerplatform.com", "api.powerautomate.com")
"""Where workflows are called, and everything below these names."""

LARGEST = 28_000
"""Bytes of a message ("Message size limit … approximately 28 KB", learn.microsoft.com/connectors/teams)."""

_WHICH = (
    "Paste the workflow's whole address. It begins with https://, goes on with api.powerplatform.com or "
    "logic.azure.com, and ends with sig=…."
)
_NO_SIGNATURE = (
    "The address has no signature (sig=…). Let anyone trigger the workflow, and copy its address again."
)
_OLD = "That is an address of the Office 365 connectors, which Microsoft has ended. Make one with Workflows instead."
_WORKFLOW = re.compile(r"/workflows/([0-9A-Za-z]{4,64})/")
_BLIND = "A workflow cannot read what Teams shows."
_STAYS = "A workflow's webhook cannot take a message down. Delete it in Teams itself."
_NO_REPLY = "A workflow's webhook cannot attach a message to an earlier one."
_UNTESTED = "A workflow cannot be tested without posting. Send a post to see whether it works."
_DEAD = (
    "The workflow does not take this address any more. Switch it on in Power Automate, or connect it again."
)


class Teams:
    """`transport_for` is asked once for the way out to the web; `hosts` are where a workflow may be."""

    key = "teams"
    asks: tuple[Asked, ...] = (
        Asked("address", "Workflow address", "It is a secret: who has it can post.", is_secret=True, longest=2_000),
        Asked("name", "Name", "What to call it here: the address does not say where it leads.", longest=80),
    )  # fmt: skip
    help = (
        "In Teams: the channel's menu, Workflows, Send webhook alerts to a channel; copy the address at the end. "
        "Here only its form can be checked: a workflow cannot be tested without posting, so the first post shows "
        "whether it works."
    )

    def __init__(
        self,
        transport_for: Callable[[], httpx.BaseTransport] | None = None,
        *,
        hosts: tuple[str, ...] = HOSTS,
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._hosts = hosts

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.BLIND, can_read=False)

    def answers_at(self, access: Access) -> str:
        return str(access.secret.get("address") or "")

    def new_key(self, now: datetime) -> str:
        """Teams is not told: it only tells our own parts apart."""
        return random_key()

    def connect(self, given: Mapping[str, str]) -> Connection:
        """Keep an address that looks like a workflow's; nothing is asked. Raises ConnectRefused."""
        parts = typed_address(given, _WHICH)
        self._require_workflow(parts)
        name = typed(given, "name", "Give it a name.")
        found = _WORKFLOW.search(parts.path)
        workflow = found.group(1) if found else fingerprint(parts.geturl())
        return Connection(
            handle=f"{name} ({workflow[:8]})",
            display_name=name,
            remote_id=workflow,
            url="",
            secret={"address": parts.geturl()},
        )

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Nothing is uploaded: Teams fetches pictures from this installation."""
        problem = _NO_REPLY if part.parent else fetched_media_problem(self.key, "Teams", part)
        problem = problem or _length_problem(part)
        return Preparation(None, Outcome.REFUSED, problem) if problem else Preparation(Prepared())

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = message(part)
        try:
            reply = _post(self._transport, str(access.secret.get("address") or ""), body, deadline_s)
        except Failed as failed:
            return failed.as_send(body)
        if isinstance(reply.content, str) and reply.content.strip():
            # 202 is empty; a workflow that answers answers with JSON. A page of HTML is something else's.
            return SendResult(Outcome.UNKNOWN, None, reply.status, body, reply.record, NO_SENSE)
        return SendResult(Outcome.SENT, RemoteRef(part.key), reply.status, body, reply.record)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        return FindResult(Presence.UNREADABLE, message=_BLIND)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        return SendResult(Outcome.REFUSED, ref, message=_STAYS)

    def check(self, access: Access) -> FindResult:
        return FindResult(Presence.UNREADABLE, message=_UNTESTED)

    def _require_workflow(self, parts: SplitResult) -> None:
        host = parts.hostname or ""
        if host.endswith(("webhook.office.com", "outlook.office.com")):
            raise ConnectRefused(_OLD, "address")
        if host not in self._hosts and not host.endswith(tuple(f".{name}" for name in self._hosts)):
            raise ConnectRefused(_WHICH, "address")
        if not parse_qs(parts.query).get("sig"):
            raise ConnectRefused(_NO_SIGNATURE, "address")


def message(part: OutgoingPart) -> dict[str, Any]:
    """A message with one card. Runs of text know no formatting, so every character is shown as it is."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": part.language,
        "fallbackText": part.text,
        "msteams": {"width": "Full"},
        "body": [*_lines(part.text), *(_picture(media) for media in part.media)],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def read_workflow(status: int, content: Any, _headers: Mapping[str, str]) -> Refusal:
    """A workflow's error is `{"error": {"code": …, "message": …}}`; without one, something else answered."""
    error = content.get("error") if isinstance(content, dict) else None
    code, words = (
        (str(error.get("code") or ""), str(error.get("message") or ""))
        if isinstance(error, dict)
        else ("", "")
    )
    said = f"Power Automate says: {words or code}" if words or code else ""
    is_dead = status in (401, 403, 404, 410) or "NotEnabled" in code or "Disabled" in code
    if is_dead and code:
        return Refusal(code, f"{_DEAD} {said}", Outcome.SIGNED_OUT)
    return Refusal(code, said, None if code or status in (401, 413, 429) else Outcome.UNKNOWN)


def _post(transport: httpx.BaseTransport, address: str, body: Mapping[str, Any], deadline_s: float) -> Reply:
    """Everything behind the host is withheld: the workflow's name there is half of the secret."""
    url = httpx.URL(address)
    rest = url.raw_path.decode().removeprefix("/")
    signatures = parse_qs(url.query.decode()).get("sig", [])
    line = Caller(Withheld(transport, rest, signatures), deadline_s, read=read_workflow)
    return line.post(f"{url.copy_with(raw_path=b'/')}{WITHHELD}", body)


def _length_problem(part: OutgoingPart) -> str:
    limit = limits_of("teams").graphemes
    if len(part.text) > limit:
        return f"Teams takes {limit:,} characters; this text has {len(part.text):,}."
    if len(json.dumps(message(part), ensure_ascii=False).encode()) > LARGEST:
        return "The text is too long for Teams, which takes about 28 KB for a message with all it holds."
    return ""


def _lines(text: str) -> Iterator[dict[str, Any]]:
    """A block for each line; an empty line is space before the next."""
    spacing = "None"
    for line in text.splitlines():
        if not line.strip():
            spacing = "Medium"
            continue
        yield {"type": "RichTextBlock", "spacing": spacing, "inlines": list(_runs(line))}
        spacing = "None"


def _runs(line: str) -> Iterator[dict[str, Any]]:
    position = 0
    for link in find_links(line):
        if line[position : link.start]:
            yield {"type": "TextRun", "text": line[position : link.start]}
        action = {"type": "Action.OpenUrl", "url": link.url}
        yield {"type": "TextRun", "text": link.url, "selectAction": action}
        position = link.end
    if line[position:]:
        yield {"type": "TextRun", "text": line[position:]}


def _picture(media: OutgoingMedia) -> dict[str, Any]:
    return {"type": "Image", "url": media.url, "altText": media.alt, "size": "Stretch"}
