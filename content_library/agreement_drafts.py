"""What a version of an agreement is to say, as a person fills it in, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.account import Account
from content_library.models.desk import Desk, Team
from content_library.models.format import Format
from content_library.models.topic import Topic
from content_library.wall_time import parse_wall, resolve

LONGEST_TEXT = 10_000
MOST_CLAUSES = 12
MOST_WORDS = 500
LONGEST = timedelta(days=731)
"""Two years: nobody remembers after that what was meant."""


@dataclass(frozen=True)
class ClauseTerms:
    """§: formats by key; empty `accounts` or `topics` mean every one of the desk; `sample_percent` from 0 to 100."""

    formats: Sequence[str]
    accounts: Sequence[int] = ()
    topics: Sequence[int] = ()
    sample_percent: int = 10


@dataclass(frozen=True)
class VersionTerms:
    """What a version is to say. Days are days in the team's zone; `ends_on` is the last one. `why` it is changed."""

    clauses: Sequence[ClauseTerms]
    starts_on: date
    review_on: date
    ends_on: date
    text: str = ""
    excluded_words: Sequence[str] = ()
    turnaround_h: int | None = None
    why: str = ""


def problems_of(
    session: Session, desk: Desk, team: Team, terms: VersionTerms, *, is_change: bool, now: datetime
) -> dict[str, str]:
    """Field → sentence of what keeps this from being proposed; empty when nothing does."""
    problems = _day_problems(terms, team, now) | _clause_problems(session, desk, terms.clauses)
    if all(served.id != desk.id for served in team.desks):
        problems["team"] = f"{team.name} does not clear for {desk.name}. An administrator can change that."
    if len(terms.text) > LONGEST_TEXT:
        problems["text"] = f"Keep it under {LONGEST_TEXT} characters."
    if len(terms.excluded_words) > MOST_WORDS:
        problems["excluded_words"] = f"Keep it to {MOST_WORDS} words."
    if terms.turnaround_h is not None and not 1 <= terms.turnaround_h <= 200:
        problems["turnaround_h"] = "Write a number of working hours from 1 to 200, or leave it empty."
    if is_change and not terms.why.strip():
        problems["why"] = "Say why it is made narrower or wider. The other side reads it."
    return problems


def _day_problems(terms: VersionTerms, team: Team, now: datetime) -> dict[str, str]:
    problems = {}
    if midnight(terms.starts_on + timedelta(days=1), team.zone) <= now:
        problems["starts_on"] = "An agreement cannot begin in the past. Choose today or later."
    if terms.ends_on < terms.starts_on:
        problems["ends_on"] = "The last day is before the first."
    elif terms.ends_on - terms.starts_on > LONGEST:
        problems["ends_on"] = "An agreement lasts two years at most. Choose an earlier last day."
    if not terms.starts_on <= terms.review_on <= terms.ends_on:
        problems["review_on"] = "Look at it again on a day between the first and the last."
    return problems


def _clause_problems(session: Session, desk: Desk, clauses: Sequence[ClauseTerms]) -> dict[str, str]:
    if not 1 <= len(clauses) <= MOST_CLAUSES:
        return {"clauses": f"Write from one to {MOST_CLAUSES} clauses."}
    known: dict[str, set[Any]] = {
        "formats": set(session.scalars(select(Format.key).where(Format.is_active))),
        "accounts": set(session.scalars(select(Account.id).where(Account.desk_id == desk.id))),
        "topics": set(session.scalars(select(Topic.id).where(Topic.desk_id == desk.id))),
    }
    problems: dict[str, str] = {}
    for number, clause in enumerate(clauses, start=1):
        problems |= _one_clause(number, clause, known)
    return problems


def _one_clause(number: int, clause: ClauseTerms, known: Mapping[str, set[Any]]) -> dict[str, str]:
    problems = {}
    if not clause.formats:
        problems["clauses"] = f"§{number}: choose at least one format."
    for what, ids in (
        ("formats", clause.formats),
        ("accounts", clause.accounts),
        ("topics", clause.topics),
    ):
        if not set(ids) <= known[what]:
            problems["clauses"] = f"§{number}: some of these {what} are not on this desk any more."
    if not 0 <= clause.sample_percent <= 100:
        problems["clauses"] = f"§{number}: the share that is looked at afterwards is from 0 to 100 percent."
    return problems


def midnight(day: date, zone: str) -> datetime:
    """The instant at which a day begins in a zone."""
    return resolve(parse_wall(f"{day.isoformat()}T00:00"), zone).due_at
