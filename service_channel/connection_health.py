"""How healthy an account's connection is: what each answer of its network says of it, and when it is lost."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from sqlalchemy import Table, bindparam, null, or_, update
from sqlalchemy.orm import Session

from content_library.among import among
from content_library.models.account import NETWORK_NAMES, Account, AccountState
from content_library.models.user import User
from content_library.notices import leads_of, notify
from content_library.permissions import can_manage_accounts, require
from service_channel import transitions
from service_channel.accounts import MAY_MANAGE
from service_channel.models.credential import Credential
from service_channel.networks.base import FindResult, Presence


class Health(StrEnum):
    """What asking a network about an account has shown."""

    WORKS = "works"
    REFUSED = "refused"
    UNCLEAR = "unclear"  # it could not be asked


JUST_RENEWED = timedelta(minutes=5)
"""A token refused this soon after it was renewed is refused for good: a person has to connect again."""
NOTED_EVERY = timedelta(minutes=1)
_RENEWING = "Its access is renewed now. Test it again in a minute."
_credentials = cast(Table, Credential.__table__)


def lost(session: Session, account: Account, problem: str, *, now: datetime) -> None:
    """The network refuses our credentials: a person has to connect again; the leads are told once."""
    credential = session.get(Credential, account.id)
    if credential is not None:
        credential.problem, credential.problem_at = problem, now
    if account.state is not AccountState.ACTIVE:
        return
    transitions.move_account(session, account, AccountState.RECONNECT, actor=None, now=now, why=problem)
    notify(
        session, leads_of(session, account.desk_id), "account.reconnect", account, stage=now.isoformat(),
        text=f"{account.handle} on {NETWORK_NAMES[account.network]} has to be connected again.", now=now,
    )  # fmt: skip


def refused(
    session: Session, account: Account, problem: str, *, now: datetime, since: datetime | None = None
) -> bool:
    """The network refuses our token. One that can be renewed is renewed first; True: it is lost.

    `since`: when the call was begun. A token that was renewed after that is not the one that was refused.
    """
    credential = session.get(Credential, account.id)
    renewed_at = credential.renewed_at if credential is not None else None
    if renewed_at is not None and since is not None and renewed_at > since:
        return False
    fresh = renewed_at is not None and now - renewed_at < JUST_RENEWED
    if credential is None or fresh or not _can_be_renewed(credential):
        lost(session, account, problem, now=now)
        return True
    credential.expires_at = now  # whoever renews it just now goes on: two would end the connection
    credential.problem, credential.problem_at = problem, now
    return False


def _can_be_renewed(credential: Credential) -> bool:
    """One that dies when it expires has nothing it could be renewed with."""
    expires, dies = credential.expires_at, credential.dies_at
    return expires is not None and (dies is None or expires < dies)


def wait_until(session: Session, account: Account, instant: datetime) -> None:
    """The network asked this account to wait."""
    credential = session.get(Credential, account.id)
    if credential is not None:
        credential.not_before = instant


def worked(session: Session, account_ids: Collection[int], *, now: datetime) -> None:
    """The credentials of these accounts were accepted. Noted once a minute at most, unless there was a problem."""
    session.connection().execute(_WORKED, {"ids": account_ids, "at": now, "before": now - NOTED_EVERY})


_WORKED = (
    update(_credentials)
    .where(
        among("ids", _credentials.c.account_id),
        or_(
            _credentials.c.problem != "",
            _credentials.c.last_ok_at.is_(None),
            _credentials.c.last_ok_at <= bindparam("before"),
        ),
    )
    .values(last_ok_at=bindparam("at"), problem="", problem_at=null())
)


def note_check(
    session: Session, account: Account, found: FindResult, *, actor: User, now: datetime
) -> tuple[Health, str]:
    """Keep what asking the network has shown; returns how the connection is, and the network's own words."""
    require(can_manage_accounts(actor, account.desk_id), MAY_MANAGE)
    if found.presence is Presence.FOUND:
        worked(session, [account.id], now=now)
        return Health.WORKS, ""
    if found.presence is Presence.ABSENT:
        problem = found.message or "The network does not accept the connection."
        if account.state is AccountState.ACTIVE and not refused(session, account, problem, now=now):
            return Health.UNCLEAR, _RENEWING
        lost(session, account, problem, now=now)
        return Health.REFUSED, problem
    credential = session.get(Credential, account.id)
    problem = found.message or "It could not be reached."
    if credential is not None:
        credential.problem, credential.problem_at = problem, now
    return Health.UNCLEAR, problem
