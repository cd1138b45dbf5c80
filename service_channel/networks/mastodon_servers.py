"""What kind of server answers at an address: which software, what it promises about our key, and its limits.

Genuine Mastodon is believed only where both say so: NodeInfo (nodeinfo.diaspora.software) names the software, and
/api/v2/instance gives a plain version. Others name a version like "4.0.0 (not true; really snac/2.75)".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from service_channel.networks.base import ConnectRefused
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.mastodon_limits import ServerLimits
from service_channel.networks.server_addresses import UNREACHED, in_minutes, server_name

_PLAIN_VERSION = re.compile(r"\d+\.\d+\.\d+[\w.+-]*")
_HOST = re.compile(r"[\w.-]+(:\d+)?")
_NODEINFO = "http://nodeinfo.diaspora.software/ns/schema/"
_NOT_ONE = "{host} answers, but it does not speak Mastodon's API."
_ELSEWHERE = "{host} sends programs on to another address. Enter the one at which you read your posts."


@dataclass(frozen=True)
class Described:
    """`domain` is what follows the name in an account's handle. `is_keyed`: it honours our key."""

    domain: str
    software: str
    version: str
    is_keyed: bool
    limits: ServerLimits


def described(caller: Caller, server: str) -> Described:
    """Ask a server about itself. Raises ConnectRefused where it is none of ours."""
    instance, is_newest = _instance(caller, server)
    software, version = software_of(caller), str(instance.get("version"))
    genuine = is_newest and software == "mastodon" and bool(_PLAIN_VERSION.fullmatch(version))
    return Described(_domain(instance, server), software, version, genuine, ServerLimits.told(instance))


def software_of(caller: Caller) -> str:
    """The software's name by NodeInfo, "" where it is not told. The links are asked on the same server only."""
    try:
        links = caller.get("/.well-known/nodeinfo").body.get("links")
        for link in links if isinstance(links, list) else []:
            if isinstance(link, dict) and str(link.get("rel")).startswith(_NODEINFO):
                told = caller.get(urlsplit(str(link.get("href"))).path or "/").body.get("software")
                return str(told.get("name") or "").lower() if isinstance(told, dict) else ""
    except (Failed, ValueError):
        return ""
    return ""


def unreached(failed: Failed, server: str, *, what: str = "access token") -> ConnectRefused:
    """Why a server gave no answer that can be used, for the person who typed its address."""
    return ConnectRefused(_why(failed).format(host=server_name(server), what=what), "server")


def _why(failed: Failed) -> str:
    if failed.kind and failed.kind in UNREACHED:
        return UNREACHED[failed.kind]
    if "on to another address" in failed.message:
        return _ELSEWHERE
    if failed.status == 429:
        return f"{{host}} has been asked too often. Try again in {in_minutes(failed.retry_after)}."
    if failed.status is not None and failed.status >= 500:
        return "{host} has a problem of its own just now. Try again later."
    return _NOT_ONE


def _instance(caller: Caller, server: str) -> tuple[Mapping[str, Any], bool]:
    """What the server says of itself, and whether by the newer of the two ways."""
    for path, is_newest in (("/api/v2/instance", True), ("/api/v1/instance", False)):
        try:
            said = caller.get(path).body
        except Failed as failed:
            if is_newest and failed.status is not None and failed.status < 500 and failed.status != 429:
                continue
            raise unreached(failed, server) from failed
        if isinstance(said.get("version"), str):
            return said, is_newest
    raise ConnectRefused(_NOT_ONE.format(host=server_name(server)), "server")


def _domain(instance: Mapping[str, Any], server: str) -> str:
    """Version 1 calls it `uri`, and some write a whole address there."""
    told = str(instance.get("domain") or instance.get("uri") or "")
    host = (urlsplit(told).netloc if "://" in told else told).lower()
    return host if _HOST.fullmatch(host) else server_name(server)
