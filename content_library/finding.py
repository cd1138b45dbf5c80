"""Finding posts in the library: what can be asked for, a page of answers, and a count that stays quick."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from content_library.models.format import Kind
from content_library.models.post import Post, PostState
from content_library.models.topic import post_products, post_topics
from content_library.paging import Paged, nearest_page
from content_library.search import matching

MOST_COUNTED = 5_000  # beyond it people search on, they do not page on


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
class PostPage(Paged):
    """`total` stops at MOST_COUNTED; `is_more` says that there are more than that."""

    posts: list[Post]
    is_more: bool


def find_posts(
    session: Session, desk_id: int, wanted: PostFilter, *, page: int = 1, per_page: int = 25
) -> PostPage:
    """A page of the library, the latest change first."""
    conditions = [Post.desk_id == desk_id, *_conditions(session, wanted)]
    some = select(Post.id, Post.updated_at).where(*conditions).limit(MOST_COUNTED + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    total = min(found, MOST_COUNTED)
    page = nearest_page(page, total, per_page)
    query = select(Post).where(*conditions)
    if found <= MOST_COUNTED:  # the limit inside keeps the planner from walking every post for a rare word
        query = select(Post).join(some, some.c.id == Post.id)
    posts = session.scalars(
        query.order_by(Post.updated_at.desc(), Post.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
        .options(joinedload(Post.owner).lazyload("*"), joinedload(Post.format), selectinload(Post.topics))
    )
    return PostPage(total, page, per_page, list(posts), found > MOST_COUNTED)


def has_posts(session: Session, desk_id: int) -> bool:
    """Whether the desk has any post at all, in the archive or not."""
    return session.scalar(select(Post.id).where(Post.desk_id == desk_id).limit(1)) is not None


def _conditions(session: Session, wanted: PostFilter) -> list[ColumnElement[bool]]:
    state = Post.state == wanted.state if wanted.state else Post.state != PostState.ARCHIVED
    found: list[ColumnElement[bool]] = [state]
    words = matching(session, wanted.query)
    if words is not None:
        found.append(words)
    equal: dict[Any, Any] = {
        Post.kind: wanted.kind,
        Post.format_key: wanted.format_key,
        Post.owner_id: wanted.owner_id,
    }
    found += [column == value for column, value in equal.items() if value]
    if wanted.topic_id:
        found.append(
            Post.id.in_(select(post_topics.c.post_id).where(post_topics.c.topic_id == wanted.topic_id))
        )
    if wanted.product_id:
        found.append(
            Post.id.in_(
                select(post_products.c.post_id).where(post_products.c.product_id == wanted.product_id)
            )
        )
    if wanted.evergreen:
        found.append(Post.is_evergreen.expression)
    return found
