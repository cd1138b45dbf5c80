"""From what a person types to where the account lives and where one signs in for it.

atproto.com/specs/handle, /specs/did, /specs/oauth: a handle names a DID, the DID's document names the server that holds
the account (PDS), and that server names the one people sign in on. Nothing said further down is believed upwards: the
document has to carry the handle, and the sign-in server has to be the one the PDS names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx

from service_channel.networks.base import ConnectRefused
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.server_addresses import UNREACHED, server_address, server_name

DIRECTORY = "https://plc.directory"
RESOLVER = "https://public.api.bsky.app"
"""Bluesky's own look-up of handles; it knows also those that are set up in DNS only."""
FIELD = "server"
_HANDLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PLC = re.compile(r"did:plc:[a-z2-7]{24}")
_WEB = "did:web:"
_EXAMPLE = "brindlemoor.bsky.social"


@dataclass(frozen=True)
class Home:
    """An account: who it is for ever, what it is called now, and the server that holds it."""

    did: str
    handles: tuple[str, ...]
    pds: str


@dataclass(frozen=True)
class SignInServer:
    """Where one signs in. `issuer` is its name for itself."""

    issuer: str
    authorize_url: str
    token_url: str
    push_url: str


class Identities:
    """Looks accounts and servers up. Every method raises ConnectRefused about the field of the handle."""

    def __init__(self, transport: httpx.BaseTransport, deadline_s: float, directory: str = DIRECTORY) -> None:
        self._caller = Caller(transport, deadline_s)
        self._directory = directory

    def start(self, typed: str) -> tuple[str, SignInServer]:
        """The DID that was named ("" where it was a server) and where to sign in."""
        typed = typed.strip().removeprefix("@").removeprefix("at://")
        if not typed:
            raise ConnectRefused(f"Enter the handle of the account, such as {_EXAMPLE}.", FIELD)
        if typed.startswith("did:"):
            return typed, self.sign_in_server(self.home(typed).pds)
        if "://" in typed or not _HANDLE.fullmatch(typed.lower()):
            server = server_address(typed, example=_EXAMPLE, field=FIELD, what="sign-in")
            return "", self.sign_in_server(server)
        return self._start_with(typed.lower())

    def home(self, did: str) -> Home:
        """Where an account lives, by its document."""
        try:
            document = self._caller.get(self._document_url(did)).body
        except Failed as failed:
            if failed.status in (404, 410):
                raise ConnectRefused(f"There is no account {did}.", FIELD) from failed
            _unreached(failed, self._document_url(did))
        pds = _pds_in(document)
        if document.get("id") != did or not pds:
            raise ConnectRefused(f"The public record of {did} does not say where it lives.", FIELD)
        return Home(
            did, _handles_in(document), server_address(pds, example=_EXAMPLE, field=FIELD, what="sign-in")
        )

    def sign_in_server(self, server: str) -> SignInServer:
        """The server one signs in on for accounts on `server`, which may be that itself."""
        try:
            told = self._caller.get(f"{server}/.well-known/oauth-protected-resource").body
            named = told.get("authorization_servers")
            issuer = str(named[0]) if isinstance(named, list) and len(named) == 1 else server
        except Failed as failed:
            if failed.kind is not None:
                _unreached(failed, server)
            issuer = server
        return self._described(server_address(issuer, example=_EXAMPLE, field=FIELD, what="sign-in"))

    def _start_with(self, handle: str) -> tuple[str, SignInServer]:
        did = self._did_of(handle)
        if not did:
            return "", self._as_server(handle)
        home = self.home(did)
        if handle not in home.handles:
            raise ConnectRefused(
                f"{handle} leads to an account that does not carry this handle. Check the handle in Bluesky.",
                FIELD,
            )
        return did, self.sign_in_server(home.pds)

    def _as_server(self, name: str) -> SignInServer:
        try:
            return self.sign_in_server(f"https://{name}")
        except ConnectRefused as refused:
            sentence = f"There is no account with the handle {name}. Check the spelling."
            raise ConnectRefused(sentence, FIELD) from refused

    def _did_of(self, handle: str) -> str:
        """The DID of a handle, "" for none. Its own web address is asked first."""
        for ask in (self._told_by_itself, self._told_by_bluesky):
            try:
                did = ask(handle).strip()
            except Failed:
                continue
            if _PLC.fullmatch(did) or did.startswith(_WEB):
                return did
        return ""

    def _told_by_itself(self, handle: str) -> str:
        return str(self._caller.get(f"https://{handle}/.well-known/atproto-did").content)

    def _told_by_bluesky(self, handle: str) -> str:
        url = f"{RESOLVER}/xrpc/com.atproto.identity.resolveHandle"
        return str(self._caller.get(url, handle=handle).body.get("did") or "")

    def _document_url(self, did: str) -> str:
        if _PLC.fullmatch(did):
            return f"{self._directory}/{did}"
        host = did.removeprefix(_WEB)
        if did.startswith(_WEB) and _HANDLE.fullmatch(host):
            return f"https://{host}/.well-known/did.json"
        raise ConnectRefused(f"{did} is not the identity of an account.", FIELD)

    def _described(self, issuer: str) -> SignInServer:
        try:
            told = self._caller.get(f"{issuer}/.well-known/oauth-authorization-server").body
        except Failed as failed:
            _unreached(failed, issuer)
        found = [told.get(name) for name in _ENDPOINTS]
        if told.get("issuer") != issuer or not all(_is_safe(url, issuer) for url in found):
            raise _no_server(issuer)
        return SignInServer(issuer, *(str(url) for url in found))


_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint")


def _is_safe(url: Any, issuer: str) -> bool:
    """An address to send a sign-in to: with TLS, unless the server itself is one of our own machines."""
    return isinstance(url, str) and url.startswith(("https://", f"{issuer}/"))


def _pds_in(document: Mapping[str, Any]) -> str:
    services = document.get("service")
    for one in services if isinstance(services, list) else ():
        if isinstance(one, dict) and str(one.get("id", "")).endswith("#atproto_pds"):
            return str(one.get("serviceEndpoint") or "")
    return ""


def _handles_in(document: Mapping[str, Any]) -> tuple[str, ...]:
    known = document.get("alsoKnownAs")
    names = known if isinstance(known, list) else []
    return tuple(name.removeprefix("at://").lower() for name in names if isinstance(name, str))


def _unreached(failed: Failed, url: str) -> NoReturn:
    name = server_name(url)
    sentence = UNREACHED.get(failed.kind) if failed.kind else None
    if sentence is None and (failed.status is None or failed.status >= 500):
        sentence = "{host} has a problem of its own just now. Try again later."
    if sentence is None:
        raise _no_server(url) from failed
    raise ConnectRefused(sentence.format(host=name, what="sign-in"), FIELD) from failed


def _no_server(url: str) -> ConnectRefused:
    return ConnectRefused(
        f"{server_name(url)} is not a server one can sign in on for Bluesky. Use an app password there.",
        FIELD,
    )
