"""What every request can ask for: its database session, who is asking, which desk, what time it is."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from content_library import clock
from content_library.database import Database
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
View = TypeVar("View", bound=Callable[..., Any])


def database() -> Database:
    found: Database = current_app.extensions["deskcast.database"]
    return found


def settings() -> Settings:
    found: Settings = current_app.extensions["deskcast.settings"]
    return found


def db() -> Session:
    """The one session of this request. Requests that may write take SQLite's write lock at the first statement.

    What was sent is read to its end before that, so that nobody holds the lock by sending slowly.
    """
    if "db" not in g:
        if may_write():
            request.get_data(parse_form_data=True)
        g.db = database().session(writing=may_write())
    session: Session = g.db
    return session


def may_write() -> bool:
    """Whether this request may change something: not when it asks only, or its view is marked `only_reads`."""
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method not in SAFE_METHODS and not getattr(view, "reads_only", False)


def only_reads(view: View) -> View:
    """For a view that is posted to because it is sent much, and that changes nothing."""
    view.reads_only = True  # type: ignore[attr-defined]
    return view


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
