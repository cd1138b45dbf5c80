"""Does what is out still stand? Looked at again at growing intervals, where the network can be asked for one post.

Only what the network itself says counts: two looks some time apart that do not see it prove that it is gone, and one
that sees it that it is back. What cannot be read says nothing. Nothing is ever sent again for this.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, exists, func, null, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from content_library import clock
from content_library.models.account import NETWORK_NAMES, Account, AccountState
from content_library.notices import leads_of, notify, over
from scheduler import observing, transitions
from scheduler.models import AttemptOutcome, Part, Publication, PublicationState, Standing
from scheduler.payloads import parts_of
from scheduler.recording import note_attempt, readable, told_about
from scheduler.world import World
from service_channel import accounts
from service_channel.models.allowance import Allowance
from service_channel.models.credential import Credential
from service_channel.networks.base import (
    Access,
    FindResult,
    Presence,
    RemoteRef,
    Rereadable,
)
from service_channel.token_vault import CannotOpen

log = logging.getLogger(__name__)

AFTER = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
"""When it is looked again, counted from when it went out, or was found to be gone or back."""
APART = timedelta(minutes=30)  # between the two looks that prove it
AGAIN = timedelta(hours=1)  # after a look that could not tell
MOST_UNREAD = 5  # of those in a row before the next interval
SET_ASIDE = timedelta(minutes=5)
PER_ROUND, PER_ACCOUNT = 40, 5
SPARED = 20  # calls that are left to sending; of few in all, a fifth
LONGEST_LOOK_S = 20.0
GONE = "publication.gone"


@dataclass(frozen=True)
class Place:
    """Where to look: the first part of a publication, which has its address."""

    network: Rereadable
    key: str
    access: Access
    ref: RemoteRef


def enrol(session: Session, world: World, *, now: datetime, most: int = 500) -> int:
    """From now on look again at what went out lately and nobody looks at yet; returns how many."""
    keys = [key for key, network in world.networks.items() if isinstance(network, Rereadable)]
    rows = session.execute(_not_enrolled(keys, now).limit(most)).all()
    made = [
        {
            "publication_id": row.id, "account_id": row.account_id, "since": row.published_at,
            "next_at": row.published_at + AFTER[0], "looks": 0, "unread": 0,
        }
        for row in sorted(rows, key=lambda row: row.id)
    ]  # fmt: skip
    if made:
        dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(dialect.insert(Standing).values(made).on_conflict_do_nothing())
    return len(made)


def _not_enrolled(keys: Sequence[str], now: datetime) -> Any:
    first = exists().where(
        Part.publication_id == Publication.id, Part.position == 0, Part.remote_id.is_not(None)
    )
    return (
        select(Publication.id, Publication.account_id, Publication.published_at)
        .join(Account, Account.id == Publication.account_id)
        .where(
            Account.network.in_(keys),
            Account.state == AccountState.ACTIVE,
            Publication.state == PublicationState.PUBLISHED,
            Publication.published_at > now - AFTER[-1],
            Publication.take_down_wanted_at.is_(None),
            first,
            ~exists().where(Standing.publication_id == Publication.id),
        )
    )


def due(session: Session, *, now: datetime) -> list[int]:
    """What it is time to look at, a few of each account and none of one that has few calls left; set aside."""
    rows = session.execute(_due(now).with_for_update(skip_locked=True, of=Standing)).all()
    counted: Counter[int] = Counter()
    wanted = []
    for standing, taken_down, free_at in rows:
        counted[standing.account_id] += 1
        standing.next_at = None if taken_down else max(now + SET_ASIDE, free_at or now)
        within = counted[standing.account_id] <= PER_ACCOUNT
        if within and not taken_down and free_at is None:
            wanted.append(standing.publication_id)
    session.flush()
    return wanted[:PER_ROUND]


def _due(now: datetime) -> Select[Any]:
    """Each with whether it is being taken down, and when the network takes calls again where it does not now."""
    is_share = or_(Allowance.calls_most.is_(None), Allowance.calls_left * 5 <= Allowance.calls_most)
    few = (Allowance.calls_left <= SPARED) & is_share & (Allowance.calls_until > now)
    return (
        select(Standing, Publication.take_down_wanted_at.is_not(None), _free_at(now, few))
        .join(Publication, Publication.id == Standing.publication_id)
        .outerjoin(Allowance, Allowance.account_id == Standing.account_id)
        .outerjoin(Credential, Credential.account_id == Standing.account_id)
        .where(Standing.next_at <= now)
        .order_by(Standing.next_at, Standing.publication_id)
        .limit(PER_ROUND * PER_ACCOUNT)
    )


def _free_at(now: datetime, few: Any) -> Any:
    """When the account may be asked again; NULL: now."""
    return case(
        (Credential.not_before > now, Credential.not_before), (few, Allowance.calls_until), else_=null()
    )


def look(world: World, publication_id: int) -> None:
    """Look whether one publication still stands, and settle what is proved."""
    with world.database.read() as session:
        try:
            place = _place(session, world, session.get_one(Publication, publication_id))
        except CannotOpen as problem:
            place, found = None, FindResult(Presence.UNREADABLE, message=str(problem))
    if place is not None:
        observing.on(place.key, place.access.account_id)
        found = _look(place, min(LONGEST_LOOK_S, world.timing.send_deadline), publication_id)
        observing.tried(place.key, "stands", found.presence.value)
    with world.database.write() as session:
        _settle(session, publication_id, found, now=clock.now(session))


def _place(session: Session, world: World, publication: Publication) -> Place:
    """Raises CannotOpen."""
    account, parts = publication.account, parts_of(session, publication.id)
    network = world.networks.get(account.network)
    if not isinstance(network, Rereadable) or account.state is not AccountState.ACTIVE or not parts:
        raise CannotOpen(f"{account.handle} cannot be asked.")
    access = accounts.access(session, account, database=world.database, vault=world.vault)
    first = parts[0]
    ref = RemoteRef(first.remote_id or "", first.cid, first.url, first.created_at)
    return Place(network, account.network, access, ref)


def _look(place: Place, deadline_s: float, publication_id: int) -> FindResult:
    try:
        return readable(place.network.stands(place.access, place.ref, deadline_s=deadline_s))
    except Exception as crash:
        log.exception("publication %s could not be looked at again", publication_id)
        return FindResult(Presence.UNREADABLE, message=f"Looking broke off ({type(crash).__name__}).")


def _settle(session: Session, publication_id: int, found: FindResult, *, now: datetime) -> None:
    standing = session.get_one(Standing, publication_id)
    publication = session.get_one(Publication, publication_id)
    if publication.take_down_wanted_at is not None:
        standing.next_at = None
    elif found.presence in (Presence.FOUND, Presence.DIFFERENT):
        _there(session, standing, publication, found, now=now)
    elif found.presence is Presence.ABSENT:
        _absent(session, standing, publication, found, now=now)
    else:
        _unread(standing, now=now)


def _there(
    session: Session, standing: Standing, publication: Publication, found: FindResult, *, now: datetime
) -> None:
    """Also where its words are others by now: that it was edited there is not that it is gone."""
    standing.absent_at, standing.seen_at = None, now
    if publication.gone_at is not None:
        standing.since, standing.looks = now, -1
        publication.gone_at = None
        _note(session, publication, AttemptOutcome.FOUND, found, now=now)
        transitions.note(session, publication, "publication.back", "It stands there again", now=now)
        over(session, GONE, [publication], now=now)
    _step(standing, now=now)


def _absent(
    session: Session, standing: Standing, publication: Publication, found: FindResult, *, now: datetime
) -> None:
    if publication.gone_at is not None:
        _step(standing, now=now)
        return
    _note(session, publication, AttemptOutcome.ABSENT, found, now=now)
    first = standing.absent_at = standing.absent_at or now
    if now - first < APART:
        standing.next_at = first + APART
        return
    standing.absent_at, standing.since, standing.looks = None, now, -1
    _step(standing, now=now)
    _gone(session, publication, now=now)


def _unread(standing: Standing, *, now: datetime) -> None:
    standing.unread += 1
    standing.next_at = now + AGAIN
    if standing.unread > MOST_UNREAD:
        _step(standing, now=now)


def _step(standing: Standing, *, now: datetime) -> None:
    """On to the next look that is still ahead; after the last there is none."""
    standing.looks, standing.unread = standing.looks + 1, 0
    while standing.looks < len(AFTER) and standing.since + AFTER[standing.looks] <= now:
        standing.looks += 1
    ahead = standing.looks < len(AFTER)
    standing.next_at = standing.since + AFTER[standing.looks] if ahead else None


def _note(
    session: Session, publication: Publication, outcome: AttemptOutcome, found: FindResult, *, now: datetime
) -> None:
    note_attempt(
        session, publication.id, 0, "stands", outcome, now=now, status=found.status, response=found.response,
        message=found.message,
    )  # fmt: skip


def _gone(session: Session, publication: Publication, *, now: datetime) -> None:
    """Said once to who planned it and to the leads; the record keeps it."""
    publication.gone_at = now
    account = publication.account
    where = f"{account.handle} on {NETWORK_NAMES.get(account.network, account.network)}"
    transitions.note(
        session, publication, GONE, f"No longer there: {where} was asked twice and has no such post", now=now
    )
    people = {*leads_of(session, publication.desk_id), publication.created_by_id or publication.post.owner_id}
    notify(
        session, people, GONE, publication, stage=now.isoformat(), now=now,
        text=f"“{publication.post.title}” no longer stands on {where}. Nothing is sent again by itself.",
        details=told_about(publication),
    )  # fmt: skip


def gone_counts(
    session: Session, desk_id: int, *, before: datetime, since: datetime, until: datetime
) -> list[tuple[str, str, int, int]]:
    """What was found to be gone and is gone still, by account: network, handle, from `since`, and before that."""
    now = func.sum(case((Publication.gone_at >= since, 1), else_=0))
    rows = session.execute(
        select(Account.network, Account.handle, now, func.count() - now)
        .join(Account, Account.id == Publication.account_id)
        .where(Publication.desk_id == desk_id, Publication.gone_at >= before, Publication.gone_at < until)
        .group_by(Account.id, Account.network, Account.handle)
        .order_by(Account.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def gone_lately(
    session: Session, desk_id: int, *, since: datetime, until: datetime, most: int = 50
) -> list[Publication]:
    """What was found to be gone in a span of time and is gone still, the newest first."""
    return list(
        session.scalars(
            select(Publication)
            .where(
                Publication.desk_id == desk_id,
                Publication.gone_at >= since,
                Publication.gone_at < until,
                or_(Publication.taken_down_at.is_(None), Publication.taken_down_at > Publication.gone_at),
            )
            .order_by(Publication.gone_at.desc(), Publication.id.desc())
            .limit(most)
            .options(joinedload(Publication.post), joinedload(Publication.account))
        )
    )
