"""Reading the plan: what goes out when, for the calendar, Today, a post's page and the library."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.format import Kind
from content_library.models.post import Post
from content_library.wall_time import resolve, wall_of
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import WORDS

NEEDS_PERSON = (
    PublicationState.NEEDS_PERSON,
    PublicationState.FAILED,
    PublicationState.MISSED,
    PublicationState.HELD,
)
OPEN = (
    PublicationState.PLANNED, PublicationState.CLAIMED, PublicationState.SENDING, PublicationState.UNKNOWN,
    PublicationState.BLOCKED, PublicationState.HELD,
)  # fmt: skip


@dataclass(frozen=True)
class Card:
    """One publication as the calendar and Today show it. `word` is one of the five people see."""

    id: int
    post_id: int
    title: str
    excerpt: str
    kind: Kind
    account: str
    network: str
    state: PublicationState
    word: str
    reason: str
    explanation: str
    wall: str
    zone: str
    due_at: datetime
    published_at: datetime | None
    url: str
    version: int
    taken_down_at: datetime | None

    @property
    def is_movable(self) -> bool:
        return self.state in (
            PublicationState.PLANNED, PublicationState.BLOCKED, PublicationState.HELD, PublicationState.MISSED,
        )  # fmt: skip


@dataclass(frozen=True)
class AgendaFilter:
    account_id: int | None = None
    kind: Kind | None = None
    word: str = ""
    query: str = ""


def between(
    session: Session, desk_id: int, starts_at: datetime, ends_at: datetime, wanted: AgendaFilter | None = None,
    *, most: int = 500,
) -> list[Card]:  # fmt: skip
    """The publications due in a span of time, in order; at most `most`."""
    conditions = [Publication.due_at >= starts_at, Publication.due_at < ends_at]
    return _cards(session, desk_id, conditions, wanted or AgendaFilter(), most)


def _cards(
    session: Session, desk_id: int, conditions: Sequence[object], wanted: AgendaFilter, most: int
) -> list[Card]:
    query = (
        select(Publication, Post, Account)
        .join(Post, Post.id == Publication.post_id)
        .join(Account, Account.id == Publication.account_id)
        .where(Publication.desk_id == desk_id, *conditions)  # type: ignore[arg-type]
        .order_by(Publication.due_at, Publication.id)
        .limit(most)
    )
    if wanted.account_id:
        query = query.where(Publication.account_id == wanted.account_id)
    if wanted.kind:
        query = query.where(Post.kind == wanted.kind)
    if wanted.word:
        states = [state for state, word in WORDS.items() if word == wanted.word]
        query = query.where(Publication.state.in_(states))
    if wanted.query:
        query = query.where(Post.title.icontains(wanted.query, autoescape=True))
    return [_card(p, post, account) for p, post, account in session.execute(query)]


def _card(publication: Publication, post: Post, account: Account) -> Card:
    return Card(
        id=publication.id,
        post_id=post.id,
        title=post.title,
        excerpt=post.excerpt,
        kind=post.kind,
        account=account.handle,
        network=account.network,
        state=publication.state,
        word=WORDS[publication.state],
        reason=publication.reason,
        explanation=publication.explanation,
        wall=publication.wall,
        zone=publication.zone,
        due_at=publication.due_at,
        published_at=publication.published_at,
        url=publication.url,
        version=publication.version,
        taken_down_at=publication.taken_down_at,
    )


def day(session: Session, desk: Desk, now: datetime) -> list[Card]:
    """What is due on the desk's own day that `now` lies in."""
    midnight = wall_of(now, desk.zone).replace(hour=0, minute=0, second=0)
    starts_at = resolve(midnight, desk.zone).due_at
    ends_at = resolve(midnight + timedelta(days=1), desk.zone).due_at
    return between(session, desk.id, starts_at, ends_at)


def needing_a_person(session: Session, desk_id: int, *, most: int = 50) -> list[Card]:
    """What waits for somebody's decision: unclear, failed, missed, held."""
    return _cards(session, desk_id, [Publication.state.in_(NEEDS_PERSON)], AgendaFilter(), most)


def lately_out(session: Session, desk_id: int, *, most: int = 10) -> list[Card]:
    """The last publications that went out, the newest first."""
    rows = session.execute(
        select(Publication, Post, Account)
        .join(Post, Post.id == Publication.post_id)
        .join(Account, Account.id == Publication.account_id)
        .where(Publication.desk_id == desk_id, Publication.state == PublicationState.PUBLISHED)
        .order_by(Publication.due_at.desc())
        .limit(most)
    )
    return [_card(*row) for row in rows]


def of_post(session: Session, post: Post) -> list[Publication]:
    """Every publication of a post, the newest first."""
    return list(
        session.scalars(
            select(Publication)
            .where(Publication.post_id == post.id)
            .order_by(Publication.due_at.desc(), Publication.id.desc())
            .options(selectinload(Publication.account), selectinload(Publication.revision))
        )
    )


def next_of_posts(session: Session, post_ids: Sequence[int]) -> dict[int, Publication]:
    """For each post the next publication that is open, else the last one that went out."""
    if not post_ids:
        return {}
    found: dict[int, Publication] = {}
    rows = session.scalars(
        select(Publication)
        .join(Account, Account.id == Publication.account_id)
        .where(Publication.post_id.in_(post_ids), Publication.state.in_((*OPEN, PublicationState.PUBLISHED)))
        .order_by(Publication.due_at.desc())
        .options(contains_eager(Publication.account))
    ).unique()
    for publication in rows:
        shown = found.get(publication.post_id)
        if shown is None or publication.state in OPEN:
            found[publication.post_id] = publication
    return found


def counts(session: Session) -> dict[PublicationState, int]:
    """How many publications are in each state; the sum is every publication ever made."""
    rows = session.execute(select(Publication.state, func.count()).group_by(Publication.state))
    return dict.fromkeys(PublicationState, 0) | {row[0]: row[1] for row in rows}


def overdue(session: Session, *, now: datetime, slack_s: float) -> int:
    """How many should have gone out or been settled by now and have not: what the watchdog counts."""
    late = now - timedelta(seconds=slack_s)
    waiting = (PublicationState.PLANNED, PublicationState.CLAIMED, PublicationState.SENDING)
    return (
        session.scalar(
            select(func.count())
            .select_from(Publication)
            .where(
                Publication.state.in_(waiting),
                Publication.due_at < late,
                (Publication.not_before.is_(None)) | (Publication.not_before < late),
            )
        )
        or 0
    )
