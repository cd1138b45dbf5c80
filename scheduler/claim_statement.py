"""The statement by which what is due is claimed: some of each account in order, or of one account alone."""

from functools import cache
from typing import Any, cast

from sqlalchemy import BindParameter, Table, bindparam, false, literal_column, or_, select, update

from content_library.database import UtcDateTime
from scheduler.models import Publication, PublicationState

_publications = cast(Table, Publication.__table__)


@cache
def claiming(*, of_one: bool, on_postgresql: bool) -> Any:
    """The UPDATE that claims, made once: workers ask it for each of their accounts every second."""
    of_engine: BindParameter[str] = bindparam("engine")
    until = bindparam("until", type_=UtcDateTime())
    due, busy = _publications.alias(), _publications.alias()
    # Asked once, whatever is known of the table: for each that is due, a claim of 12,000 took two seconds.
    elsewhere = select(busy.c.account_id).where(
        busy.c.state.in_((PublicationState.CLAIMED, PublicationState.SENDING)),
        or_(
            busy.c.claimed_by != of_engine,
            busy.c.state == PublicationState.SENDING if of_one else false(),
        ),
        *((busy.c.account_id == bindparam("account"),) if of_one else ()),
    )
    # word for word, so that the index of what is planned is used
    alone = (due.c.account_id == bindparam("account"), due.c.state == literal_column("'planned'"))
    wanted = (
        select(due.c.id)
        .where(
            due.c.state == PublicationState.PLANNED,
            due.c.due_at <= until,
            or_(due.c.not_before.is_(None), due.c.not_before <= until),
            due.c.account_id.not_in(elsewhere),
            *(alone if of_one else ()),
        )
        .order_by(due.c.due_at, due.c.id)
        .limit(bindparam("most"))
    )
    if on_postgresql:
        wanted = wanted.with_for_update(skip_locked=True, of=due)
    # Apart, so that it is asked once: as a mere subquery PostgreSQL may ask it again for every row, and lock as often.
    # What it finds is locked, so that nothing but its ids is needed to find it again.
    found = wanted.cte("due").prefix_with("MATERIALIZED", dialect="postgresql")
    return (
        update(_publications)
        .where(_publications.c.id.in_(select(found.c.id)))
        .values(
            state=PublicationState.CLAIMED,
            fence=_publications.c.fence + 1,
            claimed_by=of_engine,
            leased_until=bindparam("lease_until"),
            state_at=bindparam("at"),
            version=_publications.c.version + 1,
        )
        .returning(
            _publications.c.id,
            _publications.c.account_id,
            _publications.c.fence,
            _publications.c.due_at,
            _publications.c.leased_until,
            _publications.c.not_before,
        )
    )
