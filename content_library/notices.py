"""Writing what people are told: one notice each, never the same twice. The mail is made from these later."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from content_library.models.notice import Notice
from content_library.models.user import DeskMembership, DeskRole, TeamMembership, User


def notify(
    session: Session,
    people: Iterable[int],
    kind: str,
    subject: Any,
    *,
    text: str,
    now: datetime,
    stage: str = "",
) -> None:
    """Tell each person once about `subject`; a notice that is there already (kind, subject, stage) stays as it is."""
    type_, id_ = type(subject).__name__.lower(), int(subject.id)
    told = set(
        session.scalars(
            select(Notice.user_id).where(
                Notice.kind == kind,
                Notice.subject_type == type_,
                Notice.subject_id == id_,
                Notice.stage == stage,
            )
        )
    )
    rows: list[dict[str, Any]] = [
        {
            "user_id": person,
            "desk_id": getattr(subject, "desk_id", None),
            "kind": kind,
            "subject_type": type_,
            "subject_id": id_,
            "stage": stage,
            "text": text,
            "details": {},
            "created_at": now,
        }
        for person in sorted(set(people) - told)
    ]
    if rows:
        session.execute(insert(Notice), rows)


def reviewers_of(session: Session, team_id: int, *, but: Iterable[int] = ()) -> list[int]:
    """The active people of a team, without those who may not decide."""
    return list(
        session.scalars(
            select(TeamMembership.user_id)
            .join(User, User.id == TeamMembership.user_id)
            .where(TeamMembership.team_id == team_id, User.is_active, User.id.not_in(list(but)))
        )
    )


def leads_of(session: Session, desk_id: int) -> list[int]:
    """The active leads of a desk."""
    return list(
        session.scalars(
            select(DeskMembership.user_id)
            .join(User, User.id == DeskMembership.user_id)
            .where(DeskMembership.desk_id == desk_id, DeskMembership.role == DeskRole.LEAD, User.is_active)
        )
    )
