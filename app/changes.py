"""What differs between two content documents, in words, for pages that show it."""

from collections.abc import Mapping
from typing import Any

from app.extensions import db
from content_library import catalogue
from content_library.content_changes import Names, changed_fields, changed_pictures
from content_library.media import pictures_by_id
from content_library.models.format import Format
from content_library.models.post import Post, Revision


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, desk_id: int, format_: Format
) -> dict[str, Any]:
    """`rows`: [(label, word changes)]; `pictures`: [(change, picture or None)]. Both hold only what differs."""
    moved = changed_pictures(before, after)
    known = pictures_by_id(db(), desk_id, [p.media_id for p in moved])
    rows = changed_fields(before, after, names=_names(desk_id), fields=format_.fields)
    return {
        "rows": [(row.label, row.changes) for row in rows],
        "pictures": [(p, known.get(p.media_id)) for p in moved],
    }


def changes_between(older: Revision, newer: Revision, post: Post) -> dict[str, Any]:
    """The same for two revisions of a post."""
    return changes(older.content, newer.content, desk_id=post.desk_id, format_=post.format)


def _names(desk_id: int) -> Names:
    accounts = catalogue.accounts(db(), desk_id)
    return Names(
        accounts={a.id: f"{a.name} ({a.network})" for a in accounts},
        topics={t.id: t.name for t in catalogue.topics(db(), desk_id)},
        products={p.id: p.name for p in catalogue.products(db(), desk_id)},
        formats={f.key: f.name for f in catalogue.formats(db(), retired=True)},
    )
