"""What differs between two content documents, in words, for pages that show it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.extensions import db
from content_library import catalogue
from content_library.content_changes import Names, changed_fields, changed_pictures
from content_library.media import pictures_by_id
from content_library.models.format import Format
from content_library.models.post import Post, Revision


def changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    desk_id: int,
    format_: Format,
    session: Session | None = None,
) -> dict[str, Any]:
    """`rows`: [(label, word changes)]; `pictures`: [(change, picture or None)]. Both hold only what differs."""
    session = session or db()
    moved = changed_pictures(before, after)
    known = pictures_by_id(session, desk_id, [p.media_id for p in moved])
    rows = changed_fields(before, after, names=_names(session, desk_id), fields=format_.fields)
    return {
        "rows": [(row.label, row.changes) for row in rows],
        "pictures": [(p, known.get(p.media_id)) for p in moved],
    }


def changes_between(
    older: Revision, newer: Revision, post: Post, *, session: Session | None = None
) -> dict[str, Any]:
    """The same for two revisions of a post."""
    return changes(older.content, newer.content, desk_id=post.desk_id, format_=post.format, session=session)


def _names(session: Session, desk_id: int) -> Names:
    accounts = catalogue.accounts(session, desk_id)
    return Names(
        accounts={a.id: f"{a.name} ({a.network})" for a in accounts},
        topics={t.id: t.name for t in catalogue.topics(session, desk_id)},
        products={p.id: p.name for p in catalogue.products(session, desk_id)},
        formats={f.key: f.name for f in catalogue.formats(session, retired=True)},
    )
