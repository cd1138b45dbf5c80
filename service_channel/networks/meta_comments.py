"""The first comment below a post of a Facebook Page or an Instagram account.

A comment has neither a draft nor a key, so it cannot be promised like a post. It is sent once. Where the answer is
lost, it is looked for below the post: found counts, but "not there" never does, for it may still be on its way.
Then a person is asked: at most once, and a question.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service_channel.networks.base import (
    FindResult,
    Outcome,
    OutgoingPart,
    Presence,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Failed
from service_channel.networks.meta_drafts import ours
from service_channel.networks.meta_lists import LISTED, entries_in
from service_channel.networks.meta_wire import Graph, id_in

NOT_THERE = "The comment is not there so far. Whether it is still on its way cannot be told."


@dataclass(frozen=True)
class CommentShape:
    """The names a network has for things. `order` are further parameters of the list, newest first."""

    text: str
    time: str
    author: str
    order: Mapping[str, str]
    url: str  # of a comment, with {id}; "" where it has none


FACEBOOK = CommentShape(
    "message",
    "created_time",
    "from",
    {"filter": "stream", "order": "reverse_chronological"},
    "https://www.facebook.com/{id}",
)
INSTAGRAM = CommentShape("text", "timestamp", "from", {}, "")


def below(part: OutgoingPart) -> str:
    """The post a part is a comment of: the first of the thread, for comments on comments are folded away."""
    above = part.root or part.parent
    return above.remote_id if above else ""


def post_comment(line: Graph, shape: CommentShape, part: OutgoingPart, **more: str) -> SendResult:
    """The one call that makes it public."""
    request = {"post": below(part), "message": part.text, **more}
    try:
        reply = line.post(f"{below(part)}/comments", {"message": part.text, **more})
        return SendResult(Outcome.SENT, _ref(shape, id_in(reply)), reply.status, request, reply.record)
    except Failed as failed:
        return failed.as_send(request)


def find_comment(line: Graph, shape: CommentShape, part: OutgoingPart, *, author: str) -> FindResult:
    """FOUND, or UNREADABLE. Raises Failed."""
    fields = f"id,{shape.text},{shape.time},{shape.author}"
    reply = line.get(f"{below(part)}/comments", fields=fields, limit=LISTED, **shape.order)
    own = [entry for entry in entries_in(reply) if _author(entry, shape) in ("", author)]
    entry = ours(own, part, text=shape.text, time=shape.time)
    if entry is None:
        return FindResult(Presence.UNREADABLE, None, reply.status, message=NOT_THERE)
    return FindResult(Presence.FOUND, _ref(shape, str(entry["id"])), reply.status)


def _ref(shape: CommentShape, comment_id: str) -> RemoteRef:
    return RemoteRef(comment_id, url=shape.url.format(id=comment_id))


def _author(entry: Mapping[str, Any], shape: CommentShape) -> str:
    """Who wrote it; "" where the network does not say."""
    author = entry.get(shape.author)
    return str(author.get("id") or "") if isinstance(author, dict) else ""
