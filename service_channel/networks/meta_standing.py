"""Does a post on Facebook, Instagram or Threads still stand?

Meta gives one answer (100/33) for what does not exist, for what we may not see and for what cannot be asked ("Handle
errors"). Alone it proves nothing. A post counts as gone only where the account's own list of posts can be read with
the same token right after, reaches back to before the post was made, and does not show it. An empty list is no proof.

Sources: references of Page Post and Page Published Posts, of IG Media and IG User Media (Graph API v25.0), "Retrieve
threads media objects" of the Threads API, "Paginated results".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from service_channel.networks.base import FindResult, Outcome, Presence, RemoteRef
from service_channel.networks.calls import Failed, Reply
from service_channel.networks.meta_drafts import instant_of
from service_channel.networks.meta_errors import is_gone
from service_channel.networks.meta_lists import LISTED, entries_in
from service_channel.networks.meta_wire import Graph

MOST_PAGES = 10
EARLIER = timedelta(days=1)
"""How long before our own moment a post may have been made: a draft is made before it goes out."""

_ID = re.compile(r"\w+")
_OUT_OF_SIGHT = "It is there, but readers do not see it."
_NO_POST = "{id} is not a post of this account."


@dataclass(frozen=True)
class Listing:
    """An account's own posts, newest first: the path of the list, and the field that says when each was made.

    `shown` is a field of a post that has to be true for readers to see it; "" where there is none.
    """

    path: str
    time: str
    shown: str = ""


def look(line: Graph, ref: RemoteRef, listing: Listing) -> FindResult:
    """Raises Failed where it cannot be told."""
    if not _ID.fullmatch(ref.remote_id):
        return not_ours(ref)
    try:
        reply = line.get(ref.remote_id, fields=",".join(filter(None, ("id", listing.shown))))
    except Failed as failed:
        if not is_gone(failed) or failed.outcome is not Outcome.REFUSED:
            raise
        is_proved = _is_missing(line, ref, listing)
        return failed.as_find(Presence.ABSENT if is_proved else Presence.UNREADABLE)
    if reply.body.get("id") != ref.remote_id:
        return FindResult(Presence.UNREADABLE, None, reply.status, reply.record)
    if listing.shown and reply.body.get(listing.shown) is not True:
        return FindResult(Presence.UNREADABLE, ref, reply.status, reply.record, _OUT_OF_SIGHT)
    return FindResult(Presence.FOUND, ref, reply.status)


def not_ours(ref: RemoteRef) -> FindResult:
    return FindResult(Presence.UNREADABLE, message=_NO_POST.format(id=ref.remote_id))


def _is_missing(line: Graph, ref: RemoteRef, listing: Listing) -> bool:
    """Whether the account's own posts can be read as far back as this one, and it is not among them. Raises Failed."""
    after: dict[str, str] = {}
    for number in range(MOST_PAGES):
        reply = line.get(listing.path, fields=f"id,{listing.time}", limit=LISTED, **after)
        entries = entries_in(reply)
        if any(entry.get("id") == ref.remote_id for entry in entries):
            return False
        paging = _paging(reply)
        if not paging.get("next"):
            return number > 0 or bool(entries)
        if _is_earlier(entries, ref, listing):
            return True
        after = _after(paging)
        if not after:
            return False
    return False


def _is_earlier(entries: Sequence[Mapping[str, Any]], ref: RemoteRef, listing: Listing) -> bool:
    oldest = instant_of(entries[-1].get(listing.time)) if entries else None
    return oldest is not None and ref.made_at is not None and oldest < ref.made_at - EARLIER


def _paging(reply: Reply) -> Mapping[str, Any]:
    paging = reply.body.get("paging")
    return paging if isinstance(paging, dict) else {}


def _after(paging: Mapping[str, Any]) -> dict[str, str]:
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return {"after": after} if isinstance(after, str) and after else {}
