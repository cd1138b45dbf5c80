"""Changing where a person belongs: desks, teams, the administrator's right. One way for people and for providers.

Every change ends the person's sessions, so that nobody goes on with rights they no longer have, and drops the
approvals that rested on a right that is gone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.clearance import drop_unsupported, resting_on
from content_library.errors import InvalidInput, TransitionNotAllowed
from content_library.models.desk import Desk, Team
from content_library.models.user import DeskMembership, DeskRole, TeamMembership, User
from content_library.sign_in import end_sessions_of
from content_library.transitions import flush, hold_person

ROLE_NAMES = {DeskRole.LEAD: "Lead", DeskRole.AGENT: "Agent", DeskRole.AUDITOR: "Auditor"}


@dataclass(frozen=True)
class Place:
    """Where a person belongs. `desks` maps a desk's id to the role there."""

    administrator: bool = False
    desks: Mapping[int, DeskRole] | None = None
    teams: Collection[int] = ()

    def same_as(self, other: "Place") -> bool:
        mine = (self.administrator, dict(self.desks or {}), set(self.teams))
        return mine == (other.administrator, dict(other.desks or {}), set(other.teams))


def place_of(user: User) -> Place:
    return Place(
        administrator=user.is_administrator,
        desks={m.desk_id: m.role for m in user.desk_memberships},
        teams={m.team_id for m in user.team_memberships},
    )


def move(session: Session, user: User, place: Place, *, actor: User | None, now: datetime) -> bool:
    """Put a person in another place; returns whether anything changed.

    Raises InvalidInput for a desk or team that does not exist, TransitionNotAllowed when nobody would be left to
    administer.
    """
    hold_person(session, user)
    before = place_of(user)
    if before.same_as(place):
        return False
    check_known(session, place)
    _check_outside(user, place)
    if before.administrator and not place.administrator:
        check_other_administrator(session, user)
    assign(user, place)
    flush(session)
    session.refresh(user, ["desk_memberships", "team_memberships"])
    audit.record(
        session, "user.moved", user, actor=actor, now=now,
        summary=f"{user.name}: {described(session, place)}",
        details={"before": _written(before), "after": _written(place)},
    )  # fmt: skip
    end_sessions_of(session, user)
    left = set(before.teams) - set(place.teams)
    if left:
        drop_unsupported(
            session, resting_on(session, user), actor=actor, now=now,
            why=f"{user.name} is no longer in {_team_names(session, left)}.",
        )  # fmt: skip
    return True


def assign(user: User, place: Place) -> None:
    """Write the memberships, keeping the rows that stay."""
    user.is_administrator = place.administrator
    desks, teams = dict(place.desks or {}), set(place.teams)
    user.desk_memberships = [m for m in user.desk_memberships if m.desk_id in desks]
    for membership in user.desk_memberships:
        membership.role = desks.pop(membership.desk_id)
    user.desk_memberships.extend(DeskMembership(desk_id=desk, role=role) for desk, role in desks.items())
    user.team_memberships = [m for m in user.team_memberships if m.team_id in teams]
    known = {m.team_id for m in user.team_memberships}
    user.team_memberships.extend(TeamMembership(team_id=team) for team in sorted(teams - known))


def check_known(session: Session, place: Place) -> None:
    """Raises InvalidInput when a desk or a team of the place does not exist."""
    desks = set(session.scalars(select(Desk.id).where(Desk.id.in_(list(place.desks or {})))))
    teams = set(session.scalars(select(Team.id).where(Team.id.in_(list(place.teams)))))
    if desks != set(place.desks or {}) or teams != set(place.teams):
        raise InvalidInput(
            "One of these desks or teams is no longer there. Reload the page and choose again."
        )


def _check_outside(user: User, place: Place) -> None:
    """Who cannot sign in has nothing to do on a desk."""
    if user.is_external and (place.desks or place.administrator):
        raise InvalidInput(
            f"{user.name} is outside and decides for teams only. Invite them first, then give them a desk."
        )


def check_other_administrator(session: Session, user: User) -> None:
    """Raises TransitionNotAllowed when this is the last active administrator."""
    others = session.scalars(
        select(User.id).where(User.is_administrator, User.is_active).order_by(User.id).with_for_update()
    )
    if not set(others) - {user.id}:
        raise TransitionNotAllowed(
            f"{user.name} is the last administrator. Make somebody else an administrator first."
        )


def standing(user: User) -> str:
    """Where a person is now, in words, from what is loaded with them."""
    parts = ["Administrator"] if user.is_administrator else []
    on_desks = sorted(user.desk_memberships, key=lambda m: m.desk.name)
    parts += [f"{ROLE_NAMES[m.role]} on {m.desk.name}" for m in on_desks]
    if user.team_memberships:
        parts.append(", ".join(m.team.name for m in sorted(user.team_memberships, key=lambda m: m.team_id)))
    return "; ".join(parts) or "no desk and no team"


def described(session: Session, place: Place) -> str:
    """A place in words: “Administrator; Lead on Kettles; Legal, PR”."""
    parts = ["Administrator"] if place.administrator else []
    desks = session.scalars(select(Desk).where(Desk.id.in_(list(place.desks or {}))).order_by(Desk.name))
    parts += [f"{ROLE_NAMES[(place.desks or {})[desk.id]]} on {desk.name}" for desk in desks]
    if place.teams:
        parts.append(_team_names(session, place.teams))
    return "; ".join(parts) or "no desk and no team"


def _team_names(session: Session, ids: Collection[int]) -> str:
    return ", ".join(session.scalars(select(Team.name).where(Team.id.in_(list(ids))).order_by(Team.id)))


def _written(place: Place) -> dict[str, object]:
    desks = {str(desk): role.value for desk, role in (place.desks or {}).items()}
    return {"administrator": place.administrator, "desks": desks, "teams": sorted(place.teams)}
