"""A Facebook Page as the Graph API shows it: unpublished posts, publishing, photos, comments.

Written from developers.facebook.com, read November 2026: "Posts" of the Pages API; references of Page Feed, Page
Photos, Page Post and Comments (v25.0).
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import request

from tests.networks.servers.meta import FacebookLogin, GraphServer, graph_error

PAGE, TOKEN = "111222333", "EAApage-token"
SCOPES = ["pages_show_list", "pages_read_engagement", "pages_manage_posts", "pages_manage_engagement"]


@dataclass
class FacebookServer(GraphServer):
    """`publishes_drafts`: it ignores that a post should stay unpublished. `hides_posts`: its list of posts is empty."""

    name: str = "facebook"
    version: str = "v25.0"
    publishes_drafts: bool = False
    hides_posts: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens[TOKEN] = PAGE
        self.objects[PAGE] = {"name": "City Works"}
        self.login = FacebookLogin(self, list(SCOPES))
        self.photos: dict[str, dict[str, Any]] = {}
        self.comments: dict[str, dict[str, Any]] = {}
        self._routes()

    def _routes(self) -> None:
        root, add, posting = f"/{self.version}", self.app.add_url_rule, self.recorded.posting
        add(f"{root}/{PAGE}/photos", "photos", self._photo, methods=["POST"])
        add(f"{root}/{PAGE}/feed", "feed", self._feed, methods=["POST"])
        add(f"{root}/{PAGE}/published_posts", "published", self._published)
        add(f"{root}/<post>/comments", "comment", posting(self._comment), methods=["POST"])
        add(f"{root}/<post>/comments", "comments", self._comments)
        add(f"{root}/<object_id>", "show", self.shown)
        add(f"{root}/<post>", "publish", posting(self._publish), methods=["POST"])
        add(f"{root}/<object_id>", "delete", self._delete, methods=["DELETE"])

    def _photo(self) -> Any:
        file = request.files.get("source")
        if file is None or request.form.get("published") != "false":
            return graph_error(324, "(#324) Requires upload file")
        photo = self.new_id()
        self.photos[photo] = {
            "octets": file.read(),
            "mime": file.mimetype,
            "alt": request.form["alt_text_custom"],
        }
        return {"id": photo}

    def _feed(self) -> Any:
        message = request.form.get("message", "")
        photos = [one["media_fbid"] for one in json.loads(request.form.get("attached_media", "[]"))]
        if not message and not photos:
            return graph_error(100, "(#100) Invalid parameter")
        if any(photo not in self.photos for photo in photos):
            return graph_error(100, "(#100) Invalid photo")
        post = f"{PAGE}_{self.new_id()}"
        published = self.publishes_drafts or request.form.get("published") != "false"
        self.objects[post] = {"message": message, "photos": photos, "is_published": published}
        if published:
            self._put_out(post)
        return {"id": post}

    def _put_out(self, post: str) -> None:
        made = self.objects[post]
        made["is_published"] = True
        made.setdefault("created_time", self.stamp())
        self.recorded.posts[post] = made

    def _publish(self, post: str) -> Any:
        if post not in self.objects or post == PAGE:
            return self.gone(post)
        if request.form.get("is_published") != "true":
            return graph_error(100, "(#100) Invalid parameter")
        self._put_out(post)
        return {"success": True}

    def _published(self) -> Any:
        posts = {} if self.hides_posts else self.recorded.posts
        return self.page_of([{"id": post, **made} for post, made in reversed(posts.items())])

    def _comment(self, post: str) -> Any:
        if post not in self.recorded.posts:
            return self.gone(post)
        comment = f"{post.partition('_')[2]}_{self.new_id()}"
        self.comments[comment] = {
            "post": post,
            "message": request.form["message"],
            "attachment_id": request.form.get("attachment_id", ""),
            "created_time": self.stamp(),
            "from": {"id": PAGE, "name": "City Works"},
        }
        self.objects[comment] = {}
        return {"id": comment}

    def _comments(self, post: str) -> Any:
        below = [{"id": key, **one} for key, one in self.comments.items() if one["post"] == post]
        return {"data": below[::-1]}

    def _delete(self, object_id: str) -> Any:
        if object_id not in self.objects or object_id in self.may_not_delete:
            return self.gone(object_id)
        del self.objects[object_id]
        self.recorded.posts.pop(object_id, None)
        self.comments.pop(object_id, None)
        return {"success": True}
