"""What a stop covers: everything, a desk, an account or a kind; and what it would do, counted before it is pressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session, selectinload

from content_library.models.account import Account
from content_library.models.format import Format, Kind
from content_library.models.post import Post, Revision
from scheduler.gate import Reason
from scheduler.models import Hold, HoldScope, Publication, PublicationState

STOPPABLE = (PublicationState.PLANNED, PublicationState.CLAIMED)
STOPS = (HoldScope.ALL, HoldScope.DESK, HoldScope.ACCOUNT, HoldScope.KIND)
NAMED = 5  # how many of what goes on are named

_FORMAT_KEY = func.coalesce(Revision.content["format"].as_string(), Post.format_key)


@dataclass(frozen=True)
class Reach:
    """How far a stop reaches. `desk_id` is None for everything."""

    scope: HoldScope
    desk_id: int | None
    account_id: int | None = None
    kind: Kind | None = None

    def covers(self) -> ColumnElement[bool]:
        """Which publications; a kind needs `with_kind`."""
        if self.scope is HoldScope.ALL:
            return true()
        on_desk = Publication.desk_id == self.desk_id
        if self.scope is HoldScope.ACCOUNT:
            return on_desk & (Publication.account_id == self.account_id)
        return on_desk & (Format.kind == self.kind) if self.scope is HoldScope.KIND else on_desk


@dataclass(frozen=True)
class Foreseen:
    """What a stop would do now: how many it holds, how many of the desk go on, and the first of those by id."""

    held: int
    going_on: int
    sending: int
    named: Sequence[int]


def reach_of(hold: Hold) -> Reach:
    return Reach(hold.scope, hold.desk_id, hold.account_id, hold.kind)


def with_kind(query: Any) -> Any:
    """The kind of what goes out: of the revision that is bound, else of the post."""
    return (
        query.join(Post, Post.id == Publication.post_id)
        .outerjoin(Revision, Revision.id == Publication.revision_id)
        .join(Format, Format.key == _FORMAT_KEY)
    )


def foresee(session: Session, desk_id: int, reach: Reach) -> Foreseen:
    """Look before pressing. What goes on is counted on this desk only."""
    going = (Publication.desk_id == desk_id) & Publication.state.in_(STOPPABLE) & ~reach.covers()
    order = (Publication.due_at, Publication.id)
    named = with_kind(select(Publication.id)).where(going).order_by(*order).limit(NAMED)
    here = true() if reach.scope is HoldScope.ALL else Publication.desk_id == desk_id
    return Foreseen(
        held=_count(session, reach.covers() & Publication.state.in_(STOPPABLE)),
        going_on=_count(session, going),
        sending=_count(session, here & (Publication.state == PublicationState.SENDING)),
        named=session.scalars(named).all(),
    )


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(with_kind(select(func.count(Publication.id))).where(condition)) or 0


def kept_by(session: Session, hold: Hold) -> int:
    """How many publications a stop keeps back now."""
    stopped = (Publication.state == PublicationState.HELD) & (Publication.reason == Reason.STOPPED)
    return _count(session, stopped & reach_of(hold).covers())


def in_force(session: Session, desk_id: int | None) -> list[Hold]:
    """Every stop that concerns this desk (None: all desks), the widest first."""
    here = Hold.desk_id == desk_id if desk_id is not None else Hold.scope == HoldScope.ALL
    found = session.scalars(
        select(Hold)
        .where(Hold.lifted_at.is_(None), Hold.scope.in_(STOPS), or_(here, Hold.scope == HoldScope.ALL))
        .options(selectinload(Hold.created_by), selectinload(Hold.account))
    )
    return sorted(found, key=lambda hold: (STOPS.index(hold.scope), hold.id))


def whole(stops: Sequence[Hold]) -> Hold | None:
    """The stop that lets nothing of the desk out, if there is one."""
    return next((s for s in stops if s.scope in (HoldScope.ALL, HoldScope.DESK)), None)


def same(session: Session, reach: Reach) -> Hold | None:
    """The stop in force that reaches exactly as far."""
    return session.scalar(
        select(Hold)
        .where(
            Hold.lifted_at.is_(None),
            Hold.scope == reach.scope,
            Hold.desk_id.is_not_distinct_from(reach.desk_id),
            Hold.account_id.is_not_distinct_from(reach.account_id),
            Hold.kind.is_not_distinct_from(reach.kind),
        )
        .limit(1)
    )


def read(text: str, desk_id: int, accounts: Sequence[Account]) -> Reach | None:
    """`desk`, `all`, `account:3`, `kind:question`; None for what is no choice on this desk."""
    name, _, which = text.partition(":")
    if text in ("", "desk"):
        return Reach(HoldScope.DESK, desk_id)
    if text == "all":
        return Reach(HoldScope.ALL, None)
    if name == "kind" and which in set(Kind):
        return Reach(HoldScope.KIND, desk_id, kind=Kind(which))
    if name == "account" and which in {str(a.id) for a in accounts}:
        return Reach(HoldScope.ACCOUNT, desk_id, account_id=int(which))
    return None
