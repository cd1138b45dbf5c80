"""Every request has an id: in each of its log lines, in the answer's X-Request-ID, and on error pages.

One that comes in is taken over only where a proxy of ours has put it (`DESKCAST_PROXIES`): anybody can send a header.
"""

import logging
import re
import secrets
import time

from flask import Flask, Response, g, request, request_started
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.extensions import settings

log = logging.getLogger(__name__)
HEADER = "X-Request-ID"
_FORM = re.compile(r"[A-Za-z0-9_.:-]{8,64}")


def tell_requests_apart(app: Flask) -> None:
    """Register the hooks: the first before everything else, which may log, and the last after it."""
    request_started.connect(_begin, app)
    app.after_request(_answer)
    app.teardown_request(_end)


def request_id() -> str:
    """This request's; empty outside of one."""
    return str(g.get("request_id", ""))


def is_forwarded() -> bool:
    """Whether proxies of ours stand between: then the address of who asks, and the id, are theirs to say."""
    said = request.headers.get("X-Forwarded-For", "")
    return bool(said) and 0 < settings().proxies <= len(said.split(","))


def _begin(_app: Flask, **_more: object) -> None:
    said = request.headers.get(HEADER, "")
    g.request_id = said if is_forwarded() and _FORM.fullmatch(said) else secrets.token_hex(8)
    g.began = time.monotonic()
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)


def _answer(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    if settings().log_json and request.endpoint != "static":
        took = round((time.monotonic() - g.began) * 1000)
        # the rule and not the path: paths name things, and some open them
        log.info("%s %s %d, %d ms", request.method, request.url_rule or "(none)", response.status_code, took)
    return response


def _end(_error: BaseException | None) -> None:
    clear_contextvars()
