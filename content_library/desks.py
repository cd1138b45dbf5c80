"""Desks and teams as administrators change them: names, hours, which teams clear for which desk, solo mode."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from slugify import slugify
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import audit, checklists, review_clocks
from content_library.clearance import cleared_alone, drop_all, drop_unsupported, resting_on_team
from content_library.errors import InvalidInput, NotFound
from content_library.models.desk import Desk, Team
from content_library.models.review import Review
from content_library.models.user import TeamMembership, User
from content_library.permissions import can_manage_desk, can_manage_people, require
from content_library.transitions import flush
from content_library.wall_time import zone as known_zone
from content_library.web_addresses import FetchError, parse_target
from content_library.working_hours import interval, week_of

ONLY_ADMINISTRATORS = "Only administrators can change desks and teams."
_LENGTHS = {"name": 80, "about": 500, "website": 500}
_TIME = re.compile(r"[0-2][0-9]:[0-5][0-9]")


def desks(session: Session) -> list[Desk]:
    return list(session.scalars(select(Desk).order_by(func.lower(Desk.name), Desk.id)))


def get_desk(session: Session, handle: str) -> Desk:
    """Raises NotFound."""
    found = session.scalar(select(Desk).where(Desk.handle == handle))
    if found is None:
        raise NotFound("There is no such desk.")
    return found


def teams(session: Session) -> list[Team]:
    return list(session.scalars(select(Team).order_by(Team.id)))


def get_team(session: Session, team_id: int) -> Team:
    """Raises NotFound."""
    found = session.get(Team, team_id)
    if found is None:
        raise NotFound("There is no such team.")
    return found


def people_of(session: Session) -> dict[int, list[User]]:
    """The active people of each team, by the team's id."""
    found: dict[int, list[User]] = {}
    rows = session.execute(
        select(TeamMembership.team_id, User)
        .join(User, User.id == TeamMembership.user_id)
        .where(User.is_active)
        .order_by(func.lower(User.name))
    )
    for team_id, user in rows:
        found.setdefault(team_id, []).append(user)
    return found


def change_desk(
    session: Session,
    desk: Desk,
    *,
    name: str,
    zone: str,
    about: str,
    website: str,
    opens: str,
    closes: str,
    actor: User,
    now: datetime,
) -> None:
    """Change what a desk is called, where it is and when it is there. Raises InvalidInput by field."""
    require(can_manage_desk(actor, desk.id), "Only this desk’s leads and administrators can change it.")
    after = {"name": name.strip(), "zone": zone, "about": about.strip(), "website": website.strip(),
             "opens": opens, "closes": closes}  # fmt: skip
    problems = _problems(after)
    if problems:
        raise InvalidInput("The desk was not changed.", problems)
    known_zone(zone)
    before = {key: getattr(desk, key) for key in after}
    if before == after:
        return
    for key, value in after.items():
        setattr(desk, key, value)
    flush(session)
    _note(
        session, desk, "desk.changed", f"Changed the desk “{desk.name}”", before, after, actor=actor, now=now
    )


def set_teams(session: Session, desk: Desk, team_ids: Collection[int], *, actor: User, now: datetime) -> int:
    """Which teams clear for a desk. What rests on one that stops is uncleared; returns how many posts."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    chosen = _teams(session, team_ids)
    before, after = {t.id: t.name for t in desk.teams}, {t.id: t.name for t in chosen}
    if before == after:
        return 0
    desk.teams = chosen
    flush(session)
    said = f"Teams of “{desk.name}”: {', '.join(after.values()) or 'none'}"
    _note(session, desk, "desk.teams_changed", said, sorted(before), sorted(after), actor=actor, now=now)
    return sum(
        _stop_serving(session, session.get_one(Team, team_id), [desk], actor=actor, now=now)
        for team_id in sorted(set(before) - set(after))
    )


def set_link_tags(
    session: Session, desk: Desk, *, tags_links: bool, medium: str, actor: User, now: datetime
) -> None:
    """Whether new posts add UTM parameters to their links, and with which `utm_medium`. Raises InvalidInput."""
    require(can_manage_desk(actor, desk.id), "Only this desk’s leads and administrators can change it.")
    medium = medium.strip()
    after = {"tags_links": tags_links, "utm_medium": medium}
    if not re.fullmatch(r"[\w.~-]+", medium):
        sentence = "Write one word without spaces, such as social."
        raise InvalidInput(sentence, {"medium": sentence})
    before = {key: getattr(desk, key) for key in after}
    if before == after:
        return
    desk.tags_links, desk.utm_medium = tags_links, medium
    flush(session)
    said = f"Links of new posts of “{desk.name}” {'tell' if tags_links else 'do not tell'} where readers came from"
    _note(session, desk, "desk.link_tags_changed", said, before, after, actor=actor, now=now)


def set_solo(session: Session, desk: Desk, *, solo: bool, actor: User, now: datetime) -> int:
    """Whether people of this desk may clear their own posts.

    Switching it off ends the approvals that one person gave alone; returns how many.
    """
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    if desk.solo == solo:
        return 0
    desk.solo = solo
    flush(session)
    said = f"Solo mode of “{desk.name}” is {'on: people may clear their own posts' if solo else 'off'}"
    _note(session, desk, "desk.solo_changed", said, not solo, solo, actor=actor, now=now)
    if solo:
        return 0
    why = "solo mode is off, so somebody else has to look at it."
    return drop_all(session, cleared_alone(session, desk.id), actor=actor, now=now, why=why)


def add_team(session: Session, name: str, desk_ids: Collection[int], *, actor: User, now: datetime) -> Team:
    """A reviewing department. Raises InvalidInput when there is one by that name."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    name = _team_name(session, name)
    team = Team(key=_free_key(session, name), name=name, created_at=now, desks=_desks(session, desk_ids))
    session.add(team)
    flush(session)
    audit.record(session, "team.added", team, actor=actor, now=now, summary=f"Added the team {name}")
    return team


def change_team(
    session: Session, team: Team, *, name: str, desk_ids: Collection[int], actor: User, now: datetime
) -> int:
    """Rename a team and choose the desks it serves; returns how many posts lost their clearance."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    name = _team_name(session, name, but=team)
    chosen = _desks(session, desk_ids)
    before = {"name": team.name, "desks": sorted(desk.id for desk in team.desks)}
    after = {"name": name, "desks": sorted(desk.id for desk in chosen)}
    if before == after:
        return 0
    left = [desk for desk in team.desks if desk not in chosen]
    team.name, team.desks = name, chosen
    flush(session)
    _note(session, team, "team.changed", f"Changed the team {name}", before, after, actor=actor, now=now)
    return _stop_serving(session, team, left, actor=actor, now=now) if left else 0


def change_team_hours(
    session: Session,
    team: Team,
    *,
    zone: str,
    hours: Sequence[Sequence[Sequence[str]]],
    holidays: Sequence[str],
    turnaround_h: int,
    actor: User,
    now: datetime,
) -> None:
    """When a team works (seven days from Monday on, each with its [begins, ends]) and how fast it answers.

    What its open reviews have used up stays; what is left is counted in the new hours. Raises InvalidInput by field.
    """
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    wanted = {
        "zone": zone,
        "hours": _checked_hours(hours),
        "holidays": _checked_days(holidays),
        "turnaround_h": turnaround_h,
    }
    known_zone(zone)
    if not 1 <= turnaround_h <= 200:
        sentence = "Write a number of working hours from 1 to 200."
        raise InvalidInput(sentence, {"turnaround_h": sentence})
    before = {key: getattr(team, key) for key in wanted}
    if before == wanted:
        return
    running = session.scalars(
        select(Review)
        .where(Review.team_id == team.id, Review.running_since.is_not(None))
        .with_for_update(of=Review)
    ).all()
    for review in running:
        review_clocks.stop(review, now=now)
    for key, value in wanted.items():
        setattr(team, key, value)
    for review in running:
        review_clocks.start(review, now=now)
    flush(session)
    said = f"Changed when {team.name} works"
    _note(session, team, "team.hours_changed", said, before, wanted, actor=actor, now=now)


def change_checklist(
    session: Session, team: Team, lines: Sequence[str], *, actor: User, now: datetime
) -> None:
    """What the people of a team confirm when they approve, a sentence a line; none: nothing. Raises InvalidInput."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    before, after = team.checklist, checklists.checked_list(lines)
    if before == after:
        return
    team.checklist = after
    flush(session)
    said = f"Changed the checklist of {team.name}"
    _note(session, team, "team.checklist_changed", said, before, after, actor=actor, now=now)


def _checked_hours(hours: Sequence[Sequence[Sequence[str]]]) -> list[list[list[str]]]:
    """Raises InvalidInput at `hours` for what is no time of day, runs into another, or is never."""
    week = week_of([[interval(begins, ends) for begins, ends in day] for day in hours])
    if not any(week):
        sentence = "A team that never works never answers. Write its hours on at least one day."
        raise InvalidInput(sentence, {"hours": sentence})
    return [[[begins.strip(), ends.strip()] for begins, ends in day] for day in hours]


def _checked_days(days: Sequence[str]) -> list[str]:
    for day in days:
        try:
            date.fromisoformat(day)
        except ValueError as wrong:
            sentence = f"“{day}” is not a day. Write it like 2026-12-25."
            raise InvalidInput(sentence, {"holidays": sentence}) from wrong
    return sorted(set(days))


def _stop_serving(session: Session, team: Team, left: Sequence[Desk], *, actor: User, now: datetime) -> int:
    session.refresh(team, ["desks"])
    resting = resting_on_team(session, team.id, [desk.id for desk in left])
    why = f"{team.name} no longer clears for {', '.join(desk.name for desk in left)}."
    return drop_unsupported(session, resting, actor=actor, now=now, why=why)


def _problems(about: Mapping[str, str]) -> dict[str, str]:
    problems = {
        key: f"Keep it under {longest} characters."
        for key, longest in _LENGTHS.items()
        if len(about[key]) > longest
    }
    if not about["name"]:
        problems["name"] = "Give the desk a name."
    if about["website"] and not _is_address(about["website"]):
        problems["website"] = "Write a whole address such as https://www.example.com."
    for key in ("opens", "closes"):
        if not _is_time(about[key]):
            problems[key] = "Write a time such as 09:00."
    if not problems and about["opens"] >= about["closes"]:
        problems["closes"] = "The desk has to close after it opens."
    return problems


def _is_address(text: str) -> bool:
    try:
        parse_target(text)
    except FetchError:
        return False
    return True


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return True


def _team_name(session: Session, name: str, *, but: Team | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 60:
        sentence = "Give the team a name of up to 60 characters."
        raise InvalidInput(sentence, {"name": sentence})
    known = session.scalar(select(Team).where(func.lower(Team.name) == name.lower()))
    if known is not None and known is not but:
        sentence = f"There is a team called {known.name} already."
        raise InvalidInput(sentence, {"name": sentence})
    return name


def _free_key(session: Session, name: str) -> str:
    base = slugify(name, separator="_")[:24] or "team"
    taken = set(session.scalars(select(Team.key).where(Team.key.startswith(base))))
    return next(key for n in range(1, 1_000) if (key := base if n == 1 else f"{base}_{n}") not in taken)


def _teams(session: Session, ids: Collection[int]) -> list[Team]:
    return list(session.scalars(select(Team).where(Team.id.in_(list(ids))).order_by(Team.id)))


def _desks(session: Session, ids: Collection[int]) -> list[Desk]:
    return list(session.scalars(select(Desk).where(Desk.id.in_(list(ids))).order_by(Desk.id)))


def _note(
    session: Session,
    subject: Any,
    verb: str,
    summary: str,
    before: Any,
    after: Any,
    *,
    actor: User,
    now: datetime,
) -> None:
    desk_id = subject.id if isinstance(subject, Desk) else None
    audit.record(
        session, verb, subject, actor=actor, now=now, desk_id=desk_id, summary=summary,
        details={"before": before, "after": after},
    )  # fmt: skip
