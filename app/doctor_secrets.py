"""What `deskcast doctor` asks about sealed secrets: does each open, and which of the vault's keys are still needed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.doctor_findings import Finding, fine, mend
from content_library.models.account import NETWORK_NAMES, Account
from content_library.settings import Settings
from service_channel.models.connecting import NetworkApp, NetworkSignIn
from service_channel.models.credential import Credential
from service_channel.token_vault import key_id

_MOST_NAMED = 5
_LOST = "sealed under a key we do not have. Restore DESKCAST_VAULT_KEYS"
_OTHERWISE = {
    "bluesky": "connect accounts there with an app password",
    "mastodon": "sign in there again, which makes new ones",
}
"""What helps where an app is not entered by an administrator."""


def secrets(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    """Of accounts, of our apps at networks, and of sign-ins under way."""
    known = list(dict.fromkeys(key_id(key) for key in settings.vault_keys))
    lost = [*_accounts(session, known), *_apps(session, known), *_sign_ins(session, known, now)]
    yield from lost
    if not lost:
        yield fine("Every stored secret can be opened.")
    yield from _older(session, known, now)


def _accounts(session: Session, known: list[str]) -> Iterator[Finding]:
    handles = session.scalars(
        select(Account.handle)
        .join(Credential, Credential.account_id == Account.id)
        .where(Credential.key_id.not_in(known))
        .order_by(Account.id)
    ).all()
    if handles:
        yield mend(f"The secrets of {_named(handles)} were {_LOST}, or connect the accounts again.")


def _named(handles: Sequence[str]) -> str:
    more = len(handles) - _MOST_NAMED
    return ", ".join(handles[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _apps(session: Session, known: list[str]) -> Iterator[Finding]:
    rows = select(NetworkApp).where(NetworkApp.key_id.not_in(known)).order_by(NetworkApp.id)
    for app in session.scalars(rows):
        name = NETWORK_NAMES.get(app.network, app.network)
        if app.server:
            otherwise = _OTHERWISE.get(app.network, "connect accounts there again")
            server = urlsplit(app.server).hostname if app.network == "mastodon" else None
            whose = f"Our keys at {name}{f' ({server})' if server else ''} were"
        else:
            otherwise = "enter its secret again under Settings, Networks"
            whose = f"The secret of our app at {name} was"
        yield mend(f"{whose} {_LOST}, or {otherwise}.")


def _sign_ins(session: Session, known: list[str], now: datetime) -> Iterator[Finding]:
    """Those that are over are never opened again."""
    count = session.scalar(
        select(func.count())
        .select_from(NetworkSignIn)
        .where(NetworkSignIn.ends_at > now, NetworkSignIn.key_id.not_in(known))
    )
    if count:
        yield mend(f"{_signing_in(count)} {_LOST}, or sign in on the network again.")


def _signing_in(count: int) -> str:
    return f"{count} sign-in{'s' if count != 1 else ''} under way {'were' if count != 1 else 'was'}"


def _older(session: Session, known: list[str], now: datetime) -> Iterator[Finding]:
    """The keys behind the first: those that still open something, and those that do not."""
    under_way = NetworkSignIn.ends_at > now
    sealed: Counter[str] = Counter()
    for keys in (
        select(Credential.key_id, func.count()).group_by(Credential.key_id),
        select(NetworkApp.key_id, func.count()).group_by(NetworkApp.key_id),
        select(NetworkSignIn.key_id, func.count()).where(under_way).group_by(NetworkSignIn.key_id),
    ):
        for key, count in session.execute(keys):
            sealed[key] += count
    older = known[1:]
    waiting = sum(sealed[key] for key in older)
    if waiting:
        yield fine(
            f"{waiting} secret{'s are' if waiting != 1 else ' is'} sealed under an older vault key. Run "
            "`deskcast rotate-keys` before you drop it."
        )
    idle = [key for key in older if not sealed[key]]
    if idle:
        yield fine(f"{len(idle)} of the older vault keys open nothing any more: they can be dropped.")
