"""LinkedIn as learn.microsoft.com describes it: Posts API, MultiImage API, Poll API, Images API, Comments API,
Organization Access Control by Role, Organization Lookup, Sign In with LinkedIn using OpenID Connect, Refresh Tokens,
Error Handling, Rate Limiting, Versioning, little Text Format. The refusal of a duplicate is in no document; its words
and its DUPLICATE_POST are as many have met them.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import regex
from flask import Response, jsonify, request

from tests.networks.servers.recorded import Recorded

VERSIONS = {"202608", "202609", "202610"}
CLIENT_ID, CLIENT_SECRET = "client-2", "client-secret-li"
PERSON, PAGE = "urn:li:person:782bbtaQ", "urn:li:organization:2414183"
ALL = "openid,profile,w_member_social,w_organization_social,r_organization_social,rw_organization_admin"
POST_FIELDS = {
    "author", "commentary", "visibility", "distribution", "lifecycleState", "isReshareDisabledByAuthor", "content",
}  # fmt: skip
_UNESCAPED = regex.compile(r"(?<!\\)(?:\\\\)*[|{}@\[\]()<>*_~]|\\(?![|{}@\[\]()<>#\\*_~])")
_ESCAPED = regex.compile(r"\\(.)")
_LONG_LINK = regex.compile(r"https?://\S{27,}")


def error(status: int, code: str, message: str, **more: Any) -> Response:
    body = {"status": status, "code": code, "message": message, **more}
    return Response(json.dumps(body), status, content_type="application/json")


def rate_limited() -> Response:
    words = "Resource level throttle MEMBER limit for calls to this resource is reached."
    return error(429, "TOO_MANY_REQUESTS", words, serviceErrorCode=101)


def duplicate_of(urn: str) -> Response:
    said = [{"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}]
    return Response(
        json.dumps(
            {
                "errorDetailType": "com.linkedin.common.error.BadRequest",
                "message": "com.linkedin.content.common.exception.BadRequestResponseException: "
                f"Content is a duplicate of {urn}",
                "errorDetails": {"inputErrors": said},
                "status": 422,
            }
        ),
        422,
        content_type="application/json",
    )


@dataclass
class LinkedInServer(Recorded):
    """`reads`: the authors whose posts the token may read. `posts` holds posts and comments by their names."""

    now: datetime = datetime(2026, 11, 3, 9, 0, 2, tzinfo=UTC)
    tokens: set[str] = field(default_factory=lambda: {"access-token-li"})
    refresh_tokens: set[str] = field(default_factory=lambda: {"refresh-token-li"})
    reads: set[str] = field(default_factory=lambda: {PAGE})
    roles: list[dict[str, str]] = field(
        default_factory=lambda: [{"role": "ADMINISTRATOR", "organization": PAGE, "state": "APPROVED"}]
    )
    images: dict[str, bytes] = field(default_factory=dict)
    refuses: list[Response] = field(default_factory=list)
    reading: Response | None = None
    upload_host: str = ""
    shortens: bool = False
    hidden: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rate_limited = rate_limited
        self._count = 0
        app = self.app
        app.post("/rest/posts")(self.posting(self._post))
        app.get("/rest/posts")(self._find)
        app.get("/rest/posts/<urn>")(self._get)
        app.delete("/rest/posts/<urn>")(self._delete)
        app.post("/rest/socialActions/<urn>/comments")(self.posting(self._comment))
        app.get("/rest/socialActions/<urn>/comments")(self._comments)
        app.delete("/rest/socialActions/<urn>/comments/<number>")(self._delete_comment)
        app.post("/rest/images")(self._initialize)
        app.put("/dms-uploads/<number>")(self._upload)
        app.get("/v2/userinfo")(self._me)
        app.get("/rest/organizationAcls")(self._acls)
        app.get("/rest/organizations/<number>")(self._organization)
        app.post("/oauth/v2/accessToken")(self._token)

    def a_number(self, moment: datetime) -> int:
        self._count += 1
        return (int(moment.timestamp() * 1000) << 22) | self._count

    def add(self, commentary: str, *, at: datetime, author: str = PAGE, **more: Any) -> str:
        urn = f"urn:li:share:{self.a_number(at)}"
        shown = _LONG_LINK.sub("https://lnkd.in/eAbCdEf", commentary) if self.shortens else commentary
        milliseconds = int(at.timestamp() * 1000)
        self.posts[urn] = {
            "id": urn,
            "author": author,
            "commentary": shown,
            "createdAt": milliseconds,
            "publishedAt": milliseconds,
            "lifecycleState": "PUBLISHED",
            "visibility": "PUBLIC",
            "_said": commentary,
            **more,
        }
        return urn

    def _wrong_call(self, *, method: str = "") -> Response | None:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "INVALID_ACCESS_TOKEN", "Invalid access token", serviceErrorCode=65600)
        if request.path.startswith("/rest/") and request.headers.get("LinkedIn-Version") not in VERSIONS:
            asked = request.headers.get("LinkedIn-Version")
            return error(426, "NONEXISTENT_VERSION", f"Requested version {asked} is not active")
        if request.path.startswith("/rest/") and request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
            return error(400, "BAD_REQUEST", "X-Restli-Protocol-Version is missing")
        if method and request.headers.get("X-RestLi-Method") != method:
            return error(400, "BAD_REQUEST", f"No such method without {method}")
        return None

    def _may(self, author: str) -> bool:
        pages = {row["organization"] for row in self.roles if row["role"] == "ADMINISTRATOR"}
        return author == PERSON or author in pages

    def _post(self) -> Any:
        if wrong := self._wrong_call():
            return wrong
        if self.refuses:
            return self.refuses.pop(0)
        body = request.get_json()
        if wrong := self._wrong_body(body):
            return wrong
        twin = next((urn for urn, post in self.posts.items() if self._is_twin(post, body)), "")
        if twin:
            return duplicate_of(twin)
        content = {"content": body["content"]} if "content" in body else {}
        urn = self.add(body["commentary"], at=self.now, author=body["author"], **content)
        return Response("", 201, headers={"x-restli-id": urn, "Location": f"/rest/posts/{urn}"})

    def _is_twin(self, post: dict[str, Any], body: dict[str, Any]) -> bool:
        return (post.get("author"), post.get("_said")) == (body["author"], body["commentary"])

    def _wrong_body(self, body: dict[str, Any]) -> Response | None:
        if set(body) - POST_FIELDS or not POST_FIELDS - {"content"} <= set(body):
            return error(422, "MISSING_FIELD", "ERROR :: field is required but not found")
        if not self._may(body["author"]):
            words = "Not enough permissions to access: partnerApiPostsExternal.CREATE.20260901"
            return error(403, "ACCESS_DENIED", words, serviceErrorCode=100)
        if _UNESCAPED.search(body["commentary"]):
            raise AssertionError(f"LinkedIn would cut this text off: {body['commentary']}")
        if len(_ESCAPED.sub(r"\1", body["commentary"]).encode("utf-16-le")) > 6_000:
            return error(
                400, "FIELD_LENGTH_TOO_LONG", "ERROR :: /commentary :: length of the text is too long"
            )
        return self._wrong_content(body.get("content"))

    def _wrong_content(self, content: dict[str, Any] | None) -> Response | None:
        if content is None:
            return None
        if len(content) != 1 or set(content) - {"media", "multiImage", "poll"}:
            return error(422, "INVALID_CONTENT", "ERROR :: /content :: union type is not backed by one value")
        if "poll" in content:
            return self._wrong_poll(content["poll"])
        pictures = content["multiImage"]["images"] if "multiImage" in content else [content["media"]]
        if "multiImage" in content and not 2 <= len(pictures) <= 20:
            return error(400, "MULTI_IMAGE", "MultiImage posts have two to twenty images")
        if any(not self.images.get(picture["id"]) for picture in pictures):
            return error(400, "INVALID_URN_ID", "The image does not exist or was not uploaded")
        return None

    def _wrong_poll(self, poll: dict[str, Any]) -> Response | None:
        good = 0 < len(poll["question"]) <= 140 and 2 <= len(poll["options"]) <= 4
        good = good and all(0 < len(option["text"]) <= 30 for option in poll["options"])
        known = {"ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS"}
        if good and poll["settings"]["duration"] in known:
            return None
        return error(400, "INVALID_POLL", "The poll is wrong")

    def _readable(self, author: str) -> Response | None:
        if self.reading is not None:
            return self.reading
        if author in self.reads:
            return None
        words = "Not enough permissions to access: partnerApiPostsExternal.FINDER-author.20260901"
        return error(403, "ACCESS_DENIED", words, serviceErrorCode=100)

    def _shown(self, post: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in post.items() if not name.startswith("_")}

    def _find(self) -> Any:
        if wrong := self._wrong_call(method="FINDER"):
            return wrong
        assert request.args["q"] == "author" and request.args["sortBy"] in ("CREATED", "LAST_MODIFIED")
        if wrong := self._readable(request.args["author"]):
            return wrong
        mine = [
            self._shown(post)
            for urn, post in self.posts.items()
            if post.get("author") == request.args["author"] and urn not in self.hidden
        ]
        return self._paged(sorted(mine, key=lambda post: -post["createdAt"]))

    def _paged(self, rows: list[dict[str, Any]]) -> Any:
        start, count = int(request.args.get("start", 0)), int(request.args.get("count", 10))
        assert 1 <= count <= 100
        return jsonify({"elements": rows[start : start + count], "paging": {"start": start, "count": count}})

    def _get(self, urn: str) -> Any:
        if wrong := self._wrong_call():
            return wrong
        post = self.posts.get(unquote(urn))
        if wrong := self._readable(post["author"] if post else PAGE):
            return wrong
        if post is None or unquote(urn) in self.hidden:
            return error(404, "RESOURCE_NOT_FOUND", "Could not find entity")
        return jsonify(self._shown(post))

    def _delete(self, urn: str) -> Any:
        if wrong := self._wrong_call(method="DELETE"):
            return wrong
        if unquote(urn) not in self.posts:
            return error(404, "RESOURCE_NOT_FOUND", "Could not find entity")
        if not self._may(self.posts[unquote(urn)]["author"]):
            return error(403, "ACCESS_DENIED", "Not enough permissions to access: DELETE")
        del self.posts[unquote(urn)]
        return Response("", 204)

    def _comment(self, urn: str) -> Any:
        if wrong := self._wrong_call():
            return wrong
        if self.refuses:
            return self.refuses.pop(0)
        below, body = unquote(urn), request.get_json()
        if set(body) != {"actor", "object", "message"} or body["object"] != below:
            return error(422, "MISSING_FIELD", "ERROR :: field is required but not found")
        if below not in self.posts:
            return error(404, "RESOURCE_NOT_FOUND", "Could not find entity")
        if not self._may(body["actor"]):
            return error(
                403, "ACCESS_DENIED", "Not enough permissions to access: socialActions/comments.CREATE"
            )
        return self._said(
            self.add_comment(body["message"]["text"], at=self.now, below=below, actor=body["actor"])
        )

    def _said(self, comment: dict[str, Any]) -> Any:
        answer = jsonify(comment)
        answer.status_code = 201
        answer.headers["x-restli-id"] = comment["id"]
        return answer

    def add_comment(self, text: str, *, at: datetime, below: str, actor: str) -> dict[str, Any]:
        number = str(self.a_number(at))
        activity = "urn:li:activity:" + below.rpartition(":")[2]
        comment = {
            "id": number,
            "commentUrn": f"urn:li:comment:({activity},{number})",
            "object": activity,
            "actor": actor,
            "message": {"attributes": [], "text": text},
            "created": {"actor": actor, "time": int(at.timestamp() * 1000)},
        }
        self.posts[comment["commentUrn"]] = comment
        return comment

    def _comments(self, urn: str) -> Any:
        if wrong := self._wrong_call() or self._readable(PAGE):
            return wrong
        activity = "urn:li:activity:" + unquote(urn).rpartition(":")[2]
        return self._paged([row for row in self.posts.values() if row.get("object") == activity])

    def _delete_comment(self, urn: str, number: str) -> Any:
        if wrong := self._wrong_call(method="DELETE"):
            return wrong
        name = f"urn:li:comment:({unquote(urn)},{number})"
        if name not in self.posts:
            return error(404, "RESOURCE_NOT_FOUND", "Could not find entity")
        assert request.args["actor"] == self.posts[name]["actor"]
        del self.posts[name]
        return Response("", 204)

    def _initialize(self) -> Any:
        if wrong := self._wrong_call():
            return wrong
        if request.args.get("action") != "initializeUpload":
            return error(400, "BAD_REQUEST", "No such action")
        if not self._may(request.get_json()["initializeUploadRequest"]["owner"]):
            return error(
                403, "ACCESS_DENIED", "Not enough permissions to access: images.ACTION-initializeUpload"
            )
        number = str(self.a_number(self.now))
        self.images[f"urn:li:image:{number}"] = b""
        place = f"{self.upload_host or self.url}/dms-uploads/{number}?ut=secret-place"
        return jsonify(
            {"value": {"uploadUrlExpiresAt": 1, "uploadUrl": place, "image": f"urn:li:image:{number}"}}
        )

    def _upload(self, number: str) -> Any:
        if wrong := self._wrong_call():
            return wrong
        assert request.args["ut"] == "secret-place"
        self.images[f"urn:li:image:{number}"] = request.get_data()
        return Response("", 201)

    def _me(self) -> Any:
        if wrong := self._wrong_call():
            return wrong
        return jsonify({"sub": PERSON.rpartition(":")[2], "name": "Ada Lovelace", "given_name": "Ada"})

    def _acls(self) -> Any:
        if wrong := self._wrong_call(method="FINDER"):
            return wrong
        assert (request.args["q"], request.args["state"]) == ("roleAssignee", "APPROVED")
        return self._paged([{**row, "roleAssignee": PERSON} for row in self.roles])

    def _organization(self, number: str) -> Any:
        if wrong := self._wrong_call():
            return wrong
        name = {"2414183": ("Elm Street Desk", "elm-street")}.get(number, (f"Page of {number}", ""))
        body = {"id": int(number), "localizedName": name[0], "vanityName": name[1]}
        return jsonify({key: value for key, value in body.items() if value})

    def _token(self) -> Any:
        if self.refuses:
            return self.refuses.pop(0)
        form = request.form
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            words = "Client authentication failed"
            return jsonify({"error": "invalid_client", "error_description": words}), 401
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") not in self.refresh_tokens:
            words = "The provided authorization grant or refresh token is invalid, expired or revoked"
            return jsonify({"error": "invalid_grant", "error_description": words}), 400
        self._count += 1
        self.tokens.add(f"access-token-{self._count}")
        return jsonify(
            {
                "access_token": f"access-token-{self._count}",
                "expires_in": 5_184_000,
                "refresh_token": form["refresh_token"],
                "refresh_token_expires_in": 20_000_000,
                "scope": ALL,
            }
        )
