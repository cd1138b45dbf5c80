"""Discord as docs.discord.com describes it: Get Current User, Get Channel, Get Channel Messages, Create Message, Delete
Message, Get Webhook with Token, Execute Webhook, Get Webhook Message, Delete Webhook Message, Uploading Files, Error
Messages, Rate Limits.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from tests.networks.servers.recorded import Recorded

EPOCH_MS = 1_420_070_400_000
BOT, CHANNEL, GUILD, HOOK = (
    "100000000000000001",
    "200000000000000002",
    "300000000000000003",
    "400000000000000004",
)


@dataclass
class DiscordServer:
    """One server with one channel, one bot and one webhook. `refuse` is what the next posting answers instead.

    `hook_channel` is where the webhook leads now: people can move it.
    """

    token: str = "MTk4NjIy.Cl2FMQ.live-bot-token"
    hook_token: str = "live_webhook-token"
    may_read_history: bool = True
    channel: dict[str, Any] = field(
        default_factory=lambda: {"id": CHANNEL, "type": 0, "name": "status", "guild_id": GUILD}
    )
    hook_channel: str = CHANNEL
    refuse: tuple[int, dict[str, Any]] | None = None
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recorded = Recorded("discord", rate_limited=_rate_limited)
        self._nonces: dict[str, str] = {}
        self._last = 0
        app, posting = self.recorded.app, self.recorded.posting
        app.before_request(self._authorized)
        rules: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "/users/@me", self.me),
            ("GET", "/channels/<channel>", self.get_channel),
            ("GET", "/channels/<channel>/messages", self.history),
            ("GET", "/channels/<channel>/messages/<number>", self.get_message),
            ("POST", "/channels/<channel>/messages", posting(self.create)),
            ("DELETE", "/channels/<channel>/messages/<number>", self.delete),
            ("GET", "/webhooks/<hook>/<token>", self.get_hook),
            ("POST", "/webhooks/<hook>/<token>", posting(self.execute)),
            ("GET", "/webhooks/<hook>/<token>/messages/<number>", self.get_by_hook),
            ("DELETE", "/webhooks/<hook>/<token>/messages/<number>", self.delete_by_hook),
        ]
        for method, rule, view in rules:
            app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])

    def put(
        self, content: str, *, author: str = BOT, at_ms: int | None = None, **more: Any
    ) -> dict[str, Any]:
        """A message by somebody, now or at that moment."""
        moment = at_ms if at_ms is not None else int(time.time() * 1_000)
        number = (moment - EPOCH_MS) << 22
        while str(number) in self.recorded.posts:
            number += 1
        one = {
            "id": str(number), "channel_id": CHANNEL, "content": content.strip(), "attachments": [],
            "author": {"id": author, "bot": True}, **more,
        }  # fmt: skip
        self.recorded.posts[str(number)] = one
        self._last = max(self._last, number)
        return one

    def me(self) -> Response:
        return _json(200, {"id": BOT, "username": "elm-help", "bot": True})

    def get_channel(self, channel: str) -> Response:
        last = str(self._last) if self._last else None
        return self._missing(channel) or _json(200, {**self.channel, "last_message_id": last})

    def history(self, channel: str) -> Response:
        if missing := self._missing(channel):
            return missing
        after, limit = int(request.args.get("after", 0)), int(request.args.get("limit", 50))
        assert 1 <= limit <= 100
        numbers = sorted(int(number) for number in self.recorded.posts if int(number) > after)
        page = numbers[:limit] if "after" in request.args else numbers[-limit:]
        shown = [self.recorded.posts[str(number)] for number in reversed(page)]
        return _json(200, shown if self.may_read_history else [])

    def get_message(self, channel: str, number: str) -> Response:
        if missing := self._missing(channel):
            return missing
        if number not in self.recorded.posts:
            return _error(404, 10008, "Unknown Message")
        return _json(200, self.recorded.posts[number])

    def create(self, channel: str) -> Response:
        body = _body()
        stopped = self._missing(channel) or self._refused() or _invalid(body)
        if stopped:
            return stopped
        nonce = body.get("nonce", "")
        if body.get("enforce_nonce") and nonce in self._nonces:
            return _json(200, self.recorded.posts[self._nonces[nonce]])
        reference = body.get("message_reference")
        if reference and reference["message_id"] not in self.recorded.posts:
            return _form_error("message_reference", "Unknown message")
        one = self._made(body, BOT)
        self._nonces[nonce] = one["id"]
        return _json(200, one)

    def delete(self, channel: str, number: str) -> Response:
        if self.recorded.posts.pop(number, None) is None:
            return _error(404, 10008, "Unknown Message")
        return Response("", 204)

    def get_hook(self, hook: str, token: str) -> Response:
        return self._dead(hook, token) or _json(
            200,
            {
                "id": hook,
                "type": 1,
                "name": "Elm Street",
                "token": token,
                "channel_id": self.hook_channel,
                "guild_id": GUILD,
            },
        )

    def execute(self, hook: str, token: str) -> Response:
        body = _body()
        if stopped := self._dead(hook, token) or self._refused() or _invalid(body):
            return stopped
        assert "nonce" not in body and "message_reference" not in body
        one = self._made(body, HOOK)
        return _json(200, one) if request.args.get("wait") == "true" else Response("", 204)

    def get_by_hook(self, hook: str, token: str, number: str) -> Response:
        if dead := self._dead(hook, token):
            return dead
        if self.hook_channel != CHANNEL:
            return _error(404, 10008, "Unknown Message")
        return self.get_message(CHANNEL, number)

    def delete_by_hook(self, hook: str, token: str, number: str) -> Response:
        return self._dead(hook, token) or self.delete(CHANNEL, number)

    def _made(self, body: dict[str, Any], author: str) -> dict[str, Any]:
        attached = body.get("attachments", [])
        for one in attached:
            upload = request.files[f"files[{one['id']}]"]
            assert upload.filename == one["filename"]
            self.files[one["filename"]] = upload.read()
        more = {
            name: body[name] for name in ("poll", "message_reference", "allowed_mentions") if name in body
        }
        return self.put(body["content"], author=author, attachments=attached, **more)

    def _authorized(self) -> Response | None:
        assert request.headers["User-Agent"].startswith("DiscordBot (")
        if request.path.startswith("/webhooks/"):
            return None
        sent = request.headers.get("Authorization")
        return None if sent == f"Bot {self.token}" else _error(401, 0, "401: Unauthorized")

    def _dead(self, hook: str, token: str) -> Response | None:
        if hook != HOOK:
            return _error(404, 10015, "Unknown Webhook")
        return None if token == self.hook_token else _error(401, 50027, "Invalid Webhook Token")

    def _missing(self, channel: str) -> Response | None:
        return None if channel == CHANNEL else _error(404, 10003, "Unknown Channel")

    def _refused(self) -> Response | None:
        if self.refuse is None:
            return None
        status, body = self.refuse
        self.refuse = None
        return _json(status, body)


def _body() -> dict[str, Any]:
    body: dict[str, Any] = request.get_json(silent=True) or json.loads(request.form.get("payload_json", "{}"))
    return body


def _invalid(body: dict[str, Any]) -> Response | None:
    assert body["allowed_mentions"] == {"parse": []}
    if len(body.get("nonce", "")) > 25:
        return _form_error("nonce", "Must be 25 or fewer in length.")
    if len(body.get("content", "")) > 2_000:
        return _form_error("content", "Must be 2000 or fewer in length.")
    if len(body.get("attachments", [])) > 10:
        return _error(400, 30015, "Maximum number of attachments in a message reached (10)")
    if any(len(one["poll_media"]["text"]) > 55 for one in body.get("poll", {}).get("answers", [])):
        return _form_error("poll", "Must be 55 or fewer in length.")
    return None if body.get("content") else _error(400, 50006, "Cannot send an empty message")


def _form_error(name: str, words: str) -> Response:
    errors = {name: {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": words}]}}
    return _json(400, {"code": 50035, "errors": errors, "message": "Invalid Form Body"})


def _error(status: int, code: int, words: str) -> Response:
    return _json(status, {"message": words, "code": code})


def _rate_limited() -> Response:
    body = {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
    headers = {"Retry-After": "65", "X-RateLimit-Remaining": "0", "X-RateLimit-Scope": "user"}
    return Response(json.dumps(body), 429, headers=headers, content_type="application/json")


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
