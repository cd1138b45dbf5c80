"""While somebody is away: handing the decisions of a team to somebody else, from a day to a day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.desk import Team, team_desks
from content_library.models.user import Delegation, DeskMembership, TeamMembership, User
from content_library.notices import notify
from content_library.permissions import can_manage_people, require
from content_library.transitions import flush, hold_person
from content_library.wall_time import resolve, wall_of

LONGEST = timedelta(days=366)
LONGEST_REASON = 500
KEPT_IN_SIGHT = timedelta(days=30)


@dataclass(frozen=True)
class Absence:
    """What is handed on: days as ISO dates of the giver's zone, both included."""

    team_id: int
    to_user_id: int
    first_day: str
    last_day: str
    reason: str


def delegate(session: Session, giver: User, absence: Absence, *, actor: User, now: datetime) -> Delegation:
    """Let somebody decide in this person's place for one of their own teams.

    By oneself or by an administrator. Raises InvalidInput by field.
    """
    _may_change(giver, actor)
    hold_person(session, giver)
    team = next((m.team for m in giver.team_memberships if m.team_id == absence.team_id), None)
    to = next((p for p in candidates(session, giver, team) if p.id == absence.to_user_id), None)
    begins, ends = _span(absence, giver.zone, now=now)
    problems = _problems(session, giver, absence, team, to, (begins, ends))
    if problems:
        raise InvalidInput("Nothing was handed on.", problems)
    assert team is not None
    assert to is not None
    made = Delegation(
        from_user=giver, to_user=to, team=team, first_day=_day(absence.first_day, "first_day").isoformat(),
        last_day=_day(absence.last_day, "last_day").isoformat(),
        zone=giver.zone, starts_at=begins, ends_at=ends, reason=absence.reason.strip(), created_by_id=actor.id,
        created_at=now,
    )  # fmt: skip
    session.add(made)
    flush(session)
    _note(session, made, "delegation.given", f"{to.name} decides for {giver.name} in {team.name}, {_days(made)}",
          actor=actor, now=now)  # fmt: skip
    text = f"You decide for {giver.name} in {team.name}, {_days(made)}: {made.reason}"
    notify(session, [to.id], "delegation.given", made, text=text, now=now)
    return made


def end(session: Session, found: Delegation, *, actor: User, now: datetime) -> None:
    """End it now; the decisions that were given stay. Raises TransitionNotAllowed when it is over already."""
    _may_change(found.from_user, actor)
    hold_person(session, found.from_user)
    session.refresh(found)
    if found.ended_at is not None or found.ends_at <= now:
        raise TransitionNotAllowed("This is over already.")
    found.ended_at = now
    flush(session)
    said = f"{found.to_user.name} no longer decides for {found.from_user.name} in {found.team.name}"
    _note(session, found, "delegation.ended", said, actor=actor, now=now)
    text = f"You no longer decide for {found.from_user.name} in {found.team.name}."
    notify(session, [found.to_user_id], "delegation.ended", found, text=text, now=now)


def get_delegation(session: Session, giver: User, delegation_id: int) -> Delegation:
    """Raises NotFound, also for what somebody else has handed on."""
    mine = select(Delegation).where(Delegation.id == delegation_id, Delegation.from_user_id == giver.id)
    found = session.scalar(mine)
    if found is None:
        raise NotFound("Nothing of this kind was handed on.")
    return found


def given_by(session: Session, giver: User, *, now: datetime) -> list[Delegation]:
    """What this person has handed on: under way, to come, and over for less than a month."""
    return list(
        session.scalars(
            select(Delegation)
            .where(Delegation.from_user_id == giver.id, Delegation.ends_at > now - KEPT_IN_SIGHT)
            .order_by(Delegation.starts_at.desc(), Delegation.id.desc())
            .options(joinedload(Delegation.to_user).lazyload("*"), joinedload(Delegation.team).lazyload("*"))
        )
    )


def candidates(session: Session, giver: User, team: Team | None = None) -> list[User]:
    """Who could decide in this person's place: the active people of the desks their teams (or this one) clear for, and
    of all teams that clear there."""
    teams = [m.team for m in giver.team_memberships] if team is None else [team]
    desks = {desk.id for served in teams for desk in served.desks}
    if not desks:
        return []
    on_desks = select(DeskMembership.user_id).where(DeskMembership.desk_id.in_(desks))
    in_teams = (
        select(TeamMembership.user_id)
        .join(team_desks, team_desks.c.team_id == TeamMembership.team_id)
        .where(team_desks.c.desk_id.in_(desks))
    )
    return list(
        session.scalars(
            select(User)
            .where(or_(User.id.in_(on_desks), User.id.in_(in_teams)), User.is_active, User.id != giver.id)
            .order_by(func.lower(User.name), User.id)
        )
    )


def _may_change(giver: User, actor: User) -> None:
    if actor.id != giver.id:
        require(can_manage_people(actor), "Only this person and administrators can hand on their decisions.")
    if not actor.is_active:
        raise PermissionDenied("You are no longer active here.")


def _span(absence: Absence, zone: str, *, now: datetime) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last. Raises InvalidInput at the day that is wrong."""
    first, last = _day(absence.first_day, "first_day"), _day(absence.last_day, "last_day")
    today = wall_of(now, zone).date()
    if last < first:
        raise _wrong("last_day", "The last day is before the first. Swap them.")
    if last < today:
        raise _wrong("last_day", "The last day is over already. Choose today or later.")
    if last - first > LONGEST:
        raise _wrong("last_day", "Choose at most a year. Somebody away for longer leaves the team.")
    begins = resolve(datetime.combine(first, time()), zone).due_at
    return begins, resolve(datetime.combine(last + timedelta(days=1), time()), zone).due_at


def _day(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        found = date.min
    if not 2000 <= found.year <= 9000:
        raise _wrong(field, "Write a day like 2026-12-24.")
    return found


def _problems(
    session: Session,
    giver: User,
    absence: Absence,
    team: Team | None,
    to: User | None,
    span: tuple[datetime, datetime],
) -> dict[str, str]:
    problems = {}
    reason = absence.reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        problems["reason"] = f"Say why, in up to {LONGEST_REASON} characters, such as: on holiday."
    if team is None:
        problems["team"] = f"{giver.name} is not in this team. Only one’s own teams can be handed on."
    if to is None:
        problems["to"] = "Choose somebody of the desks this team clears for."
    if to is not None and team is not None and _overlaps(session, giver, absence, span):
        problems["first_day"] = f"{to.name} has this team for some of these days already."
    return problems


def _overlaps(session: Session, giver: User, absence: Absence, span: tuple[datetime, datetime]) -> bool:
    """Whether the same is handed to the same person on some of these days already."""
    same = select(Delegation.id).where(
        Delegation.from_user_id == giver.id,
        Delegation.to_user_id == absence.to_user_id,
        Delegation.team_id == absence.team_id,
        Delegation.ended_at.is_(None),
        Delegation.starts_at < span[1],
        Delegation.ends_at > span[0],
    )
    return session.scalar(same.limit(1)) is not None


def _wrong(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {field: sentence})


def _days(found: Delegation) -> str:
    if found.first_day == found.last_day:
        return f"on {found.first_day}"
    return f"from {found.first_day} to {found.last_day}"


def _note(
    session: Session, found: Delegation, verb: str, summary: str, *, actor: User, now: datetime
) -> None:
    audit.record(
        session, verb, found, actor=actor, now=now, summary=summary,
        details={
            "from_user_id": found.from_user_id, "to_user_id": found.to_user_id, "team_id": found.team_id,
            "first_day": found.first_day, "last_day": found.last_day, "zone": found.zone, "reason": found.reason,
        },
    )  # fmt: skip
