"""The only writer of an account's state."""

from datetime import datetime

from sqlalchemy.orm import Session

from content_library import audit
from content_library.models.account import Account, AccountState
from content_library.models.user import User
from content_library.transitions import flush


def move_account(
    session: Session, account: Account, state: AccountState, *, actor: User | None, now: datetime, why: str
) -> None:
    """Set the state and record it."""
    before, account.state = account.state, state
    audit.record(
        session,
        f"account.{state}",
        account,
        actor=actor,
        now=now,
        summary=f"{account.handle} on {account.network}: {state.value} ({why})",
        details={"from": before, "to": state},
    )
    flush(session)
