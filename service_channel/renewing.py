"""Access tokens that run out: renewed in time, by one at a time for an account, and kept before they are used.

A network call is never made inside a transaction, so the lock is a claim with an end: who holds it renews, and reads
the credentials again after taking it. What nothing renews any more is said to the leads before it ends.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from content_library import clock
from content_library.database import Database
from content_library.models.account import NETWORK_NAMES, Account, AccountState
from content_library.notices import leads_of, notify
from service_channel import accounts, connection_health
from service_channel.models.credential import Credential
from service_channel.networks.base import Access, Network, Outcome, Renewable, Renewed
from service_channel.token_vault import CannotOpen, TokenVault

log = logging.getLogger(__name__)

AHEAD = timedelta(minutes=10)
LASTS = timedelta(seconds=90)
AGAIN = timedelta(minutes=1)
PACE = timedelta(minutes=2)
"""Between two renewals of one account, also where a network gives access for minutes only."""
DEADLINE_S = 30.0
WARN = (timedelta(days=1), timedelta(days=7))
"""How long before a connection ends its leads are told, the last word first."""


@dataclass(frozen=True)
class _Errand:
    network: Renewable
    access: Access


def claim_due(session: Session, renewable: set[str], *, now: datetime, most: int = 20) -> list[int]:
    """Ids of accounts whose token runs out soon, promised to the caller for a while."""
    due = (
        select(Credential.account_id)
        .join(Account, Account.id == Credential.account_id)
        .where(Account.state == AccountState.ACTIVE, Account.network.in_(renewable), *_due(now))
        .order_by(Credential.expires_at)
        .limit(most)
    )
    rows = session.execute(
        update(Credential)
        .where(Credential.account_id.in_(due), *_due(now))
        .values(renewing_until=now + LASTS)
        .returning(Credential.account_id)
        .execution_options(synchronize_session=False)
    )
    return [row.account_id for row in rows]


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(Credential.renewing_until.is_(None), Credential.renewing_until <= now)
    rested = or_(Credential.renewed_at.is_(None), Credential.renewed_at <= now - PACE)
    return Credential.expires_at <= now + AHEAD, free, rested


def renew(database: Database, network: Network, vault: TokenVault, account_id: int) -> Outcome:
    """Renew one account's token that `claim_due` promised to us, and keep the new one."""
    assert isinstance(network, Renewable)
    since = None
    try:
        with database.read() as session:
            account = session.get_one(Account, account_id)
            since = session.get_one(Credential, account_id).connected_at
            access = accounts.access(session, account, database=database, vault=vault)
            now = clock.now(session)
    except CannotOpen as problem:
        done = Renewed(Outcome.SIGNED_OUT, message=str(problem))
    else:
        done = _renewed(_Errand(network, access), now=now)
    with database.write() as session:
        credential = session.get(Credential, account_id, with_for_update=not database.is_sqlite)
        if credential is not None and credential.connected_at == since:  # nobody connected it anew meanwhile
            _keep(session, credential, done, vault=vault, now=clock.now(session))
    return done.outcome


def _renewed(errand: _Errand, *, now: datetime) -> Renewed:
    try:
        return errand.network.renew(errand.access, now=now, deadline_s=DEADLINE_S)
    except Exception as crash:
        log.exception("account %s: renewing broke off", errand.access.account_id)
        return Renewed(Outcome.UNKNOWN, message=f"Renewing it broke off ({type(crash).__name__}).")


def _keep(
    session: Session, credential: Credential, done: Renewed, *, vault: TokenVault, now: datetime
) -> None:
    account = session.get_one(Account, credential.account_id)
    if done.outcome is Outcome.SENT:
        accounts.keep_renewed(session, credential, done, vault=vault, now=now)
    elif done.outcome is Outcome.SIGNED_OUT:
        connection_health.lost(session, account, done.message, now=now)
    else:  # one failure is no end: the old token may work for a while, and the next try may succeed
        credential.renewing_until = now + AGAIN
        credential.problem, credential.problem_at = f"It could not be renewed: {done.message}", now


def end_dead(session: Session, *, now: datetime) -> int:
    """Connections that are over and that nothing renews ask for a person; returns how many."""
    over = _in_use(session, and_(Credential.dies_at <= now))
    for account, _credential in over:
        connection_health.lost(session, account, "The network’s permission has run out.", now=now)
    return len(over)


def tell_dying(session: Session, *, now: datetime) -> None:
    """Tell the leads a week before, and a day before."""
    for account, credential in _in_use(session, Credential.dies_at <= now + WARN[-1]):
        assert credential.dies_at is not None
        span = next(span for span in WARN if credential.dies_at <= now + span)
        days = "tomorrow" if span == WARN[0] else "within a week"
        notify(
            session, leads_of(session, account.desk_id), "account.expiring", account,
            stage=f"{credential.dies_at.date().isoformat()} {span.days}", now=now,
            text=f"{account.handle} on {NETWORK_NAMES[account.network]} has to be connected again {days}: "
            "the network’s permission ends then.",
        )  # fmt: skip


def _in_use(session: Session, condition: ColumnElement[bool]) -> list[tuple[Account, Credential]]:
    rows = session.execute(
        select(Account, Credential)
        .join(Credential, Credential.account_id == Account.id)
        .where(Account.state == AccountState.ACTIVE, condition)
        .limit(200)
    )
    return [(account, credential) for account, credential in rows]
