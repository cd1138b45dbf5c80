"""Reading the facts of a desk: the list, one with its versions, what uses it, and what changing it would end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from content_library import clearance
from content_library.errors import NotFound
from content_library.fact_names import fact_key
from content_library.models.fact import Fact, FactUse, FactVersion
from content_library.models.post import Post, PostState, Revision
from content_library.models.review import SubmissionState
from content_library.paging import Paged, nearest_page


@dataclass(frozen=True)
class Listed:
    """A fact as the list shows it; `posts` is how many posts use it now."""

    fact: Fact
    latest: FactVersion
    posts: int


@dataclass(frozen=True)
class FactPage(Paged):
    facts: list[Listed]


@dataclass(frozen=True)
class Effects:
    """What changing a fact ends: approvals in force, and submissions that are open."""

    approvals: int
    submissions: int


def find_facts(
    session: Session,
    desk_id: int,
    query: str = "",
    *,
    archived: bool = False,
    page: int = 1,
    per_page: int = 50,
) -> FactPage:
    """A page of the desk's facts by name. The words are looked for in name, value and what is said about it."""
    conditions = [
        Fact.desk_id == desk_id,
        Fact.archived_at.is_not(None) if archived else Fact.archived_at.is_(None),
    ]
    conditions += [_says(word) for word in query.split()]
    total = session.scalar(_latest(func.count(Fact.id)).where(*conditions)) or 0
    page = nearest_page(page, total, per_page)
    rows = session.execute(
        _latest(Fact, FactVersion)
        .where(*conditions)
        .order_by(Fact.key)
        .limit(per_page)
        .offset((page - 1) * per_page)
        .options(joinedload(FactVersion.created_by).lazyload("*"))
    ).all()
    used = _posts_using(session, [fact.id for fact, _ in rows])
    listed = [Listed(fact, latest, used.get(fact.id, 0)) for fact, latest in rows]
    return FactPage(total, page, per_page, listed)


def _latest(*columns: Any) -> Select[Any]:
    newest = and_(FactVersion.fact_id == Fact.id, FactVersion.number == Fact.latest_number)
    return select(*columns).select_from(Fact).join(FactVersion, newest)


def _says(word: str) -> ColumnElement[bool]:
    return or_(
        Fact.key.contains(fact_key(word), autoescape=True),
        FactVersion.value.icontains(word, autoescape=True),
        Fact.about.icontains(word, autoescape=True),
    )


def _posts_using(session: Session, fact_ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(FactUse.fact_id, func.count())
        .join(Revision, Revision.id == FactUse.revision_id)
        .join(Post, and_(Post.id == Revision.post_id, Post.latest_revision_id == Revision.id))
        .where(FactUse.fact_id.in_(fact_ids), Post.state != PostState.ARCHIVED)
        .group_by(FactUse.fact_id)
    )
    return {row[0]: row[1] for row in rows}


def offered(session: Session, desk_id: int, *, most: int = 500) -> list[tuple[str, str]]:
    """(name, value) of what can be used in a text, by name."""
    rows = session.execute(
        _latest(Fact.name, FactVersion.value)
        .where(Fact.desk_id == desk_id, Fact.archived_at.is_(None))
        .order_by(Fact.key)
        .limit(most)
    )
    return [(row[0], row[1]) for row in rows]


def get_fact(session: Session, desk_id: int, fact_id: int) -> Fact:
    """With its versions. Raises NotFound, also for another desk's."""
    found = session.scalar(
        select(Fact)
        .where(Fact.id == fact_id, Fact.desk_id == desk_id)
        .options(selectinload(Fact.versions).joinedload(FactVersion.created_by).lazyload("*"))
    )
    if found is None:
        raise NotFound("There is no such fact on this desk.")
    return found


def posts_using(session: Session, fact: Fact, *, most: int = 200) -> list[tuple[Post, int]]:
    """(post, version it says) of every post that is not in the archive, those with an older version first."""
    rows = session.execute(
        select(Post, FactUse.number)
        .select_from(FactUse)
        .join(Revision, Revision.id == FactUse.revision_id)
        .join(Post, and_(Post.id == Revision.post_id, Post.latest_revision_id == Revision.id))
        .where(FactUse.fact_id == fact.id, Post.state != PostState.ARCHIVED)
        .order_by(FactUse.number, Post.updated_at.desc(), Post.id)
        .limit(most)
    )
    return [(row[0], row[1]) for row in rows]


def effects(session: Session, fact: Fact) -> Effects:
    """What would end if this fact said something else from now on."""
    under_way = clearance.of_fact(session, fact.id, fact.latest_number + 1)
    is_open = sum(s.state is SubmissionState.OPEN for s in under_way)
    return Effects(approvals=len(under_way) - is_open, submissions=is_open)


def is_used(session: Session, fact: Fact) -> bool:
    """Whether any revision, old or new, uses it by its name."""
    return session.scalar(select(FactUse.fact_id).where(FactUse.fact_id == fact.id).limit(1)) is not None
