"""Who stands in for whom at a moment: delegations inside their dates whose giver still has what they gave.

What was handed on cannot be handed on again: only a membership of the giver's own counts.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, aliased, joinedload

from content_library.models.desk import Team
from content_library.models.user import Delegation, StandIn, TeamMembership, User


def resolve(session: Session, person: User, *, now: datetime) -> User:
    """Put for whom this person stands in at this moment on the person, where every permission reads it."""
    query = _in_force(now).where(Delegation.to_user_id == person.id).order_by(Delegation.id)
    query = query.options(
        joinedload(Delegation.from_user).lazyload("*"),
        joinedload(Delegation.team).selectinload(Team.desks),
    )
    stood = [StandIn(d.from_user, d.team) for d in session.scalars(query) if person.is_active]
    person.stand_ins = list(dict.fromkeys(stood))
    return person


def stand_ins_in(session: Session, team_id: int, *, now: datetime, but: Collection[int] = ()) -> list[int]:
    """The active people who stand in for somebody of a team; neither they nor their giver are among `but`."""
    to_user = aliased(User)
    query = _in_force(now).join(to_user, to_user.id == Delegation.to_user_id)
    query = query.where(
        Delegation.team_id == team_id,
        to_user.is_active,
        Delegation.to_user_id.not_in(list(but)),
        Delegation.from_user_id.not_in(list(but)),
    )
    return sorted({delegation.to_user_id for delegation in session.scalars(query)})


def _in_force(now: datetime) -> Select[Delegation]:
    giver = aliased(User)
    membership = and_(
        TeamMembership.user_id == Delegation.from_user_id, TeamMembership.team_id == Delegation.team_id
    )
    return (
        select(Delegation)
        .join(giver, giver.id == Delegation.from_user_id)
        .join(TeamMembership, membership)
        .where(
            giver.is_active,
            Delegation.ended_at.is_(None),
            Delegation.starts_at <= now,
            Delegation.ends_at > now,
        )
    )
