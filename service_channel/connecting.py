"""Connecting an account where a person signs in: out to the network, back with a code, and a choice of pages.

A sign-in that has begun is kept for ten minutes, for one person, and is used once. What it keeps is sealed.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from content_library.errors import InvalidInput
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.permissions import can_manage_accounts, require
from content_library.transitions import flush
from service_channel.accounts import MAY_MANAGE
from service_channel.models.connecting import NetworkSignIn
from service_channel.networks.base import Connection
from service_channel.token_vault import TokenVault

LASTS = timedelta(minutes=10)
OVER = "This sign-in is over. Begin again."


@dataclass(frozen=True)
class Begun:
    """`state` goes to the network and comes back; `verifier` proves with the code that it was us who asked."""

    state: str
    verifier: str


def drawn() -> Begun:
    """What a sign-in is known by: nobody else can guess it."""
    return Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(48))


def begin(
    session: Session, desk: Desk, network: str, server: str, *, actor: User, now: datetime, vault: TokenVault,
    account: Account | None = None, begun: Begun | None = None, kept: str = "",
) -> Begun:  # fmt: skip
    """A person sets out for the network.

    Where the sign-in was handed in beforehand it was `begun` already, and `kept` is what is needed when they come back.
    """
    require(can_manage_accounts(actor, desk.id), MAY_MANAGE)
    begun = begun or drawn()
    row = NetworkSignIn(
        state_hash=_hash(begun.state), desk_id=desk.id, user_id=actor.id, network=network, server=server,
        account_id=account.id if account else None, ends_at=now + LASTS, kept=b"", key_id="",
    )  # fmt: skip
    _seal(row, kept or begun.verifier, vault)
    session.add(row)
    flush(session)
    return begun


def come_back(
    session: Session, state: str, *, actor: User, now: datetime, vault: TokenVault
) -> tuple[NetworkSignIn, str]:
    """The sign-in this answer belongs to, and its verifier or what was kept; it counts once. Raises InvalidInput."""
    row = _row(session, state, actor, now=now)
    if row is None or row.came_back_at is not None:
        raise InvalidInput(OVER)
    row.came_back_at = now
    flush(session)
    return row, _opened(row, vault)


def keep_choice(
    session: Session,
    state: str,
    found: Sequence[Connection],
    *,
    actor: User,
    now: datetime,
    vault: TokenVault,
) -> None:
    """What the token may speak for, for the person to choose among."""
    row = _row(session, state, actor, now=now)
    if row is None:
        raise InvalidInput(OVER)
    _seal(row, json.dumps([_as_data(one) for one in found]), vault)
    flush(session)


def choice(
    session: Session, state: str, *, actor: User, now: datetime, vault: TokenVault
) -> tuple[NetworkSignIn, list[Connection]]:
    """What there is to choose among. Raises InvalidInput when it is over or another person’s."""
    row = _row(session, state, actor, now=now)
    if row is None or row.came_back_at is None:
        raise InvalidInput(OVER)
    return row, [_as_connection(one) for one in json.loads(_opened(row, vault))]


def end(session: Session, row: NetworkSignIn) -> None:
    """It is done, or given up."""
    session.delete(row)
    flush(session)


def forget_old(session: Session, *, now: datetime) -> None:
    """Forget what was begun and never ended."""
    session.execute(delete(NetworkSignIn).where(NetworkSignIn.ends_at <= now))


def seal_again(session: Session, *, vault: TokenVault, now: datetime) -> int:
    """Seal under the first key what is kept of sign-ins under way; returns how many. Raises CannotOpen."""
    under_way = NetworkSignIn.ends_at > now
    older = select(NetworkSignIn).where(under_way, NetworkSignIn.key_id != vault.key_id)
    rows = session.scalars(older.order_by(NetworkSignIn.id).with_for_update()).all()
    for row in rows:
        _seal(row, _opened(row, vault), vault)
    flush(session)
    return len(rows)


def _row(session: Session, state: str, actor: User, *, now: datetime) -> NetworkSignIn | None:
    return session.scalar(
        select(NetworkSignIn)
        .where(
            NetworkSignIn.state_hash == _hash(state),
            NetworkSignIn.user_id == actor.id,
            NetworkSignIn.ends_at > now,
        )
        .with_for_update()
    )


def _seal(row: NetworkSignIn, text: str, vault: TokenVault) -> None:
    row.kept, row.key_id = vault.seal(text, place=_place(row)), vault.key_id


def _opened(row: NetworkSignIn, vault: TokenVault) -> str:
    return vault.open(row.kept, key_id=row.key_id, place=_place(row))


def _place(row: NetworkSignIn) -> str:
    return f"network_sign_ins:{row.state_hash}"


def _hash(state: str) -> str:
    return hashlib.sha256(f"deskcast:network-sign-in:v1\n{state}".encode()).hexdigest()


def _as_data(found: Connection) -> dict[str, Any]:
    moments = {
        name: instant.isoformat() if (instant := getattr(found, name)) else None
        for name in ("expires_at", "dies_at")
    }
    return {**asdict(found), "secret": dict(found.secret), **moments}


def _as_connection(data: dict[str, Any]) -> Connection:
    moments = {
        name: datetime.fromisoformat(data[name]) if data[name] else None for name in ("expires_at", "dies_at")
    }
    return Connection(**{**data, **moments})
