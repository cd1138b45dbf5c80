"""What the plan and the public have of a fact: publications that wait with it, and those that are out with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from content_library.database import UtcDateTime
from content_library.errors import NotFound
from content_library.models.account import Account
from content_library.models.fact import Fact, FactUse, FactVersion
from content_library.models.post import Post, Revision
from scheduler.half_out import STANDS
from scheduler.models import Part, Publication, PublicationState

_WAITING = (PublicationState.PLANNED, PublicationState.CLAIMED, PublicationState.HELD)
_OUT = or_(
    and_(Publication.state == PublicationState.PUBLISHED, Publication.taken_down_at.is_(None)),
    and_(
        Publication.state != PublicationState.PUBLISHED, STANDS
    ),  # of a thread a part, and the rest may never go
)
_first = aliased(Part)
_SINCE = func.coalesce(Publication.published_at, _first.sent_at, type_=UtcDateTime())
_AT = func.coalesce(func.nullif(Publication.url, ""), _first.url)


@dataclass(frozen=True)
class Outing:
    """A publication that is out, or whose thread has begun, and says `said`, version `number` of a fact."""

    publication_id: int
    post_id: int
    title: str
    network: str
    handle: str
    published_at: datetime
    url: str
    number: int
    said: str


def planned_with(session: Session, fact: Fact) -> int:
    """How many publications would wait for their clearance if the fact changed now."""
    return _count(session, fact, Publication.state.in_(_WAITING))


def out_with(session: Session, fact: Fact) -> int:
    """How many are out with any of its values."""
    return _count(session, fact, _OUT)


def out_with_older(session: Session, fact: Fact, *, most: int = 100) -> list[Outing]:
    """What is out and says what the fact said before, the latest first."""
    query = _outings(fact).order_by(_SINCE.desc(), Publication.id.desc()).limit(most)
    return [Outing(*row) for row in session.execute(query)]


def get_outing(session: Session, fact: Fact, publication_id: int) -> Outing:
    """Raises NotFound for what is not out, or says what the fact says now."""
    row = session.execute(_outings(fact).where(Publication.id == publication_id)).first()
    if row is None:
        raise NotFound("Nothing is out there that says an older value of this fact.")
    return Outing(*row)


def _outings(fact: Fact) -> Select[Any]:
    return (
        _using(
            fact, Publication.id, Publication.post_id, Post.title, Account.network, Account.handle,
            _SINCE, _AT, FactUse.number, FactVersion.value,
        )
        .outerjoin(_first, and_(_first.publication_id == Publication.id, _first.position == 0))
        .join(Post, Post.id == Publication.post_id)
        .join(Account, Account.id == Publication.account_id)
        .join(FactVersion, and_(FactVersion.fact_id == FactUse.fact_id, FactVersion.number == FactUse.number))
        .where(_OUT, FactUse.number < fact.latest_number)
    )  # fmt: skip


def _count(session: Session, fact: Fact, condition: ColumnElement[bool]) -> int:
    return session.scalar(_using(fact, func.count()).where(condition)) or 0


def _using(fact: Fact, *columns: Any) -> Select[Any]:
    """By way of the post: publications are found by their post, not by their revision."""
    of_revision = and_(Publication.post_id == Revision.post_id, Publication.revision_id == Revision.id)
    return (
        select(*columns)
        .select_from(FactUse)
        .join(Revision, Revision.id == FactUse.revision_id)
        .join(Publication, of_revision)
        .where(FactUse.fact_id == fact.id)
    )
