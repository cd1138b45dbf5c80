"""An incoming webhook of Slack. Class B: it answers "ok" and no id, so nothing can be read, attached to or taken down.

As there is no id, a part's own key stands for it: unique, and it leads to no message.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

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
from service_channel.networks.calls import Caller, Failed, Refusal
from service_channel.networks.chat_parts import (
    CONNECT_DEADLINE_S,
    NO_SENSE,
    fetched_media_problem,
    random_key,
    typed,
)
from service_channel.networks.slack_messages import (
    REFUSED,
    SIGNED_OUT,
    judged,
    message,
    text_problem,
    words_of,
)
from service_channel.networks.withheld import WITHHELD, Withheld

HOOKS = "https://hooks.slack.com"
_WHICH = "Paste the webhook's address. It looks like https://hooks.slack.com/services/T…/B…/…."
_FLOW = "That starts a workflow of Slack. Make an incoming webhook of an app instead."
_ADDRESS = re.compile(
    r"https://hooks\.slack\.com/services/(?P<team>T[A-Z0-9]{1,30})/(?P<hook>B[A-Z0-9]{1,30})/(?P<secret>\w{1,100})/?"
)
_BLIND = "A webhook of Slack cannot read what it has posted."
_STAYS = "A webhook of Slack cannot take a message down. Delete it in Slack itself."
_NO_REPLY = "A webhook of Slack cannot attach a message to an earlier one. Use a bot for threads."
_EMPTY = ("no_text", "invalid_payload", "missing_text_or_fallback_or_attachments")
"""What a webhook that works says to a payload without a text, of which no message can be made."""


class SlackWebhook:
    """`transport_for` is asked once for the way out to the web; `server` is where the webhooks answer."""

    key = "slack_webhook"
    asks: tuple[Asked, ...] = (
        Asked("address", "Webhook address", "It is a secret: who has it can post in the channel.", is_secret=True),
        Asked("name", "Name", "What to call it here: Slack does not say where it leads.", longest=80),
    )  # fmt: skip
    help = (
        "At api.slack.com/apps: your app, Incoming webhooks, Add new webhook to workspace, Copy. It is tested with an "
        "empty message, which Slack refuses and nobody sees."
    )

    def __init__(
        self, transport_for: Callable[[], httpx.BaseTransport] | None = None, *, server: str = HOOKS
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._server = server

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.BLIND, can_read=False)

    def answers_at(self, access: Access) -> str:
        return self._server

    def new_key(self, now: datetime) -> str:
        return random_key()

    def connect(self, given: Mapping[str, str]) -> Connection:
        """Whether the webhook is alive, by a payload that cannot become a message. Raises ConnectRefused."""
        found = _typed(given)
        name = typed(given, "name", "Give it a name.")
        secret = {"team": found["team"], "hook": found["hook"], "secret": found["secret"]}
        failed = self._asked_nothing(secret)
        if failed is not None:
            raise _refused(failed)
        return Connection(
            handle=f"{name} ({found['hook']})",
            display_name=name,
            remote_id=f"{found['team']}/{found['hook']}",
            url="",
            secret=secret,
        )

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Nothing is uploaded: Slack fetches pictures from this installation."""
        problem = _NO_REPLY if part.parent else fetched_media_problem(self.key, "Slack", part)
        problem = problem or text_problem(self.key, part)
        return Preparation(None, Outcome.REFUSED, problem) if problem else Preparation(Prepared())

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = message(part, {media.sha256: {"image_url": media.url} for media in part.media})
        try:
            reply = self._line(access.secret, deadline_s).post(_path(access.secret), body)
        except Failed as failed:
            return failed.as_send(body)
        if reply.content != "ok":
            return SendResult(Outcome.UNKNOWN, None, reply.status, body, reply.record, NO_SENSE)
        return SendResult(Outcome.SENT, RemoteRef(part.key), reply.status, body, reply.record)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        return FindResult(Presence.UNREADABLE, message=_BLIND)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        return SendResult(Outcome.REFUSED, ref, message=_STAYS)

    def check(self, access: Access) -> FindResult:
        failed = self._asked_nothing(access.secret)
        return FindResult(Presence.FOUND) if failed is None else failed.as_check()

    def _asked_nothing(self, secret: Mapping[str, Any]) -> Failed | None:
        """None where the webhook is alive: it then says that there is no text."""
        try:
            reply = self._line(secret, CONNECT_DEADLINE_S).post(_path(secret), {})
        except Failed as failed:
            return None if failed.error in _EMPTY else failed
        return Failed(Outcome.UNKNOWN, NO_SENSE, reply.status)

    def _line(self, secret: Mapping[str, Any], deadline_s: float) -> Caller:
        withheld = Withheld(self._transport, str(secret.get("secret") or "none"))
        return Caller(withheld, deadline_s, server=self._server, read=read_webhook)


def read_webhook(status: int, content: Any, _headers: Mapping[str, str]) -> Refusal:
    """A webhook says what is wrong in one word of plain text; only a word that is known proves something."""
    error = content.strip() if isinstance(content, str) else ""
    if error not in SIGNED_OUT and error not in REFUSED and error not in _EMPTY:
        return Refusal(outcome=None if status == 429 else Outcome.UNKNOWN)
    known = Outcome.REFUSED if error in _EMPTY else judged(error)
    return Refusal(error, words_of(error), None if status == 429 else known)


def _path(secret: Mapping[str, Any]) -> str:
    return f"/services/{secret.get('team') or 'T0'}/{secret.get('hook') or 'B0'}/{WITHHELD}"


def _typed(given: Mapping[str, str]) -> re.Match[str]:
    pasted = typed(given, "address", _WHICH)
    if pasted.startswith(("https://hooks.slack.com/workflows/", "https://hooks.slack.com/triggers/")):
        raise ConnectRefused(_FLOW, "address")
    found = _ADDRESS.fullmatch(pasted)
    if found is None:
        raise ConnectRefused(_WHICH, "address")
    return found


def _refused(failed: Failed) -> ConnectRefused:
    if failed.status == 429:
        return ConnectRefused("Slack has been asked too often. Try again in a few minutes.", "address")
    if failed.outcome is Outcome.SIGNED_OUT:
        return ConnectRefused(failed.message, "address")
    return ConnectRefused("Slack cannot be reached just now. Try again later.", "address")
