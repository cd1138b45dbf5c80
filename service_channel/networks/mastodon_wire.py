"""Talking to a server of Mastodon's API: as whom, and what its errors mean.

The shapes are those of docs.joinmastodon.org/methods (statuses, media, accounts) and of Mastodon's own
`Api::BaseController`; other servers use the same ones, or the status alone.
"""

from collections.abc import Mapping
from typing import Any

import httpx

from service_channel.networks.base import Access, Outcome
from service_channel.networks.calls import Caller, Failed, Refusal, read_plainly
from service_channel.networks.server_addresses import server_name

_NOT_AS_A_PERSON = "This method requires an authenticated user"  # a token of an application, with 422
_LOGIN = "Your login is "  # disabled, pending approval, without a confirmed address: with 403
_NO_SENSE = "The server's answer makes no sense."


def read(status: int, content: Any, headers: Mapping[str, str]) -> Refusal:
    """A dead token, a closed account and a missing permission share 403 and 422 with refused content."""
    said = read_plainly(status, content, headers)
    about_us = status == 403 and ("scope" in said.message or said.message.startswith(_LOGIN))
    if about_us or (status == 422 and said.message == _NOT_AS_A_PERSON):
        return Refusal(said.error, said.message, Outcome.SIGNED_OUT)
    return said


def calling(transport: httpx.BaseTransport, deadline_s: float, server: str, token: str = "") -> Caller:
    """Calls to one server, for the account of `token` where there is one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Caller(transport, deadline_s, server=server, headers=headers, read=read)


def line(access: Access, transport: httpx.BaseTransport, deadline_s: float) -> Caller:
    """An account's line to its server. Raises Failed where nothing is known to sign in with."""
    server, token = (str(access.secret.get(name) or "") for name in ("server", "access_token"))
    if not (server and token):
        raise Failed(Outcome.SIGNED_OUT, "There is no access token for this account. Connect it again.")
    return calling(transport, deadline_s, server, token)


def server_of(access: Access) -> str:
    """How people call the account's server."""
    return server_name(str(access.secret.get("server") or "")) or "The server"


def verified(caller: Caller) -> Mapping[str, Any]:
    """The account the token speaks for. Raises Failed."""
    try:
        reply = caller.get("/api/v1/accounts/verify_credentials")
    except Failed as failed:
        if failed.status == 422:  # how snac says that it does not know a token
            failed.outcome = Outcome.SIGNED_OUT
        raise
    if not id_in(reply.body):
        raise Failed(Outcome.UNKNOWN, _NO_SENSE, reply.status, response=reply.record)
    return reply.body


def id_in(entity: Any) -> str:
    """The id of an account, a status or an upload; "" where there is none."""
    found = entity.get("id") if isinstance(entity, dict) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def address_in(entity: Mapping[str, Any], *names: str) -> str:
    """The first web address under one of these names, "" where there is none."""
    found = [entity.get(name) for name in names]
    return next(
        (one for one in found if isinstance(one, str) and one.startswith(("https://", "http://"))), ""
    )
