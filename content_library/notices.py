"""What people are told: one notice each, never the same twice, and gone when it no longer matters.

The mail is made from these later (`content_library.notifications`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content_library.errors import NotFound
from content_library.models.notice import Notice
from content_library.models.user import DeskMembership, DeskRole, TeamMembership, User
from content_library.paging import Paged, nearest_page

MOST_COUNTED = 100
ABOUT_A_REVIEW = ("review.open", "review.reminder", "review.overdue", "review.answered")
"""What a team is told of a review. People outside are told nothing else."""


@dataclass(frozen=True)
class NoticePage(Paged):
    notices: list[Notice]


def notify(
    session: Session,
    people: Iterable[int],
    kind: str,
    subject: Any,
    *,
    text: str,
    now: datetime,
    stage: str = "",
    desk_id: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Tell each person once about `subject`; a notice that is there already (kind, subject, stage) stays as it is.

    `details` is what the mail says beside the text: `post_id`, `quote` (somebody's words), `wanted_at` (ISO).
    """
    told = _inside(session, people) if kind not in ABOUT_A_REVIEW else set(people)
    rows: list[dict[str, Any]] = [
        {
            "user_id": person,
            "desk_id": desk_id if desk_id is not None else getattr(subject, "desk_id", None),
            "kind": kind,
            "subject_type": type(subject).__name__.lower(),
            "subject_id": int(subject.id),
            "stage": stage,
            "text": text,
            "details": dict(details or {}),
            "created_at": now,
        }
        for person in sorted(told)
    ]
    if rows:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(dialect.insert(Notice).values(rows).on_conflict_do_nothing())


def _inside(session: Session, people: Iterable[int]) -> set[int]:
    wanted = set(people)
    if not wanted:
        return wanted
    return wanted - set(session.scalars(select(User.id).where(User.id.in_(wanted), User.is_external)))


OF_AN_OPEN_REVIEW = ("review.open", "review.nobody", "review.reminder", "review.overdue", "review.answered")

SENT_BACK = ("post.sent_back", "post.expired", "post.taken_back")


def over(
    session: Session,
    kinds: str | Sequence[str],
    subjects: Sequence[Any],
    *,
    now: datetime,
    person: User | None = None,
) -> None:
    """What people (or one person) were told about these needs nobody any more: it counts as read, and no mail
    follows."""
    if subjects:
        session.execute(
            update(Notice)
            .where(
                Notice.subject_type == type(subjects[0]).__name__.lower(),
                Notice.subject_id.in_([s.id for s in subjects]),
                Notice.kind.in_([kinds] if isinstance(kinds, str) else kinds),
                Notice.read_at.is_(None),
                *([Notice.user_id == person.id] if person else []),
            )
            .values(read_at=now),
            execution_options={"synchronize_session": False},
        )


def unread_count(session: Session, person: User) -> int:
    """How many notices this person has not read, counted up to MOST_COUNTED."""
    some = select(Notice.id).where(Notice.user_id == person.id, Notice.read_at.is_(None)).limit(MOST_COUNTED)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def unread_of(session: Session, person: User, kind: str, *, desk_id: int, most: int = 10) -> list[Notice]:
    """The unread notices of one kind about one desk, the newest first."""
    return list(
        session.scalars(
            select(Notice)
            .where(
                Notice.user_id == person.id,
                Notice.read_at.is_(None),
                Notice.kind == kind,
                Notice.desk_id == desk_id,
            )
            .order_by(Notice.created_at.desc(), Notice.id.desc())
            .limit(most)
        )
    )


def notices_of(
    session: Session, person: User, *, unread: bool = False, page: int = 1, per_page: int = 30
) -> NoticePage:
    """A page of what this person was told, the newest first."""
    conditions = [Notice.user_id == person.id, *([Notice.read_at.is_(None)] if unread else [])]
    total = session.scalar(select(func.count()).select_from(Notice).where(*conditions)) or 0
    page = nearest_page(page, total, per_page)
    found = session.scalars(
        select(Notice)
        .where(*conditions)
        .order_by(Notice.created_at.desc(), Notice.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return NoticePage(total, page, per_page, list(found))


def mark_one_read(session: Session, notice_id: int, *, actor: User, now: datetime) -> None:
    """Raises NotFound, also for somebody else's."""
    notice = session.scalar(select(Notice).where(Notice.id == notice_id, Notice.user_id == actor.id))
    if notice is None:
        raise NotFound("There is no such notice for you.")
    notice.read_at = notice.read_at or now


def mark_read(session: Session, *, actor: User, now: datetime, up_to: int) -> None:
    """Everything this person was told up to the notice `up_to` counts as read: what came since stays new."""
    session.execute(
        update(Notice)
        .where(Notice.user_id == actor.id, Notice.read_at.is_(None), Notice.id <= up_to)
        .values(read_at=now),
        execution_options={"synchronize_session": False},
    )


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
