"""What waits for a person: the queue, its order, what came back to them, and what they decided lately.

A review waits for somebody when it is open, it belongs to a team of theirs that serves the desk, they did not write the
text, and they have neither decided on this submission nor pressed a decision that will count in a moment. What waits
for somebody they stand in for waits for them too. The oldest comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from content_library.models.desk import Desk, team_desks
from content_library.models.format import Format, Kind
from content_library.models.post import Post, PostState, Revision, revision_authors
from content_library.models.review import (
    Comment,
    Decision,
    PendingDecision,
    Review,
    ReviewState,
    Submission,
    Verdict,
)
from content_library.models.user import TeamMembership, User
from content_library.paging import Paged, nearest_page
from content_library.permissions import stand_ins_of
from content_library.search import matching

MOST_COUNTED = 100  # for a badge
MOST_LISTED = 1_000  # beyond it people decide on the oldest first, they do not page on


@dataclass(frozen=True)
class QueueFilter:
    """What of the queue is asked for. `asked`: those whose author owes an answer, instead of those to decide."""

    query: str = ""
    desk_id: int | None = None
    kind: Kind | None = None
    asked: bool = False


@dataclass(frozen=True)
class QueuePage(Paged):
    """`total` stops at MOST_LISTED; `is_more` says that there are more than that."""

    reviews: list[Review]
    is_more: bool


def queue(
    session: Session, person: User, wanted: QueueFilter, *, page: int = 1, per_page: int = 25
) -> QueuePage:
    """A page of what waits for this person, with what a row shows loaded."""
    waiting = _filtered(session, _waiting(person, wanted), wanted)
    some = waiting.limit(MOST_LISTED + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    total = min(found, MOST_LISTED)
    page = nearest_page(page, total, per_page)
    ids = waiting.order_by(Review.opened_at, Review.id).limit(per_page).offset((page - 1) * per_page)
    return QueuePage(total, page, per_page, _rows(session, list(session.scalars(ids))), found > MOST_LISTED)


def waiting_count(session: Session, person: User, *, desk_id: int | None = None, asked: bool = False) -> int:
    """How many reviews wait for this person (or for an answer to them), counted up to MOST_COUNTED."""
    some = _waiting(person, QueueFilter(desk_id=desk_id, asked=asked)).limit(MOST_COUNTED)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def neighbours(session: Session, person: User, review: Review) -> tuple[int | None, int | None]:
    """The ids of the reviews before and after this one in the queue."""
    if review.opened_at is None:
        return None, None
    here = tuple_(review.opened_at, review.id)
    place = tuple_(Review.opened_at, Review.id)
    waiting = _waiting(person, QueueFilter())
    before = waiting.where(place < here).order_by(Review.opened_at.desc(), Review.id.desc())
    after = waiting.where(place > here).order_by(Review.opened_at, Review.id)
    return session.scalar(before.limit(1)), session.scalar(after.limit(1))


def next_review(session: Session, person: User, review: Review) -> int | None:
    """The id of the review to show when this one is decided: the next in line, else the first."""
    _before, after = neighbours(session, person, review)
    first = _waiting(person, QueueFilter()).where(Review.id != review.id)
    return after or session.scalar(first.order_by(Review.opened_at, Review.id).limit(1))


def decided_lately(session: Session, person: User, *, most: int = 10) -> list[Decision]:
    """This person's own last decisions, the newest first."""
    return list(
        session.scalars(
            select(Decision)
            .where(Decision.user_id == person.id)
            .order_by(Decision.id.desc())
            .limit(most)
            .options(
                joinedload(Decision.review)
                .joinedload(Review.submission)
                .joinedload(Submission.post)
                .joinedload(Post.desk)
            )
        )
    )


def waited(review: Review, *, now: datetime) -> timedelta:
    """How long a review has been with its team, without the time its author was asked."""
    if review.opened_at is None:
        return timedelta(0)
    until = review.asked_at or review.decided_at or now
    return max(timedelta(0), until - review.opened_at - timedelta(seconds=review.stopped_s))


def has_reviewer(session: Session, desk_id: int, *, but: User) -> bool:
    """Whether anybody else could clear for this desk."""
    found = (
        select(TeamMembership.user_id)
        .join(team_desks, team_desks.c.team_id == TeamMembership.team_id)
        .join(User, User.id == TeamMembership.user_id)
        .where(team_desks.c.desk_id == desk_id, User.is_active, User.id != but.id)
    )
    return session.scalar(found.limit(1)) is not None


def sent_back(session: Session, person: User, desk_id: int, *, most: int = 10) -> list[Decision]:
    """The decisions that sent this person's posts back and that nobody has followed up yet, the newest first."""
    back = (PostState.CHANGES_REQUESTED, PostState.REFUSED)
    last = select(func.max(Decision.id)).join(Submission).where(Submission.post_id == Post.id)
    return list(
        session.scalars(
            select(Decision)
            .join(Submission, Submission.id == Decision.submission_id)
            .join(Post, Post.id == Submission.post_id)
            .where(
                Post.desk_id == desk_id,
                Post.owner_id == person.id,
                Post.state.in_(back),
                Decision.id == last.correlate(Post).scalar_subquery(),
            )
            .order_by(Decision.id.desc())
            .limit(most)
            .options(
                joinedload(Decision.user).lazyload("*"),
                joinedload(Decision.review).joinedload(Review.submission).joinedload(Submission.post),
                joinedload(Decision.review).joinedload(Review.team).lazyload("*"),
            )
        )
    )


def questions_to(session: Session, person: User, desk_id: int, *, most: int = 10) -> list[Comment]:
    """What teams have asked this person about their submissions and nobody has answered yet."""
    return list(
        session.scalars(
            select(Comment)
            .join(Review, Review.id == Comment.review_id)
            .join(Submission, Submission.id == Review.submission_id)
            .where(
                Review.desk_id == desk_id,
                Review.state == ReviewState.ASKED,
                Comment.at >= Review.asked_at,
                or_(Submission.submitted_by_id == person.id, exists(_authorship(person))),
            )
            .order_by(Comment.id)
            .limit(most)
            .options(
                joinedload(Comment.user).lazyload("*"),
                joinedload(Comment.review).joinedload(Review.submission).joinedload(Submission.post),
                joinedload(Comment.review).joinedload(Review.team).lazyload("*"),
            )
        )
    )


def _authorship(person: User) -> Any:
    return select(revision_authors.c.user_id).where(
        revision_authors.c.revision_id == Submission.revision_id, revision_authors.c.user_id == person.id
    )


def _waiting(person: User, wanted: QueueFilter) -> Any:
    """Ids of the reviews that wait for a person. Asks by `exists`, so that each answer is one look into an index."""
    state = ReviewState.ASKED if wanted.asked else ReviewState.OPEN
    decided = _counted(person)
    pressed = exists().where(
        PendingDecision.submission_id == Review.submission_id, PendingDecision.user_id == person.id
    )
    return select(Review.id).where(
        _served(person, wanted.desk_id), Review.state == state, ~decided, ~pressed, ~_wrote(person)
    )


def _counted(person: User) -> Any:
    """Whether the person has decided on the submission, or somebody in their place."""
    whose = or_(Decision.user_id == person.id, Decision.for_user_id == person.id)
    return exists().where(Decision.submission_id == Review.submission_id, whose)


def _served(person: User, desk_id: int | None) -> Any:
    """The person's teams, each with the desks it serves, and those of the people they stand in for."""
    served = [
        and_(Review.team_id == m.team_id, Review.desk_id.in_(desks))
        for m in person.team_memberships
        if person.is_active and (desks := [d.id for d in m.team.desks if desk_id in (None, d.id)])
    ]
    served += [
        and_(
            Review.team_id == stood.team.id,
            Review.desk_id.in_(desks),
            ~_counted(stood.person),
            ~_edited([person, stood.person]),
        )
        for stood in stand_ins_of(person)
        if (desks := [d.id for d in stood.team.desks if desk_id in (None, d.id)])
    ]
    return or_(*served) if served else Review.id.is_(None)


def _edited(people: Sequence[User]) -> Any:
    """Whether one of these people is an author: nobody decides in another's place on what either of them wrote."""
    return exists().where(
        Submission.id == Review.submission_id,
        revision_authors.c.revision_id == Submission.revision_id,
        revision_authors.c.user_id.in_([person.id for person in people]),
    )


def _wrote(person: User) -> Any:
    """Whether the person is an author of the submission's revision, on a desk where that matters."""
    return exists().where(
        Submission.id == Review.submission_id,
        revision_authors.c.revision_id == Submission.revision_id,
        revision_authors.c.user_id == person.id,
        Desk.id == Submission.desk_id,
        Desk.solo.is_(False),
    )


def _filtered(session: Session, waiting: Any, wanted: QueueFilter) -> Any:
    words = matching(session, wanted.query)
    if wanted.kind is None and words is None:
        return waiting
    waiting = waiting.join(Submission, Submission.id == Review.submission_id).join(
        Post, Post.id == Submission.post_id
    )
    if wanted.kind is not None:
        waiting = waiting.where(Post.kind == wanted.kind)
    return waiting if words is None else waiting.where(words)


def _rows(session: Session, ids: Sequence[int]) -> list[Review]:
    """The reviews in this order, with what a row shows and nothing more: a page of them is made of few bytes."""
    submission = joinedload(Review.submission)
    post = submission.joinedload(Submission.post).load_only(
        Post.title, Post.excerpt, Post.kind, raiseload=True
    )
    found = session.scalars(
        select(Review)
        .where(Review.id.in_(ids))
        .options(
            post.joinedload(Post.format).load_only(Format.name, raiseload=True),
            post.joinedload(Post.desk).load_only(Desk.name, Desk.handle, Desk.solo, raiseload=True),
            submission.joinedload(Submission.submitted_by).load_only(User.name).lazyload("*"),
            submission.joinedload(Submission.revision).load_only(Revision.number, raiseload=True),
            submission.selectinload(Submission.reviews).joinedload(Review.team).lazyload("*"),
            joinedload(Review.team).lazyload("*"),
        )
    ).unique()
    by_id = {review.id: review for review in found}
    return [by_id[i] for i in ids if i in by_id]


def given(session: Session, reviews: Sequence[Review]) -> dict[int, int]:
    """How many have approved so far, of each review that needs more than one person."""
    several = [r.id for r in reviews if r.quorum > 1]
    if not several:
        return {}
    rows = session.execute(
        select(Decision.review_id, func.count())
        .where(Decision.review_id.in_(several), Decision.verdict == Verdict.APPROVE)
        .group_by(Decision.review_id)
    )
    return dict.fromkeys(several, 0) | {row[0]: row[1] for row in rows}
