"""How words that name people are shown, what the picker offers, and what is said about names that fit nobody."""

import json
from collections.abc import Mapping, Sequence

from flask import Flask, flash, g
from markupsafe import Markup

from app.extensions import db
from app.formatting import gettext as _
from app.formatting import linked
from content_library.mentions import mentions_in, names_of, who_may_be_mentioned
from content_library.models.post import Post


def spoken(text: str, mentions: Sequence[Mapping[str, int]]) -> Markup:
    """The words with each mention as the name that person has today."""
    known: dict[int, str] = g.setdefault("mentioned_names", {})
    if any(mention["id"] not in known for mention in mentions):
        known.update(names_of(db(), mentions))
    pieces, last = [], 0
    for mention in mentions:
        name = known.get(mention["id"])
        if name is not None and mention["start"] >= last:
            pieces += [
                linked(text[last : mention["start"]]),
                Markup('<b class="mention">@{}</b>').format(name),
            ]
            last = mention["end"]
    return Markup("").join([*pieces, linked(text[last:])])


def names_to_pick(post: Post) -> str:
    """The names a picker offers while typing, as JSON."""
    known: dict[int, str] = g.setdefault("names_to_pick", {})
    if post.desk_id not in known:
        names = dict.fromkeys(who_may_be_mentioned(db(), post.desk_id).values())
        known[post.desk_id] = json.dumps(list(names), ensure_ascii=False)
    return known[post.desk_id]


def say_unclear(post: Post, text: str) -> None:
    """A hint after sending about names that stayed plain text."""
    unclear = mentions_in(db(), post.desk_id, text).unclear
    if unclear:
        names = ", ".join(unclear[:5])
        flash(
            _(
                "{} names nobody here, or more than one person, and stays plain text. Write the whole name."
            ).format(names),
            "info",
        )


def teach_templates(app: Flask) -> None:
    """Register filters and globals."""
    app.jinja_env.globals.update(names_to_pick=names_to_pick)
    app.jinja_env.filters.update(spoken=spoken)
