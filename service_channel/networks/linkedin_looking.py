"""Looking for a part among the posts of its author, or among the comments below its post.

Sources: learn.microsoft.com, LinkedIn, Posts API (Find posts by authors), Comments API (Get Comments on Shares).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from service_channel.networks.base import FindResult, Outcome, OutgoingPart, Presence
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.linkedin_errors import NOT_FOUND
from service_channel.networks.linkedin_records import (
    TOLERANCE,
    comment_urn,
    commented,
    is_this_comment,
    is_this_post,
    moment_of,
    number_of,
    ref_of,
)

_COUNT = 100
_PAGES = 5
_NONSENSE = "The server's answer makes no sense."
_TOO_MANY = "There are more posts since then than can be looked through."


def found_part(line: Caller, author: str, part: OutgoingPart) -> FindResult:
    """Raises Failed where it cannot be told."""
    since = part.created_at - TOLERANCE
    rows = _comments(line, part) if part.parent else _posts(line, author, since)
    is_ours = is_this_comment if part.parent else is_this_post
    for row in rows:
        if is_ours(row, author, part):
            urn = comment_urn(row, part) if part.parent else str(row["id"])
            return FindResult(Presence.FOUND, ref_of(urn), response={"found": row})
    return FindResult(Presence.ABSENT, message="It is not among what this account published.")


def is_standing(line: Caller, urn: str, author: str, part: OutgoingPart) -> bool:
    """Whether a named post can be read and is this part; a post made just now may not be readable yet."""
    try:
        return is_this_post(line.get(f"/rest/posts/{quote(urn, safe='')}").body, author, part)
    except Failed:
        return False


def still_there(line: Caller, urn: str, author: str) -> FindResult:
    """Whether a post of this name stands, whatever its words are by now. Raises Failed where it cannot be told.

    LinkedIn says 404 also of roads it does not know or show. So the author's own posts are read right after: only
    where the list can be read, holds something, and does not name the post, it is gone.
    """
    try:
        reply = line.get(f"/rest/posts/{quote(urn, safe='')}")
    except Failed as failed:
        if failed.status != 404 or failed.error != NOT_FOUND:
            raise
        return failed.as_find(Presence.ABSENT if _is_missing(line, urn, author) else Presence.UNREADABLE)
    same = reply.body.get("id") == urn
    return FindResult(Presence.FOUND if same else Presence.UNREADABLE, ref_of(urn), reply.status)


def _is_missing(line: Caller, urn: str, author: str) -> bool:
    moment = moment_of(urn)
    if moment is None:
        return False
    listed = [number_of(str(row.get("id", ""))) for row in _posts(line, author, moment - TOLERANCE)]
    return bool(listed) and number_of(urn) not in listed


def _posts(line: Caller, author: str, least: datetime) -> Iterator[Mapping[str, Any]]:
    """The author's posts, newest first, as far back as that."""
    for rows in _pages(line, "/rest/posts", {"q": "author", "author": author, "sortBy": "CREATED"}):
        yield from rows
        oldest = moment_of(str(rows[-1].get("id", ""))) if rows else None
        if oldest is not None and oldest < least:
            return


def _comments(line: Caller, part: OutgoingPart) -> Iterator[Mapping[str, Any]]:
    road = f"/rest/socialActions/{quote(commented(part), safe='')}/comments"
    for rows in _pages(line, road, {}):
        yield from rows


def _pages(line: Caller, road: str, params: Mapping[str, str]) -> Iterator[list[Mapping[str, Any]]]:
    """Pages until one is not full. Raises Failed where that takes too many."""
    finder = {"X-RestLi-Method": "FINDER"} if params else {}
    for page in range(_PAGES):
        asked = {**params, "start": page * _COUNT, "count": _COUNT}
        reply = line.call("GET", road, params=asked, headers=finder)
        rows = reply.body.get("elements")
        if not isinstance(rows, list):
            raise Failed(Outcome.UNKNOWN, _NONSENSE, reply.status)
        yield [row for row in rows if isinstance(row, dict)]
        if len(rows) < _COUNT:
            return
    raise Failed(Outcome.UNKNOWN, _TOO_MANY)
