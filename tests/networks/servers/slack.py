"""Slack as docs.slack.dev describes it: auth.test, conversations.info, conversations.history, conversations.replies,
chat.postMessage, chat.delete, files.getUploadURLExternal, files.completeUploadExternal, files.info, Message metadata,
Slack file object, Rate limits; and incoming webhooks with their errors in plain text.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from tests.networks.servers.recorded import Recorded

CHANNEL, TEAM, HOOK, BOT = "C0123ABCD", "T0123TEAM", "B0123HOOK", "B0456BOT"
SCOPES = "chat:write,channels:read,channels:history,files:write,files:read"


@dataclass
class SlackServer:
    """One workspace with one channel, an app in it, and one incoming webhook.

    `refuse` is the error of the next posting; `ready_after` how often files.info is asked before a file's kind is
    known; `page` how many messages an answer holds; `hides_metadata` leaves it out.
    """

    token: str = "xoxb-1111-2222-liveLIVElive"
    hook_secret: str = "liveHOOKsecret"
    scopes: str = SCOPES
    refuse: dict[str, Any] | str | None = None
    ready_after: int = 1
    page: int = 100
    hides_metadata: bool = False
    is_member: bool = True
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recorded = Recorded("slack", rate_limited=_rate_limited)
        self._number = 0
        app, posting = self.recorded.app, self.recorded.posting
        app.before_request(self._authorized)
        rules: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "/auth.test", self.who),
            ("GET", "/conversations.info", self.info),
            ("GET", "/conversations.history", self.history),
            ("GET", "/conversations.replies", self.replies),
            ("POST", "/chat.postMessage", posting(self.post_message)),
            ("POST", "/chat.delete", self.delete),
            ("POST", "/files.getUploadURLExternal", self.upload_url),
            ("POST", "/upload/v1/<signed>", self.upload),
            ("POST", "/files.completeUploadExternal", self.complete),
            ("GET", "/files.info", self.file_info),
        ]
        for method, rule, view in rules:
            app.add_url_rule(rule, rule, view, methods=[method])
        app.add_url_rule("/services/<team>/<hook>/<secret>", "hook", self.hook, methods=["POST"])

    def put(self, text: str, *, at: float | None = None, thread: str = "", **more: Any) -> dict[str, Any]:
        """A message now or at that moment, by the app unless `more` says otherwise."""
        self._number += 1
        stamp = f"{int(at if at is not None else time.time())}.{self._number:06d}"
        one = {"type": "message", "ts": stamp, "text": text, "bot_id": BOT, **more}
        self.recorded.posts[stamp] = {**one, **({"thread_ts": thread} if thread else {})}
        return one

    def who(self) -> Response:
        body = {
            "url": "https://elm.slack.com/",
            "team": "Elm",
            "team_id": TEAM,
            "user_id": "U1",
            "bot_id": BOT,
        }
        return _ok(body, {"X-OAuth-Scopes": self.scopes})

    def info(self) -> Response:
        return self._missing(request.args["channel"]) or _ok({"channel": {"id": CHANNEL, "name": "status"}})

    def history(self) -> Response:
        shown = [one for one in self.recorded.posts.values() if "thread_ts" not in one]
        return self._missing(request.args["channel"]) or self._page(shown)

    def replies(self) -> Response:
        root = request.args["ts"]
        if root not in self.recorded.posts:
            return _error("thread_not_found")
        return self._page(
            [one for one in self.recorded.posts.values() if root in (one["ts"], one.get("thread_ts"))]
        )

    def post_message(self) -> Response:
        body = request.get_json()
        stopped = (
            self._missing(body["channel"]) or self._refused() or self._bad_blocks(body.get("blocks", []))
        )
        if stopped:
            return stopped
        if not body.get("text"):
            return _error("no_text")
        assert not {"as_user", "username"} & set(body)
        thread = body.get("thread_ts", "")
        if thread and thread not in self.recorded.posts:
            return _error("thread_not_found")
        one = self.put(body["text"], thread=thread, blocks=body["blocks"], metadata=body.get("metadata"))
        return _ok({"channel": CHANNEL, "ts": one["ts"], "message": one})

    def delete(self) -> Response:
        body = request.get_json()
        if missing := self._missing(body["channel"]):
            return missing
        if body["ts"] not in self.recorded.posts:
            return _error("message_not_found")
        if self.recorded.posts[body["ts"]]["bot_id"] != BOT:
            return _error("cant_delete_message")
        del self.recorded.posts[body["ts"]]
        return _ok({"ts": body["ts"]})

    def upload_url(self) -> Response:
        assert request.content_type == "application/x-www-form-urlencoded"
        file_id = f"F0{len(self.files):08d}"
        self.files[file_id] = {
            "length": int(request.form["length"]),
            "alt": request.form["alt_txt"],
            "asked": 0,
        }
        url = f"{self.recorded.url}/upload/v1/{file_id}-signed?sig=SIGNED"
        return _ok({"upload_url": url, "file_id": file_id})

    def upload(self, signed: str) -> Response:
        assert "Authorization" not in request.headers and request.args["sig"] == "SIGNED"
        one = self.files[signed.removesuffix("-signed")]
        one["octets"] = request.get_data()
        assert len(one["octets"]) == one["length"]
        return Response(f"OK - {one['length']}", 200, content_type="text/plain")

    def complete(self) -> Response:
        body = request.get_json()
        assert "channel_id" not in body and "channels" not in body
        for one in body["files"]:
            self.files[one["id"]]["complete"] = True
        return _ok({"files": [{"id": one["id"], "mimetype": ""} for one in body["files"]]})

    def file_info(self) -> Response:
        one = self.files[request.args["file"]]
        one["asked"] += 1
        one["ready"] = one["asked"] > self.ready_after
        return _ok({"file": {"id": request.args["file"], "mimetype": "image/png" if one["ready"] else ""}})

    def hook(self, team: str, hook: str, secret: str) -> Response:
        return (
            self.recorded.posting(self._hook)(team, hook, secret)
            if request.get_json()
            else self._hook(team, hook, secret)
        )

    def _hook(self, team: str, hook: str, secret: str) -> Response:
        if team != TEAM:
            return _word(404, "no_team")
        if hook != HOOK or secret != self.hook_secret:
            return _word(404, "no_service")
        body = request.get_json()
        if not body.get("text"):
            return _word(400, "no_text")
        if isinstance(self.refuse, str):
            word, self.refuse = self.refuse, None
            return _word({"channel_is_archived": 410, "action_prohibited": 403}.get(word, 400), word)
        assert all("slack_file" not in block for block in body["blocks"])
        self.put(body["text"], blocks=body["blocks"])
        return _word(200, "ok")

    def _page(self, shown: list[dict[str, Any]]) -> Response:
        oldest, start = float(request.args.get("oldest", 0)), int(request.args.get("cursor") or 0)
        newest_first = sorted(shown, key=lambda one: one["ts"], reverse=True)
        latest = float(request.args.get("latest", "inf"))
        found = [self._shown(one) for one in newest_first if oldest <= float(one["ts"]) <= latest]
        end = start + min(self.page, int(request.args["limit"]))
        following = str(end) if end < len(found) else ""
        return _ok({"messages": found[start:end], "response_metadata": {"next_cursor": following}})

    def _shown(self, one: dict[str, Any]) -> dict[str, Any]:
        wanted = request.args.get("include_all_metadata") == "true" and not self.hides_metadata
        return {name: value for name, value in one.items() if name != "metadata" or wanted}

    def _bad_blocks(self, blocks: list[dict[str, Any]]) -> Response | None:
        for number, block in enumerate(blocks):
            assert block["type"] == "rich_text" or block["alt_text"]
            if "slack_file" in block and not self.files.get(block["slack_file"]["id"], {}).get("ready"):
                words = f"[ERROR] invalid slack file [json-pointer:/blocks/{number}/slack_file]"
                return _error("invalid_blocks", response_metadata={"messages": [words]})
        return None

    def _authorized(self) -> Response | None:
        if request.path.startswith(("/upload/", "/services/")):
            return None
        sent = request.headers.get("Authorization")
        return None if sent == f"Bearer {self.token}" else _error("invalid_auth")

    def _missing(self, channel: str) -> Response | None:
        if channel != CHANNEL:
            return _error("channel_not_found")
        return None if self.is_member else _error("not_in_channel")

    def _refused(self) -> Response | None:
        if self.refuse is None:
            return None
        body, self.refuse = self.refuse, None
        assert isinstance(body, dict)
        return _json(200, {"ok": False, **body})


def _ok(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps({"ok": True, **body}), 200, headers, content_type="application/json; charset=utf-8"
    )


def _error(name: str, **more: Any) -> Response:
    return _json(200, {"ok": False, "error": name, **more})


def _word(status: int, word: str) -> Response:
    return Response(word, status, content_type="text/html")


def _rate_limited() -> Response:
    answer = _json(429, {"ok": False, "error": "ratelimited"})
    answer.headers["Retry-After"] = "30"
    return answer


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
