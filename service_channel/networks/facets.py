"""Which stretches of a text Bluesky shows as links, mentions and tags, in offsets of its UTF-8 bytes.

Mentions and tags are found as Bluesky's own app finds them. Only http(s) addresses become links: what was
approved as text never turns into a link by looking like a domain.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from atproto import client_utils

from content_library.network_limits import find_links

_LINK = "app.bsky.richtext.facet#link"
_MENTION = "app.bsky.richtext.facet#mention"
_TAG = "app.bsky.richtext.facet#tag"


def mentioned(text: str) -> list[str]:
    """The handles a text mentions, as `@handle` in small letters, each once."""
    return list(dict.fromkeys(_key(mention.handle) for mention in client_utils.detect_mentions(text)))


def facets(text: str, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facets of a text in order. `ids` maps `@handle` to a DID; a mention without one stays plain text."""
    links = list(_links(text))
    others = [*_mentions(text, ids), *_tags(text)]
    free = [facet for facet in others if not any(_overlap(facet, link) for link in links)]
    return sorted([*links, *free], key=lambda facet: int(facet["index"]["byteStart"]))


def without_mentions(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The facets that follow from the text alone, whoever the handles belonged to at that moment."""
    return [facet for facet in found if facet["features"][0]["$type"] != _MENTION]


def _key(handle: str) -> str:
    return f"@{handle.lower()}"


def _links(text: str) -> Iterator[dict[str, Any]]:
    for link in find_links(text):
        start = len(text[: link.start].encode())
        yield _facet(start, start + len(link.url.encode()), {"$type": _LINK, "uri": link.url})


def _mentions(text: str, ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for mention in client_utils.detect_mentions(text):
        did = ids.get(_key(mention.handle))
        if did:
            yield _facet(mention.byte_start, mention.byte_end, {"$type": _MENTION, "did": did})


def _tags(text: str) -> Iterator[dict[str, Any]]:
    octets = text.encode()
    for found in client_utils.detect_facets(text):
        start, end = found.index.byte_start, found.index.byte_end
        tag = getattr(found.features[0], "tag", None)
        if tag and octets[start:end].decode().startswith(("#", "＃")):
            yield _facet(start, end, {"$type": _TAG, "tag": tag})


def _facet(start: int, end: int, feature: dict[str, str]) -> dict[str, Any]:
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = one["index"], other["index"]
    return bool(first["byteStart"] < second["byteEnd"] and second["byteStart"] < first["byteEnd"])
