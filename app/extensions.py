"""What every request can ask for: its database session, who is asking, which desk, what time it is."""

from datetime import datetime

from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from content_library import clock
from content_library.database import Database
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def database() -> Database:
    found: Database = current_app.extensions["deskcast.database"]
    return found


def settings() -> Settings:
    found: Settings = current_app.extensions["deskcast.settings"]
    return found


def db() -> Session:
    """The one session of this request. Requests that may write take SQLite's write lock at the first statement."""
    if "db" not in g:
        g.db = database().session(writing=request.method not in SAFE_METHODS)
    session: Session = g.db
    return session


def let_go() -> None:
    """Commit what the request has done so far and hold no lock: before slow work, or a transaction of its own.

    What is loaded stays loaded; the next statement begins a new transaction.
    """
    session: Session | None = g.get("db")
    if session is not None:
        session.commit()


def now() -> datetime:
    """One instant for the whole request."""
    if "now" not in g:
        g.now = clock.now(db())
    instant: datetime = g.now
    return instant


def me() -> User:
    """The signed-in person; views that call it carry `@signed_in`."""
    person: User = g.user
    return person


def desk() -> Desk:
    """The desk of the address."""
    found: Desk = g.desk
    return found


def is_committing(status: int) -> bool:
    return status < 400


def connect_database(app: Flask) -> None:
    """One transaction a request: committed when the answer is below 400, thrown away otherwise."""

    @app.after_request
    def finish(response):  # type: ignore[no-untyped-def]
        session: Session | None = g.get("db")
        if session is not None:
            if is_committing(response.status_code):
                session.commit()
            else:
                session.rollback()
        return response

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        session: Session | None = g.pop("db", None)
        if session is not None:
            session.close()
