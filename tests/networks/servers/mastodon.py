"""A server of Mastodon's API as its documents describe it: docs.joinmastodon.org/methods/statuses, /methods/media,
/methods/accounts, /methods/apps, /methods/instance, /api/oauth-scopes, /api/rate-limits.

It stands in for genuine Mastodon, or by its attributes for servers that speak the same API without its key. It is
written from the documents, not recorded from a running server.
"""

import html
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from flask import Response, jsonify, request

from tests.networks.servers.recorded import Recorded

TOKEN = "a-token-that-nobody-may-see"
ACCOUNT = "14715"
ALL = ("read:accounts", "read:statuses", "write:statuses", "write:media")
_URL = re.compile(r"https?://[^\s<]+")
_MENTION = re.compile(r"@(\w+)(?:@[\w.-]+)?")


def _limits() -> dict[str, Any]:
    return {
        "statuses": {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
        "media_attachments": {
            "supported_mime_types": ["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"],
            "description_limit": 1500,
            "image_size_limit": 10485760,
            "image_matrix_limit": 16777216,
        },
        "polls": {
            "max_options": 4,
            "max_characters_per_option": 50,
            "min_expiration": 300,
            "max_expiration": 2629746,
        },
    }


@dataclass
class RecordedMastodon(Recorded):
    """`is_keyed`: honours Idempotency-Key. `replays_fail`: answers 500 to a replay though the post exists (#40399).

    `slow`: how often an upload answers 206 before it is whole. `says`: answers that come before all else, by method
    and path.
    """

    name: str = "mastodon"
    software: str = "mastodon"
    version: str = "4.5.3"
    is_keyed: bool = True
    replays_fail: bool = False
    has_newest_instance: bool = True
    has_source: bool = True
    has_delete: bool = True
    pages: bool = True
    slow: int = 0
    upload_breaks: bool = False
    scopes: tuple[str, ...] = ALL
    limits: dict[str, Any] = field(default_factory=_limits)
    shows: Callable[[str], str] | None = None
    says: dict[tuple[str, str], tuple[int, Any, Mapping[str, str]]] = field(default_factory=dict)
    media: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rate_limited = _rate_limited
        super().__post_init__()
        self._ids = itertools.count(103_254_962_155_278_888)
        self.app.before_request(self._said)
        self._about()
        self._statuses()
        self._media()

    def say(
        self, method: str, path: str, status: int, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.says[method, path] = (status, body, headers or {})

    def add(self, text: str, *, made: datetime | None = None, **more: Any) -> str:
        """Let a status stand there, as if somebody had posted it."""
        found = str(next(self._ids))
        self.posts[found] = {
            "id": found,
            "created_at": (made or datetime.now(UTC)).isoformat(timespec="milliseconds"),
            "in_reply_to_id": None,
            "reblog": None,
            "visibility": "public",
            "uri": f"https://mastodon.example/users/desk/statuses/{found}",
            "url": f"https://mastodon.example/@desk/{found}",
            "content": (self.shows or as_mastodon)(text),
            "account": {"id": ACCOUNT, "username": "desk", "acct": "desk"},
            "media_attachments": [],
            "poll": None,
            "text": text,
            **more,
        }
        return found

    def posted(self) -> list[dict[str, Any]]:
        """The bodies that were posted, in order."""
        return [one.body for one in self.asked if (one.method, one.path) == ("POST", "/api/v1/statuses")]

    def _said(self) -> Response | None:
        if (request.method, request.path) not in self.says:
            return None
        status, body, headers = self.says[request.method, request.path]
        if isinstance(body, str):
            return Response(body, status, headers=dict(headers), content_type="text/html")
        return Response(json.dumps(body), status, headers=dict(headers), content_type="application/json")

    def _about(self) -> None:
        app = self.app

        @app.get("/api/v2/instance")
        def newest() -> Any:
            if not self.has_newest_instance:
                return _error(404, "Record not found")
            return {"domain": "mastodon.example", "version": self.version, "configuration": self.limits}

        @app.get("/api/v1/instance")
        def older() -> Any:
            return {"uri": "mastodon.example", "version": self.version, "configuration": self.limits}

        @app.get("/.well-known/nodeinfo")
        def nodeinfo() -> Any:
            rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
            return {"links": [{"rel": rel, "href": f"{self.url}/nodeinfo/2.0"}]}

        @app.get("/nodeinfo/2.0")
        def software() -> Any:
            return {"version": "2.0", "software": {"name": self.software, "version": self.version}}

        @app.post("/api/v1/apps")
        def register() -> Any:
            body = request.get_json()
            if not body.get("client_name") or "://" not in str(body.get("redirect_uris")):
                return _error(422, "Validation failed: Redirect URI must be an absolute URI.")
            return {
                "client_id": "TWhM-tNSuncnqN7",
                "client_secret": "ZEaFUFmF0umgBX1q",
                "scopes": body["scopes"],
            }

        @app.get("/api/v1/apps/verify_credentials")
        @self._signed_in("")
        def our_app() -> Any:
            return {"name": "Deskcast", "scopes": list(self.scopes)}

        @app.get("/api/v1/accounts/verify_credentials")
        @self._signed_in("read:accounts")
        def who() -> Any:
            return {
                "id": ACCOUNT,
                "username": "desk",
                "acct": "desk",
                "display_name": "Elm Help",
                "url": "https://mastodon.example/@desk",
            }

    def _statuses(self) -> None:
        app = self.app

        @app.post("/api/v1/statuses")
        @self._signed_in("write:statuses")
        @self.posting
        def post_status() -> Any:
            return self._post(request.get_json(), request.headers.get("Idempotency-Key", ""))

        @app.get("/api/v1/accounts/<account>/statuses")
        @self._signed_in("read:statuses")
        def own(account: str) -> Any:
            assert request.args["exclude_reblogs"] == "true"
            below = request.args.get("max_id") if self.pages else None
            found = [one for key, one in sorted(self.posts.items(), reverse=True) if not below or key < below]
            page = found[: min(40, int(request.args.get("limit", 20)))] if self.pages else found
            return jsonify([{k: v for k, v in one.items() if k != "text"} for one in page])

        @app.get("/api/v1/statuses/<key>")
        @self._signed_in("read:statuses")
        def one(key: str) -> Any:
            return self.posts.get(key) or _error(404, "Record not found")

        @app.get("/api/v1/statuses/<key>/source")
        @self._signed_in("read:statuses")
        def source(key: str) -> Any:
            if not self.has_source or key not in self.posts:
                return _error(404, "Record not found")
            return {"id": key, "text": self.posts[key]["text"], "spoiler_text": ""}

        @app.delete("/api/v1/statuses/<key>")
        @self._signed_in("write:statuses")
        def delete(key: str) -> Any:
            if not self.has_delete:
                return Response("<h1>Method Not Allowed</h1>", 405, content_type="text/html")
            if key not in self.posts or self.posts[key]["account"]["id"] != ACCOUNT:
                return _error(404, "Record not found")
            return self.posts.pop(key)

    def _post(self, body: dict[str, Any], key: str) -> Any:
        assert "scheduled_at" not in body, "the key is ignored where something is scheduled"
        if self.is_keyed and key in self.keys:
            if self.replays_fail:
                return _error(500, "An unexpected error occurred")
            return self.posts[self.keys[key]]
        if refused := self._refused(body):
            return refused
        media = [self.media[one] for one in body.get("media_ids", [])]
        above, poll = body.get("in_reply_to_id"), body.get("poll")
        made = self.add(body["status"], in_reply_to_id=above, media_attachments=media, poll=poll)
        self.keys[key] = made
        return self.posts[made]

    def _refused(self, body: dict[str, Any]) -> Any:
        if not isinstance(body.get("sensitive", False), bool):
            return _error(422, "Validation failed: Sensitive is invalid")
        if not str(body.get("status", "")).strip() and not body.get("media_ids"):
            return _error(422, "Validation failed: Text can't be blank")
        if len(_URL.sub("x" * 23, body["status"])) > self.limits["statuses"]["max_characters"]:
            return _error(422, "Validation failed: Text character limit of 500 exceeded")
        if body.get("media_ids") and body.get("poll"):
            return _error(422, "Validation failed: Poll cannot be attached with media")
        if not set(body.get("media_ids", [])) <= {key for key, one in self.media.items() if one["url"]}:
            return _error(
                422, "Cannot attach files that have not finished processing. Try again in a moment!"
            )
        if "in_reply_to_id" in body and body["in_reply_to_id"] not in self.posts:
            return _error(404, "The post you are trying to reply to does not appear to exist.")
        return None

    def _media(self) -> None:
        app = self.app

        @app.post("/api/v2/media")
        @self._signed_in("write:media")
        def upload() -> Any:
            file = request.files["file"]
            if file.mimetype not in self.limits["media_attachments"]["supported_mime_types"]:
                return _error(422, "Validation failed: File content type is invalid, File is invalid")
            key = str(next(self._ids))
            octets, words = file.read(), request.form.get("description")
            self.media[key] = {
                "id": key,
                "type": "image",
                "url": None if self.slow else f"{self.url}/files/{key}.png",
                "description": words,
                "size": len(octets),
                "name": file.filename,
                "left": self.slow,
            }
            return self.media[key], 202 if self.slow else 200

        @app.get("/api/v1/media/<key>")
        @self._signed_in("write:media")
        def processed(key: str) -> Any:
            if self.upload_breaks:
                return _error(422, "Validation failed: File is invalid")
            one = self.media[key]
            one["left"] -= 1
            if one["left"] > 0:
                return Response("", 206)
            one["url"] = f"{self.url}/files/{key}.png"
            return one

    def _signed_in(self, scope: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def guarded(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def asked(*args: Any, **named: Any) -> Any:
                if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                    return _error(401, "The access token is invalid")
                if scope and not {scope, scope.partition(":")[0]} & set(self.scopes):
                    return _error(403, "This action is outside the authorized scopes")
                return view(*args, **named)

            return asked

        return guarded


def as_mastodon(text: str) -> str:
    """How Mastodon writes a text: links in three spans of which two are hidden, mentions as cards."""
    shown = html.escape(text, quote=False)
    shown = _URL.sub(lambda found: _link(found[0]), shown)
    shown = _MENTION.sub(
        lambda found: (
            f'<span class="h-card"><a href="https://mastodon.example/@{found[1]}" class="u-url mention">'
            f"@<span>{found[1]}</span></a></span>"
        ),
        shown,
    )
    return "".join(f"<p>{paragraph}</p>" for paragraph in shown.split("\n\n")).replace("\n", "<br />")


def as_shortened(text: str) -> str:
    """How others write it: a long link ends in dots, and where it leads stands in the anchor only."""
    shown = html.escape(text, quote=False)
    shown = _URL.sub(lambda found: f'<a href="{found[0]}">{found[0].split("//")[1][:18]}…</a>', shown)
    return shown.replace("\n", "<br>")


def _link(url: str) -> str:
    scheme, rest = url.split("//", 1)
    return (
        f'<a href="{url}" target="_blank" rel="nofollow noopener"><span class="invisible">{scheme}//</span>'
        f'<span class="ellipsis">{rest[:30]}</span><span class="invisible">{rest[30:]}</span></a>'
    )


def _error(status: int, words: str) -> Any:
    return Response(json.dumps({"error": words}), status, content_type="application/json")


def _rate_limited() -> Response:
    resets = (datetime.now(UTC) + timedelta(seconds=30)).isoformat(timespec="microseconds")
    headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": resets}
    answer = Response(json.dumps({"error": "Too many requests"}), 429, content_type="application/json")
    answer.headers.update(headers)
    return answer
