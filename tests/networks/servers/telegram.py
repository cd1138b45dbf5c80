"""The Telegram Bot API as core.telegram.org/bots/api describes it (Making requests, getChat, getChatMember,
sendMessage, sendPhoto, sendMediaGroup, deleteMessage, ResponseParameters), and the words of its open server
(github.com/tdlib/telegram-bot-api) for errors.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from flask import Response, request

from tests.networks.servers.recorded import Recorded

BOT = {"id": 123456789, "is_bot": True, "first_name": "Elm Help", "username": "elm_help_bot"}


@dataclass
class TelegramServer:
    """A bot in one chat. `refuse` is what the next posting answers instead: code, words, parameters."""

    token: str = "123456789:AAF-live_token"
    chat: dict[str, Any] = field(
        default_factory=lambda: {
            "id": -1001234567890, "type": "channel", "title": "Elm Street", "username": "elmstreet",
        }
    )  # fmt: skip
    member: dict[str, Any] = field(
        default_factory=lambda: {"status": "administrator", "can_post_messages": True}
    )
    refuse: tuple[int, str, dict[str, Any]] | None = None
    ages: set[int] = field(default_factory=set)  # messages older than 48 hours

    def __post_init__(self) -> None:
        self.recorded = Recorded("telegram", rate_limited=_rate_limited)
        self.numbers: Iterator[int] = count(11)
        app = self.recorded.app
        app.before_request(self._authorized)
        for name, view in (
            ("getMe", self.get_me),
            ("getChat", self.get_chat),
            ("getChatMember", self.get_chat_member),
            ("deleteMessage", self.delete_message),
            ("sendMessage", self.recorded.posting(self.send_message)),
            ("sendPoll", self.recorded.posting(self.send_poll)),
            ("sendPhoto", self.recorded.posting(self.send_photo)),
            ("sendMediaGroup", self.recorded.posting(self.send_media_group)),
        ):
            app.post(f"/bot<token>/{name}", endpoint=name)(view)

    def _authorized(self) -> Response | None:
        token = (request.view_args or {}).get("token", "")
        if not token:
            return _error(404, "Not Found")
        return None if token == self.token else _error(401, "Unauthorized")

    def get_me(self, token: str) -> Response:
        return _ok(BOT)

    def get_chat(self, token: str) -> Response:
        return self._missing_chat() or _ok(self.chat)

    def get_chat_member(self, token: str) -> Response:
        return self._missing_chat() or _ok({**self.member, "user": BOT})

    def send_message(self, token: str) -> Response:
        text = _sent("text")
        if not text:
            return _error(400, "Bad Request: message text is empty")
        if len(text) > 4096:
            return _error(400, "Bad Request: message is too long")
        return self._missing_chat() or self._refused() or _ok(self._put({"text": text}))

    def send_poll(self, token: str) -> Response:
        """sendPoll: question 1-300, 2-12 options of 1-100, open_period 5-2628000 seconds, description 0-1024."""
        question, options = _sent("question"), _sent("options")
        if not 1 <= len(question) <= 300:
            return _error(400, "Bad Request: poll question length must not exceed 300")
        if len(options) < 2:
            return _error(400, "Bad Request: poll must have at least 2 option")
        if len(options) > 12 or any(not 1 <= len(one["text"]) <= 100 for one in options):
            return _error(400, "Bad Request: poll options length must not exceed 100")
        if not 5 <= int(_sent("open_period")) <= 2_628_000 or len(_sent("description")) > 1024:
            return _error(400, "Bad Request: poll can't be sent")
        poll = {
            "question": question,
            "options": [one["text"] for one in options],
            "seconds": _sent("open_period"),
        }
        shown = {"poll": poll, "description": _sent("description")}
        return self._missing_chat() or self._refused() or _ok(self._put(shown))

    def send_photo(self, token: str) -> Response:
        photo = request.files.get("photo")
        if photo is None:
            return _error(400, "Bad Request: there is no photo in the request")
        if len(request.form.get("caption", "")) > 1024:
            return _error(400, "Bad Request: message caption is too long")
        shown = {"caption": request.form.get("caption", ""), "photo": photo.read()}
        return self._missing_chat() or self._refused() or _ok(self._put(shown))

    def send_media_group(self, token: str) -> Response:
        media = json.loads(request.form["media"])
        if not 2 <= len(media) <= 10:
            return _error(400, "Bad Request: wrong number of media in the album")
        if len(media[0].get("caption", "")) > 1024:
            return _error(400, "Bad Request: message caption is too long")
        stopped = self._missing_chat() or self._refused()
        return stopped or _ok([self._put(self._attached(one)) for one in media])

    def delete_message(self, token: str) -> Response:
        number = int(_sent("message_id"))
        if number in self.ages:
            return _error(400, "Bad Request: message can't be deleted for everyone")
        if self.recorded.posts.pop(str(number), None) is None:
            return _error(400, "Bad Request: message to delete not found")
        return _ok(True)

    def _attached(self, one: dict[str, Any]) -> dict[str, Any]:
        assert one["type"] == "photo" and one["media"].startswith("attach://")
        upload = request.files[one["media"].removeprefix("attach://")]
        return {"caption": one.get("caption", ""), "photo": upload.read()}

    def _put(self, shown: dict[str, Any]) -> dict[str, Any]:
        number = next(self.numbers)
        reply = _sent("reply_parameters")
        if reply:
            shown["reply_to"] = (json.loads(reply) if isinstance(reply, str) else reply)["message_id"]
        self.recorded.posts[str(number)] = shown
        return {"message_id": number, "date": 1762160400, "chat": self.chat, "text": shown.get("text", "")}

    def _missing_chat(self) -> Response | None:
        known = {str(self.chat["id"]), f"@{self.chat.get('username')}"}
        return None if str(_sent("chat_id")) in known else _error(400, "Bad Request: chat not found")

    def _refused(self) -> Response | None:
        if self.refuse is None:
            return None
        code, words, parameters = self.refuse
        self.refuse = None
        return _error(code, words, parameters)


def _sent(name: str) -> Any:
    body = request.get_json(silent=True)
    return body.get(name, "") if isinstance(body, dict) else request.form.get(name, "")


def _ok(result: Any) -> Response:
    return _json(200, {"ok": True, "result": result})


def _error(code: int, words: str, parameters: dict[str, Any] | None = None) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": words}
    return _json(code, {**body, "parameters": parameters} if parameters else body)


def _rate_limited() -> Response:
    return _error(429, "Too Many Requests: retry after 30", {"retry_after": 30})


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
