"""News that goes up: the library says what happened, the layers above have put their listeners here.

Listeners run in the transaction that caused the news; what one of them raises undoes it. They are never the
only safeguard: the gate asks everything again at the moment of sending.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from content_library.models.account import Account
from content_library.models.post import Post
from content_library.models.review import Approval, Submission


@dataclass(frozen=True)
class Approved:
    post: Post
    approval: Approval
    at: datetime


@dataclass(frozen=True)
class ApprovalLost:
    post: Post
    approval: Approval
    why: str
    at: datetime


@dataclass(frozen=True)
class PostExpired:
    post: Post
    at: datetime


@dataclass(frozen=True)
class CoverLost:
    """An agreement cleared part of this and does so no longer: its submission or approval has just ended."""

    submission: Submission
    was_open: bool
    why: str
    at: datetime


@dataclass(frozen=True)
class StageChanged:
    """An account came to another stage of its ladder, or its ladder was switched on or off."""

    account: Account
    at: datetime


_listeners: dict[type, list[Callable[[Session, Any], None]]] = {}


def listen(news: type, listener: Callable[[Session, Any], None]) -> None:
    """Call `listener(session, event)` for each `news`. Registering the same function twice has no effect."""
    known = _listeners.setdefault(news, [])
    if listener not in known:
        known.append(listener)


def tell(session: Session, event: object) -> None:
    for listener in _listeners.get(type(event), ()):
        listener(session, event)
