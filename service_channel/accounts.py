"""Accounts of a desk: connecting, the way in for adapters, and how healthy the connection is."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol, cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session

from content_library import audit
from content_library.among import among
from content_library.database import Database
from content_library.errors import InvalidInput, NotFound
from content_library.models.account import NETWORK_NAMES, Account, AccountState
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.notices import over
from content_library.permissions import can_manage_accounts, require
from content_library.web_fetch import FetchPolicy
from service_channel import transitions
from service_channel.models.allowance import Allowance
from service_channel.models.credential import Credential
from service_channel.networks.base import (
    Access,
    Connectable,
    Connection,
    ConnectRefused,
    Renewed,
)
from service_channel.networks.every import networks as networks
from service_channel.networks.server_addresses import server_address
from service_channel.page_store import PageStore
from service_channel.token_vault import CannotOpen, TokenVault

MAY_MANAGE = "Only leads of this desk and administrators can manage its accounts."


def get_account(session: Session, desk_id: int, account_id: int) -> Account:
    """Raises NotFound, also for another desk's."""
    found = session.scalar(select(Account).where(Account.id == account_id, Account.desk_id == desk_id))
    if found is None:
        raise NotFound("There is no such account on this desk.")
    return found


def accounts_with_health(session: Session, desk_id: int) -> list[tuple[Account, Credential | None]]:
    """The desk's accounts in use, each with its connection."""
    rows = session.execute(
        select(Account, Credential)
        .outerjoin(Credential, Credential.account_id == Account.id)
        .where(Account.desk_id == desk_id, Account.state != AccountState.CLOSED)
        .order_by(Account.id)
    )
    return [(account, credential) for account, credential in rows]


def try_connecting(policy: FetchPolicy, network: str, given: Mapping[str, str]) -> Connection:
    """Sign in with what a person typed, to see whether it works. Takes seconds: never inside a transaction.

    Raises InvalidInput with a sentence at the field it is about.
    """
    found = networks(policy).get(network)
    if not isinstance(found, Connectable):
        raise NotFound("There is nothing to type in to connect this network.")
    try:
        return found.connect(given)
    except ConnectRefused as refused:
        raise InvalidInput(str(refused), {refused.field: str(refused)}) from refused


def server_to_sign_in_on(typed: str) -> str:
    """`https://…` of what a person typed. Raises InvalidInput about `server`."""
    try:
        return server_address(typed, example="mastodon.social", field="server", what="sign-in")
    except ConnectRefused as refused:
        raise InvalidInput(str(refused), {refused.field: str(refused)}) from refused


def connect(
    session: Session, desk: Desk, network: str, found: Connection, *, vault: TokenVault, actor: User,
    now: datetime, account: Account | None = None,
) -> Account:  # fmt: skip
    """Keep a tested connection. An account of the same identity on this desk is connected again, with its history."""
    require(can_manage_accounts(actor, desk.id), MAY_MANAGE)
    known = _known(session, desk, network, found)
    _check_identity(account, known, found)
    account = account or known
    if account is None:
        account = Account(
            desk_id=desk.id, network=network, handle=found.handle, name=found.display_name or found.handle,
            state=AccountState.PRACTICE, created_at=now,
        )  # fmt: skip
        session.add(account)
    account.handle, account.remote_id, account.url = found.handle, found.remote_id, found.url
    account.name = found.display_name or account.name
    session.flush()
    _keep_secret(session, account, found, vault=vault, now=now)
    transitions.move_account(session, account, AccountState.ACTIVE, actor=actor, now=now, why="connected")
    over(session, "account.reconnect", [account], now=now)
    return account


def _check_identity(account: Account | None, known: Account | None, found: Connection) -> None:
    """What was cleared for one account must never go out on another because somebody connected the wrong one."""
    if account is None:
        return
    if known is not None and known.id != account.id:
        sentence = f"{found.handle} stands on this desk already. Connect that one again instead."
        raise InvalidInput(sentence, {"identifier": sentence})
    if account.remote_id and account.remote_id != found.remote_id:
        sentence = f"{found.handle} is another account than {account.handle}. Connect it as a new one."
        raise InvalidInput(sentence, {"identifier": sentence})


def _known(session: Session, desk: Desk, network: str, found: Connection) -> Account | None:
    same = (func.lower(Account.handle) == found.handle.lower()) | (
        (Account.remote_id == found.remote_id) & (Account.remote_id != "")
    )
    return session.scalar(
        select(Account)
        .where(
            Account.desk_id == desk.id, Account.network == network, Account.state != AccountState.CLOSED, same
        )
        .limit(1)
    )


def _keep_secret(
    session: Session, account: Account, found: Connection, *, vault: TokenVault, now: datetime
) -> None:
    credential = session.get(Credential, account.id) or Credential(account_id=account.id, connected_at=now)
    credential.host = str(found.secret.get("host") or "")
    credential.secret = seal_secret(vault, account.id, found.secret)
    credential.session = (
        vault.seal(found.session, place=_place(account.id, "session")) if found.session else None
    )
    credential.key_id = vault.key_id
    credential.updated_at = credential.connected_at = credential.last_ok_at = now
    credential.problem, credential.problem_at, credential.not_before = "", None, None
    credential.expires_at, credential.dies_at = found.expires_at, found.dies_at
    credential.renewing_until = credential.renewed_at = None
    session.add(credential)
    session.flush()
    _forget_what_was_left(session, account.id)


def _forget_what_was_left(session: Session, account_id: int) -> None:
    """What the network said to the former connection binds a new one no more."""
    nothing = {"calls_left": None, "calls_most": None, "calls_until": None, "said_at": None}
    session.execute(update(Allowance).where(Allowance.account_id == account_id).values(nothing))


def keep_renewed(
    session: Session, credential: Credential, renewed: Renewed, *, vault: TokenVault, now: datetime
) -> None:
    """Keep the secret that a renewal gave, in place of the old one."""
    kept = credential.session
    if kept and credential.key_id != vault.key_id:
        place = _place(credential.account_id, "session")
        credential.session = vault.seal(vault.open(kept, key_id=credential.key_id, place=place), place=place)
    credential.secret = seal_secret(vault, credential.account_id, renewed.secret)
    credential.key_id = vault.key_id
    credential.expires_at, credential.renewing_until = renewed.expires_at, None
    credential.dies_at = renewed.dies_at or credential.dies_at
    credential.renewed_at = credential.updated_at = credential.last_ok_at = now
    credential.problem, credential.problem_at = "", None
    session.flush()


def seal_again(session: Session, *, vault: TokenVault, most: int = 500) -> int:
    """Seal under the first key what is sealed under another; returns how many. Raises CannotOpen."""
    older = select(Credential).where(Credential.key_id != vault.key_id).order_by(Credential.account_id)
    rows = session.scalars(older.limit(most).with_for_update()).all()
    for row in rows:
        for column in ("secret", "session"):
            if sealed := getattr(row, column):
                place = _place(row.account_id, column)
                plain = vault.open(sealed, key_id=row.key_id, place=place)
                setattr(row, column, vault.seal(plain, place=place))
        row.key_id = vault.key_id
    session.flush()
    return len(rows)


def addresses(session: Session, policy: FetchPolicy, *, vault: TokenVault) -> list[str]:
    """Where calls of the accounts in use go, each once. Of a secret that does not open only the server is known."""
    known = networks(policy)
    found: dict[str, None] = {}
    connected = select(Account, Credential).join(Credential, Credential.account_id == Account.id)
    for account, row in session.execute(
        connected.where(Account.state == AccountState.ACTIVE).order_by(Account.id)
    ):
        if network := known.get(account.network):
            access = Access(account.id, account.handle, _secret_or_server(row, vault))
            found[network.answers_at(access)] = None
    return [address for address in found if address]


def _secret_or_server(row: Credential, vault: TokenVault) -> dict[str, Any]:
    try:
        return _unjson(vault.open(row.secret, key_id=row.key_id, place=_place(row.account_id, "secret")))
    except CannotOpen:
        return {"host": row.host}


def seal_secret(vault: TokenVault, account_id: int, secret: Mapping[str, Any]) -> bytes:
    """An account's secret as it is stored."""
    return vault.seal(_json(secret), place=_place(account_id, "secret"))


def add_practice(
    session: Session, desk: Desk, network: str, handle: str, *, actor: User, now: datetime
) -> Account:
    """An account for texts and previews only, until somebody connects it."""
    require(can_manage_accounts(actor, desk.id), MAY_MANAGE)
    handle = handle.strip().lstrip("@")
    if network not in NETWORK_NAMES or network == "page" or not handle:
        raise InvalidInput(
            "Choose a network and write the handle.", {"handle": "Write the account’s handle."}
        )
    if _stands(session, desk, network, handle):
        sentence = f"{handle} stands on this desk already."
        raise InvalidInput(sentence, {"handle": sentence})
    account = Account(
        desk_id=desk.id,
        network=network,
        handle=handle,
        name=desk.name,
        state=AccountState.PRACTICE,
        created_at=now,
    )
    session.add(account)
    session.flush()
    audit.record(
        session,
        "account.added",
        account,
        actor=actor,
        now=now,
        summary=f"Practice account {handle} on {network}",
    )
    return account


def _stands(session: Session, desk: Desk, network: str, handle: str) -> bool:
    same = select(Account.id).where(
        Account.desk_id == desk.id, Account.network == network, Account.state != AccountState.CLOSED,
        func.lower(Account.handle) == handle.lower(),
    )  # fmt: skip
    return session.scalar(same.limit(1)) is not None


def close(session: Session, account: Account, *, actor: User, now: datetime) -> None:
    """Take an account out of use: its secret is deleted, its history stays, what is planned there is blocked."""
    require(can_manage_accounts(actor, account.desk_id), MAY_MANAGE)
    if account.network == "page":
        raise InvalidInput("The public page belongs to the desk and cannot be removed.")
    credential = session.get(Credential, account.id)
    if credential is not None:
        session.delete(credential)
    transitions.move_account(session, account, AccountState.CLOSED, actor=actor, now=now, why="removed")


class Named(Protocol):
    """An account, or a row that says as much of one."""

    @property
    def id(self) -> int: ...
    @property
    def network(self) -> str: ...
    @property
    def handle(self) -> str: ...


def access(session: Session, account: Named, *, database: Database, vault: TokenVault) -> Access:
    """What an adapter needs to speak for this account. Raises CannotOpen when the key is not ours."""
    sealed_ones = {} if account.network == "page" else sealed(session, [account.id])
    return opened(account, sealed_ones.get(account.id), database=database, vault=vault)


def sealed(session: Session, account_ids: Collection[int]) -> dict[int, Any]:
    """Account id → its credentials as they are stored."""
    rows = session.connection().execute(_SEALED, {"ids": account_ids})
    return {row.account_id: row for row in rows}


def opened(account: Named, row: Any, *, database: Database, vault: TokenVault) -> Access:
    """The same from what `sealed` has read: opening takes its time, and needs no transaction."""
    account_id = account.id
    if account.network == "page":
        return Access(account_id, account.handle, store=PageStore(database))
    if row is None:
        raise CannotOpen(f"{account.handle} has never been connected.")
    kept = row.session
    return Access(
        account_id=account_id,
        handle=account.handle,
        secret=_unjson(vault.open(row.secret, key_id=row.key_id, place=_place(account_id, "secret"))),
        session=vault.open(kept, key_id=row.key_id, place=_place(account_id, "session")) if kept else "",
        save_session=lambda renewed: _save_session(database, vault, account_id, renewed),
        latest=lambda: _latest(database, vault, account_id),
    )


_credentials = cast(Table, Credential.__table__)
_SEALED = select(
    _credentials.c.account_id, _credentials.c.secret, _credentials.c.session, _credentials.c.key_id
).where(among("ids", _credentials.c.account_id))


def _latest(database: Database, vault: TokenVault, account_id: int) -> Mapping[str, Any]:
    """The secret as it is kept now, read in a transaction of its own; nothing where there is none any more."""
    with database.read() as session:
        row = sealed(session, [account_id]).get(account_id)
    if row is None:
        return {}
    try:
        return _unjson(vault.open(row.secret, key_id=row.key_id, place=_place(account_id, "secret")))
    except CannotOpen:
        return {}


def _save_session(database: Database, vault: TokenVault, account_id: int, renewed: str) -> None:
    """Keep a renewed session at once, in a transaction of its own: the old one may be worthless already."""
    with database.write() as session:
        credential = session.get(Credential, account_id, with_for_update=not database.is_sqlite)
        if credential is None:
            return
        if (
            credential.key_id != vault.key_id
        ):  # sealed under a former key: both columns move to the present one
            place = _place(account_id, "secret")
            secret = vault.open(credential.secret, key_id=credential.key_id, place=place)
            credential.secret, credential.key_id = vault.seal(secret, place=place), vault.key_id
        credential.session = vault.seal(renewed, place=_place(account_id, "session"))


def host_of(session: Session, account: Account) -> str:
    """The server an account was connected at; empty for one that never was."""
    credential = session.get(Credential, account.id)
    return credential.host if credential is not None else ""


def _place(account_id: int, column: str) -> str:
    return f"credentials:{account_id}:{column}"


def _json(secret: Mapping[str, Any]) -> str:
    return json.dumps(dict(secret), sort_keys=True)


def _unjson(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
