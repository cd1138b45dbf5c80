"""X as docs.x.com describes it: Create or Edit Post, Delete Post, Get Posts, Get my User, Upload media, Create media
metadata, OAuth 2.0 (user access token), Response codes and errors, Rate limits. Weights are counted by twitter-text's
configuration. What is not in these documents but was seen of X: the words of the refusal of a duplicate, of a used
refresh token, and of an account without credits.
"""

import base64
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import regex
from flask import Response, jsonify, request

from content_library.text_weights import weight
from service_channel.networks.x_records import EPOCH_MS
from tests.networks.servers.recorded import Recorded

PROBLEMS = "https://api.twitter.com/2/problems/"
USER_ID, HANDLE = "2244994945", "elmstreet"
CLIENT_ID, CLIENT_SECRET = "client-1", "client-secret-x"
FIELDS = {"created_at", "entities", "note_tweet", "referenced_tweets"}
_URL = regex.compile(
    r"https?://[^\s<>]+[^\s<>.,!?)]|(?<![\w/.@-])[\w-]+\.(?:com|de)\b(?:/[^\s<>]*[^\s<>.,!?)])?"
)


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> Response:
    answer = jsonify({"title": title, "detail": detail, "type": kind, "status": status, **more})
    answer.status_code = status
    answer.content_type = "application/problem+json"
    return answer


def rate_limited() -> Response:
    answer = problem(429, "Too Many Requests", "Too Many Requests")
    answer.headers["x-rate-limit-limit"] = "100"
    answer.headers["x-rate-limit-remaining"] = "0"
    answer.headers["x-rate-limit-reset"] = str(int(time.time()) + 30)
    return answer


def invalid(message: str, **parameters: Any) -> Response:
    errors = [{"message": message, "parameters": parameters}]
    general = "One or more parameters to your request was invalid."
    return problem(400, "Invalid Request", general, PROBLEMS + "invalid-request", errors=errors)


@dataclass
class XServer(Recorded):
    """`plan_reads`: whether timelines may be read. `refuses`: what the next posting is answered with.

    `hidden`: ids that no timeline shows yet.
    """

    now: datetime = datetime(2026, 11, 3, 9, 0, 2, tzinfo=UTC)
    plan_reads: bool = True
    tokens: set[str] = field(default_factory=lambda: {"access-token-x"})
    refresh_tokens: set[str] = field(default_factory=lambda: {"refresh-token-x"})
    refuses: list[Response] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    media: dict[str, dict[str, Any]] = field(default_factory=dict)
    reading: Response | None = None
    page_size: int = 100
    media_state: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rate_limited = rate_limited
        self._count = 0
        app = self.app
        app.post("/2/tweets")(self.posting(self._post))
        app.get("/2/tweets/<post_id>")(self._one)
        app.delete("/2/tweets/<post_id>")(self._delete)
        app.get("/2/users/me")(self._me)
        app.get("/2/users/<user_id>/tweets")(self._timeline)
        app.post("/2/media/upload")(self._upload)
        app.post("/2/media/metadata")(self._describe)
        app.post("/2/oauth2/token")(self._token)

    def an_id(self, moment: datetime) -> str:
        self._count += 1
        milliseconds = int(moment.timestamp() * 1000) - EPOCH_MS
        return str((milliseconds << 22) | self._count)

    def add(
        self, text: str, *, at: datetime, reply_to: str | None = None, media: tuple[str, ...] = ()
    ) -> str:
        """A post that stands there from `at` on, as X shows it."""
        post_id = self.an_id(at)
        links = []
        shown = text
        for number, url in enumerate(_URL.findall(text)):
            short = f"https://t.co/{post_id[-6:]}{number}"
            shown = shown.replace(url, short, 1)
            whole = url if "://" in url else f"http://{url}"
            links.append({"url": short, "expanded_url": whole, "display_url": url.split("//")[-1][:20]})
        shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for number, media_id in enumerate(media):
            if not number:
                shown += f" https://t.co/m{post_id[-6:]}"
            there = f"https://x.com/{HANDLE}/status/{post_id}/photo/1"
            links.append(
                {"url": f"https://t.co/m{post_id[-6:]}", "expanded_url": there, "media_key": f"3_{media_id}"}
            )
        self.posts[post_id] = {
            "id": post_id,
            "text": shown,
            "edit_history_tweet_ids": [post_id],
            "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **({"entities": {"urls": links}} if links else {}),
            **({"referenced_tweets": [{"type": "replied_to", "id": reply_to}]} if reply_to else {}),
            "_said": text,
            "_media": media,
        }
        return post_id

    def _signed_out(self) -> Response | None:
        said = request.headers.get("Authorization", "")
        if said.removeprefix("Bearer ") in self.tokens:
            return None
        return problem(401, "Unauthorized", "Unauthorized")

    def _post(self) -> Any:
        if out := self._signed_out():
            return out
        if self.refuses:
            return self.refuses.pop(0)
        body = request.get_json()
        if wrong := self._wrong_body(body):
            return wrong
        reply_to = body.get("reply", {}).get("in_reply_to_tweet_id")
        if self._is_double(body["text"], reply_to):
            return problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        media = tuple(body.get("media", {}).get("media_ids", ()))
        post_id = self.add(body["text"], at=self.now, reply_to=reply_to, media=media)
        self.posts[post_id]["_poll"] = body.get("poll")
        return jsonify({"data": {"id": post_id, "text": self.posts[post_id]["text"]}}), 201

    def _is_double(self, text: str, reply_to: str | None) -> bool:
        def place(post: dict[str, Any]) -> str | None:
            return next((other["id"] for other in post.get("referenced_tweets", ())), None)

        return any((post["_said"], place(post)) == (text, reply_to) for post in self.posts.values())

    def _wrong_body(self, body: dict[str, Any]) -> Response | None:
        if request.content_type != "application/json" or set(body) - {"text", "reply", "media", "poll"}:
            return invalid("The body is no post.")
        if not body["text"] or weight(body["text"]) > 280:
            return problem(403, "Forbidden", "Your Tweet text is too long. For more information, visit ...")
        reply_to = body.get("reply", {}).get("in_reply_to_tweet_id")
        if reply_to is not None and reply_to not in self.posts:
            return invalid("You attempted to reply to a Tweet that is deleted or not visible to you.")
        return self._wrong_media(body.get("media")) or self._wrong_poll(body)

    def _wrong_media(self, media: dict[str, Any] | None) -> Response | None:
        if media is None:
            return None
        ids = media["media_ids"]
        if not 1 <= len(ids) <= 4 or any(media_id not in self.media for media_id in ids):
            return invalid("Your media IDs are invalid.", media_ids=ids)
        return None

    def _wrong_poll(self, body: dict[str, Any]) -> Response | None:
        poll = body.get("poll")
        if poll is None:
            return None
        if "media" in body:
            return invalid("Polls cannot have media.")
        if not 2 <= len(poll["options"]) <= 4 or any(not 1 <= len(one) <= 25 for one in poll["options"]):
            return invalid("The `poll.options` are wrong.")
        if not 5 <= poll["duration_minutes"] <= 10_080:
            return invalid("The `poll.duration_minutes` query parameter value is not between 5 and 10080.")
        return None

    def _one(self, post_id: str) -> Any:
        """One post; of a missing one X says so with 200 (docs.x.com, Post lookup by ID, partial errors)."""
        if out := self._signed_out():
            return out
        if post_id in self.posts:
            return jsonify({"data": {"id": post_id, "text": self.posts[post_id]["text"]}})
        missing = {
            "title": "Not Found Error",
            "type": PROBLEMS + "resource-not-found",
            "resource_id": post_id,
        }
        return jsonify({"errors": [missing]})

    def _delete(self, post_id: str) -> Any:
        if out := self._signed_out():
            return out
        if post_id not in self.posts:
            detail = f"Could not find tweet with id: [{post_id}]."
            return problem(404, "Not Found Error", detail, PROBLEMS + "resource-not-found")
        del self.posts[post_id]
        return jsonify({"data": {"deleted": True}})

    def _me(self) -> Any:
        if out := self._signed_out():
            return out
        return jsonify({"data": {"id": USER_ID, "name": "Elm Street", "username": HANDLE}})

    def _timeline(self, user_id: str) -> Any:
        if out := self._signed_out():
            return out
        if self.reading is not None:
            return self.reading
        if not self.plan_reads:
            detail = "You must use keys and tokens from a developer App that is attached to a Project."
            kind, why = PROBLEMS + "client-forbidden", "client-not-enrolled"
            return problem(403, "Client Forbidden", detail, kind, reason=why)
        if user_id != USER_ID or not 5 <= int(request.args["max_results"]) <= 100:
            return invalid("The `max_results` query parameter value is not between 5 and 100")
        asked = set(filter(None, request.args.get("tweet.fields", "").split(",")))
        assert asked <= FIELDS
        return self._shown(asked)

    def _shown(self, asked: set[str]) -> Any:
        since = request.args.get("start_time")
        least = datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if since else None
        ids = sorted((one for one in self.posts if one not in self.hidden), key=int, reverse=True)
        wanted = [one for one in ids if least is None or self._moment(one) >= least]
        start = int(request.args.get("pagination_token", "0"))
        page = wanted[start : start + min(self.page_size, int(request.args["max_results"]))]
        kept = {"id", "text", "edit_history_tweet_ids"} | asked
        data = [{name: self.posts[one][name] for name in kept & set(self.posts[one])} for one in page]
        meta: dict[str, Any] = {"result_count": len(page)}
        if start + len(page) < len(wanted):
            meta["next_token"] = str(start + len(page))
        return jsonify({**({"data": data} if data else {}), "meta": meta})

    def _moment(self, post_id: str) -> datetime:
        return datetime.fromtimestamp(((int(post_id) >> 22) + EPOCH_MS) / 1000, UTC)

    def _upload(self) -> Any:
        if out := self._signed_out():
            return out
        file = request.files["media"]
        octets = file.read()
        if request.form.get("media_category") != "tweet_image" or request.form.get("media_type") not in (
            "image/jpeg", "image/png", "image/webp", "image/bmp", "image/pjpeg", "image/tiff",
        ):  # fmt: skip
            return invalid("The media is of another kind.")
        if len(octets) > 5_000_000:
            return problem(413, "Payload Too Large", "Payload Too Large")
        media_id = self.an_id(self.now)
        self.media[media_id] = {"octets": octets, "alt": ""}
        data: dict[str, Any] = {"id": media_id, "media_key": f"3_{media_id}", "size": len(octets)}
        if self.media_state:
            data["processing_info"] = {"state": self.media_state, "check_after_secs": 1}
        return jsonify({"data": {**data, "expires_after_secs": 86_400}})

    def _describe(self) -> Any:
        if out := self._signed_out():
            return out
        body = request.get_json()
        text = body["metadata"]["alt_text"]["text"]
        if body["id"] not in self.media or not 1 <= len(text) <= 1_000:
            return invalid("The metadata is wrong.")
        self.media[body["id"]]["alt"] = text
        return jsonify({"data": {"id": body["id"], "associated_metadata": {"alt_text": {"text": text}}}})

    def _token(self) -> Any:
        wanted = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            words = "Missing valid authorization header"
            return jsonify({"error": "unauthorized_client", "error_description": words}), 401
        if self.refuses:
            return self.refuses.pop(0)
        used = request.form.get("refresh_token", "")
        if request.form.get("grant_type") != "refresh_token" or used not in self.refresh_tokens:
            words = "Value passed for the token was invalid."
            return jsonify({"error": "invalid_request", "error_description": words}), 400
        self.refresh_tokens.remove(used)
        self._count += 1
        fresh = {
            "access_token": f"access-token-{self._count}",
            "refresh_token": f"refresh-token-{self._count}",
        }
        self.tokens.add(fresh["access_token"])
        self.refresh_tokens.add(fresh["refresh_token"])
        scope = "tweet.read tweet.write users.read media.write offline.access"
        return jsonify({"token_type": "bearer", "expires_in": 7_200, "scope": scope, **fresh})


def old(server: XServer) -> datetime:
    return server.now - timedelta(hours=1)
