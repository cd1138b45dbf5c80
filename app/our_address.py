"""A page that is reached at another name of this machine, led to the one where people are signed in."""

from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from flask import redirect, request

from app.extensions import View, settings

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def at_our_address(view: View) -> View:
    """For what others lead people back to: some know this machine only as 127.0.0.1, and cookies go by the name."""

    @wraps(view)
    def led(*args: Any, **kwargs: Any) -> Any:
        ours, asked = urlsplit(settings().public_url).hostname, urlsplit(f"//{request.host}").hostname
        if asked != ours and {asked, ours} <= _LOOPBACK:
            return redirect(settings().public_url + request.full_path, 303)
        return view(*args, **kwargs)

    return cast(View, led)
