"""What is still missing before a post can be submitted, each as a sentence at its field. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from content_library.content import every_text, resolved
from content_library.errors import InvalidInput
from content_library.fact_names import problems_in
from content_library.formats import BUILTIN_FIELDS, FieldType
from content_library.models.account import Account
from content_library.network_fit import Picture, misfits
from content_library.offer_window import window
from content_library.wall_time import parse_wall


def missing(
    content: Mapping[str, Any],
    *,
    fields: Sequence[Mapping[str, Any]],
    accounts: Sequence[Account],
    zone: str,
    now: datetime,
    pictures: Mapping[int, Picture] = MappingProxyType({}),
) -> dict[str, str]:
    """Field name → what to do about it; empty when the post is ready to be submitted.

    `pictures`: what is known of the bytes of its pictures, by id.
    """
    content = resolved(content)
    found: dict[str, str] = {}
    if not content["title"]:
        found["title"] = "Give the post a working title, so that people can find it."
    if not content["text"]:
        found["text"] = "Write the text that will go out."
    if not accounts:
        found["accounts"] = "Choose at least one account it should go out on."
    found.update(_format_fields(content, fields))
    found.update(_addresses(content, fields))
    found.update(_media(content))
    found.update(misfits(content, sorted({a.network for a in accounts}), pictures))
    found.update(_window(content, fields, zone, now))
    found.update(_unreadable_moments(content))
    found.update(_facts(content))
    return found


def _facts(content: Mapping[str, Any]) -> dict[str, str]:
    """What is named as a fact and is none. The source is somebody else's words."""
    texts = {field: text for field, text in every_text(content).items() if field != "source"}
    wrong = {field: problems_in(text) for field, text in texts.items()}
    return {field: " ".join(p.sentence for p in found) for field, found in wrong.items() if found}


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


def _addresses(content: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Addresses people can follow: anything else in a link field would not open, or worse."""
    asked = {
        spec["key"]: content["fields"].get(spec["key"], "")
        for spec in fields
        if spec["type"] == FieldType.URL
    }
    every = {**asked, "source": content["source"]["url"], "onward": content["onward"]["url"]}
    sentence = "Write a whole address that begins with https:// or http://."
    return {key: sentence for key, value in every.items() if value and not is_address(str(value))}


def is_address(text: str) -> bool:
    """Whether a text is one whole http(s) address."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and not any(c.isspace() for c in text)
        )
    except ValueError:
        return False


def _unreadable_moments(content: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, type_ in (
        ("valid_from", FieldType.MOMENT),
        ("valid_until", FieldType.MOMENT),
        ("review_by", FieldType.DATE),
    ):
        if content[key]:
            found.update(_bad_moment(key, content[key], type_))
    return found


def _media(content: Mapping[str, Any]) -> dict[str, str]:
    without = [n for n, m in enumerate(content["media"], start=1) if not m["alt"]]
    if not without:
        return {}
    which = ", ".join(str(n) for n in without)
    return {"media": f"Picture {which}: describe it for people who cannot see it."}


def _window(
    content: Mapping[str, Any], fields: Sequence[Mapping[str, Any]], zone: str, now: datetime
) -> dict[str, str]:
    open_between = window(content, fields, zone)
    if open_between.until is not None and open_between.until <= now:
        return {"valid_until": "Its last moment is already past. Choose a later end."}
    if open_between.starts_at and open_between.until and open_between.starts_at >= open_between.until:
        return {"valid_until": "It ends before it starts. Check both times."}
    return {}
