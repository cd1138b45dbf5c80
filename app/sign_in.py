"""Who is asking: the session cookie, the person behind it, and the mark on views that need one."""

from functools import wraps
from typing import Any, cast

from flask import Flask, current_app, g, redirect, request, url_for
from flask import session as visit
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from app.desks import require_desk
from app.extensions import SAFE_METHODS, View, database, db, may_write, now, settings
from app.forms import wants_json
from content_library import sign_in, standing_in
from content_library.models.user import User, WebSession


def identify() -> None:
    """Put the signed-in person and their session into `g`, or None."""
    g.user, g.web_session = None, None
    secret = request.cookies.get(current_app.config["SIGN_IN_COOKIE"])
    if not secret or request.endpoint == "static":
        return
    found = sign_in.find_session(db(), secret, now=now())
    if found is None:
        return
    g.user, g.web_session = standing_in.resolve(db(), found.user, now=now()), found
    if now() - found.last_seen_at > sign_in.SEEN_EVERY:
        _touch(found)


def _touch(found: WebSession) -> None:
    """Note the use of a session at most once a minute, in a transaction of its own when reading."""
    if may_write():
        sign_in.touch(db(), found, now=now())
        return
    try:
        with database().write() as session:
            sign_in.touch(session, session.merge(found, load=True), now=now())
    except OperationalError:  # a busy database: the next request notes it
        current_app.logger.info("session use not noted: database busy")


def signed_in(view: View) -> View:
    """Only for people who are signed in, and only on desks they can see."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if g.user is None:
            return _ask_to_sign_in()
        require_desk()
        return view(*args, **kwargs)

    checked.needs_sign_in = True  # type: ignore[attr-defined]
    return cast(View, checked)


def _ask_to_sign_in() -> Any:
    if wants_json():
        return {
            "error": "Sign in first",
            "message": "Your session is over. Sign in again; your text is kept here.",
        }, 401
    visit["next"] = request.full_path.rstrip("?") if request.method in SAFE_METHODS else ""
    return redirect(url_for("auth.sign_in"), 303)


def begin(response: Response, user: User, *, identified_by: str) -> Response:
    """Start a fresh session for a person and hand its secret to the browser; any former one ends."""
    if g.web_session is not None:
        sign_in.end_session(db(), g.web_session)
    visit.clear()
    secret = sign_in.start_session(
        db(),
        user,
        now=now(),
        identified_by=identified_by,
        address=request.remote_addr or "",
        browser=request.user_agent.string,
    )
    response.set_cookie(
        current_app.config["SIGN_IN_COOKIE"],
        secret,
        max_age=int(sign_in.LONGEST.total_seconds()),
        httponly=True,
        secure=settings().is_https,
        samesite="Lax",
        path="/",
    )
    return response


def begin_again(response: Response) -> Response:
    """Another session for the same person, after their rights have changed and every session has ended."""
    identified_by = g.web_session.identified_by
    g.web_session = None
    return begin(response, g.user, identified_by=identified_by)


def end(response: Response) -> Response:
    """End the session on the server, so that a copied cookie is worth nothing."""
    if g.web_session is not None:
        sign_in.end_session(db(), g.web_session)
    visit.clear()
    response.delete_cookie(
        current_app.config["SIGN_IN_COOKIE"],
        secure=settings().is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def know_people(app: Flask) -> None:
    """Identify the person before the desk of the address is looked up."""
    app.url_value_preprocessor(lambda _endpoint, _values: identify())
