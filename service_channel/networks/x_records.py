"""What a post looks like on X: its body, its moment, its address, and whether it says what a part says.

Sources: docs.x.com, Create or Edit Post, Get Posts (of a user), X IDs.
"""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import regex

from content_library.network_limits import count, limits_of
from content_library.text_weights import addresses
from service_channel.networks.base import OutgoingPart, Poll, Prepared, RemoteRef

EPOCH_MS = 1_288_834_974_657  # X's ids count from here: docs.x.com, X IDs
TOLERANCE = timedelta(minutes=2)
_LEAST_MINUTES, _MOST_MINUTES, _OPTION_LENGTH = 5, 10_080, 25
_HTTP = regex.compile(r"https?://([^\s/?#]+)/?(?=[\s?#]|$)|https?://([^\s/?#]+)", regex.IGNORECASE)


def post_body(part: OutgoingPart, prepared: Prepared) -> dict[str, Any]:
    """The body of POST /2/tweets."""
    body: dict[str, Any] = {"text": part.text}
    if part.parent:
        body["reply"] = {"in_reply_to_tweet_id": part.parent.remote_id}
    if part.media:
        body["media"] = {"media_ids": [prepared.uploads.get(media.sha256, "") for media in part.media]}
    if part.poll:
        body["poll"] = {"options": list(part.poll.options), "duration_minutes": part.poll.minutes}
    return body


def problem_of(part: OutgoingPart) -> str:
    """Why X would refuse this part, "" if it would not; asked before anything is uploaded."""
    limits = limits_of("x")
    if over := count("x", part.text).over:
        return f"X counts {limits.graphemes + over} characters in this text and takes {limits.graphemes}."
    if len(part.media) > limits.images:
        return f"X takes {limits.images} pictures in one post; this one has {len(part.media)}."
    if any(media.mime not in limits.mimes for media in part.media):
        return "X takes pictures as JPEG, PNG or WebP only."
    if any(media.path.stat().st_size > limits.image_bytes for media in part.media):
        return f"A picture is larger than the {limits.image_bytes // 1_000_000} MB X takes."
    if any(len(media.alt) > limits.alt_graphemes for media in part.media):
        return f"An alt text is longer than the {limits.alt_graphemes:,} characters X takes."
    if part.parent and not is_post_id(part.parent.remote_id):
        return "The part before this one has no number on X, so this one cannot be attached to it."
    return _poll_problem(part.poll, has_pictures=bool(part.media)) if part.poll else ""


def _poll_problem(poll: Poll, *, has_pictures: bool) -> str:
    if has_pictures:
        return "X takes pictures or a poll in one post, not both."
    if not 2 <= len(poll.options) <= 4:
        return f"X takes polls of two to four options; this one has {len(poll.options)}."
    if any(not option or len(option) > _OPTION_LENGTH for option in poll.options):
        return f"X takes options of one to {_OPTION_LENGTH} characters."
    if not _LEAST_MINUTES <= poll.minutes <= _MOST_MINUTES:
        return "X takes polls that last between five minutes and seven days."
    return ""


def is_post_id(said: object) -> bool:
    return isinstance(said, str) and said.isascii() and said.isdigit() and len(said) <= 19


def moment_of(post_id: str) -> datetime:
    """When a post was made; the id itself holds it, in milliseconds."""
    return datetime.fromtimestamp(((int(post_id) >> 22) + EPOCH_MS) / 1000, UTC)


def ref_of(handle: str, post_id: str) -> RemoteRef:
    return RemoteRef(post_id, url=f"https://x.com/{handle.lstrip('@') or 'i'}/status/{post_id}")


def says_the_same(post: Mapping[str, Any], text: str) -> bool:
    """Whether a post as X shows it has this text: entities, short links and the links of its pictures undone."""
    shown, wanted = canonical(_text_of(post)), canonical(text)
    return shown == wanted or regex.sub(r"^(?:@\w+ )+", "", shown) == wanted


def is_this_part(post: Mapping[str, Any], part: OutgoingPart) -> bool:
    """Whether a post is this part: the same words at the same place in the thread, and not from before it."""
    post_id = str(post.get("id", ""))
    if not is_post_id(post_id) or post_id in part.taken:
        return False
    return is_double_of(post, part) and moment_of(post_id) >= part.created_at - TOLERANCE


def is_double_of(post: Mapping[str, Any], part: OutgoingPart) -> bool:
    """Whether a post has the words of a part and its place in the thread, whoever made it and whenever."""
    parent = part.parent.remote_id if part.parent else None
    return _answers(post) == parent and says_the_same(post, part.text)


def _answers(post: Mapping[str, Any]) -> str | None:
    """The post that this one is a reply to."""
    for other in post.get("referenced_tweets") or ():
        if other.get("type") == "replied_to":
            return str(other.get("id"))
    return None


def _text_of(post: Mapping[str, Any]) -> str:
    """`note_tweet` holds the whole of what `text` shortens. Short links are replaced by what they stand for."""
    whole = post.get("note_tweet") or post
    text, entities = (
        _unescaped(str(whole.get("text", ""))),
        whole.get("entities") or post.get("entities") or {},
    )
    for link in entities.get("urls") or ():
        meant = "" if "media_key" in link else str(link.get("expanded_url") or link.get("url"))
        text = text.replace(str(link.get("url")), _unescaped(meant))
    return text


def _unescaped(text: str) -> str:
    """X writes these three as HTML does, and no others."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def canonical(text: str) -> str:
    """The same for texts that read the same: spaces and line ends, http or https or neither, a host's letters."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    bare = str(_HTTP.sub(lambda match: (match[1] or match[2]).lower(), plain))
    for start, end, _ in addresses(bare):
        host = bare[start:end].partition("/")[0]
        bare = bare[:start] + host.lower() + bare[start + len(host) :]
    return bare
