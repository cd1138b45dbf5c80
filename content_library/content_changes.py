"""What changed between two revisions' content documents, field by field, in the order people read. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from content_library.content import resolved
from content_library.formats import AUDIENCES, INGREDIENTS, ONWARD
from content_library.models.account import NETWORK_NAMES
from content_library.poll_rules import duration
from content_library.word_diff import Change, word_diff


@dataclass(frozen=True)
class FieldChange:
    """`changes` as `word_diff` gives them, over the field's value in words."""

    key: str
    label: str
    changes: list[Change]


@dataclass(frozen=True)
class PictureChange:
    """One picture that came, went, moved or got other words. Positions count from 1; None is not there."""

    media_id: int
    before: int | None
    after: int | None
    alt: list[Change]


@dataclass(frozen=True)
class Names:
    """How ids are said in words."""

    accounts: Mapping[int, str]
    topics: Mapping[int, str]
    products: Mapping[int, str]
    formats: Mapping[str, str]


_PLAIN = {
    "title": "Title",
    "text": "Text",
    "audience": "Audience",
    "language": "Language",
    "valid_from": "Valid from",
    "valid_until": "Valid until",
    "review_by": "Review by",
}
_MARKS = {
    "thread": "As a thread",
    "educational": "Educational",
    "entertaining": "Entertaining",
    "evergreen": "Evergreen",
}
_SOURCE = {
    "url": "Source link",
    "title": "Source title",
    "author": "Source author",
    "via": "Found through",
    "licence": "Licence",
}


def changed_fields(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    names: Names,
    fields: Sequence[Mapping[str, Any]] = (),
) -> list[FieldChange]:
    """Only what differs, in the words that go out. `fields` are the format's field specs, for their labels."""
    old = dict(_in_words(resolved(before), names, fields))
    new = dict(_in_words(resolved(after), names, fields))
    rows = [*old, *(key for key in new if key not in old)]
    return [
        FieldChange(key, label, word_diff(old.get((key, label), ""), new.get((key, label), "")))
        for key, label in sorted(rows, key=_reading_order)
        if old.get((key, label), "") != new.get((key, label), "")
    ]


def changed_pictures(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[PictureChange]:
    """Only the pictures that differ, those that are still there first."""
    before, after = resolved(before), resolved(after)
    old = {m["id"]: (n, m["alt"]) for n, m in enumerate(before["media"], start=1)}
    new = {m["id"]: (n, m["alt"]) for n, m in enumerate(after["media"], start=1)}
    found = []
    for media_id in [*new, *(i for i in old if i not in new)]:
        was, now = old.get(media_id), new.get(media_id)
        if was != now:
            alt = word_diff(was[1] if was else "", now[1] if now else "")
            found.append(PictureChange(media_id, was[0] if was else None, now[0] if now else None, alt))
    return found


def _reading_order(row: tuple[str, str]) -> int:
    first = ("title", "text", "variant", "poll", "first_comment", "utm", "field", "accounts")
    return next((n for n, start in enumerate(first) if row[0].startswith(start)), len(first))


def _in_words(
    content: Mapping[str, Any], names: Names, fields: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """((key, label), value in words) of everything a document says."""
    plain = {"audience": AUDIENCES}
    for key, label in _PLAIN.items():
        yield (key, label), plain.get(key, {}).get(content[key], content[key])
    for key, label in _MARKS.items():
        yield (key, label), "yes" if content[key] else "no"
    for network, variant in content["variants"].items():
        yield (f"variant_{network}", f"Text for {NETWORK_NAMES.get(network, network)}"), variant["text"]
    yield from _besides(content)
    labels = {spec["key"]: spec["label"] for spec in fields}
    for key, value in content["fields"].items():
        yield (f"field_{key}", labels.get(key, key.replace("_", " ").capitalize())), _said(value)
    yield from _references(content, names)


def _besides(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """What not every post has: a poll, a first comment, UTM parameters."""
    if poll := content.get("poll"):
        yield ("poll", "Options of the poll"), "\n".join(poll["options"])
        yield ("poll_minutes", "The poll is open for"), duration(poll["minutes"])
    if comment := content.get("first_comment"):
        yield ("first_comment", "First comment"), comment
    if utm := content.get("utm"):
        said = {f"utm_{key}": value for key, value in utm.items() if value}
        yield ("utm", "UTM parameters of links"), ", ".join(f"{key}={value}" for key, value in said.items())


def _references(content: Mapping[str, Any], names: Names) -> Iterator[tuple[tuple[str, str], str]]:
    listed = {"accounts": names.accounts, "topics": names.topics, "products": names.products}
    for key, known in listed.items():
        yield (key, key.capitalize()), ", ".join(known.get(i, f"no. {i}") for i in content[key])
    yield ("format", "Format"), names.formats.get(content["format"], content["format"])
    yield ("ingredient", "Ingredient"), INGREDIENTS.get(content["ingredient"], "")
    onward = content["onward"]
    yield ("onward", "Onward path"), f"{ONWARD.get(onward['kind'], '')} {onward['url']}".strip()
    for key, label in _SOURCE.items():
        yield (f"source_{key}", label), content["source"][key]


def _said(value: Any) -> str:
    return "yes" if value is True else str(value)
