"""Ways back to pages of ours.

A page that is wanted is never redirected or linked to as it was written: our own router takes it apart and makes it
anew, so that `//evil.example`, `/\\evil.example` and their kin lead nowhere.
"""

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

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


def page_before() -> str | None:
    """The page of ours whose form is being answered, where the browser says so."""
    before = urlsplit(request.referrer or "")
    if request.method != "POST" or before.netloc != request.host:
        return None
    return safe_path(before._replace(scheme="", netloc="", fragment="").geturl())
