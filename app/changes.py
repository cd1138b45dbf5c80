"""What differs between two content documents, in words, for pages that show it."""

from collections.abc import Mapping
from typing import Any

from app.extensions import db
from content_library import catalogue
from content_library.content_changes import Names, changed_fields, changed_pictures
from content_library.media import pictures_by_id
from content_library.models.post import Post


def changes(before: Mapping[str, Any], after: Mapping[str, Any], post: Post) -> dict[str, Any]:
    """`rows`: [(label, word changes)]; `pictures`: [(change, picture or None)]. Both hold only what differs."""
    moved = changed_pictures(before, after)
    known = pictures_by_id(db(), post.desk_id, [p.media_id for p in moved])
    rows = changed_fields(before, after, names=_names(post.desk_id), fields=post.format.fields)
    return {
        "rows": [(row.label, row.changes) for row in rows],
        "pictures": [(p, known.get(p.media_id)) for p in moved],
    }


def _names(desk_id: int) -> Names:
    accounts = catalogue.accounts(db(), desk_id)
    return Names(
        accounts={a.id: f"{a.name} ({a.network})" for a in accounts},
        topics={t.id: t.name for t in catalogue.topics(db(), desk_id)},
        products={p.id: p.name for p in catalogue.products(db(), desk_id)},
        formats={f.key: f.name for f in catalogue.formats(db(), retired=True)},
    )
