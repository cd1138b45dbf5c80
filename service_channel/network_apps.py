"""What each network knows this installation as: keys an administrator got there, or that it gave to whoever asked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.errors import InvalidInput
from content_library.insert_once import insert_once
from content_library.models.account import NETWORK_NAMES
from content_library.models.user import User
from content_library.permissions import can_manage_people, require
from content_library.transitions import flush
from service_channel.models.connecting import NetworkApp
from service_channel.networks.base import AppKeys
from service_channel.token_vault import CannotOpen, TokenVault

MAY_SET = "Only administrators can set what a network knows this installation as."


@dataclass(frozen=True)
class Known:
    """An app as a page shows it: never with its secret."""

    client_id: str
    has_secret: bool
    updated_at: datetime


def known_apps(session: Session, *, vault: TokenVault) -> dict[str, Known]:
    """The apps administrators have set, by network."""
    rows = session.scalars(select(NetworkApp).where(NetworkApp.server == ""))
    return {row.network: Known(row.client_id, bool(_if_it_opens(row, vault)), row.updated_at) for row in rows}


def app_keys(session: Session, network: str, server: str, *, vault: TokenVault) -> AppKeys | None:
    """Our keys at a network's server; None where there are none. Raises CannotOpen when the vault's key is not ours."""
    row = _row(session, network, server)
    return None if row is None else AppKeys(row.client_id, _opened(row, vault))


def keep_registered(
    session: Session, network: str, server: str, keys: AppKeys, *, vault: TokenVault, now: datetime
) -> None:
    """Keep what a server gave to whoever asked."""
    _keep(session, network, server, keys, vault=vault, actor=None, now=now)


def keep_first(session: Session, network: str, keys: AppKeys, *, vault: TokenVault, now: datetime) -> AppKeys:
    """Our own key at servers that look us up, for as long as we are at this address; the first one made stays."""
    server = keys.client_id
    place = f"network_apps:{network}:{server}"
    row = {
        "network": network, "server": server, "client_id": keys.client_id, "key_id": vault.key_id,
        "secret": vault.seal(keys.client_secret, place=place), "updated_at": now,
    }  # fmt: skip
    insert_once(session, NetworkApp, [row], unique=("network", "server"))
    kept = app_keys(session, network, server, vault=vault)
    assert kept is not None
    return kept


def set_app(
    session: Session, network: str, keys: AppKeys, *, vault: TokenVault, actor: User, now: datetime
) -> None:
    """Keep what an administrator got from a network. An empty secret keeps the one there is. Raises InvalidInput."""
    require(can_manage_people(actor), MAY_SET)
    known = _row(session, network, "")
    client_id = keys.client_id.strip()
    if not client_id:
        sentence = "Enter the id that the network gave to your app."
        raise InvalidInput(sentence, {"client_id": sentence})
    secret = keys.client_secret.strip() or (_if_it_opens(known, vault) if known else "")
    if secret is None:
        sentence = "The secret there is cannot be opened. Enter it again."
        raise InvalidInput(sentence, {"client_secret": sentence})
    row = _keep(session, network, "", AppKeys(client_id, secret), vault=vault, actor=actor, now=now)
    audit.record(
        session, "network_app.set", row, actor=actor, now=now,
        summary=f"Set the app for {NETWORK_NAMES.get(network, network)}", details={"network": network},
    )  # fmt: skip
    flush(session)


def forget_app(session: Session, network: str, *, actor: User, now: datetime) -> None:
    """Nobody can sign in with the network any more; who is connected stays so."""
    require(can_manage_people(actor), MAY_SET)
    row = _row(session, network, "")
    if row is None:
        return
    audit.record(
        session, "network_app.forgotten", row, actor=actor, now=now,
        summary=f"Forgot the app for {NETWORK_NAMES.get(network, network)}", details={"network": network},
    )  # fmt: skip
    session.delete(row)
    flush(session)


def seal_again(session: Session, *, vault: TokenVault, most: int = 500) -> int:
    """Seal under the first key what is sealed under another; returns how many. Raises CannotOpen."""
    older = select(NetworkApp).where(NetworkApp.key_id != vault.key_id).order_by(NetworkApp.id).limit(most)
    rows = session.scalars(older.with_for_update()).all()
    for row in rows:
        row.secret, row.key_id = vault.seal(_opened(row, vault), place=_place(row)), vault.key_id
    flush(session)
    return len(rows)


def _row(session: Session, network: str, server: str) -> NetworkApp | None:
    return session.scalar(
        select(NetworkApp).where(NetworkApp.network == network, NetworkApp.server == server)
    )


def _keep(
    session: Session, network: str, server: str, keys: AppKeys, *, vault: TokenVault, actor: User | None,
    now: datetime,
) -> NetworkApp:  # fmt: skip
    row = _row(session, network, server) or NetworkApp(network=network, server=server)
    row.client_id, row.updated_at = keys.client_id, now
    row.updated_by_id = actor.id if actor else None
    row.secret, row.key_id = vault.seal(keys.client_secret, place=_place(row)), vault.key_id
    session.add(row)
    flush(session)
    return row


def _opened(row: NetworkApp, vault: TokenVault) -> str:
    return vault.open(row.secret, key_id=row.key_id, place=_place(row))


def _if_it_opens(row: NetworkApp, vault: TokenVault) -> str | None:
    """None when it was sealed under a key that is not ours."""
    try:
        return _opened(row, vault)
    except CannotOpen:
        return None


def _place(row: NetworkApp) -> str:
    return f"network_apps:{row.network}:{row.server}"
