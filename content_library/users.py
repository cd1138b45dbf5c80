"""People: finding, inviting, moving and letting go. Administrators only, but for the very first person."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from content_library import audit, clock, one_time_links
from content_library.clearance import drop_unsupported, resting_on, would_fall
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.memberships import (
    Place,
    assign,
    check_known,
    check_other_administrator,
    described,
    move,
)
from content_library.models.user import Identity, LinkPurpose, User
from content_library.paging import Paged, nearest_page
from content_library.permissions import can_manage_people, require
from content_library.sign_in import end_sessions_of, find_by_email
from content_library.transitions import flush, hold_person

ONLY_ADMINISTRATORS = "Only administrators can change people."


class Standing(StrEnum):
    """Which people a list shows."""

    ACTIVE = "active"
    INVITED = "invited"
    OUTSIDE = "outside"
    INACTIVE = "inactive"
    ALL = "all"


@dataclass(frozen=True)
class PeoplePage(Paged):
    people: list[User]


@dataclass(frozen=True)
class Invitation:
    """`secret` goes into the link; it is stored nowhere."""

    user: User
    secret: str


def find_people(
    session: Session,
    *,
    actor: User,
    words: str = "",
    standing: Standing = Standing.ACTIVE,
    page: int = 1,
    per_page: int = 25,
) -> PeoplePage:
    """A page of the people whose name or address has these words, by name."""
    require(can_manage_people(actor), "Only administrators can see everybody.")
    conditions = [_in_standing(standing), *(_has(word) for word in words.split()[:6])]
    total = session.scalar(select(func.count()).select_from(User).where(*conditions)) or 0
    page = nearest_page(page, total, per_page)
    found = session.scalars(
        select(User)
        .where(*conditions)
        .order_by(func.lower(User.name), User.id)
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return PeoplePage(total, page, per_page, list(found))


def _in_standing(standing: Standing) -> ColumnElement[bool]:
    known_elsewhere = User.id.in_(select(Identity.user_id))
    joined = or_(User.password_hash.is_not(None), known_elsewhere)
    conditions: dict[Standing, ColumnElement[bool]] = {
        Standing.ACTIVE: User.is_active.is_(True),
        Standing.INVITED: User.is_active & ~User.is_external & ~joined,
        Standing.OUTSIDE: User.is_active & User.is_external,
        Standing.INACTIVE: ~User.is_active,
        Standing.ALL: User.id.is_not(None),
    }
    return conditions[standing]


def _has(word: str) -> ColumnElement[bool]:
    return or_(User.name.icontains(word, autoescape=True), User.email.icontains(word, autoescape=True))


def get_person(session: Session, user_id: int, *, actor: User) -> User:
    """Raises NotFound."""
    require(can_manage_people(actor), "Only administrators can see everybody.")
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such person here.")
    return user


def invite(
    session: Session,
    *,
    name: str,
    email: str,
    place: Place,
    actor: User | None,
    now: datetime,
    zone: str = "UTC",
) -> Invitation:
    """Add a person who has yet to choose a password. `actor=None` only while setting up.

    Raises InvalidInput for an address that cannot be one, or belongs to somebody here.
    """
    require(actor is None or can_manage_people(actor), ONLY_ADMINISTRATORS)
    check_known(session, place)
    user = add_person(session, name=name, email=email, place=place, now=now, zone=zone)
    audit.record(
        session, "user.invited", user, actor=actor, now=now,
        summary=f"Invited {user.name}: {described(session, place)}", details={"email": user.email},
    )  # fmt: skip
    return Invitation(user, one_time_links.issue(session, LinkPurpose.INVITATION, user, now=now))


def add_outsider(
    session: Session,
    *,
    name: str,
    email: str,
    teams: Collection[int],
    actor: User,
    now: datetime,
    zone: str = "UTC",
) -> User:
    """Add somebody who decides for teams by the links of their mails, and never signs in.

    Raises InvalidInput without a team, and as `invite` does.
    """
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    if not teams:
        sentence = "Choose at least one team: somebody outside has nothing else to do here."
        raise InvalidInput(sentence, {"teams": sentence})
    place = Place(teams=teams)
    check_known(session, place)
    user = add_person(session, name=name, email=email, place=place, now=now, zone=zone, is_external=True)
    audit.record(
        session, "user.added_outside", user, actor=actor, now=now,
        summary=f"Added {user.name} outside: {described(session, place)}", details={"email": user.email},
    )  # fmt: skip
    return user


def invite_again(session: Session, user: User, *, actor: User, now: datetime) -> Invitation:
    """A fresh link for somebody who has not joined yet; the former one stops working. Who was outside can sign in
    from when they join."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    if not user.is_active or user.password_hash is not None:
        raise TransitionNotAllowed(f"{user.name} has joined already, or may not. Reload the page.")
    said = (
        f"Invited {user.name}, who is outside, to sign in"
        if user.is_external
        else f"Invited {user.name} again"
    )
    audit.record(session, "user.invited", user, actor=actor, now=now, summary=said)
    return Invitation(user, one_time_links.issue(session, LinkPurpose.INVITATION, user, now=now))


def rename(session: Session, user: User, *, name: str, email: str, actor: User, now: datetime) -> None:
    """Change a person's name and address."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    before = {"name": user.name, "email": user.email}
    after = {"name": checked_name(name), "email": _free_email(session, email, but=user)}
    if before == after:
        return
    user.name, user.email = after["name"], after["email"]
    flush(session)
    audit.record(
        session, "user.renamed", user, actor=actor, now=now, summary=f"Changed who {user.name} is",
        details={"before": before, "after": after},
    )  # fmt: skip


def set_place(session: Session, user: User, place: Place, *, actor: User, now: datetime) -> bool:
    """Change desks, teams and rights; returns whether anything changed. See `memberships.move`."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    return move(session, user, place, actor=actor, now=now)


def approvals_at_stake(session: Session, user: User) -> int:
    """How many clearances would fall if this person no longer counted."""
    return would_fall(resting_on(session, user), without=user)


def deactivate(session: Session, user: User, *, actor: User, now: datetime) -> None:
    """Let somebody go: sessions end at once, links stop working, and what rested on them alone is uncleared.

    Raises TransitionNotAllowed for oneself and for the last administrator.
    """
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    if user.id == actor.id:
        raise TransitionNotAllowed("You cannot deactivate yourself. Ask another administrator.")
    hold_person(session, user)
    if not user.is_active:
        return
    if user.is_administrator:
        check_other_administrator(session, user)
    user.is_active = False
    flush(session)
    end_sessions_of(session, user)
    for purpose in (LinkPurpose.INVITATION, LinkPurpose.PASSWORD_RESET):
        one_time_links.revoke(session, purpose, user)
    audit.record(session, "user.deactivated", user, actor=actor, now=now, summary=f"Deactivated {user.name}")
    why = f"{user.name} is no longer here."
    drop_unsupported(session, resting_on(session, user), actor=actor, now=now, why=why)


def reactivate(session: Session, user: User, *, actor: User, now: datetime) -> None:
    """Let somebody come back to where they were. Approvals that were dropped stay dropped."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    if user.is_active:
        return
    user.is_active = True
    flush(session)
    audit.record(session, "user.reactivated", user, actor=actor, now=now, summary=f"Reactivated {user.name}")


def set_up_secret(session: Session) -> str | None:
    """A secret for `/set-up/…` on an installation without people; None as soon as there is anybody."""
    if session.scalar(select(User.id).limit(1)) is not None:
        return None
    return one_time_links.issue(session, LinkPurpose.SETUP, None, now=clock.now(session))


def add_person(
    session: Session, *, name: str, email: str, place: Place, now: datetime, zone: str = "UTC", **known: Any
) -> User:
    """The row of a new person, checked; whoever calls writes the record."""
    user = User(
        name=checked_name(name), email=_free_email(session, email), zone=zone, created_at=now,
        desk_memberships=[], team_memberships=[], **known,
    )  # fmt: skip
    assign(user, place)
    session.add(user)
    flush(session)
    return user


def checked_name(name: str) -> str:
    """Raises InvalidInput unless it has 1 to 120 characters."""
    name = " ".join(name.split())
    if not name or len(name) > 120:
        sentence = "Give a name of up to 120 characters."
        raise InvalidInput(sentence, {"name": sentence})
    return name


def _free_email(session: Session, email: str, *, but: User | None = None) -> str:
    try:
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        sentence = "This is not an e-mail address. Write one like maya@example.com."
        raise InvalidInput(sentence, {"email": sentence}) from None
    owner = find_by_email(session, checked)
    if owner is not None and owner is not but:
        sentence = f"{owner.name} has this address already. Change that person instead of adding another."
        raise InvalidInput(sentence, {"email": sentence})
    return checked
