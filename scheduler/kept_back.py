"""What was kept back past its time, looked at again: one statement for each kind of question, for however many."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.fact import Fact, FactUse
from content_library.models.feed import LinkCheck
from content_library.models.format import Format, Tone
from content_library.models.post import Post, PostState, Rendition
from content_library.models.review import Approval
from scheduler import openings, stops
from scheduler.models import Hold, HoldScope, Publication, PublicationState
from scheduler.openings import Openings
from scheduler.publication_flow import SET_ASIDE

MOST = 2000  # what a desk sorts out at once
OVER = (PostState.ARCHIVED, PostState.REFUSED, PostState.EXPIRED)


class Choice(StrEnum):
    RESUME = "resume"  # at another time
    BACK = "back"  # to its author
    LET_BE = "let_be"  # it does not go out
    LEAVE = "leave"  # nothing yet


@dataclass(frozen=True)
class Kept:
    """One publication that was kept back, and what is suggested. `why` says what stands against its going out."""

    id: int
    version: int
    account_id: int
    least_gap_s: int
    due_at: datetime
    ends_at: datetime | None
    in_silence: bool  # a service notice: windows and quiet hours do not count
    revision_id: int | None  # what it would go out with
    choice: Choice
    why: str = ""
    at: datetime | None = None


def waiting(desk_id: int) -> Select[Any]:
    """The ids of what a person has to decide about."""
    return select(Publication.id).where(
        Publication.desk_id == desk_id,
        Publication.state == PublicationState.MISSED,
        Publication.reason.not_in(SET_ASIDE),
    )


def count(session: Session, desk_id: int) -> int:
    return session.scalar(select(func.count()).select_from(waiting(desk_id).subquery())) or 0


def look(session: Session, desk: Desk, *, now: datetime, free: Openings | None = None) -> list[Kept]:
    """Everything of a desk that was kept back, in the order of its times, each with a suggestion.

    Times that are suggested keep apart from one another and from all that is planned.
    """
    rows = session.execute(_rows(desk.id)).all()
    if not rows:
        return []
    answers = _Answers(session, desk, now=now)
    free = free or openings.read(session, desk, now=now)
    cursors: dict[int, datetime] = {}
    return [_with_time(_judged(row, answers), free, cursors) for row in rows]


def _rows(desk_id: int) -> Select[Any]:
    query = select(
        Publication.id, Publication.version, Publication.account_id, Publication.post_id, Publication.due_at,
        Publication.ends_at, Publication.run_id, Account.least_gap_s, Account.state.label("account_state"),
        Account.handle, Post.state.label("post_state"), Format.kind, Format.tone,
    ).join(Account, Account.id == Publication.account_id)  # fmt: skip
    kept: Select[Any] = stops.with_kind(query).where(Publication.id.in_(waiting(desk_id)))
    return kept.order_by(Publication.due_at, Publication.id).limit(MOST)


def _judged(row: Row[Any], answers: "_Answers") -> Kept:
    choice, why = _verdict(row, answers)
    return Kept(
        id=row.id, version=row.version, account_id=row.account_id, least_gap_s=row.least_gap_s, due_at=row.due_at,
        ends_at=row.ends_at, in_silence=row.tone is Tone.SERVICE, revision_id=answers.approved.get(row.id),
        choice=choice, why=why,
    )  # fmt: skip


def _verdict(row: Row[Any], answers: "_Answers") -> tuple[Choice, str]:
    if row.ends_at is not None and row.ends_at <= answers.now:
        return Choice.LET_BE, "Its offer or day is over."
    if row.id in answers.anew:
        return Choice.LET_BE, "It was planned anew meanwhile."
    if row.post_state in OVER:
        return Choice.LET_BE, f"Its post is {row.post_state.value}."
    if row.id in answers.outdated and row.id not in answers.approved:
        return Choice.BACK, f"The fact “{answers.outdated[row.id]}” has changed."
    if row.id not in answers.approved:
        return Choice.BACK, "No approval covers it any more."
    if row.id in answers.dead:
        return Choice.BACK, f"A link does not work: {answers.dead[row.id]}"
    return _account_verdict(row, answers)


def _account_verdict(row: Row[Any], answers: "_Answers") -> tuple[Choice, str]:
    if row.account_state is AccountState.CLOSED:
        return Choice.LET_BE, f"{row.handle} is out of use."
    if row.account_state is not AccountState.ACTIVE:
        return Choice.LEAVE, f"{row.handle} has to be connected first."
    stop = next((h for h in answers.stops if _stops(h, row)), None)
    return (Choice.RESUME, "") if stop is None else (Choice.LEAVE, f"Stopped: {stop.reason}")


def _stops(stop: Hold, row: Row[Any]) -> bool:
    if stop.scope is HoldScope.ACCOUNT:
        return bool(stop.account_id == row.account_id)
    return bool(stop.scope is not HoldScope.KIND or stop.kind is row.kind)


def _with_time(kept: Kept, free: Openings, cursors: dict[int, datetime]) -> Kept:
    """Its own time where that is still ahead, else the next that fits; over where nothing fits before its end."""
    if kept.choice is not Choice.RESUME:
        return kept
    after = cursors.get(kept.account_id, free.now + openings.AHEAD)
    spacing = openings.apart(kept.least_gap_s)
    found = free.next(
        kept.account_id, apart=spacing, after=max(after, kept.due_at), like=kept.due_at, in_silence=kept.in_silence
    )  # fmt: skip
    if kept.ends_at is not None and found >= kept.ends_at:
        return replace(kept, choice=Choice.LET_BE, why="Nothing is free before its offer or day is over.")
    free.take(kept.account_id, found)
    cursors[kept.account_id] = found
    return replace(kept, at=found)


class _Answers:
    """The answers to every question, by publication."""

    def __init__(self, session: Session, desk: Desk, *, now: datetime) -> None:
        ids = waiting(desk.id)
        self.now = now
        self.approved = _approved(session, ids, now=now)
        self.outdated = _outdated(session, ids)
        self.dead = _dead_links(session, ids)
        self.anew = _planned_anew(session, ids)
        self.stops = stops.in_force(session, desk.id)


def _approved(session: Session, ids: Select[Any], *, now: datetime) -> dict[int, int]:
    """The newest revision that is approved for exactly its account, by publication."""
    rows = session.execute(
        select(Publication.id, func.max(Approval.revision_id))
        .join(Approval, Approval.post_id == Publication.post_id)
        .join(
            Rendition,
            (Rendition.revision_id == Approval.revision_id)
            & (Rendition.account_id == Publication.account_id),
        )
        .where(
            Publication.id.in_(ids),
            Approval.withdrawn_at.is_(None),
            or_(Approval.valid_until.is_(None), Approval.valid_until > now),
        )
        .group_by(Publication.id)
    )
    return {row[0]: row[1] for row in rows}


def _outdated(session: Session, ids: Select[Any]) -> dict[int, str]:
    rows = session.execute(
        select(Publication.id, func.min(Fact.name))
        .join(FactUse, FactUse.revision_id == Publication.revision_id)
        .join(Fact, Fact.id == FactUse.fact_id)
        .where(Publication.id.in_(ids), FactUse.number < Fact.latest_number)
        .group_by(Publication.id)
    )
    return {row[0]: row[1] for row in rows}


def _dead_links(session: Session, ids: Select[Any]) -> dict[int, str]:
    dead = set(session.scalars(select(LinkCheck.url).where(LinkCheck.is_ok.is_(False))))
    if not dead:
        return {}
    rows = session.execute(
        select(Publication.id, Rendition.payload)
        .join(Rendition, Rendition.id == Publication.rendition_id)
        .where(Publication.id.in_(ids))
    )
    found = {row.id: next((u for u in _links(row.payload) if u in dead), "") for row in rows}
    return {publication_id: url for publication_id, url in found.items() if url}


def _links(payload: str) -> Sequence[str]:
    document: Mapping[str, Any] = json.loads(payload)
    return list(document["links"])


def _planned_anew(session: Session, ids: Select[Any]) -> set[int]:
    """Those whose place in their run another publication has taken."""
    other = aliased(Publication)
    over = (PublicationState.CANCELLED, PublicationState.EXPIRED, PublicationState.MISSED)
    rows = session.scalars(
        select(Publication.id)
        .join(other, (other.run_id == Publication.run_id) & (other.account_id == Publication.account_id))
        .where(Publication.id.in_(ids), other.id != Publication.id, other.state.not_in(over))
    )
    return set(rows)
