"""Where quoted words stand in what a post says on one network, and the text with other words in their place. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from content_library.errors import InvalidInput

GONE = "The words “{}” are no longer there. Change the text by hand, or decline the suggestion."
TWICE = "The words “{}” stand there twice. Change the right ones by hand, or decline the suggestion."


@dataclass(frozen=True)
class Spot:
    """`field` as `content.every_text` names it."""

    field: str
    start: int
    end: int


def spots(content: Mapping[str, Any], network: str, quote: str) -> list[Spot]:
    """Everywhere these words stand in what this network gets; spaces and line ends may differ."""
    pattern = re.compile(r"\s+".join(map(re.escape, quote.split())))
    return [
        Spot(field, found.start(), found.end())
        for field, text in _texts(content, network).items()
        for found in pattern.finditer(text)
        if found.end() > found.start()
    ]


def only_spot(content: Mapping[str, Any], network: str, quote: str) -> Spot:
    """The one place of these words. Raises InvalidInput at `quote` when there is none, or more than one."""
    found = spots(content, network, quote)
    if len(found) == 1:
        return found[0]
    sentence = (TWICE if found else GONE).format(quote)
    raise InvalidInput(sentence, {"quote": sentence})


def words_at(content: Mapping[str, Any], network: str, spot: Spot) -> str:
    return str(_texts(content, network).get(spot.field, ""))[spot.start : spot.end]


def with_words(content: Mapping[str, Any], spot: Spot, words: str) -> dict[str, Any]:
    """The content with `words` where `spot` is, and nothing else changed."""

    def put(text: str) -> str:
        return text[: spot.start] + words + text[spot.end :]

    kind, _, key = spot.field.partition("_")
    if kind == "variant":
        variants = content["variants"]
        return {**content, "variants": {**variants, key: {"text": put(variants[key]["text"])}}}
    if spot.field == "first_comment":
        return {**content, "first_comment": put(content["first_comment"])}
    if kind == "poll":
        options = [put(o) if str(n) == key else o for n, o in enumerate(content["poll"]["options"], start=1)]
        return {**content, "poll": {**content["poll"], "options": options}}
    if kind == "alt":
        media = [{**m, "alt": put(m["alt"])} if str(m["id"]) == key else m for m in content["media"]]
        return {**content, "media": media}
    return {**content, kind: put(content[kind])}


def _texts(content: Mapping[str, Any], network: str) -> dict[str, str]:
    """Field → text of what stands on this network and can be written anew."""
    variant = content["variants"].get(network)
    texts = {f"variant_{network}": variant["text"]} if variant else {"text": content["text"]}
    if network == "page":
        texts["title"] = content["title"]
    texts |= {f"alt_{m['id']}": m["alt"] for m in content["media"]}
    if poll := content.get("poll"):
        texts |= {f"poll_{n}": option for n, option in enumerate(poll["options"], start=1)}
    if comment := content.get("first_comment"):
        texts["first_comment"] = comment
    return texts
