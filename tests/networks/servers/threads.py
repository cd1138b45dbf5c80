"""A Threads profile as the Threads API shows it.

Written from developers.facebook.com, read November 2026: "Posts", "Create replies", "Polls", "Accessibility",
"Delete posts", "Overview" (limits), "Get access tokens", "Long-lived tokens".
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import request

from tests.networks.servers.meta import APP_SECRET, graph_error
from tests.networks.servers.meta_containers import ContainerServer

USER, TOKEN = "9876543210123456", "THQlong-token"
SHORT = "THQshort-token"


@dataclass
class ThreadsServer(ContainerServer):
    """`may_refresh`: the long-lived token can still be renewed."""

    name: str = "threads"
    version: str = "v1.0"
    wants_proof: bool = False
    create: str = "threads"
    publish: str = "threads_publish"
    status: str = "status"
    said: str = "error_message"
    text: str = "text"
    listing: str = "threads"
    limit: str = "threads_publishing_limit"
    user: str = USER
    most: int = 20
    total: int = 250
    replies_used: int = 0
    may_refresh: bool = True
    profile_says: str = "cityworks"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens[TOKEN] = USER
        self.objects[USER] = {"username": self.profile_says, "name": "City Works"}
        add = self.app.add_url_rule
        add(f"/{self.version}/{USER}/replies", "replies", lambda: self._listed(is_reply=True))
        add("/access_token", "exchange", self._exchange)
        add("/refresh_access_token", "refresh", self._refresh)

    def problem(self, fields: dict[str, str]) -> Any:
        kind, poll = fields.get("media_type"), fields.get("poll_attachment")
        if kind not in ("TEXT", "IMAGE", "CAROUSEL"):
            return graph_error(100, "(#100) Param media_type must be one of {TEXT, IMAGE, VIDEO, CAROUSEL}")
        if kind == "IMAGE" and not fields.get("image_url", "").startswith("https://"):
            return graph_error(100, "(#100) The parameter image_url is required")
        if len(fields.get("text", "")) > 500:
            return graph_error(100, "(#100) Param text must be at most 500 characters long.")
        if fields.get("reply_to_id", "") not in ("", *self.recorded.posts):
            return self.gone(fields["reply_to_id"])
        return self._poll_problem(kind, json.loads(poll)) if poll else None

    def permalink(self, media: str) -> str:
        return f"https://www.threads.com/@cityworks/post/{media}"

    def _poll_problem(self, kind: str, poll: dict[str, str]) -> Any:
        names = ["option_a", "option_b", "option_c", "option_d"]
        fits = all(1 <= len(option) <= 25 for option in poll.values())
        if kind != "TEXT" or list(poll) != names[: len(poll)] or len(poll) < 2 or not fits:
            return graph_error(100, "(#100) Invalid poll_attachment")
        return None

    def _limit(self) -> Any:
        asked = request.args["fields"]
        if asked.startswith("reply_"):
            config = {"quota_total": 1_000, "quota_duration": 86_400}
            return {"data": [{"reply_quota_usage": self.replies_used, "reply_config": config}]}
        return super()._limit()

    def _exchange(self) -> Any:
        asked = request.args
        if asked.get("grant_type") != "th_exchange_token" or asked.get("client_secret") != APP_SECRET:
            return graph_error(1, "Error validating client secret.")
        if asked.get("access_token") != SHORT:
            return graph_error(190, f"Malformed access token {asked.get('access_token')}")
        return {"access_token": TOKEN, "token_type": "bearer", "expires_in": 5_183_944}

    def _refresh(self) -> Any:
        old = request.args.get("access_token", "")
        if request.args.get("grant_type") != "th_refresh_token":
            return graph_error(100, "(#100) Invalid grant_type")
        if old not in self.tokens or not self.may_refresh:
            return graph_error(190, f"Error validating access token: Session has expired {old}", subcode=463)
        self.tokens["THQrenewed"] = self.tokens[old]
        return {"access_token": "THQrenewed", "token_type": "bearer", "expires_in": 5_184_000}
