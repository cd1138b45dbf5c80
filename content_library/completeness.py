"""What is still missing before a post can be submitted, each as a sentence at its field. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from content_library.content import parts_for, text_for
from content_library.errors import InvalidInput
from content_library.formats import BUILTIN_FIELDS, FieldType
from content_library.models.account import NETWORK_NAMES, Account
from content_library.network_limits import LIMITS, count
from content_library.offer_window import window
from content_library.wall_time import parse_wall


def missing(
    content: Mapping[str, Any],
    *,
    fields: Sequence[Mapping[str, Any]],
    accounts: Sequence[Account],
    zone: str,
    now: datetime,
) -> dict[str, str]:
    """Field name → what to do about it; empty when the post is ready to be submitted."""
    found: dict[str, str] = {}
    if not content["title"]:
        found["title"] = "Give the post a working title, so that people can find it."
    if not content["text"]:
        found["text"] = "Write the text that will go out."
    if not accounts:
        found["accounts"] = "Choose at least one account it should go out on."
    found.update(_format_fields(content, fields))
    found.update(_media(content))
    found.update(_lengths(content, accounts))
    found.update(_window(content, fields, zone, now))
    return found


def _format_fields(content: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    found = {}
    for spec in fields:
        key, type_ = spec["key"], spec["type"]
        value = _builtin(content, key) if type_ == FieldType.BUILTIN else content["fields"].get(key)
        if not value and spec["required"]:
            label = BUILTIN_FIELDS.get(key, spec["label"]) if type_ == FieldType.BUILTIN else spec["label"]
            found[key] = f"{label}: this format needs it. {spec['why']}"
        elif value and type_ in (FieldType.MOMENT, FieldType.DATE):
            found.update(_bad_moment(key, str(value), type_))
    return found


def _builtin(content: Mapping[str, Any], key: str) -> Any:
    return content["source"]["url"] if key == "source" else content[key]


def _bad_moment(key: str, value: str, type_: str) -> dict[str, str]:
    try:
        parse_wall(f"{value}T00:00" if type_ == FieldType.DATE else value)
    except InvalidInput as wrong:
        return {key: wrong.message}
    return {}


def _media(content: Mapping[str, Any]) -> dict[str, str]:
    without = [n for n, m in enumerate(content["media"], start=1) if not m["alt"]]
    if not without:
        return {}
    which = ", ".join(str(n) for n in without)
    return {"media": f"Picture {which}: describe it for people who cannot see it."}


def _lengths(content: Mapping[str, Any], accounts: Sequence[Account]) -> dict[str, str]:
    found = {}
    for network in sorted({a.network for a in accounts}):
        name = NETWORK_NAMES[network]
        over = [c for c in (count(network, part) for part in parts_for(content, network)) if c.over]
        field = f"variant_{network}" if network in content["variants"] else "text"
        if over and text_for(content, network):
            found[field] = (
                f"{name} takes {over[0].limit} and this is {over[0].used}. "
                f"Shorten it, write a variant for {name}, or send it as a thread."
            )
        if len(content["media"]) > LIMITS[network].images:
            found["media"] = f"{name} takes {LIMITS[network].images} pictures. Remove some."
    return found


def _window(
    content: Mapping[str, Any], fields: Sequence[Mapping[str, Any]], zone: str, now: datetime
) -> dict[str, str]:
    open_between = window(content, fields, zone)
    if open_between.until is not None and open_between.until <= now:
        return {"valid_until": "Its last moment is already past. Choose a later end."}
    if open_between.starts_at and open_between.until and open_between.starts_at >= open_between.until:
        return {"valid_until": "It ends before it starts. Check both times."}
    return {}
