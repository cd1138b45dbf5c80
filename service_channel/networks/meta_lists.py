"""Lists of the Graph API, and our own post in them."""

from collections.abc import Mapping
from typing import Any

from service_channel.networks.base import Outcome, OutgoingPart
from service_channel.networks.calls import Failed, Reply
from service_channel.networks.meta_drafts import ours, reaches_back
from service_channel.networks.meta_wire import NONSENSE, Graph

LISTED = 50


def entries_in(reply: Reply) -> list[Mapping[str, Any]]:
    """What a list holds. Raises Failed where it is none."""
    data = reply.body.get("data")
    if not isinstance(data, list):
        raise Failed(Outcome.UNKNOWN, NONSENSE, reply.status, response=reply.record)
    return [entry for entry in data if isinstance(entry, dict)]


def found_in(
    line: Graph, path: str, part: OutgoingPart, *, fields: str, text: str, time: str
) -> Mapping[str, Any]:
    """Our part in a list of posts, newest first, by its words and its time; empty where it is not in it.

    Raises Failed, also where the list ends before the part's first try.
    """
    reply = line.get(path, fields=fields, limit=LISTED)
    entries = entries_in(reply)
    entry = ours(entries, part, text=text, time=time)
    if entry is None and not reaches_back(entries, part, time=time, most=LISTED):
        raise Failed(Outcome.UNKNOWN, "There are more posts since then than one list holds.", reply.status)
    return entry or {}
