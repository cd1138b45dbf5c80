"""Making a revision: freezing a content document, its renditions and its hash. Used by saving and submitting."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.content import (
    canonical_json,
    content_hash,
    normalise,
    rendition,
    rendition_hash,
    resolved,
    text_for,
)
from content_library.errors import InvalidInput
from content_library.fact_values import with_facts
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.fact import FactUse
from content_library.models.format import Format, Kind
from content_library.models.media import Media
from content_library.models.post import Post, Rendition, Revision
from content_library.models.topic import Product, Topic
from content_library.models.user import User
from content_library.offer_window import window
from content_library.search import index_post
from content_library.transitions import flush


def latest_revision(session: Session, post: Post) -> Revision | None:
    """The newest revision of a post, if it has one."""
    return session.get(Revision, post.latest_revision_id) if post.latest_revision_id else None


def make_revision(
    session: Session, post: Post, raw: Mapping[str, Any], *, actor: User, now: datetime, note: str = ""
) -> Revision:
    """Freeze `raw` as the next revision; returns the latest one unchanged when nothing differs.

    Raises InvalidInput for accounts, pictures, topics, products or a format that are not the desk's.
    """
    content = _checked(session, post, normalise(raw))
    latest = latest_revision(session, post)
    if latest is not None and normalise(latest.content) == content:
        return latest
    accounts = accounts_of(session, post.desk_id, content["accounts"])
    payloads = [(account, canonical_json(rendition(content, account))) for account in accounts]
    revision = Revision(
        post=post,
        number=latest.number + 1 if latest else 1,
        content=content,
        content_hash=content_hash(content, [rendition_hash(p) for _, p in payloads]),
        created_by_id=actor.id,
        created_at=now,
        note=note,
        authors=_authors(session, post, latest, actor),
        renditions=[Rendition(account=a, payload=p, sha256=rendition_hash(p)) for a, p in payloads],
    )
    session.add(revision)
    flush(session)
    session.add_all(
        FactUse(revision_id=revision.id, fact_id=f["id"], number=f["number"])
        for f in content["facts"].values()
    )
    post.latest_revision_id = revision.id
    show_on_post(session, post, content, now=now)
    audit.record(
        session,
        "post.revised",
        post,
        actor=actor,
        now=now,
        summary=f"Revision {revision.number} of “{post.title}”",
        details={"revision_id": revision.id, "content_hash": revision.content_hash},
    )
    flush(session)
    return revision


def accounts_of(session: Session, desk_id: int, ids: Sequence[int]) -> list[Account]:
    """The chosen accounts that are the desk's and in use, in a fixed order."""
    if not ids:
        return []
    return list(
        session.scalars(
            select(Account)
            .where(Account.desk_id == desk_id, Account.id.in_(ids), Account.state != AccountState.CLOSED)
            .order_by(Account.id)
        )
    )


def _checked(session: Session, post: Post, content: dict[str, Any]) -> dict[str, Any]:
    """Refuse what belongs to another desk; keep the pictures' hashes and the facts' values from our own
    tables, never from the form."""
    known = {m.id: m for m in _of_desk(session, Media, post.desk_id, [m["id"] for m in content["media"]])}
    if {m["id"] for m in content["media"]} - known.keys():
        raise InvalidInput(
            "One of the pictures is not in this desk’s library. Remove it and add it again.",
            {"media": "One of the pictures is not in this desk’s library. Remove it and add it again."},
        )
    content["media"] = [{**m, "sha256": known[m["id"]].sha256} for m in content["media"]]
    content["accounts"] = [a.id for a in accounts_of(session, post.desk_id, content["accounts"])]
    content["topics"] = sorted(t.id for t in _of_desk(session, Topic, post.desk_id, content["topics"]))
    content["products"] = sorted(p.id for p in _of_desk(session, Product, post.desk_id, content["products"]))
    format_ = session.get(Format, content["format"])
    if format_ is None:
        raise InvalidInput("Choose a format for this post.", {"format": "Choose a format from the list."})
    if "poll" in content and format_.kind is not Kind.QUESTION:
        raise InvalidInput("Only questions have a poll.", {"poll_1": "Only questions have a poll."})
    return with_facts(session, post.desk_id, content)


def _of_desk(session: Session, model: Any, desk_id: int, ids: Sequence[int]) -> list[Any]:
    """Those of the rows that are this desk's."""
    if not ids:
        return []
    return list(session.scalars(select(model).where(model.desk_id == desk_id, model.id.in_(ids))))


def _authors(session: Session, post: Post, latest: Revision | None, actor: User) -> list[User]:
    """Everyone who edited this revision, one before it, or the post it was made from: their words may stand in it."""
    if latest is None and post.parent_id is not None:
        latest = latest_revision(session, session.get_one(Post, post.parent_id))
    before = list(latest.authors) if latest else []
    return before if any(a.id == actor.id for a in before) else [*before, actor]


def show_on_post(session: Session, post: Post, content: Mapping[str, Any], *, now: datetime) -> None:
    """Bring the columns and the index that posts are found by in step with what the post says."""
    format_ = session.get_one(Format, content["format"])
    desk = session.get_one(Desk, post.desk_id)
    content = resolved(content)
    post.title = (content["title"] or content["text"].split("\n", 1)[0] or f"New {format_.name.lower()}")[
        :200
    ]
    post.excerpt = content["text"].replace("\n", " ")[:280]
    post.format_key, post.kind = format_.key, format_.kind
    post.is_evergreen = bool(content["evergreen"])
    post.valid_until = window(content, format_.fields, desk.zone).until
    post.topics = _of_desk(session, Topic, post.desk_id, content["topics"])
    post.products = _of_desk(session, Product, post.desk_id, content["products"])
    post.media = _of_desk(session, Media, post.desk_id, [m["id"] for m in content["media"]])
    post.updated_at = now
    flush(session)
    index_post(session, post, searchable(post, content))


def searchable(post: Post, content: Mapping[str, Any]) -> list[str]:
    """The texts a post can be found by."""
    content = resolved(content)
    variants = [text_for(content, network) for network in content["variants"]]
    fields = [v for v in content["fields"].values() if isinstance(v, str)]
    names = [t.name for t in post.topics] + [p.name for p in post.products]
    alts = [m["alt"] for m in content["media"]]
    besides = [*(content.get("poll") or {}).get("options", []), content.get("first_comment", "")]
    return [
        content["title"], content["text"], *variants, *fields, *names, *alts, content["source"]["title"], *besides
    ]  # fmt: skip
