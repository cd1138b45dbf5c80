"""How much an account may send: hearing what the network says is left, and lowering our own budget."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content_library import audit
from content_library.errors import InvalidInput
from content_library.models.account import NETWORK_NAMES, Account
from content_library.models.user import User
from content_library.permissions import can_manage_accounts, require
from content_library.posting_limits import Budget, budget_of, of_network
from content_library.transitions import flush
from service_channel.models.allowance import Allowance
from service_channel.rate_headers import Left, left_of

log = logging.getLogger(__name__)

MAY_LOWER = "Only leads of this desk and administrators can say how much its accounts send."
LARGEST = 100_000
_HEARD = ("calls_left", "calls_most", "calls_until", "said_at")


def _upserts() -> dict[str, Any]:
    """The statement of each dialect, made once: it runs after every post of a network that says what is left."""
    found: dict[str, Any] = {}
    for dialect in (postgresql, sqlite):
        insert: Any = dialect.insert(Allowance.__table__).values(
            {name: bindparam(name) for name in ("account_id", *_HEARD)}
        )
        found[dialect.__name__.rpartition(".")[2]] = insert.on_conflict_do_update(
            index_elements=["account_id"], set_={name: insert.excluded[name] for name in _HEARD}
        )
    return found


_KEEP = _upserts()


def heard(session: Session, account_id: int, answer: Mapping[str, Any], *, now: datetime) -> None:
    """Keep what the answer to a sending says is left; an answer that does not say changes nothing.

    `answer` is what is kept of it for the record: {status, headers, body}.
    """
    said = _read(answer.get("headers"), now)
    if said is None:
        return
    values = dict(zip(_HEARD, (said.left, said.most, said.until.astimezone(UTC), now), strict=True))
    session.connection().execute(_KEEP[session.get_bind().dialect.name], {"account_id": account_id, **values})


def _read(headers: Any, now: datetime) -> Left | None:
    """Whoever runs a server writes what they like there: nothing of it may keep us from noting what was sent."""
    try:
        said = left_of(headers, now=now) if isinstance(headers, Mapping) else None
    except Exception:
        log.exception("what is left could not be read from an answer")
        return None
    return said if said is not None and said.until > now else None


def of_accounts(session: Session, account_ids: list[int]) -> dict[int, Allowance]:
    """What is known of these accounts; those nothing is known of are left out."""
    rows = session.scalars(select(Allowance).where(Allowance.account_id.in_(account_ids)))
    return {row.account_id: row for row in rows}


def budget(account: Account, known: Allowance | None) -> Budget:
    """The budget in force for an account."""
    return budget_of(account.network, known.per_hour if known else None, known.per_day if known else None)


def lower(session: Session, account: Account, wanted: Budget, *, actor: User, now: datetime) -> None:
    """Send less than the network allows; None: as much as it allows. Raises InvalidInput for more than that."""
    require(can_manage_accounts(actor, account.desk_id), MAY_LOWER)
    _check(account, wanted)
    known = session.get(Allowance, account.id) or Allowance(account_id=account.id)
    before = {"per_hour": known.per_hour, "per_day": known.per_day}
    known.per_hour, known.per_day = wanted.per_hour, wanted.per_day
    session.add(known)
    flush(session)
    audit.record(
        session, "account.budget", account, actor=actor, now=now,
        summary=f"{account.handle} on {account.network}: sends {said(budget(account, known))}",
        details={"from": before, "to": {"per_hour": wanted.per_hour, "per_day": wanted.per_day}},
    )  # fmt: skip


def _check(account: Account, wanted: Budget) -> None:
    usual, name = of_network(account.network), NETWORK_NAMES.get(account.network, account.network)
    wrong = {}
    for field, own, most in (
        ("an_hour", wanted.per_hour, usual.per_hour),
        ("a_day", wanted.per_day, usual.per_day),
    ):
        if own is not None and own < 1:
            wrong[field] = "Write 1 or more. To send nothing at all, stop the account."
        elif own is not None and own > (most or LARGEST):
            wrong[field] = f"{name} takes {most or LARGEST:,} at most. Write less, or leave it empty."
    if wrong:
        raise InvalidInput("That cannot be the limit.", wrong)


def said(limits: Budget) -> str:
    """`at most 100 an hour and 800 a day`."""
    words = [
        f"{limit:,} {unit}"
        for limit, unit in ((limits.per_hour, "an hour"), (limits.per_day, "a day"))
        if limit is not None
    ]
    return f"at most {' and '.join(words)}" if words else "as much as is planned"
