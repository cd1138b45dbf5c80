"""The only writer of a publication's state.

People's acts and rare ones go through `move` on a loaded row. The three acts of the hot path (claim, mark, settle)
are single conditional UPDATEs: they succeed only from the states the table allows and only for the holder of the
fencing token. Technical steps stand in attempts; what people should be able to prove stands in the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NoReturn, cast

from sqlalchemy import (
    Table,
    bindparam,
    func,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from content_library import audit
from content_library.among import among
from content_library.errors import TransitionNotAllowed
from content_library.models.user import User
from content_library.transitions import flush
from scheduler import observing
from scheduler.claim_statement import claiming
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import WORDS, Act, next_state, sources

RECORDED = frozenset(
    {
        Act.SUCCEED, Act.FAIL, Act.LOSE, Act.ASK, Act.HOLD, Act.BLOCK, Act.MISS, Act.EXPIRE, Act.CANCEL, Act.RELEASE,
        Act.RETRY,
    }
)  # fmt: skip


_publications = cast(Table, Publication.__table__)
CLAIMING = 0x434C  # a number nobody else uses as an advisory lock
CLAIM_ASLEEP_MS = 10_000  # how long a claim may stand still before the database gives its turn to the next


@dataclass(frozen=True)
class Claim:
    """A publication promised to one engine until its lease ends. Claiming promises nothing to the network.

    `due_at` is its moment: its time, or later where a retry has to wait.
    """

    publication_id: int
    account_id: int
    fence: int
    due_at: datetime
    leased_until: datetime


def move(
    session: Session,
    publication: Publication,
    act: Act,
    *,
    actor: User | None,
    now: datetime,
    reason: str = "",
    explanation: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Move a loaded publication and record it. Raises TransitionNotAllowed, or Conflict when it moves just now."""
    before, publication.state = publication.state, next_state(publication.state, act)
    publication.state_at = now
    publication.reason, publication.explanation = reason, explanation
    if act is Act.SUCCEED:
        publication.published_at = now
    if act in (Act.RELEASE, Act.CANCEL, Act.GIVE_BACK):
        publication.leased_until = None
    flush(session)
    if act in RECORDED:
        told = {**(details or {}), "from": before, "to": publication.state, "reason": reason}
        word = WORDS[publication.state]
        audit.record(
            session,
            f"publication.{act}",
            publication,
            actor=actor,
            now=now,
            summary=f"Publication {publication.id}: {word}. {explanation}".strip(),
            details=told,
        )
        flush(session)


def claim(
    session: Session,
    *,
    engine: str,
    now: datetime,
    until: datetime,
    lease_s: float,
    most: int,
    per_account: int,
    account_id: int | None = None,
) -> list[Claim]:
    """Promise what is due by `until` to this engine, in order, some of each account; or of one alone.

    Accounts on which another engine is busy are left to it. Who asks for one account has nothing of it under way, so
    what is being sent there is somebody else's too.
    """
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        _alone(session, account_id)
    of_one = {} if account_id is None else {"account": account_id}
    asked = {
        "engine": engine,
        "at": now,
        "until": until,
        "lease_until": now + timedelta(seconds=lease_s),
        "most": most,
        **of_one,
    }
    session.flush()
    rows = session.connection().execute(claiming(of_one=bool(of_one), on_postgresql=on_postgresql), asked)
    claims = [
        Claim(r.id, r.account_id, r.fence, max(r.due_at, r.not_before or r.due_at), r.leased_until)
        for r in rows
    ]
    claims.sort(key=lambda c: (c.due_at, c.publication_id))
    return _no_more_than(session, claims, per_account, now=now)


def _alone(session: Session, account_id: int | None) -> None:
    """Nobody else claims of the same accounts until this transaction ends.

    Two that claim at one moment do not see each other's rows yet, and would share an account's out of order. Whoever
    falls asleep in here loses its turn after `CLAIM_ASLEEP_MS`, so that nobody waits longer for it.
    """
    for_no_longer = func.set_config("idle_in_transaction_session_timeout", str(CLAIM_ASLEEP_MS), true())
    of_all = func.pg_advisory_xact_lock(CLAIMING)
    of_one = func.pg_advisory_xact_lock_shared(CLAIMING), func.pg_advisory_xact_lock(CLAIMING, account_id)
    session.execute(select(for_no_longer, *(of_one if account_id is not None else (of_all,))))


def _no_more_than(session: Session, claims: list[Claim], per_account: int, *, now: datetime) -> list[Claim]:
    """Give back what one account has no time for within the lease."""
    counted: dict[int, int] = {}
    kept: list[Claim] = []
    spare: list[Claim] = []
    for one in claims:
        counted[one.account_id] = counted.get(one.account_id, 0) + 1
        (kept if counted[one.account_id] <= per_account else spare).append(one)
    give_back(session, spare, now=now)
    return kept


def give_back(session: Session, claims: Sequence[Claim], *, now: datetime) -> None:
    """Return claims that were not used, in one statement."""
    if not claims:
        return
    observing.given_back(len(claims))
    mine = [(claim.publication_id, claim.fence) for claim in claims]
    session.connection().execute(_GIVE_BACK, {"mine": mine, "state_at": now})


def mark(session: Session, claims: Mapping[Claim, int], *, now: datetime, send_by_s: float) -> set[int]:
    """Mark as being sent where the fencing token is still ours and the lease outlasts the sending.

    `claims`: each with the revision that the gate passed; where another was bound since, nothing is marked.

    The ids of those that were marked; the claims of the others are lost. Raises sqlalchemy's IntegrityError, ending
    the transaction, when another publication of an account is being sent at this moment.
    """
    if not claims:
        return set()
    held = [(claim.publication_id, claim.fence, revision_id) for claim, revision_id in claims.items()]
    known = {"held": held, "lease_until": now + timedelta(seconds=send_by_s), "state_at": now}
    return set(session.connection().execute(_MARK, known).scalars())


_GIVE_BACK = (
    update(_publications)
    .where(
        among("mine", _publications.c.id, _publications.c.fence),
        _publications.c.state.in_(sources(Act.GIVE_BACK)),
    )
    .values(
        state=PublicationState.PLANNED,
        leased_until=null(),
        state_at=bindparam("state_at"),
        version=_publications.c.version + 1,
    )
)
_MARK = (
    update(_publications)
    .where(
        among("held", _publications.c.id, _publications.c.fence, _publications.c.revision_id),
        _publications.c.state.in_(sources(Act.MARK)),
        _publications.c.leased_until > bindparam("lease_until"),
    )
    .values(
        state=PublicationState.SENDING,
        tries=_publications.c.tries + 1,
        state_at=bindparam("state_at"),
        reason="",
        explanation="",
        not_before=null(),
        version=_publications.c.version + 1,
    )
    .returning(_publications.c.id)
)


@dataclass(frozen=True)
class Success:
    """A publication all of whose parts are out, at the address of the first and since then."""

    publication_id: int
    desk_id: int
    url: str
    first_sent_at: datetime


def succeed(session: Session, out: Sequence[Success], *, now: datetime) -> None:
    """Published. The caller holds the rows, and has seen that they may become it."""
    if not out:
        return
    session.connection().execute(
        _SUCCEED,
        [
            {"this": one.publication_id, "stands_at": one.url, "first_at": one.first_sent_at, "at": now}
            for one in out
        ],
    )
    audit.record_quickly(
        session, [_recorded(Act.SUCCEED, one.publication_id, one.desk_id) for one in out], now=now
    )


def _recorded(
    act: Act, publication_id: int, desk_id: int, reason: str = "", explanation: str = ""
) -> audit.Entry:
    return audit.Entry(
        verb=f"publication.{act}",
        subject_type="publication",
        subject_id=publication_id,
        desk_id=desk_id,
        summary=f"Publication {publication_id}: {WORDS[_TARGET[act]]}. {explanation}".strip(),
        details={"to": _TARGET[act], "reason": reason},
    )


def settle(
    session: Session,
    publication_id: int,
    act: Act,
    *,
    now: datetime,
    fence: int | None = None,
    reason: str = "",
    explanation: str = "",
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Say how sending, or looking, ended. False when the publication has meanwhile moved where `act` cannot start.

    `fence` limits it to one holder; a network's yes is told without it, because a yes always counts.
    """
    changed = {"state_at": now, "reason": reason, "explanation": explanation, **(values or {})}
    if act is Act.SUCCEED:
        changed["published_at"] = now
    found = {"this": publication_id} if fence is None else {"this": publication_id, "held_fence": fence}
    statement = _settling(act, tuple(sorted(changed)), fenced=fence is not None)
    row = session.connection().execute(statement, {**changed, **found}).first()
    if row is None:
        return False
    if act in RECORDED:
        entry = _recorded(act, publication_id, row.desk_id, reason, explanation)
        audit.record_quickly(session, [entry], now=now)
    return True


@cache
def _settling(act: Act, changed: tuple[str, ...], *, fenced: bool) -> Any:
    """The UPDATE of an act, made once for each shape."""
    statement = update(_publications).where(
        _publications.c.id == bindparam("this"), _publications.c.state.in_(sources(act))
    )
    if fenced:
        statement = statement.where(_publications.c.fence == bindparam("held_fence"))
    return statement.values(
        state=_TARGET[act],
        version=_publications.c.version + 1,
        **{name: bindparam(name, type_=_publications.c[name].type) for name in changed},
    ).returning(_publications.c.desk_id)


_TARGET: Mapping[Act, PublicationState] = {act: next_state(sources(act)[0], act) for act in Act}
_SUCCEED = (
    update(_publications)
    .where(
        _publications.c.id == bindparam("this"),
        or_(
            *(_publications.c.state == state for state in sources(Act.SUCCEED))
        ),  # IN is not for many at once
    )
    .values(
        state=_TARGET[Act.SUCCEED],
        state_at=bindparam("at"),
        published_at=bindparam("at"),
        first_sent_at=bindparam("first_at"),
        url=bindparam("stands_at"),
        leased_until=null(),
        reason="",
        explanation="",
        version=_publications.c.version + 1,
    )
)


def note(
    session: Session,
    publication: Publication,
    verb: str,
    summary: str,
    *,
    now: datetime,
    actor: User | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record a change of a publication that is not a change of state, and flush it."""
    flush(session)
    audit.record(
        session, verb, publication, actor=actor, now=now,
        summary=f"Publication {publication.id}: {summary}", details=details,
    )  # fmt: skip
    flush(session)


def refuse(publication: Publication) -> NoReturn:
    """Say why a publication can no longer be changed. Raises TransitionNotAllowed."""
    next_state(publication.state, Act.CANCEL)
    raise TransitionNotAllowed("This publication has moved on. Reload the page.")
