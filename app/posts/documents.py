"""Between a post's content document and the composer's form."""

from collections.abc import Mapping
from typing import Any

from app.extensions import db, desk, now
from app.posts.forms import ComposerForm, Shelf
from content_library import catalogue
from content_library.boundary_rules import rules_in_force
from content_library.content import normalise
from content_library.fact_values import with_facts
from content_library.formats import FieldType
from content_library.media import pictures_by_id
from content_library.models.format import Format
from content_library.poll_rules import MOST, USUAL_MINUTES

PLAIN = (
    "title", "text", "thread", "language", "audience", "accounts", "topics", "products", "ingredient", "educational",
    "entertaining", "evergreen", "valid_from", "valid_until", "review_by",
)  # fmt: skip
SOURCE = ("url", "title", "author", "via", "licence")


def shelf_of(format_key: str) -> Shelf:
    """What can be chosen on this desk for a post of that format; a retired format stays with the posts that have it."""
    formats = catalogue.formats(db())
    chosen = next((f for f in formats if f.key == format_key), None)
    if chosen is None:
        chosen = db().get(Format, format_key) or formats[0]
        formats = [*formats, chosen] if chosen not in formats else formats
    here = desk()
    return Shelf(
        here,
        chosen,
        formats,
        catalogue.accounts(db(), here.id),
        catalogue.topics(db(), here.id),
        catalogue.products(db(), here.id),
        rules_in_force(db(), here.id, now=now()),
    )


def form_values(content: Mapping[str, Any], *, version: int, base: int | None) -> dict[str, Any]:
    """What stands in the form's fields."""
    values: dict[str, Any] = {key: content[key] for key in PLAIN}
    values |= {"version": str(version), "base": str(base or ""), "format": content["format"]}
    values |= {f"source_{key}": content["source"][key] for key in SOURCE}
    values |= {"onward_kind": content["onward"]["kind"], "onward_url": content["onward"]["url"]}
    values |= {f"field_{key}": value for key, value in content["fields"].items()}
    values |= {f"variant_{network}": variant["text"] for network, variant in content["variants"].items()}
    for key, answer in content.get("answers", {}).items():
        values |= {f"{asked}_{key}": said for asked, said in answer.items()}
    values |= _besides_values(content)
    values["media"] = [m["id"] for m in content["media"]]
    values |= {f"alt_{m['id']}": m["alt"] for m in content["media"]}
    return values


def _besides_values(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of what not every post has: a poll, a first comment, UTM parameters."""
    poll, utm = content.get("poll") or {}, content.get("utm")
    values: dict[str, Any] = {
        f"poll_{n}": option for n, option in enumerate(poll.get("options", ()), start=1)
    }
    values["poll_minutes"] = poll.get("minutes", USUAL_MINUTES)
    values["first_comment"] = content.get("first_comment", "")
    values["utm"], values["utm_campaign"] = bool(utm), utm["campaign"] if utm else ""
    return values


def _besides(data: Mapping[str, Any], shelf: Shelf) -> dict[str, Any]:
    """What the form says of them. A campaign that is named is meant, also where the box beside it was forgotten."""
    found: dict[str, Any] = {"first_comment": data["first_comment"] or ""}
    if data["utm"] or (data["utm_campaign"] or "").strip():
        found["utm"] = {"medium": shelf.desk.utm_medium, "campaign": data["utm_campaign"] or ""}
    if shelf.has_poll:
        options = [data[f"poll_{n}"] or "" for n in range(1, MOST + 1)]
        found["poll"] = {"options": options, "minutes": data["poll_minutes"]}
    return found


def read_content(form: ComposerForm, shelf: Shelf) -> dict[str, Any]:
    """The content document that the form says. Pictures that are not the desk's are left out."""
    data = form.data
    known = pictures_by_id(db(), shelf.desk.id, data["media"] or [])
    content = {key: _said(data[key]) for key in PLAIN}
    content |= _besides(data, shelf)
    content["format"] = shelf.format.key
    content["fields"] = {
        spec["key"]: _said(data[f"field_{spec['key']}"])
        for spec in shelf.specs
        if spec["type"] != FieldType.BUILTIN
    }
    content["variants"] = {network: {"text": data[f"variant_{network}"] or ""} for network in shelf.networks}
    content["source"] = {key: _said(data[f"source_{key}"]) for key in SOURCE}
    content["onward"] = {"kind": data["onward_kind"] or "none", "url": data["onward_url"] or ""}
    content["answers"] = {
        rule.key: {asked: data.get(f"{asked}_{rule.key}") or "" for asked in ("reason", "evidence")}
        for rule in shelf.boundaries
    }
    content["media"] = [
        {"id": i, "sha256": known[i].sha256, "alt": data.get(f"alt_{i}") or ""}
        for i in dict.fromkeys(data["media"] or [])
        if i in known
    ]
    return with_facts(db(), shelf.desk.id, normalise(content))


def _said(value: Any) -> Any:
    return "" if value is None else value


def field_of(key: str, shelf: Shelf) -> str:
    """The form's name for a field that `completeness` names."""
    own = {spec["key"] for spec in shelf.specs if spec["type"] != FieldType.BUILTIN}
    if key in own:
        return f"field_{key}"
    return {"source": "source_url", "onward": "onward_url"}.get(key, key)
