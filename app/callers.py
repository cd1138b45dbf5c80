"""Who asks what machines ask: somebody on this machine, a monitor with the token, or a stranger."""

import hmac
from ipaddress import ip_address

from flask import request

from app.extensions import settings

_SAID_BY_PROXIES = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


def is_here() -> bool:
    """Whether this comes from this machine itself, and not through a proxy on it that nobody told us of."""
    if not settings().proxies and any(name in request.headers for name in _SAID_BY_PROXIES):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def has_token() -> bool:
    """Whether `Authorization: Bearer …` carries DESKCAST_METRICS_TOKEN."""
    wanted, header = settings().metrics_token, request.headers.get("Authorization", "")
    kind, _, said = header.partition(" ")
    return bool(wanted) and kind.lower() == "bearer" and hmac.compare_digest(said.encode(), wanted.encode())


def may_see_figures() -> bool:
    """With a token set, it is needed from everywhere; without one, figures stay on this machine."""
    return has_token() if settings().metrics_token else is_here()
