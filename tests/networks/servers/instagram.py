"""An Instagram professional account as the Graph API shows it.

Written from developers.facebook.com, read November 2026: "Content publishing", references of IG User Media, IG User
Media Publish, IG Media Comments and IG Container (v25.0), "Error codes".
"""

from dataclasses import dataclass
from typing import Any

from flask import request

from tests.networks.servers.meta import FacebookLogin, graph_error
from tests.networks.servers.meta_containers import ContainerServer

USER, TOKEN = "17841400008460056", "EAApage-token-ig"
SCOPES = [
    "pages_show_list",
    "pages_read_engagement",
    "instagram_basic",
    "instagram_content_publish",
    "instagram_manage_comments",
    "instagram_manage_contents",
]


@dataclass
class InstagramServer(ContainerServer):
    name: str = "instagram"
    version: str = "v25.0"
    create: str = "media"
    publish: str = "media_publish"
    status: str = "status_code"
    said: str = "status"
    text: str = "caption"
    listing: str = "media"
    limit: str = "content_publishing_limit"
    user: str = USER

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens[TOKEN] = USER
        self.objects[USER] = {"username": "cityworks"}
        self.login = FacebookLogin(self, list(SCOPES))
        self.comments: dict[str, dict[str, Any]] = {}
        root, add = f"/{self.version}", self.app.add_url_rule
        add(f"{root}/<media>/comments", "comment", self.recorded.posting(self._comment), methods=["POST"])
        add(f"{root}/<media>/comments", "comments", self._comments)

    def problem(self, fields: dict[str, str]) -> Any:
        is_carousel = fields.get("media_type") == "CAROUSEL"
        if not is_carousel and not fields.get("image_url", "").startswith("https://"):
            return graph_error(9004, "Only photo or video can be accepted as media type.", subcode=2207052)
        if len(fields.get("caption", "")) > 2_200:
            said = "The caption was too long."
            return graph_error(100, "Invalid parameter", subcode=2207010, error_user_msg=said)
        return None

    def permalink(self, media: str) -> str:
        return f"https://www.instagram.com/p/{media}/"

    def _comment(self, media: str) -> Any:
        if media not in self.recorded.posts:
            return self.gone(media)
        comment = self.new_id()
        text = request.form["message"]
        author = {"id": USER, "username": "cityworks"}
        self.comments[comment] = {"media": media, "text": text, "timestamp": self.stamp(), "from": author}
        self.objects[comment] = {}
        return {"id": comment}

    def _comments(self, media: str) -> Any:
        below = [{"id": key, **one} for key, one in self.comments.items() if one["media"] == media]
        return {"data": below[::-1]}
