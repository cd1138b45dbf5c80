"""How long what may go is kept: a period for each kind, legal holds above all periods; the longest wins.

Never touched, whatever the periods say: the record's entries, revisions, decisions, approvals, publications and
their parts, and the pictures of anything that ever went out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from content_library import audit, clock, media_store
from content_library.database import Database
from content_library.errors import InvalidInput
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.desk import Setting
from content_library.models.feed import FeedItem, Proposal, ProposalState, Subscription
from content_library.models.legal_hold import LegalHold
from content_library.models.media import Media
from content_library.models.notice import Mail, Notice
from content_library.models.post import Post, PostState, Revision, WorkingCopy
from content_library.models.user import OneTimeLink, User
from content_library.permissions import can_manage_people, require
from content_library.transitions import flush
from content_library.turns import take_turn
from scheduler.models import Attempt, AttemptOutcome, Part, Publication, PublicationState

MAY_SET = "Only administrators can say how long things are kept."
FEWEST_DAYS, MOST_DAYS = 30, 36_500
AT_ONCE = 500
TIDIED = "record.tidied"
_PERIODS = "retention"
_SIGN_INS = ("user.signed_in", "user.signed_out", "user.reset_asked")
_UNSENT = (
    PublicationState.PLANNED, PublicationState.BLOCKED, PublicationState.HELD, PublicationState.MISSED,
    PublicationState.EXPIRED, PublicationState.CANCELLED,
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What legal holds cover at this moment. `desks`: those held whole; `touched`: those with any hold in them."""

    posts: frozenset[int]
    desks: frozenset[int]
    touched: frozenset[int]

    def frees(self, post_id: Any, desk_id: Any) -> ColumnElement[bool]:
        """What is of neither a held post nor a held desk."""
        return and_(post_id.not_in(self.posts), desk_id.not_in(self.desks))


@dataclass(frozen=True)
class Kind:
    """Something that may go after a while. `find` names the ids to go; `forget` lets them go."""

    key: str
    name: str
    about: str
    days: int | None  # unless an administrator says otherwise; None: for ever
    find: Callable[[Session, datetime, Held], Select[int]]
    forget: Callable[[Session, Sequence[int], Path], None]


def periods(session: Session) -> dict[str, int | None]:
    """Days by kind; None is for ever."""
    row = session.get(Setting, _PERIODS)
    said = dict(row.value) if row else {}
    return {kind.key: said.get(kind.key, kind.days) for kind in KINDS}


def set_periods(session: Session, wanted: Mapping[str, int | None], *, actor: User, now: datetime) -> None:
    """Keep each kind so many days from now on. Raises InvalidInput naming each field that cannot be."""
    require(can_manage_people(actor), MAY_SET)
    after = checked(wanted)
    before = periods(session)
    if before == after:
        return
    setting = session.merge(Setting(key=_PERIODS, value=after))
    changed = [
        f"{kind.name}: {in_words(after[kind.key])}" for kind in KINDS if before[kind.key] != after[kind.key]
    ]
    audit.record(
        session, "retention.changed", setting, actor=actor, now=now, summary=f"Kept how long: {'; '.join(changed)}",
        details={"before": before, "after": after},
    )  # fmt: skip
    flush(session)


def checked(wanted: Mapping[str, int | None]) -> dict[str, int | None]:
    """The periods of every kind. Raises InvalidInput."""
    wrong = {
        kind.key: f"Write {FEWEST_DAYS} to {MOST_DAYS:,} days, or leave it empty to keep them for ever."
        for kind in KINDS
        if (days := wanted.get(kind.key)) is not None and not FEWEST_DAYS <= days <= MOST_DAYS
    }
    if wrong:
        raise InvalidInput("Some of the periods cannot be used.", wrong)
    return {kind.key: wanted.get(kind.key) for kind in KINDS}


def in_words(days: int | None) -> str:
    return "for ever" if days is None else f"{days:,} days"


def preview(session: Session, wanted: Mapping[str, int | None], *, now: datetime) -> dict[str, int]:
    """How many of each kind would go at once with these periods; 0 where they stay for ever."""
    held = held_now(session)
    return {
        kind.key: 0 if days is None else _count(session, kind.find(session, now - timedelta(days=days), held))
        for kind, days in ((kind, wanted[kind.key]) for kind in KINDS)
    }


def held_now(session: Session) -> Held:
    """What legal holds cover."""
    rows = session.execute(
        select(LegalHold.desk_id, LegalHold.post_id).where(LegalHold.lifted_at.is_(None))
    ).all()
    return Held(
        posts=frozenset(row.post_id for row in rows if row.post_id is not None),
        desks=frozenset(row.desk_id for row in rows if row.post_id is None),
        touched=frozenset(row.desk_id for row in rows),
    )


def tidy_daily(database: Database, media: Path, *, stop: Event | None = None) -> dict[str, int]:
    """A round, unless there was one today; the counts by kind."""
    with database.write() as session:
        now = clock.now(session)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        if not take_turn(session, "tidy", now=now, until=midnight):
            return {}
    return tidy(database, media, stop=stop)


def tidy(database: Database, media: Path, *, stop: Event | None = None) -> dict[str, int]:
    """One round over everything that is past its time, in small portions; it is one entry in the record."""
    with database.read() as session:
        wanted = periods(session)
    counts: dict[str, int] = {}
    try:
        for kind in KINDS:
            for gone in _portions(database, kind, wanted[kind.key], media):
                counts[kind.key] = counts.get(kind.key, 0) + gone
                if stop is not None and stop.is_set():
                    return counts
    finally:
        if counts:
            with database.write() as session:
                _note(session, counts)
    return counts


def _portions(database: Database, kind: Kind, days: int | None, media: Path) -> Iterator[int]:
    """How many went, portion by portion. Holds are read anew for each."""
    gone = AT_ONCE
    while days is not None and gone == AT_ONCE:
        with database.write() as session:
            before = clock.now(session) - timedelta(days=days)
            ids = session.scalars(kind.find(session, before, held_now(session)).limit(AT_ONCE)).all()
            if ids:
                kind.forget(session, ids, media)
        gone = len(ids)
        if gone:
            yield gone


def _note(session: Session, counts: Mapping[str, int]) -> None:
    names = {kind.key: kind.name.lower() for kind in KINDS}
    said = ", ".join(f"{count:,} {names[key]}" for key, count in counts.items())
    audit.record(
        session, TIDIED, Setting(key=_PERIODS), actor=None, now=clock.now(session),
        summary=f"Deleted what was past its time: {said}", details=dict(counts),
    )  # fmt: skip


def _count(session: Session, found: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def _notices(_session: Session, before: datetime, held: Held) -> Select[int]:
    of_no_held_desk = or_(Notice.desk_id.is_(None), Notice.desk_id.not_in(held.touched))
    settled = or_(Notice.mailed_at.is_not(None), Notice.read_at.is_not(None))
    return select(Notice.id).where(Notice.created_at < before, settled, of_no_held_desk).order_by(Notice.id)


def _mails(_session: Session, before: datetime, held: Held) -> Select[int]:
    """A mail does not say which desk it is about, so any hold keeps all of them."""
    done = or_(Mail.sent_at.is_not(None), Mail.given_up_at.is_not(None))
    return _unless_held(select(Mail.id).where(Mail.created_at < before, done).order_by(Mail.id), held)


def _sign_ins(_session: Session, before: datetime, held: Held) -> Select[int]:
    query = (
        select(AuditPayload.entry_id)
        .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        .where(AuditEntry.verb.in_(_SIGN_INS), AuditEntry.at < before, AuditEntry.seq.is_not(None))
        .order_by(AuditPayload.entry_id)
    )
    return _unless_held(query, held)


def _unless_held(query: Select[int], held: Held) -> Select[int]:
    return query.where(false()) if held.touched else query


def _links(_session: Session, before: datetime, _held: Held) -> Select[int]:
    return select(OneTimeLink.id).where(OneTimeLink.expires_at < before).order_by(OneTimeLink.id)


def _working_copies(_session: Session, before: datetime, held: Held) -> Select[int]:
    """Only where the post says something without them: an unfinished first draft is nobody's to throw away."""
    return (
        select(WorkingCopy.id)
        .join(Post, Post.id == WorkingCopy.post_id)
        .where(WorkingCopy.updated_at < before, held.frees(Post.id, Post.desk_id))
        .where(or_(Post.latest_revision_id.is_not(None), Post.state == PostState.ARCHIVED))
        .order_by(WorkingCopy.id)
    )


def _feed_texts(_session: Session, before: datetime, held: Held) -> Select[int]:
    """The row stays, so that an item still in its feed is not taken for a new one."""
    used = exists().where(Proposal.story_id == FeedItem.story_id, Proposal.state == ProposalState.ACCEPTED)
    followed = exists().where(Subscription.feed_id == FeedItem.feed_id, Subscription.desk_id.in_(held.desks))
    return (
        select(FeedItem.id)
        .where(FeedItem.first_seen_at < before, ~used, ~followed)
        .where((FeedItem.summary_text != "") | (FeedItem.summary_html != ""))
        .order_by(FeedItem.id)
    )


def _answers(_session: Session, before: datetime, held: Held) -> Select[int]:
    """Those of calls that sent nothing; what proves that a post went out is never forgotten."""
    proofs = (AttemptOutcome.SENT, AttemptOutcome.FOUND, AttemptOutcome.OPEN)
    says_something = or_(cast(Attempt.request, Text) != "{}", cast(Attempt.response, Text) != "{}")
    return (
        select(Attempt.id)
        .join(Publication, Publication.id == Attempt.publication_id)
        .where(Attempt.started_at < before, Attempt.outcome.not_in(proofs), says_something)
        .where(held.frees(Publication.post_id, Publication.desk_id))
        .order_by(Attempt.id)
    )


def _pictures(session: Session, before: datetime, held: Held) -> Select[int]:
    """Those that no revision or draft shows but of posts in the archive of which nothing ever went out."""
    old = select(Media.id).where(Media.created_at < before, Media.desk_id.not_in(held.desks))
    if session.scalar(old.limit(1)) is None:
        return old.order_by(Media.id)
    return old.where(Media.id.not_in(_shown(session, before, held))).order_by(Media.id)


def _shown(session: Session, before: datetime, held: Held) -> set[int]:
    begun = exists().where(Publication.post_id == Post.id, Publication.state.not_in(_UNSENT))
    sent = exists().where(
        Publication.post_id == Post.id,
        Publication.first_sent_at.is_not(None)
        | exists().where(Part.publication_id == Publication.id, Part.remote_id.is_not(None)),
    )
    alive = (
        (Post.state != PostState.ARCHIVED)
        | (Post.updated_at >= before)
        | Post.id.in_(held.posts)
        | begun
        | sent
    )
    of_revisions = select(Revision.content["media"]).join(Post, Post.id == Revision.post_id).where(alive)
    of_copies = select(WorkingCopy.content["media"])
    shown: set[int] = set()
    for query in (of_revisions, of_copies):
        for pictures in session.scalars(query.execution_options(yield_per=1_000)):
            shown.update(picture["id"] for picture in pictures)
    return shown


def _delete_from(table: type[Any], column: Any) -> Callable[[Session, Sequence[int], Path], None]:
    def forget(session: Session, ids: Sequence[int], _media: Path) -> None:
        session.execute(delete(table).where(column.in_(ids)).execution_options(synchronize_session=False))

    return forget


def _empty(table: type[Any], **values: Any) -> Callable[[Session, Sequence[int], Path], None]:
    def forget(session: Session, ids: Sequence[int], _media: Path) -> None:
        emptied = update(table).where(table.id.in_(ids)).values(values)
        session.execute(emptied.execution_options(synchronize_session=False))

    return forget


def _forget_pictures(session: Session, ids: Sequence[int], media: Path) -> None:
    """The files first: a row without its file says that it is missing, a file without its row is never found."""
    for picture in session.scalars(select(Media).where(Media.id.in_(ids))):
        for name in (picture.name, picture.thumb_name):
            media_store.remove_file(media, name)
    session.execute(delete(Media).where(Media.id.in_(ids)).execution_options(synchronize_session=False))


KINDS = (
    Kind("notices", "Notices", "What people were told in Deskcast, once it was read or mailed.", 365, _notices,
         _delete_from(Notice, Notice.id)),
    Kind("mails", "Mails", "Mails that were sent or given up. While any legal hold is in force, all of them are kept.",
         365, _mails, _delete_from(Mail, Mail.id)),
    Kind("sign_ins", "Details of sign-ins", "From which address and how somebody signed in. The entry itself stays in "
         "the record. While any legal hold is in force, all of them are kept.", 365, _sign_ins,
         _delete_from(AuditPayload, AuditPayload.entry_id)),
    Kind("links", "Used-up links", "One-time links of invitations and passwords, counted from their end.", 90, _links,
         _delete_from(OneTimeLink, OneTimeLink.id)),
    Kind("working_copies", "Abandoned drafts", "What somebody typed and neither saved as a revision nor touched since. "
         "A post without any revision keeps its own.", 365, _working_copies, _delete_from(WorkingCopy, WorkingCopy.id)),
    Kind("feed_texts", "Texts of feed items", "Summaries of stories that no desk made a post of. Title and link stay.",
         180, _feed_texts, _empty(FeedItem, summary_html="", summary_text="")),
    Kind("answers", "Answers of failed tries", "What a network said word for word when nothing was sent. That and when "
         "it was tried stays, and so does everything about what did go out.", 730, _answers,
         _empty(Attempt, request={}, response={})),
    Kind("pictures", "Pictures of archived posts", "Pictures that only archived posts show of which nothing ever went "
         "out, and pictures that no post shows.", None, _pictures, _forget_pictures),
)  # fmt: skip
