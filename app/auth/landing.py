"""Where somebody goes after signing in: back to the page they wanted, else to where their day begins.

A page that is wanted is never redirected to as it was written: our own router takes it apart and makes it anew, so
that `//evil.example`, `/\\evil.example` and their kin lead nowhere.
"""

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from flask import current_app, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.desks import desks_of
from content_library.models.user import User
from content_library.permissions import has_queue

_NOWHERE = ("static", "auth.sign_in", "auth.sign_out", "public.media")


def safe_path(wanted: str) -> str | None:
    """The wanted page made by our own router; None when it is none of our pages."""
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return None
    router = current_app.url_map.bind("localhost")
    try:
        endpoint, arguments = router.match(unquote(parts.path), method="GET")
    except (HTTPException, RequestRedirect):
        return None
    if endpoint in _NOWHERE or endpoint.startswith("auth.open_id"):
        return None
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in arguments]
    path = url_for(endpoint, **arguments)
    return f"{path}?{urlencode(query)}" if query else path


def home_of(person: User) -> str:
    """Today for people of a desk, the queue for reviewers, the settings for who only administers."""
    on_a_desk = [m.desk for m in person.desk_memberships]
    if on_a_desk and "home.today" in current_app.view_functions:
        return url_for("home.today", desk=min(on_a_desk, key=lambda d: d.name).handle)
    if has_queue(person) and "reviews.queue" in current_app.view_functions:
        return url_for("reviews.queue")
    if person.is_administrator and desks_of(person) and "home.today" in current_app.view_functions:
        return url_for("home.today", desk=desks_of(person)[0].handle)
    return url_for("admin.overview") if person.is_administrator else url_for("auth.me")


def after_sign_in(person: User, wanted: str) -> str:
    """The page to go to."""
    return (safe_path(wanted) if wanted else None) or home_of(person)
