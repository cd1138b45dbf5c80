"""Containers as Instagram and Threads have them: made, worked on, published once, expired after 24 hours.

Written from developers.facebook.com, read November 2026: "Content publishing" and "IG Container" of the Instagram
platform, "Error codes"; "Posts" and "Troubleshooting" of the Threads API. What a second publishing of one container
answers is documented nowhere; here it is an error, which proves less than a success would.
"""

from dataclasses import dataclass
from typing import Any

from flask import request

from tests.networks.servers.meta import GraphServer, graph_error


@dataclass
class ContainerServer(GraphServer):
    """`looks` is how often a new container says that it is still in progress; `trouble` makes new ones fail."""

    create: str = ""
    publish: str = ""
    status: str = ""
    said: str = ""
    text: str = ""
    listing: str = ""
    limit: str = ""
    user: str = ""
    most: int = 10
    looks: int = 0
    trouble: str = ""
    used: int = 0
    total: int = 100
    hides_posts: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.containers: dict[str, dict[str, Any]] = {}
        root, add, posting = f"/{self.version}/{self.user}", self.app.add_url_rule, self.recorded.posting
        add(f"{root}/{self.create}", "create", self._create, methods=["POST"])
        add(f"{root}/{self.publish}", "publish", posting(self._publish), methods=["POST"])
        add(f"{root}/{self.listing}", "listing", lambda: self._listed(is_reply=False))
        add(f"{root}/{self.limit}", "limit", self._limit)
        add(f"/{self.version}/<object_id>", "show", self._show)
        add(f"/{self.version}/<object_id>", "delete", self._delete, methods=["DELETE"])

    def problem(self, fields: dict[str, str]) -> Any:
        """What the network has against a container, in its own way; None for nothing."""
        raise NotImplementedError

    def permalink(self, media: str) -> str:
        raise NotImplementedError

    def expire(self, container: str) -> None:
        self.containers[container]["state"] = "EXPIRED"

    def forget(self, container: str) -> None:
        del self.containers[container]

    def _create(self) -> Any:
        fields = {name: value for name, value in request.form.items() if name != "appsecret_proof"}
        children = [child for child in fields.get("children", "").split(",") if child]
        if problem := self.problem(fields):
            return problem
        if fields.get("media_type") == "CAROUSEL" and not self._may_hold(children):
            return graph_error(100, "Param children is not valid: carousel children", subcode=2207015)
        container = self.new_id()
        state = "ERROR" if self.trouble else "IN_PROGRESS" if self.looks else "FINISHED"
        self.containers[container] = {
            "fields": fields,
            "children": children,
            "state": state,
            "looks": self.looks,
        }
        return {"id": container}

    def _may_hold(self, children: list[str]) -> bool:
        ready = [self.containers.get(child, {}) for child in children]
        items = all(one.get("fields", {}).get("is_carousel_item") == "true" for one in ready)
        return (
            2 <= len(children) <= self.most and items and all(one.get("state") == "FINISHED" for one in ready)
        )

    def _publish(self) -> Any:
        container = self.containers.get(request.form.get("creation_id", ""))
        if container is None or container["state"] in ("PUBLISHED", "EXPIRED"):
            return graph_error(24, "The media could not be published.", subcode=2207006)
        if container["state"] != "FINISHED":
            said = "The media is not ready for publishing, please wait for a moment"
            return graph_error(9007, "Media ID is not available", subcode=2207027, error_user_msg=said)
        container["state"], media = "PUBLISHED", self.new_id()
        made = {**container["fields"], "children": container["children"], "timestamp": self.stamp()}
        self.objects[media] = {**made, "permalink": self.permalink(media)}
        self.recorded.posts[media] = self.objects[media]
        self.used += 1
        return {"id": media}

    def _listed(self, *, is_reply: bool) -> Any:
        posts = {} if self.hides_posts else self.recorded.posts
        asked = request.args["fields"].split(",")
        return self.page_of(
            [
                {"id": media, **{name: post[name] for name in asked if name in post}}
                for media, post in reversed(posts.items())
                if bool(post.get("reply_to_id")) is is_reply
            ]
        )

    def _limit(self) -> Any:
        config = {"quota_total": self.total, "quota_duration": 86_400}
        return {"data": [{"quota_usage": self.used, "config": config}]}

    def _show(self, object_id: str) -> Any:
        container = self.containers.get(object_id)
        if container is None:
            return self.shown(object_id)
        state = container["state"]
        if state == "IN_PROGRESS":
            container["looks"] -= 1
            container["state"] = "IN_PROGRESS" if container["looks"] > 0 else "FINISHED"
        return {
            "id": object_id,
            self.status: state,
            **({self.said: self.trouble} if state == "ERROR" else {}),
        }

    def _delete(self, object_id: str) -> Any:
        if object_id not in self.objects or object_id in self.may_not_delete:
            return self.gone(object_id)
        del self.objects[object_id]
        self.recorded.posts.pop(object_id, None)
        return {"success": True, "deleted_id": object_id}
