"""Putting a new revision in place of the latest: by writing, or because a fact says something else now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.errors import InvalidInput, TransitionNotAllowed
from content_library.fact_values import hold_facts, outdated
from content_library.models.post import Post, PostState, Revision
from content_library.models.user import User
from content_library.notices import notify
from content_library.permissions import can_draft, require
from content_library.review_flow import PostAct
from content_library.revisions import latest_revision, make_revision
from content_library.transitions import flush, hold_post, move_post

_REWORKED = (PostState.CHANGES_REQUESTED, PostState.REFUSED, PostState.EXPIRED)


def revise(
    session: Session, post: Post, content: Mapping[str, Any], *, actor: User, now: datetime, note: str = ""
) -> Revision:
    """Make a revision of a post that is held; what was sent back is a draft again, and posts made from it hear of it.

    Returns the latest one when nothing differs. Raises InvalidInput for a post in the archive.
    """
    if post.state is PostState.ARCHIVED:
        raise InvalidInput("This post is in the archive. Restore it first; your text is kept.")
    before = post.latest_revision_id
    revision = make_revision(session, post, content, actor=actor, now=now, note=note)
    if revision.id == before:
        return revision
    if post.state in _REWORKED:
        said = f"Working on “{post.title}” again"
        move_post(session, post, PostAct.REWORK, actor=actor, now=now, summary=said)
    flush(session)
    _tell_children(session, post, revision, now=now)
    return revision


def renew(session: Session, post: Post, *, actor: User, now: datetime) -> Revision:
    """The latest revision once more, with what its facts say now. It is not approved: the teams see it like any other.

    Raises PermissionDenied, TransitionNotAllowed when its facts say what they said.
    """
    require(can_draft(actor, post.desk_id), "Only agents and leads of this desk can write posts here.")
    latest = latest_revision(session, post)
    if latest is not None:
        hold_facts(session, post.desk_id, latest.content)
    hold_post(session, post)
    latest = latest_revision(session, post)
    changed = outdated(session, latest) if latest else []
    if latest is None or not changed:
        raise TransitionNotAllowed(
            "Its facts say what they said. There is nothing to renew: reload the page."
        )
    names = " and ".join(f"“{fact.name}”" for fact in changed)
    return revise(session, post, latest.content, actor=actor, now=now, note=f"{names} changed"[:300])


def _tell_children(session: Session, post: Post, revision: Revision, *, now: datetime) -> None:
    """Whoever made something from this post hears that it says something else now."""
    children = session.scalars(
        select(Post).where(Post.parent_id == post.id, Post.state != PostState.ARCHIVED)
    ).all()
    for child in children:
        people = {child.owner_id} - {revision.created_by_id}
        text = f"“{post.title}” has changed. “{child.title}” was made from it: see whether it still holds."
        notify(session, people, "parent.revised", child, stage=f"revision {revision.id}", text=text, now=now)
