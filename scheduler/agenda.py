"""Reading the plan: what goes out when, for the calendar, Today, a post's page and the library."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, func, literal, or_, select, text, tuple_, union_all
from sqlalchemy.orm import Session, contains_eager, joinedload

from content_library.database import UtcDateTime
from content_library.errors import NotFound
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.format import Kind
from content_library.models.post import Post
from content_library.search import matching
from content_library.wall_time import resolve, wall_of
from scheduler.gate import Reason
from scheduler.models import NEEDING, Publication, PublicationState
from scheduler.publication_flow import GIVEN_UP, SET_ASIDE, UNSENT, WORDS, shown, word

NEEDS_PERSON = (PublicationState.NEEDS_PERSON, PublicationState.FAILED, PublicationState.MISSED)
OPEN = (
    PublicationState.PLANNED, PublicationState.CLAIMED, PublicationState.SENDING, PublicationState.UNKNOWN,
    PublicationState.BLOCKED, PublicationState.HELD,
)  # fmt: skip
MOST_COUNTED = 100  # a day with more says “99+”
NEAR = timedelta(minutes=15)


@dataclass(frozen=True)
class Card:
    """One publication as the calendar and Today show it. `word` is one of the five people see."""

    id: int
    post_id: int
    title: str
    excerpt: str
    kind: Kind
    account_id: int
    account: str
    network: str
    least_gap_s: int
    state: PublicationState
    reason: str
    explanation: str
    wall: str
    zone: str
    fold: int
    due_at: datetime
    published_at: datetime | None
    url: str
    version: int
    taken_down_at: datetime | None
    gone_at: datetime | None

    @property
    def word(self) -> str:
        return word(self.state, self.reason)

    @property
    def shown(self) -> str:
        """Its state as badges name it."""
        return shown(self)

    @property
    def is_movable(self) -> bool:
        return self.state in UNSENT


@dataclass(frozen=True)
class AgendaFilter:
    account_id: int | None = None
    kind: Kind | None = None
    word: str = ""
    query: str = ""


@dataclass(frozen=True)
class DayCards:
    """One day: its first publications, and how many more there are, counted up to MOST_COUNTED."""

    cards: list[Card]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.cards)


@dataclass(frozen=True)
class AgendaPage:
    """A stretch of the agenda; the neighbours are found from its first and last card."""

    cards: list[Card]
    is_more_before: bool
    is_more_after: bool


def between(
    session: Session, desk_id: int, starts_at: datetime, ends_at: datetime, wanted: AgendaFilter | None = None,
    *, most: int = 500,
) -> list[Card]:  # fmt: skip
    """The publications due in a span of time, in order; at most `most`."""
    conditions = [Publication.due_at >= starts_at, Publication.due_at < ends_at]
    return _cards(session, desk_id, [*conditions, *_asked(session, wanted)], most)


def one(session: Session, desk_id: int, publication_id: int) -> Card:
    """A single publication's card. Raises NotFound, also for another desk's."""
    found = _cards(session, desk_id, [Publication.id == publication_id], 1)
    if not found:
        raise NotFound("There is no such publication on this desk.")
    return found[0]


def of_ids(session: Session, desk_id: int, ids: Iterable[int]) -> dict[int, Card]:
    """The cards of these publications, as far as they are this desk's, in the order of their times."""
    wanted = list(ids)
    return {c.id: c for c in _cards(session, desk_id, [Publication.id.in_(wanted)], len(wanted))}


def by_day(
    session: Session,
    desk_id: int,
    days: Sequence[tuple[datetime, datetime]],
    wanted: AgendaFilter,
    *,
    most: int,
) -> list[DayCards]:
    """What each day holds, at most `most` cards a day; a crowded day costs no more than a quiet one."""
    asked = _asked(session, wanted)
    parts = [_ids_of_day(number, desk_id, span, asked) for number, span in enumerate(days)]
    found: list[list[int]] = [[] for _ in days]
    rows: Iterable[Any] = session.execute(union_all(*parts))
    for number, publication_id in rows:
        found[number].append(publication_id)
    shown = [publication_id for ids in found for publication_id in ids[:most]]
    cards = {c.id: c for c in _cards(session, desk_id, [Publication.id.in_(shown)], len(shown))}
    return [DayCards([cards[i] for i in ids[:most]], len(ids)) for ids in found]


def _ids_of_day(
    number: int, desk_id: int, span: tuple[datetime, datetime], asked: Sequence[ColumnElement[bool]]
) -> Select[int, int]:
    inside = (
        select(Publication.id)
        .join(Post, Post.id == Publication.post_id)
        .where(
            Publication.desk_id == desk_id,
            Publication.due_at >= span[0],
            Publication.due_at < span[1],
            *asked,
        )
        .order_by(Publication.due_at, Publication.id)
        .limit(MOST_COUNTED)
        .subquery()
    )
    return select(literal(number), inside.c.id)


def page_from(
    session: Session, desk_id: int, start: tuple[datetime, int], wanted: AgendaFilter, *,
    backwards: bool = False, most: int = 50,
) -> AgendaPage:  # fmt: skip
    """A page of the agenda from a place on, or the page that ends before it. A place is an instant and an id."""
    place = tuple_(Publication.due_at, Publication.id)
    here = tuple_(literal(start[0], UtcDateTime()), literal(start[1]))
    asked = _asked(session, wanted)
    condition = place < here if backwards else place >= here
    cards = _cards(session, desk_id, [condition, *asked], most + 1, backwards=backwards)
    beyond, cards = len(cards) > most, cards[:most]
    if backwards:
        return AgendaPage(cards[::-1], is_more_before=beyond, is_more_after=True)
    earlier = _cards(session, desk_id, [place < here, *asked], 1, backwards=True)
    return AgendaPage(cards, is_more_before=bool(earlier), is_more_after=beyond)


def _asked(session: Session, wanted: AgendaFilter | None) -> list[ColumnElement[bool]]:
    wanted = wanted or AgendaFilter()
    conditions: list[ColumnElement[bool] | None] = [
        Publication.account_id == wanted.account_id if wanted.account_id else None,
        Post.kind == wanted.kind if wanted.kind else None,
        _in_word(wanted.word) if wanted.word else None,
        matching(session, wanted.query),
    ]
    return [c for c in conditions if c is not None]


def _in_word(wanted: str) -> ColumnElement[bool]:
    given_up = (Publication.state == PublicationState.FAILED) & (Publication.reason == GIVEN_UP)
    if wanted == word(PublicationState.FAILED, GIVEN_UP):
        return given_up
    set_aside = (Publication.state == PublicationState.MISSED) & Publication.reason.in_(
        [reason for reason, state in SET_ASIDE.items() if WORDS[state] != wanted]
    )
    aside = (Publication.state == PublicationState.MISSED) & Publication.reason.in_(
        [reason for reason, state in SET_ASIDE.items() if WORDS[state] == wanted]
    )
    in_state = Publication.state.in_([state for state, known in WORDS.items() if known == wanted])
    return aside | (in_state & ~given_up & ~set_aside)


_COLUMNS = (
    Publication.id, Publication.post_id, Post.title, Post.excerpt, Post.kind, Publication.account_id,
    Account.handle.label("account"), Account.network, Account.least_gap_s, Publication.state, Publication.reason,
    Publication.explanation, Publication.wall, Publication.zone, Publication.fold, Publication.due_at,
    Publication.published_at, Publication.url, Publication.version, Publication.taken_down_at,
    Publication.gone_at,
)  # fmt: skip


def _cards(
    session: Session,
    desk_id: int,
    conditions: Sequence[ColumnElement[bool] | TextClause],
    most: int,
    *,
    backwards: bool = False,
) -> list[Card]:
    order = (Publication.due_at, Publication.id)
    query = (
        select(*_COLUMNS)
        .join(Post, Post.id == Publication.post_id)
        .join(Account, Account.id == Publication.account_id)
        .where(Publication.desk_id == desk_id, *conditions)
        .order_by(*(c.desc() for c in order) if backwards else order)
        .limit(most)
    )
    rows: Iterable[Any] = session.execute(query)
    return [Card(*row) for row in rows]


def day(session: Session, desk: Desk, now: datetime) -> list[Card]:
    """What is due on the desk's own day that `now` lies in."""
    midnight = wall_of(now, desk.zone).replace(hour=0, minute=0, second=0)
    starts_at = resolve(midnight, desk.zone).due_at
    ends_at = resolve(midnight + timedelta(days=1), desk.zone).due_at
    return between(session, desk.id, starts_at, ends_at)


def needing_a_person(session: Session, desk_id: int, *, most: int = 50) -> list[Card]:
    """What waits for somebody's decision: unclear, failed, missed, or held because a link does not work."""
    wanted = or_(
        Publication.state.in_(NEEDS_PERSON) & Publication.reason.not_in((GIVEN_UP, *SET_ASIDE)),
        (Publication.state == PublicationState.HELD) & (Publication.reason == Reason.LINK),
    )
    return _cards(session, desk_id, [text(f"publications.{NEEDING}"), wanted], most)


def near(
    session: Session,
    desk_id: int,
    accounts: Sequence[Account],
    due_at: datetime,
    *,
    but: int = 0,
    most: int = 5,
) -> list[Card]:
    """What else is planned on these accounts around a moment: within NEAR, or the account's least gap if longer."""
    if not accounts:
        return []
    around = [
        (Publication.account_id == a.id) & Publication.due_at.between(due_at - span, due_at + span)
        for a in accounts
        for span in [max(NEAR, timedelta(seconds=a.least_gap_s))]
    ]
    over = (
        PublicationState.CANCELLED,
        PublicationState.EXPIRED,
        PublicationState.MISSED,
        PublicationState.FAILED,
    )
    conditions = [or_(*around), Publication.id != but, Publication.state.not_in(over)]
    return _cards(session, desk_id, conditions, most)


def lately_out(session: Session, desk_id: int, *, most: int = 10) -> list[Card]:
    """The last publications that went out, the newest first."""
    return _cards(session, desk_id, [Publication.state == PublicationState.PUBLISHED], most, backwards=True)


def of_post(session: Session, post: Post) -> list[Publication]:
    """Every publication of a post, the newest first."""
    return list(
        session.scalars(
            select(Publication)
            .where(Publication.post_id == post.id)
            .order_by(Publication.due_at.desc(), Publication.id.desc())
            .options(joinedload(Publication.account), joinedload(Publication.revision))
        )
    )


def next_of_posts(session: Session, post_ids: Sequence[int]) -> dict[int, Publication]:
    """For each post the next publication that is open, else the last one that went out.

    The states are looked at here: asked for them, SQLite would look up a quarter of all publications by theirs.
    """
    if not post_ids:
        return {}
    found: dict[int, Publication] = {}
    rows = session.scalars(
        select(Publication)
        .join(Account, Account.id == Publication.account_id)
        .where(Publication.post_id.in_(post_ids))
        .order_by(Publication.due_at.desc())
        .options(contains_eager(Publication.account))
    ).unique()
    for publication in rows:
        is_open = publication.state in OPEN
        if is_open or (publication.state is PublicationState.PUBLISHED and publication.post_id not in found):
            found[publication.post_id] = publication
    return found


def counts(session: Session, desk_id: int | None = None) -> dict[PublicationState, int]:
    """How many publications are in each state, of one desk or of all; the sum is every one ever made."""
    here = [Publication.desk_id == desk_id] if desk_id is not None else []
    rows = session.execute(select(Publication.state, func.count()).where(*here).group_by(Publication.state))
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
