"""What feeds propose to a desk: looking through it, and turning one story into one draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.desk import Desk
from content_library.models.feed import FeedItem, Proposal, ProposalState
from content_library.models.post import Post
from content_library.models.user import User
from content_library.paging import Paged, nearest_page
from content_library.permissions import can_draft, require
from content_library.story_matching import KnownStory, Likeness, StoryIndex
from content_library.transitions import flush, move_proposal

MAY_CURATE = "Only agents and leads of this desk can decide what becomes a draft."
LONGEST_SNOOZE = timedelta(days=90)
MOST_WORDS = 8
OPEN = (ProposalState.PROPOSED, ProposalState.SNOOZED)


class StartDraft(Protocol):
    """How a draft is made: `content_library.posts.create_post`."""

    def __call__(
        self, session: Session, desk: Desk, format_key: str, *, actor: User, now: datetime, **known: Any
    ) -> Post: ...


@dataclass(frozen=True)
class ProposalFilter:
    """`state=None` is what waits for a person: proposed, or snoozed until now."""

    state: ProposalState | None = None
    query: str = ""
    subscription_id: int | None = None


@dataclass(frozen=True)
class ProposalPage(Paged):
    proposals: list[Proposal]


def get_proposal(session: Session, desk_id: int, proposal_id: int) -> Proposal:
    """A proposal to this desk. Raises NotFound, also for another desk's."""
    found = session.scalar(select(Proposal).where(Proposal.id == proposal_id, Proposal.desk_id == desk_id))
    if found is None:
        raise NotFound("There is no such proposal on this desk.")
    return found


def find_proposals(
    session: Session,
    desk_id: int,
    wanted: ProposalFilter,
    *,
    now: datetime,
    page: int = 1,
    per_page: int = 25,
) -> ProposalPage:
    """A page of proposals: what waits by the article's date, what is decided by when it was."""
    found = _chosen(desk_id, wanted, now)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    page = nearest_page(page, total, per_page)
    order = Proposal.decided_at if wanted.state else Proposal.dated_at
    ids = found.order_by(order.desc(), Proposal.id.desc()).limit(per_page).offset((page - 1) * per_page)
    proposals = session.scalars(
        select(Proposal)
        .where(Proposal.id.in_(session.scalars(ids).all()))
        .order_by(order.desc(), Proposal.id.desc())
        .options(
            joinedload(Proposal.item, innerjoin=True).joinedload(FeedItem.feed, innerjoin=True),
            joinedload(Proposal.subscription, innerjoin=True),
        )
    )
    return ProposalPage(total, page, per_page, list(proposals))


def counts(session: Session, desk_id: int, *, now: datetime) -> Mapping[ProposalState | None, int]:
    """How many proposals there are in each state; under None, how many wait for a person."""
    grouped = select(Proposal.state, func.count()).where(Proposal.desk_id == desk_id)
    by_state: dict[ProposalState | None, int] = {}
    by_state.update(session.execute(grouped.group_by(Proposal.state)).all())
    waiting = session.scalar(
        select(func.count())
        .select_from(Proposal)
        .where(Proposal.desk_id == desk_id, Proposal.state == ProposalState.SNOOZED, _woken(now))
    )
    return {**by_state, None: by_state.get(ProposalState.PROPOSED, 0) + (waiting or 0)}


def drafts_of(session: Session, proposals: Sequence[Proposal]) -> Mapping[int, int]:
    """The posts that accepted proposals became: proposal id → post id."""
    ids = [proposal.id for proposal in proposals if proposal.state is ProposalState.ACCEPTED]
    if not ids:
        return {}
    found = session.execute(select(Post.proposal_id, Post.id).where(Post.proposal_id.in_(ids)))
    return {proposal_id: post_id for proposal_id, post_id in found if proposal_id is not None}


def possible_duplicates(proposals: Sequence[Proposal]) -> Mapping[int, Proposal]:
    """Of these proposals, those whose title is almost that of one from another feed: id → that other one.

    They are only shown; nothing is merged on likeness alone.
    """
    found: dict[int, Proposal] = {}
    by_story = {proposal.story_id: proposal for proposal in proposals}
    for feed_id in {proposal.item.feed_id for proposal in proposals}:
        others = StoryIndex(_known(one) for one in proposals if one.item.feed_id != feed_id)
        for proposal in proposals:
            match = others.find(_known(proposal)) if proposal.item.feed_id == feed_id else None
            if match is not None and match.likeness is Likeness.POSSIBLE_DUPLICATE:
                found[proposal.id] = by_story[match.story_id]
    return found


def accept(
    session: Session,
    proposal: Proposal,
    *,
    start_draft: StartDraft,
    actor: User,
    now: datetime,
    format_key: str = "",
) -> Post:
    """A draft with the story's attribution; its format is the feed's unless another one is given.

    Raises TransitionNotAllowed if it was decided before, Conflict if somebody decides at this very moment.
    """
    require(can_draft(actor, proposal.desk_id), MAY_CURATE)
    _must_be_open(session, proposal)
    move_proposal(session, proposal, ProposalState.ACCEPTED, actor=actor, now=now)
    desk = session.get_one(Desk, proposal.desk_id)
    key = format_key or proposal.subscription.format_key
    post = start_draft(session, desk, key, actor=actor, now=now, **suggestion(proposal))
    post.proposal_id = proposal.id
    flush(session)
    return post


def dismiss(session: Session, proposal: Proposal, *, actor: User, now: datetime) -> None:
    """Not for this desk. Nothing is said outside; it can be brought back."""
    require(can_draft(actor, proposal.desk_id), MAY_CURATE)
    _must_be_open(session, proposal)
    move_proposal(session, proposal, ProposalState.DISMISSED, actor=actor, now=now)


def dismiss_many(
    session: Session, desk_id: int, ids: Sequence[int], *, actor: User, now: datetime
) -> list[int]:
    """Dismiss those of the ids that still wait; returns which."""
    require(can_draft(actor, desk_id), MAY_CURATE)
    waiting = session.scalars(
        select(Proposal)
        .where(Proposal.desk_id == desk_id, Proposal.id.in_(ids), Proposal.state.in_(OPEN))
        .order_by(Proposal.id)
    ).all()
    for proposal in waiting:
        move_proposal(session, proposal, ProposalState.DISMISSED, actor=actor, now=now)
    return [proposal.id for proposal in waiting]


def snooze(session: Session, proposal: Proposal, *, until: datetime, actor: User, now: datetime) -> None:
    """Put it away until then. Raises InvalidInput for a time that is past or too far off."""
    require(can_draft(actor, proposal.desk_id), MAY_CURATE)
    _must_be_open(session, proposal)
    if not now < until <= now + LONGEST_SNOOZE:
        sentence = "Choose a time between now and 90 days from now."
        raise InvalidInput(sentence, {"until": sentence})
    proposal.snoozed_until = until
    move_proposal(session, proposal, ProposalState.SNOOZED, actor=actor, now=now)


def bring_back(session: Session, proposal: Proposal, *, actor: User, now: datetime) -> None:
    """Undo a dismissal or a snooze. What became a draft stays one."""
    require(can_draft(actor, proposal.desk_id), MAY_CURATE)
    if proposal.state is ProposalState.ACCEPTED:
        raise TransitionNotAllowed(
            "This became a draft already. Archive the draft in the library if you do not want it."
        )
    if proposal.state is not ProposalState.PROPOSED:
        proposal.snoozed_until = None
        move_proposal(session, proposal, ProposalState.PROPOSED, actor=actor, now=now)


def suggestion(proposal: Proposal) -> dict[str, Any]:
    """What the draft begins with: the headline, the link, and where it comes from."""
    item, feed = proposal.item, proposal.item.feed
    return {
        "title": item.title[:200],
        "text": "\n\n".join(part for part in (item.title, item.link) if part),
        "source": {
            "url": item.link,
            "title": item.title,
            "author": item.author,
            "via": feed.title,
            "licence": proposal.subscription.licence_note or item.licence,
        },
    }


def _known(proposal: Proposal) -> KnownStory:
    item = proposal.item
    return KnownStory(proposal.story_id, item.title, item.published_at, item.link)


def _must_be_open(session: Session, proposal: Proposal) -> None:
    if proposal.state in OPEN:
        return
    decided_by = session.get(User, proposal.decided_by_id) if proposal.decided_by_id else None
    who = decided_by.name if decided_by else "Somebody"
    did = "made a draft of" if proposal.state is ProposalState.ACCEPTED else "dismissed"
    raise TransitionNotAllowed(f"{who} already {did} this story. Reload the page to see what is left.")


def _chosen(desk_id: int, wanted: ProposalFilter, now: datetime) -> Select[int]:
    """The ids of what is asked for. The items are looked into only when words are."""
    found = select(Proposal.id).where(Proposal.desk_id == desk_id, _in_state(wanted.state, now))
    if wanted.subscription_id:
        found = found.where(Proposal.subscription_id == wanted.subscription_id)
    words = wanted.query.split()[:MOST_WORDS]
    if words:
        found = found.join(Proposal.item)
    for word in words:
        columns = (FeedItem.title, FeedItem.author, FeedItem.summary_text)
        found = found.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return found


def _in_state(state: ProposalState | None, now: datetime) -> ColumnElement[bool]:
    if state is ProposalState.SNOOZED:
        return and_(Proposal.state == state, ~_woken(now))
    if state is not None:
        return Proposal.state == state
    return or_(
        Proposal.state == ProposalState.PROPOSED, and_(Proposal.state == ProposalState.SNOOZED, _woken(now))
    )


def _woken(now: datetime) -> ColumnElement[bool]:
    return Proposal.snoozed_until <= now
