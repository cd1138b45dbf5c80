"""Which of the things that nobody has to meet on the first day a desk uses by now."""

from dataclasses import dataclass

from sqlalchemy import Integer, bindparam, exists, select
from sqlalchemy.orm import Session

from content_library.models.account import Account, AccountState
from content_library.models.agreement import Agreement
from content_library.models.fact import Fact
from content_library.models.ladder import LadderStanding


@dataclass(frozen=True)
class InUse:
    facts: bool
    agreements: bool
    ladder: bool


def in_use(session: Session, desk_id: int) -> InUse:
    """Asked for every page, so in one statement."""
    return InUse(*map(bool, session.connection().execute(_IN_USE, {"desk_id": desk_id}).one()))


_DESK = bindparam("desk_id", type_=Integer())
_IN_USE = select(
    exists().where(Fact.desk_id == _DESK),
    exists().where(Agreement.desk_id == _DESK),
    exists().where(
        LadderStanding.desk_id == _DESK,
        LadderStanding.is_on,
        Account.id == LadderStanding.account_id,
        Account.state != AccountState.CLOSED,
    ),
)
