"""The library's filters as they stand in the address, and as chips that take them away again."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import request, url_for

from app.extensions import db, desk, me
from app.formatting import gettext as _
from content_library import catalogue
from content_library.finding import PostFilter
from content_library.models.format import Kind
from content_library.models.post import PostState

Choice = TypeVar("Choice", bound=StrEnum)

STATES = {
    PostState.DRAFT: _("Drafts"),
    PostState.IN_REVIEW: _("In review"),
    PostState.CHANGES_REQUESTED: _("Changes requested"),
    PostState.APPROVED: _("Approved"),
    PostState.REFUSED: _("Refused"),
    PostState.EXPIRED: _("Expired"),
    PostState.ARCHIVED: _("Archive"),
}
KINDS = {
    Kind.EDU_TAINING: _("Edu-taining"),
    Kind.QUESTION: _("Questions"),
    Kind.PROMOTION: _("Promotions and service"),
}


@dataclass(frozen=True)
class Filters:
    """What was asked, and the choices of each select as (value, label)."""

    wanted: PostFilter
    selects: list[tuple[str, str, list[tuple[str, str]], str]]
    chips: list[dict[str, str]]
    asked: dict[str, str]

    @property
    def uses_more(self) -> bool:
        """Whether one of the selects beyond the first four is in use."""
        return any(value for _name, _label, _choices, value in self.selects[4:])

    @property
    def is_asking(self) -> bool:
        return bool(self.asked)

    @property
    def archive_url(self) -> str:
        """Back to the same page afterwards."""
        values: dict[str, Any] = dict(self.asked)
        return url_for("library.archive_many", **values)

    def page_url(self, page: int) -> str:
        return library_url(self.asked, page=page)


def library_url(asked: Mapping[str, str], **more: Any) -> str:
    """The library with these filters in its address."""
    values: dict[str, Any] = {**asked, **more}
    return url_for("library.index", **values)


def read_filters() -> Filters:
    """From the address. What is unknown there counts as not asked."""
    choices = _choices()
    asked = {name: value for name in ("q", *choices) if (value := _asked(name, choices))}
    wanted = PostFilter(
        query=asked.get("q", ""),
        state=_member(PostState, asked.get("state")),
        kind=_member(Kind, asked.get("kind")),
        format_key=asked.get("format", ""),
        owner_id=me().id if asked.get("owner") == "me" else None,
        topic_id=int(asked.get("topic", 0)) or None,
        product_id=int(asked.get("product", 0)) or None,
        evergreen="evergreen" in asked,
    )
    labels = _labels()
    selects = [
        (name, labels[name], [("", _("Any")), *options.items()], asked.get(name, ""))
        for name, options in choices.items()
    ]
    return Filters(wanted, selects, _chips(asked, choices), asked)


def _choices() -> dict[str, Mapping[str, str]]:
    here = desk().id
    every: dict[str, Mapping[str, str]] = {
        "state": {str(state): label for state, label in STATES.items()},
        "kind": {str(kind): label for kind, label in KINDS.items()},
        "format": {f.key: f.name for f in catalogue.formats(db(), retired=True)},
        "owner": {"me": _("Me")},
        "topic": {str(t.id): t.name for t in catalogue.topics(db(), here)},
        "product": {str(p.id): p.name for p in catalogue.products(db(), here)},
        "evergreen": {"1": _("Evergreen only")},
    }
    return {name: options for name, options in every.items() if options}


def _labels() -> dict[str, str]:
    return {
        "state": _("State"),
        "kind": _("Kind"),
        "format": _("Format"),
        "owner": _("Owner"),
        "topic": _("Topic"),
        "product": _("Product"),
        "evergreen": _("Shelf life"),
    }


def _asked(name: str, choices: Mapping[str, Mapping[str, str]]) -> str:
    value = request.args.get(name, "").strip()
    if name == "q":
        return value[:200]
    return value if value in choices[name] else ""


def _member(enum: type[Choice], value: str | None) -> Choice | None:
    return enum(value) if value else None


def _chips(asked: Mapping[str, str], choices: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    def without(name: str) -> str:
        return library_url({key: value for key, value in asked.items() if key != name})

    def label(name: str, value: str) -> str:
        if name == "q":
            return f"“{value}”"
        return _("Mine") if name == "owner" else choices[name][value]

    return [{"label": label(name, value), "remove_url": without(name)} for name, value in asked.items()]
