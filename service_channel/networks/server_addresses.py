"""The address of a server that a person typed, and in plain words why it could not be reached."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from content_library.web_fetch import FetchErrorKind
from service_channel.networks.base import ConnectRefused

UNREACHED: Mapping[FetchErrorKind, str] = {
    FetchErrorKind.DNS: "There is no server called {host}. Check the spelling.",
    FetchErrorKind.CONNECT: "{host} cannot be reached. Check the address, or try again later.",
    FetchErrorKind.TIMEOUT: "{host} takes too long to answer. Try again later.",
    FetchErrorKind.TLS: "{host} has no certificate that can be trusted, so the {what} was not sent.",
    FetchErrorKind.REFUSED_ADDRESS: "{host} is not on the public web. An administrator can allow it in the settings.",
}
"""To be filled with `host`, and with `what`: that which would have been sent there."""

_NO_HOST = frozenset(" \t<>\"'\\^`{}|,;")


def server_address(typed: str, *, example: str, field: str, what: str) -> str:
    """`https://…` of what a person typed. Only a machine of one's own may be asked without TLS.

    Raises ConnectRefused about `field`; `what` would be sent there, `example` how an address looks.
    """
    typed = typed.strip()
    try:
        parts = urlsplit(typed if "://" in typed else f"https://{typed}")
        is_server = _is_server(parts)
    except ValueError:  # a port that is no number, a bracket that is not closed
        is_server = False
    if not is_server:
        raise ConnectRefused(f"{typed} is not the address of a server. It looks like {example}.", field)
    if parts.scheme == "http" and not _is_own(parts.hostname or ""):
        raise ConnectRefused(
            f"Use https:// for {parts.hostname}: without it the {what} could be read on its way.", field
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def server_name(server: str) -> str:
    """How people call the server at this address: its host, with the port where it is named."""
    return urlsplit(server).netloc


def in_minutes(seconds: float | None) -> str:
    """How long to wait, for a sentence; five minutes where the server did not say."""
    minutes = max(1, round((seconds or 300) / 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _is_server(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    named = parts.scheme in ("http", "https") and bool(host) and parts.port != 0 and not set(host) & _NO_HOST
    return named and parts.path in ("", "/") and not parts.query and "@" not in parts.netloc


def _is_own(hostname: str) -> bool:
    if hostname == "localhost":
        return True
    try:
        address = ipaddress.ip_address(hostname)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
