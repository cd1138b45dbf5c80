"""The first minute of an empty installation: its administrator, its desk, and who clears what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit, one_time_links
from content_library.catalogue import create_desk, install
from content_library.errors import NotFound
from content_library.memberships import Place
from content_library.models.desk import Desk, Team
from content_library.models.user import DeskRole, LinkPurpose, User
from content_library.transitions import flush
from content_library.users import Invitation, add_person, invite


@dataclass(frozen=True)
class FirstPerson:
    name: str
    email: str
    password_hash: str
    zone: str


@dataclass(frozen=True)
class FirstReviewer:
    """Somebody else who clears what the first person writes, for these teams."""

    name: str
    email: str
    teams: Sequence[str]


@dataclass(frozen=True)
class SetUp:
    person: User
    desk: Desk
    invitation: Invitation | None


def set_up(
    session: Session,
    secret: str,
    first: FirstPerson,
    *,
    desk_name: str,
    handle: str,
    reviewer: FirstReviewer | None,
    now: datetime,
) -> SetUp:
    """Make the first administrator and desk. Without a reviewer the desk runs in solo mode.

    Raises NotFound when the link is used, over, or there are people already; InvalidInput as the parts do.
    """
    one_time_links.use(session, LinkPurpose.SETUP, secret, now=now)
    if session.scalar(select(User.id).limit(1)) is not None:
        raise NotFound("Deskcast has been set up already. Sign in.")
    install(session, now=now)
    teams = list(session.scalars(select(Team).order_by(Team.id)))
    desk = create_desk(
        session, desk_name, handle, first.zone, actor=None, now=now, teams=teams, solo=reviewer is None
    )
    person = _administrator(session, first, desk, teams if reviewer is None else [], now=now)
    return SetUp(person, desk, _invitation(session, reviewer, teams, person, now=now))


def _administrator(
    session: Session, first: FirstPerson, desk: Desk, teams: Sequence[Team], *, now: datetime
) -> User:
    place = Place(administrator=True, desks={desk.id: DeskRole.LEAD}, teams=[team.id for team in teams])
    person = add_person(
        session, name=first.name, email=first.email, place=place, now=now, zone=first.zone,
        password_hash=first.password_hash,
    )  # fmt: skip
    flush(session)
    solo = ", who may clear their own posts (solo mode)" if teams else ""
    audit.record(
        session, "user.set_up", person, actor=person, now=now, desk_id=desk.id,
        summary=f"Set up Deskcast for “{desk.name}” with {person.name}{solo}", details={"email": person.email},
    )  # fmt: skip
    return person


def _invitation(
    session: Session, reviewer: FirstReviewer | None, teams: Sequence[Team], actor: User, *, now: datetime
) -> Invitation | None:
    if reviewer is None:
        return None
    chosen = [team.id for team in teams if team.key in reviewer.teams]
    return invite(
        session, name=reviewer.name, email=reviewer.email, place=Place(teams=chosen), actor=actor, now=now,
        zone=actor.zone,
    )  # fmt: skip
