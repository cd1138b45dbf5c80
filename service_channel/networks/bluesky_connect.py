"""Connecting a Bluesky account: whether the server is one, and whether it lets us in, said in plain sentences."""

import httpx
from atproto import Session, models

from service_channel.networks import server_addresses
from service_channel.networks.base import Connection, ConnectRefused
from service_channel.networks.bluesky_line import AnyLine
from service_channel.networks.bluesky_oauth import Granted
from service_channel.networks.bluesky_wire import DEFAULT_HOST, Failed, Wire
from service_channel.networks.server_addresses import UNREACHED, in_minutes, server_name

DEADLINE_S = 20.0
_WHERE = "In Bluesky: Settings, Privacy and security, App passwords."


def connect(transport: httpx.BaseTransport, host: str, identifier: str, app_password: str) -> Connection:
    """Sign in once. Raises ConnectRefused."""
    server = server_address(host)
    identifier, app_password = identifier.strip().removeprefix("@"), app_password.strip()
    if not identifier or not app_password:
        field = "app_password" if identifier else "identifier"
        raise ConnectRefused(f"Enter the handle and an app password. {_WHERE}", field)
    wire = Wire(server, transport, DEADLINE_S)
    _require_pds(wire, server)
    try:
        session = wire.sign_in(identifier, app_password)
    except Failed as failed:
        raise ConnectRefused(_sign_in_sentence(failed, server_name(server))) from failed
    return _connection(wire, server, session, app_password)


def signed_in(line: AnyLine, granted: Granted) -> Connection:
    """The account of a sign-in, as its own server knows it. Raises ConnectRefused."""
    try:
        told = line.query("com.atproto.server.getSession").body
    except Failed as failed:
        name = server_name(granted.pds)
        raise ConnectRefused(
            f"{name} does not take what the sign-in gave: {failed.message}", "server"
        ) from failed
    handle = str(told.get("handle") or "")
    if told.get("did") != granted.did or not handle:
        raise ConnectRefused(f"{server_name(granted.pds)} did not say who signed in. Begin again.", "server")
    return Connection(
        handle=handle,
        display_name=_display_name(line, granted.did) or handle,
        remote_id=granted.did,
        url=f"https://bsky.app/profile/{handle}",
        secret=granted.secret,
        expires_at=granted.expires_at,
        dies_at=granted.dies_at,
    )


def server_address(host: str) -> str:
    """`https://…` of what a person typed. Only a machine of one's own may be asked without TLS."""
    return server_addresses.server_address(
        host.strip() or DEFAULT_HOST, example="bsky.social", field="host", what="password"
    )


def _require_pds(wire: Wire, server: str) -> None:
    name = server_name(server)
    try:
        described = wire.query("com.atproto.server.describeServer").body
    except Failed as failed:
        sentence = UNREACHED.get(failed.kind) if failed.kind else None
        if sentence is None and failed.status is not None and failed.status >= 500:
            sentence = "{host} has a problem of its own just now. Try again later."
        raise ConnectRefused((sentence or _no_pds()).format(host=name, what="password"), "host") from failed
    if not str(described.get("did", "")).startswith("did:"):
        raise ConnectRefused(_no_pds().format(host=name), "host")


def _no_pds() -> str:
    return "{host} answers, but it is not a Bluesky server. Most accounts live on bsky.social."


def _sign_in_sentence(failed: Failed, name: str) -> str:
    if failed.error == "AuthFactorTokenRequired":
        return f"That is the account's own password, and it asks for a code by e-mail. Use an app password. {_WHERE}"
    if failed.error == "AccountTakedown":
        return f"{name} has suspended this account. Ask {name} why."
    if failed.status == 429:
        return f"{name} has seen too many sign-ins of this account. Try again in {in_minutes(failed.retry_after)}."
    if failed.status in (400, 401, 403):
        return f"{name} does not accept this handle with this app password. Make a new one and try again. {_WHERE}"
    return f"{name} could not sign us in just now. Try again later."


def _connection(wire: Wire, server: str, session: Session, app_password: str) -> Connection:
    did, handle = str(session.did), str(session.handle)
    return Connection(
        handle=handle,
        display_name=_display_name(wire, did) or handle,
        remote_id=did,
        url=f"https://bsky.app/profile/{handle}",
        # The DID stays when the handle changes, and servers take it for signing in.
        secret={"host": server, "identifier": did, "app_password": app_password},
        session=session.encode(),
    )


def _display_name(wire: Wire | AnyLine, did: str) -> str:
    params = models.ComAtprotoRepoGetRecord.Params(repo=did, collection="app.bsky.actor.profile", rkey="self")
    try:
        value = wire.query("com.atproto.repo.getRecord", params).body.get("value")
    except Failed:
        return ""
    name = value.get("displayName") if isinstance(value, dict) else ""
    return name if isinstance(name, str) else ""
