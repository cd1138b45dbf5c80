"""Posts: making them, saving what people type, turning it into revisions, putting them away."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from content_library import audit, events
from content_library.approvals import withdraw_all
from content_library.content import empty, normalise
from content_library.errors import Conflict, InvalidInput, NotFound
from content_library.fact_values import hold_facts, with_facts
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.format import Format, Kind
from content_library.models.post import Post, PostState, Revision, WorkingCopy
from content_library.models.topic import Product, Topic, post_products, post_topics
from content_library.models.user import User
from content_library.permissions import can_archive, can_draft, require
from content_library.review_flow import PostAct
from content_library.revising import revise
from content_library.revisions import latest_revision, show_on_post
from content_library.suggesting import reopen_unsaved, settle_saved
from content_library.transitions import flush, hold_post, move_post, restore_post
from content_library.wall_time import wall_of

STILL_WRITING = timedelta(minutes=15)  # after the last word somebody typed
MAY_DRAFT = "Only agents and leads of this desk can write posts here."
IN_ANOTHER_WINDOW = (
    "You also have this post open in another window, and it was saved there since. "
    "Both texts are kept: compare them and choose."
)


def get_post(session: Session, desk_id: int, post_id: int) -> Post:
    """A post of this desk. Raises NotFound, also for another desk's."""
    rows = session.scalars(
        select(Post)
        .outerjoin(post_topics, post_topics.c.post_id == Post.id)
        .outerjoin(Topic, Topic.id == post_topics.c.topic_id)
        .outerjoin(post_products, post_products.c.post_id == Post.id)
        .outerjoin(Product, Product.id == post_products.c.product_id)
        .where(Post.id == post_id, Post.desk_id == desk_id)
        .options(  # joins side by side: SQLite would read the whole of a join inside a join
            joinedload(Post.owner).lazyload("*"),
            joinedload(Post.format),
            contains_eager(Post.topics),
            contains_eager(Post.products),
        )
    )
    post = rows.unique().one_or_none()
    if post is None:
        raise NotFound("There is no such post on this desk.")
    return post


def create_post(
    session: Session, desk: Desk, format_key: str, *, actor: User, now: datetime, **known: Any
) -> Post:
    """A new draft of a format, with a working copy for its author. `known` fills the content document."""
    require(can_draft(actor, desk.id), MAY_DRAFT)
    format_ = session.get(Format, format_key)
    if format_ is None or not format_.is_active:
        raise InvalidInput("Choose a format for the post.", {"format": "Choose a format from the list."})
    said = normalise(empty(**{**_defaults(session, desk, format_, now=now), **known, "format": format_key}))
    if format_.kind is not Kind.QUESTION:
        said.pop("poll", None)
    content = with_facts(session, desk.id, said)
    post = Post(
        desk=desk,
        owner=actor,
        format=format_,
        kind=format_.kind,
        title="",
        state=PostState.DRAFT,
        created_at=now,
        updated_at=now,
    )
    session.add(post)
    session.add(WorkingCopy(post=post, user=actor, content=content, updated_at=now))
    flush(session)
    show_on_post(session, post, content, now=now)
    audit.record(session, "post.created", post, actor=actor, now=now, summary=f"Started “{post.title}”")
    return post


def _defaults(session: Session, desk: Desk, format_: Format, *, now: datetime) -> dict[str, Any]:
    days = format_.shelf_life_days
    review_by = (wall_of(now, desk.zone) + timedelta(days=days)).date().isoformat() if days else ""
    accounts = session.scalars(
        select(Account.id).where(Account.desk_id == desk.id, Account.state == AccountState.ACTIVE)
    )
    return {
        "language": desk.language,
        "accounts": list(accounts),
        "review_by": review_by,
        "ingredient": format_.ingredient,
        "educational": format_.ingredient in ("education", "expertise"),
        "entertaining": format_.ingredient == "humour",
        "utm": {"medium": desk.utm_medium, "campaign": ""} if desk.tags_links else None,
    }


def find_working_copy(session: Session, post: Post, *, actor: User) -> WorkingCopy | None:
    """What this person has typed into this post since their last revision, if anything."""
    return session.scalar(
        select(WorkingCopy).where(WorkingCopy.post_id == post.id, WorkingCopy.user_id == actor.id)
    )


def working_copy(
    session: Session, post: Post, *, actor: User, now: datetime, base_revision_id: int | None = None
) -> WorkingCopy:
    """This person's working copy; made from the revision they have open (else the latest) when there is none."""
    require(can_draft(actor, post.desk_id), MAY_DRAFT)
    copy = find_working_copy(session, post, actor=actor)
    if copy is not None:
        return copy
    base = _base(session, post, base_revision_id)
    copy = WorkingCopy(
        post=post,
        user=actor,
        base_revision_id=base.id if base else None,
        content=dict(base.content) if base else empty(format=post.format_key),
        updated_at=now,
    )
    try:
        with session.begin_nested():
            session.add(copy)
            flush(session)
    except IntegrityError as race:
        raise Conflict(IN_ANOTHER_WINDOW) from race
    return copy


def _base(session: Session, post: Post, revision_id: int | None) -> Revision | None:
    if revision_id is None:
        return latest_revision(session, post)
    return session.scalar(select(Revision).where(Revision.post_id == post.id, Revision.id == revision_id))


def autosave(
    session: Session,
    copy: WorkingCopy,
    raw: Mapping[str, Any],
    *,
    actor: User,
    now: datetime,
    seen_version: int,
) -> WorkingCopy:
    """Keep what was typed. Raises Conflict when the same person saved something else from another window since.

    Until a post has its first revision, the library shows and finds it by what its owner is typing.
    """
    post = copy.post
    require(copy.user_id == actor.id and can_draft(actor, post.desk_id), MAY_DRAFT)
    content = with_facts(session, post.desk_id, normalise(raw))
    if content == copy.content:
        return copy
    if copy.version != seen_version:
        raise Conflict(IN_ANOTHER_WINDOW)
    copy.content, copy.updated_at = content, now
    flush(session)
    if post.latest_revision_id is None and post.owner_id == actor.id:
        show_on_post(session, post, content, now=now)
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
    hold_facts(session, post.desk_id, copy.content)
    hold_post(session, post)
    if post.latest_revision_id != onto_revision_id:
        raise Conflict(
            "Somebody else saved a revision while you were writing. Both texts are kept; compare them."
        )
    before = post.latest_revision_id
    revision = revise(session, post, copy.content, actor=actor, now=now, note=note)
    session.delete(copy)
    if revision.id != before:
        settle_saved(session, post, revision, actor=actor, now=now)
    else:
        reopen_unsaved(session, post, actor=actor, now=now)
    flush(session)
    return revision


def rebase(session: Session, copy: WorkingCopy, *, actor: User, onto_revision_id: int, now: datetime) -> None:
    """Go on writing after having seen a revision that came meanwhile; the text stays as it is.

    Raises Conflict when yet another revision has come since.
    """
    require(copy.user_id == actor.id, MAY_DRAFT)
    if copy.post.latest_revision_id != onto_revision_id:
        raise Conflict("Another revision came while you were comparing. Your text is kept; compare again.")
    copy.base_revision_id, copy.updated_at = onto_revision_id, now
    flush(session)


def bring_back(
    session: Session, post: Post, revision: Revision, *, actor: User, now: datetime
) -> WorkingCopy:
    """A working copy that says what an older revision said. Raises Conflict rather than replace typed text."""
    require(can_draft(actor, post.desk_id), MAY_DRAFT)
    if revision.post_id != post.id:
        raise NotFound("There is no such revision of this post.")
    copy = working_copy(session, post, actor=actor, now=now)
    base = session.get(Revision, copy.base_revision_id) if copy.base_revision_id else None
    if copy.content not in (base.content if base else None, revision.content):
        raise Conflict(
            "You have text here that is not saved as a revision yet. Save or discard it first, "
            "then bring the older revision back."
        )
    copy.content, copy.updated_at = dict(revision.content), now
    copy.base_revision_id = post.latest_revision_id
    flush(session)
    return copy


def discard_working_copy(session: Session, copy: WorkingCopy, *, actor: User, now: datetime) -> None:
    """Throw away what was typed since the last revision."""
    require(copy.user_id == actor.id, MAY_DRAFT)
    if copy.post.latest_revision_id is None:
        raise InvalidInput(
            "There is no saved revision to go back to. Archive the post if you do not want it."
        )
    reopen_unsaved(session, copy.post, actor=actor, now=now)
    session.delete(copy)
    flush(session)


def other_writers(session: Session, post: Post, *, actor: User, since: datetime) -> list[WorkingCopy]:
    """Working copies of other people on this post that were typed in since then, the latest first."""
    return list(
        session.scalars(
            select(WorkingCopy)
            .where(
                WorkingCopy.post_id == post.id,
                WorkingCopy.user_id != actor.id,
                WorkingCopy.updated_at >= since,
            )
            .order_by(WorkingCopy.updated_at.desc())
            .options(selectinload(WorkingCopy.user))
        )
    )


def archive(session: Session, post: Post, *, actor: User, now: datetime) -> None:
    """Put a post away. What is planned with it and unsent stops, because its approvals are withdrawn."""
    require(can_archive(actor, post), "Only its owner and the desk’s leads can archive a post.")
    hold_post(session, post)
    move_post(session, post, PostAct.ARCHIVE, actor=actor, now=now, summary=f"Archived “{post.title}”")
    withdraw_all(session, post, actor=actor, now=now, why="The post was archived.")


def restore(session: Session, post: Post, *, actor: User, now: datetime) -> None:
    """Bring a post back from the archive, as a draft."""
    require(can_archive(actor, post), "Only its owner and the desk’s leads can restore a post.")
    restore_post(session, post, actor=actor, now=now)


def repurpose(
    session: Session, post: Post, desk: Desk, format_key: str, *, actor: User, now: datetime, **said: Any
) -> Post:
    """A new draft derived from a post; the lineage is kept. `said` is what it says instead."""
    latest = latest_revision(session, post)
    known = {
        k: v for k, v in (latest.content if latest else {}).items() if k not in ("format", "valid_until")
    }
    child = create_post(session, desk, format_key, actor=actor, now=now, **{**known, **said})
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
        withdraw_all(session, post, actor=None, now=now, why="The post is over.")
        events.tell(session, events.PostExpired(post, now))
    return len(over)
