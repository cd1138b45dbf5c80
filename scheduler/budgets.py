"""How much an account has sent and may still send, for its page and for whoever plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.posting_limits import DAY, HOUR, Budget
from content_library.wall_time import resolve, wall_of
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState
from service_channel import allowances
from service_channel.models.allowance import Allowance
from service_channel.models.sent_part import SentPart

MOST_WAITING = 50
_NO_LONGER = (
    PublicationState.CANCELLED,
    PublicationState.EXPIRED,
    PublicationState.MISSED,
    PublicationState.FAILED,
)


@dataclass(frozen=True)
class Sending:
    """An account's budget, what it has sent in the last hour and the last 24, and what the network said last."""

    budget: Budget
    in_an_hour: int
    in_a_day: int
    known: Allowance | None


@dataclass(frozen=True)
class Crowded:
    """On the day of a moment, `planned` are planned on an account that sends at most `most`; one more is too many."""

    account: Account
    planned: int
    most: int


def sending(session: Session, account: Account, *, now: datetime) -> Sending:
    known = session.get(Allowance, account.id)
    return Sending(
        allowances.budget(account, known),
        _sent(session, account, now - HOUR),
        _sent(session, account, now - DAY),
        known,
    )


def _sent(session: Session, account: Account, since: datetime) -> int:
    posts = select(func.count()).where(SentPart.account_id == account.id, SentPart.sent_at > since)
    return session.scalar(posts) or 0


def waiting(session: Session, account_id: int, *, now: datetime) -> list[Publication]:
    """What is past its time only because the account may send no more just now, in the order it goes."""
    return list(
        session.scalars(
            select(Publication)
            .where(
                Publication.account_id == account_id,
                Publication.state == PublicationState.PLANNED,
                Publication.reason == Reason.BUDGET,
                Publication.not_before > now,
            )
            .order_by(Publication.due_at, Publication.id)
            .limit(MOST_WAITING)
            .options(joinedload(Publication.post))
        )
    )


def waiting_counts(session: Session, desk_id: int, *, now: datetime) -> Mapping[int, int]:
    """How many wait like that, by account; accounts where nothing waits are left out."""
    rows = session.execute(
        select(Publication.account_id, func.count())
        .where(
            Publication.desk_id == desk_id,
            Publication.state == PublicationState.PLANNED,
            Publication.due_at <= now,
            Publication.reason == Reason.BUDGET,
            Publication.not_before > now,
        )
        .group_by(Publication.account_id)
    )
    return {row[0]: row[1] for row in rows}


def crowded(
    session: Session, desk: Desk, accounts: Sequence[Account], due_at: datetime, *, but: int = 0
) -> list[Crowded]:
    """The accounts that would have more planned on the desk's own day of `due_at` than they may send in a day.

    `but` is a publication that is being moved.
    """
    known = allowances.of_accounts(session, [account.id for account in accounts])
    limits = {a.id: allowances.budget(a, known.get(a.id)).per_day for a in accounts}
    planned = _planned(session, desk, [i for i, most in limits.items() if most is not None], due_at, but)
    return [
        Crowded(account, planned.get(account.id, 0), most)
        for account in accounts
        if (most := limits[account.id]) is not None and planned.get(account.id, 0) + 1 > most
    ]


def _planned(
    session: Session, desk: Desk, account_ids: Sequence[int], due_at: datetime, but: int
) -> Mapping[int, int]:
    if not account_ids:
        return {}
    midnight = wall_of(due_at, desk.zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    begins, ends = (resolve(midnight + timedelta(days=n), desk.zone).due_at for n in (0, 1))
    rows = session.execute(
        select(Publication.account_id, func.count())
        .where(
            Publication.desk_id == desk.id,
            Publication.account_id.in_(account_ids),
            Publication.due_at >= begins,
            Publication.due_at < ends,
            Publication.state.not_in(_NO_LONGER),
            Publication.id != but,
        )
        .group_by(Publication.account_id)
    )
    return {row[0]: row[1] for row in rows}
