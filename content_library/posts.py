"""Posts: making them, saving what people type, turning it into revisions, finding and archiving them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from content_library import audit, events
from content_library.approvals import approval_in_force, withdraw
from content_library.content import empty, normalise
from content_library.errors import Conflict, InvalidInput, NotFound
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.format import Format, Kind
from content_library.models.post import Post, PostState, Revision, WorkingCopy
from content_library.models.topic import Product, Topic
from content_library.models.user import User
from content_library.permissions import can_archive, can_draft, require
from content_library.review_flow import PostAct
from content_library.revisions import latest_revision, make_revision
from content_library.search import matching
from content_library.transitions import flush, move_post, restore_post

MAY_DRAFT = "Only agents and leads of this desk can write posts here."


@dataclass(frozen=True)
class PostFilter:
    """What the library is asked for. `state=None` leaves out the archive."""

    query: str = ""
    state: PostState | None = None
    kind: Kind | None = None
    format_key: str = ""
    owner_id: int | None = None
    topic_id: int | None = None
    product_id: int | None = None
    evergreen: bool = False


@dataclass(frozen=True)
class PostPage:
    posts: list[Post]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))


def get_post(session: Session, desk_id: int, post_id: int) -> Post:
    """A post of this desk. Raises NotFound, also for another desk's."""
    post = session.scalar(select(Post).where(Post.id == post_id, Post.desk_id == desk_id))
    if post is None:
        raise NotFound("There is no such post on this desk.")
    return post


def find_posts(
    session: Session, desk_id: int, wanted: PostFilter, *, page: int = 1, per_page: int = 25
) -> PostPage:
    """A page of the library, the latest change first."""
    conditions = [Post.desk_id == desk_id, *_conditions(session, wanted)]
    total = session.scalar(select(func.count()).select_from(Post).where(*conditions)) or 0
    page = min(max(page, 1), max(1, -(-total // per_page)))
    posts = session.scalars(
        select(Post)
        .where(*conditions)
        .order_by(Post.updated_at.desc(), Post.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
        .options(selectinload(Post.owner), selectinload(Post.format), selectinload(Post.topics))
    )
    return PostPage(list(posts), total, page, per_page)


def _conditions(session: Session, wanted: PostFilter) -> list[Any]:
    words = matching(session, wanted.query)
    state = Post.state == wanted.state if wanted.state else Post.state != PostState.ARCHIVED
    found = [state] if words is None else [state, words]
    equal = {
        Post.kind: wanted.kind,
        Post.format_key: wanted.format_key,
        Post.owner_id: wanted.owner_id,
    }
    found += [column == value for column, value in equal.items() if value]
    if wanted.topic_id:
        found.append(Post.topics.any(Topic.id == wanted.topic_id))
    if wanted.product_id:
        found.append(Post.products.any(Product.id == wanted.product_id))
    if wanted.evergreen:
        found.append(Post.is_evergreen.is_(True))
    return found


def create_post(
    session: Session, desk: Desk, format_key: str, *, actor: User, now: datetime, **known: Any
) -> Post:
    """A new draft of a format, with a working copy for its author. `known` fills the content document."""
    require(can_draft(actor, desk.id), MAY_DRAFT)
    format_ = session.get(Format, format_key)
    if format_ is None or not format_.is_active:
        raise InvalidInput("Choose a format for the post.", {"format": "Choose a format from the list."})
    content = empty(**{**_defaults(session, desk, format_), **known, "format": format_key})
    post = Post(
        desk=desk,
        owner=actor,
        format=format_,
        kind=format_.kind,
        title=content["title"] or f"New {format_.name.lower()}",
        state=PostState.DRAFT,
        created_at=now,
        updated_at=now,
    )
    session.add(post)
    session.add(WorkingCopy(post=post, user=actor, content=normalise(content), updated_at=now))
    flush(session)
    audit.record(session, "post.created", post, actor=actor, now=now, summary=f"Started “{post.title}”")
    return post


def _defaults(session: Session, desk: Desk, format_: Format) -> dict[str, Any]:
    accounts = session.scalars(
        select(Account.id).where(Account.desk_id == desk.id, Account.state == AccountState.ACTIVE)
    )
    return {
        "language": desk.language,
        "accounts": list(accounts),
        "ingredient": format_.ingredient,
        "educational": format_.ingredient in ("education", "expertise"),
        "entertaining": format_.ingredient == "humour",
    }


def working_copy(session: Session, post: Post, *, actor: User, now: datetime) -> WorkingCopy:
    """What this person is typing into this post; made from the latest revision when there is none."""
    require(can_draft(actor, post.desk_id), MAY_DRAFT)
    copy = session.scalar(
        select(WorkingCopy).where(WorkingCopy.post_id == post.id, WorkingCopy.user_id == actor.id)
    )
    if copy is not None:
        return copy
    latest = latest_revision(session, post)
    content = dict(latest.content) if latest else empty(format=post.format_key)
    copy = WorkingCopy(
        post=post, user=actor, base_revision_id=post.latest_revision_id, content=content, updated_at=now
    )
    session.add(copy)
    flush(session)
    return copy


def autosave(
    session: Session,
    copy: WorkingCopy,
    raw: Mapping[str, Any],
    *,
    actor: User,
    now: datetime,
    seen_version: int,
) -> WorkingCopy:
    """Keep what was typed. Raises Conflict when the same person saved from another window since."""
    require(copy.user_id == actor.id and can_draft(actor, copy.post.desk_id), MAY_DRAFT)
    if copy.version != seen_version:
        raise Conflict(
            "You also have this post open in another window, and it was saved there since. "
            "Your text here is still in the page: copy it, reload, and bring both together."
        )
    content = normalise(raw)
    if content != copy.content:
        copy.content, copy.updated_at = content, now
        flush(session)
    return copy


def save_revision(
    session: Session,
    copy: WorkingCopy,
    *,
    actor: User,
    now: datetime,
    onto_revision_id: int | None,
    note: str = "",
) -> Revision:
    """Make a revision from a working copy, on purpose.

    `onto_revision_id` is the latest revision the person has seen. Raises Conflict when another one has come
    since: the working copy stays as it is, and the page shows both.
    """
    post = copy.post
    require(copy.user_id == actor.id and can_draft(actor, post.desk_id), MAY_DRAFT)
    if post.state is PostState.ARCHIVED:
        raise InvalidInput("This post is in the archive. Restore it first; your text is kept.")
    if post.latest_revision_id != onto_revision_id:
        raise Conflict(
            "Somebody else saved a revision while you were writing. Both texts are kept; compare them."
        )
    before = post.latest_revision_id
    revision = make_revision(session, post, copy.content, actor=actor, now=now, note=note)
    session.delete(copy)
    if revision.id != before and (post.state, PostAct.REWORK) in _REWORKABLE:
        move_post(
            session, post, PostAct.REWORK, actor=actor, now=now, summary=f"Working on “{post.title}” again"
        )
    flush(session)
    return revision


_REWORKABLE = {
    (state, PostAct.REWORK) for state in (PostState.CHANGES_REQUESTED, PostState.REFUSED, PostState.EXPIRED)
}


def discard_working_copy(session: Session, copy: WorkingCopy, *, actor: User) -> None:
    """Throw away what was typed since the last revision."""
    require(copy.user_id == actor.id, MAY_DRAFT)
    if copy.post.latest_revision_id is None:
        raise InvalidInput(
            "There is no saved revision to go back to. Archive the post if you do not want it."
        )
    session.delete(copy)
    flush(session)


def other_writers(session: Session, post: Post, *, actor: User) -> list[WorkingCopy]:
    """Working copies of other people on this post, the latest first."""
    return list(
        session.scalars(
            select(WorkingCopy)
            .where(WorkingCopy.post_id == post.id, WorkingCopy.user_id != actor.id)
            .order_by(WorkingCopy.updated_at.desc())
            .options(selectinload(WorkingCopy.user))
        )
    )


def archive(session: Session, post: Post, *, actor: User, now: datetime) -> None:
    """Put a post away. What is planned with it and unsent stops, because its approval is withdrawn."""
    require(can_archive(actor, post), "Only its owner and the desk’s leads can archive a post.")
    approval = approval_in_force(session, post)
    move_post(session, post, PostAct.ARCHIVE, actor=actor, now=now, summary=f"Archived “{post.title}”")
    if approval is not None:
        withdraw(session, post, approval, actor=actor, now=now, why="The post was archived.")


def restore(session: Session, post: Post, *, actor: User, now: datetime) -> None:
    """Bring a post back from the archive, as a draft."""
    require(can_archive(actor, post), "Only its owner and the desk’s leads can restore a post.")
    restore_post(session, post, actor=actor, now=now)


def repurpose(
    session: Session, post: Post, desk: Desk, format_key: str, *, actor: User, now: datetime
) -> Post:
    """A new draft derived from a post; the lineage is kept."""
    latest = latest_revision(session, post)
    known = {
        k: v for k, v in (latest.content if latest else {}).items() if k not in ("format", "valid_until")
    }
    child = create_post(session, desk, format_key, actor=actor, now=now, **known)
    child.parent_id = post.id
    flush(session)
    return child


def expire_posts(session: Session, *, now: datetime, most: int = 200) -> int:
    """Posts whose last moment has come and that are not archived expire; returns how many."""
    alive = (PostState.DRAFT, PostState.CHANGES_REQUESTED, PostState.APPROVED)
    over = session.scalars(
        select(Post).where(Post.state.in_(alive), Post.valid_until <= now).order_by(Post.id).limit(most)
    ).all()
    for post in over:
        move_post(session, post, PostAct.EXPIRE, actor=None, now=now, summary=f"“{post.title}” is over")
        events.tell(session, events.PostExpired(post, now))
    return len(over)
