"""Counting failed tries in the database, where every process sees them."""

from flask import current_app, request

from app.extensions import database
from content_library import clock, sign_in


def failure_keys(email: str, *, what: str = "mail") -> list[str]:
    """What failures are counted by: the account that is tried, and where from."""
    return [f"{what}:{email.strip().lower()}", f"{what}-address:{request.remote_addr}"]


def is_throttled(keys: list[str]) -> bool:
    with database().read() as session:
        return sign_in.is_throttled(session, keys, now=clock.now(session))


def note_failure(keys: list[str]) -> None:
    """Count a failure in a transaction of its own: the request itself is refused and undone.

    The request must hold no lock: see `let_go`.
    """
    with database().write() as session:
        sign_in.note_failure(session, keys, now=clock.now(session))
    current_app.logger.info("a try was refused from %s", request.remote_addr)
