"""Who somebody is that a company's OpenID provider vouches for, and what their groups give them here.

A person is known by issuer and subject, never by an address that can be given to somebody else. The groups an
installation names govern the desks and teams they name at every sign-in; everything else is left to administrators.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.errors import PermissionDenied
from content_library.memberships import Place, assign, move, place_of
from content_library.models.desk import Desk, Team
from content_library.models.user import DeskRole, Identity, User
from content_library.permissions import can_sign_in, require
from content_library.sign_in import DECIDES_BY_MAIL, find_by_email
from content_library.transitions import flush

_RANK = (DeskRole.LEAD, DeskRole.AGENT, DeskRole.AUDITOR)


@dataclass(frozen=True)
class Claims:
    """What the provider says, already verified."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    groups: Collection[str] = ()


def person_for(
    session: Session, claims: Claims, *, groups: Mapping[str, str], sign_up: bool, now: datetime
) -> User:
    """The person of these claims, moved to where their groups say.

    Raises PermissionDenied for people who are deactivated, or unknown where nobody may sign up.
    """
    user = _known(session, claims) or _linked(session, claims, now=now)
    if user is None:
        user = _signed_up(session, claims, sign_up=sign_up, now=now)
    if not user.is_active:
        raise PermissionDenied("Your account here is deactivated. Ask an administrator.")
    move(session, user, _place(session, user, claims.groups, groups), actor=None, now=now)
    return user


def _known(session: Session, claims: Claims) -> User | None:
    identity = session.scalar(
        select(Identity).where(Identity.issuer == claims.issuer, Identity.subject == claims.subject)
    )
    return identity.user if identity else None


def _linked(session: Session, claims: Claims, *, now: datetime) -> User | None:
    """Somebody invited under this address, if the provider has verified that it is theirs."""
    if not (claims.email and claims.email_verified):
        return None
    user = find_by_email(session, claims.email)
    if user is None or not user.is_active:
        return user
    require(can_sign_in(user), DECIDES_BY_MAIL)
    _remember(session, user, claims, now=now)
    return user


def _signed_up(session: Session, claims: Claims, *, sign_up: bool, now: datetime) -> User:
    if not sign_up:
        raise PermissionDenied(_stranger(claims))
    if not (claims.email and claims.email_verified):
        raise PermissionDenied(
            "Your provider has not verified your e-mail address, so no account could be made."
        )
    user = User(
        name=(claims.name or claims.email).strip()[:120], email=claims.email.strip(), created_at=now,
        desk_memberships=[], team_memberships=[],
    )  # fmt: skip
    assign(user, Place())
    session.add(user)
    flush(session)
    audit.record(session, "user.signed_up", user, actor=user, now=now, summary=f"{user.name} signed up")
    _remember(session, user, claims, now=now)
    return user


def _stranger(claims: Claims) -> str:
    if claims.email and not claims.email_verified:
        return (
            "Your provider has not verified your e-mail address, so we cannot tell who you are here. "
            "Verify it there, then sign in again."
        )
    return "Nobody here has your e-mail address yet. Ask an administrator to invite you."


def _remember(session: Session, user: User, claims: Claims, *, now: datetime) -> None:
    session.add(Identity(user_id=user.id, issuer=claims.issuer, subject=claims.subject, created_at=now))
    flush(session)
    audit.record(
        session, "user.identity_linked", user, actor=user, now=now,
        summary=f"{user.name} signs in through a provider", details={"issuer": claims.issuer},
    )  # fmt: skip


def _place(session: Session, user: User, held: Collection[str], groups: Mapping[str, str]) -> Place:
    """Where the groups put somebody: only desks and teams that the installation's groups name are touched."""
    desk_ids = dict(session.execute(select(Desk.handle, Desk.id)).all())
    team_ids = dict(session.execute(select(Team.key, Team.id)).all())
    governed = [(group, *target) for group, target in _targets(groups)]
    before = place_of(user)
    desks, teams = dict(before.desks or {}), set(before.teams)
    for _group, where, role in governed:
        if role is None:
            teams.discard(team_ids.get(where, 0))
        else:
            desks.pop(desk_ids.get(where, 0), None)
    given = [(where, role) for group, where, role in governed if group in set(held)]
    teams |= {team_ids[where] for where, role in given if role is None and where in team_ids}
    roles = [(role, where) for where, role in given if role is not None and where in desk_ids]
    for role, where in sorted(roles, key=lambda pair: _RANK.index(pair[0]), reverse=True):
        desks[desk_ids[where]] = role  # the strongest of several comes last
    return Place(administrator=before.administrator, desks=desks, teams=teams)


def _targets(groups: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, DeskRole | None]]]:
    """`desk:<handle>:<role>` and `team:<key>` taken apart; what is neither gives nothing."""
    for group, target in groups.items():
        match target.split(":"):
            case ["team", key]:
                yield group, (key, None)
            case ["desk", handle, role] if role in set(DeskRole):
                yield group, (handle, DeskRole(role))
