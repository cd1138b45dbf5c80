"""Which addresses on the web we talk to: the rules for a link, for a resolved address, and who may widen them.

The string is only looked at for what it must not contain; whether a host is inside is decided on the
addresses it resolves to (`ipaddress.is_global` is true for several that lead inside).
"""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

USUAL_PORTS = frozenset({80, 443, 8080, 8443})
MAX_LINK_LENGTH = 4096

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class FetchErrorKind(StrEnum):
    REFUSED_ADDRESS = "refused_address"
    BAD_ADDRESS = "bad_address"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    PROTOCOL = "protocol"


class FetchError(Exception):
    """No usable answer. `maybe_sent` is False only when no byte of the request can have left."""

    def __init__(self, message: str, kind: FetchErrorKind, *, maybe_sent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.maybe_sent = maybe_sent


@dataclass(frozen=True, slots=True)
class Target:
    """One link taken apart; the request goes to exactly these parts."""

    url: str
    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class _Allowed:
    host: str | None
    network: IpNetwork | None
    ports: frozenset[int] | None

    def covers(self, host: str, address: IpAddress, port: int) -> bool:
        if self.ports is not None and port not in self.ports:
            return False
        if self.network is not None:
            return address.version == self.network.version and address in self.network
        return host.rstrip(".").lower() == self.host


@dataclass(frozen=True)
class FetchPolicy:
    """What this deployment allows beyond the public web.

    `allow` holds host names, addresses or networks: `intranet.example`, `10.1.0.0/16`, `127.0.0.1:8025`,
    `[fd00::/8]:8080`. Without a port an entry opens the four usual ports; `:*` opens every port.
    `ca_file` adds certificates (PEM) that are trusted as well.
    """

    allow: tuple[str, ...] = ()
    ca_file: Path | None = None
    _entries: tuple[_Allowed, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_entries", tuple(_read_entry(entry) for entry in self.allow))

    def permits(self, host: str, address: IpAddress, port: int) -> bool:
        if port in USUAL_PORTS and is_public(address):
            return True
        return any(entry.covers(host, address, port) for entry in self._entries)

    def may_use_port(self, port: int) -> bool:
        """Whether any host at all may be asked at this port; asked before a name is looked up."""
        if port in USUAL_PORTS:
            return True
        return any(entry.ports is None or port in entry.ports for entry in self._entries)


def parse_target(url: str) -> Target:
    """Take a link apart. Raises FetchError (bad_address) for what two readers could read differently."""
    cleaned = url.strip(" \t\r\n")
    if len(cleaned) > MAX_LINK_LENGTH:
        raise _bad(f"The address is longer than {MAX_LINK_LENGTH} characters. Use a shorter one.")
    if "\\" in cleaned or _CONTROL.search(cleaned):
        raise _bad("The address has a backslash or an invisible character in it. Type it again.")
    if "@" in _authority(cleaned):
        raise _bad("The address has a user name in it. Leave out everything before the @.")
    try:
        parsed = parse_url(cleaned)
    except (LocationParseError, ValueError) as error:
        raise _bad("This is not a web address. It looks like https://example.org/feed.") from error
    if parsed.scheme not in _DEFAULT_PORTS or not parsed.host or "%" in parsed.host:
        raise _bad("Only addresses that begin with http:// or https:// and name a site can be fetched.")
    port = _DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    return Target(
        url=parsed._replace(fragment=None).url,
        scheme=parsed.scheme,
        host=parsed.host.strip("[]"),
        port=port,
        path=parsed.request_uri,
    )


def is_public(address: IpAddress) -> bool:
    """Whether an address is on the open internet and carries no other address inside it."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _INSIDE_4)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST_6:
        return False
    return not any(address in network for network in _SPECIAL_6)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_DEFAULT_PORTS = {"http": 80, "https": 443}

# IANA special-purpose registry for IPv4; 192.88.99.0/24 is the retired 6to4 relay.
_INSIDE_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Everything outside 2000::/3 is refused: loopback, v4-mapped, NAT64, unique local, link and site local,
# multicast. Inside it: protocol assignments with Teredo, documentation, 6to4.
_GLOBAL_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

_ENTRY = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<plain>[^:\[\]]+))(?::(?P<port>\d{1,5}|\*))?")


def _bad(message: str) -> FetchError:
    return FetchError(message, FetchErrorKind.BAD_ADDRESS)


def _authority(url: str) -> str:
    return re.split(r"[/?#]", url.partition("//")[2], maxsplit=1)[0]


def _read_entry(entry: str) -> _Allowed:
    text = entry.strip()
    network = _network(text)
    if network is not None:
        return _Allowed(None, network, USUAL_PORTS)
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise ValueError(f"“{entry}” is neither a host, a host:port nor a network such as 10.0.0.0/8.")
    name = match["six"] or match["plain"]
    network = _network(name)
    if network is None and (match["six"] or "/" in name):
        raise ValueError(f"“{entry}” is not a network. Write it like 10.0.0.0/8 or [fd00::/8]:8080.")
    host = None if network else name.rstrip(".").lower()
    return _Allowed(host, network, _read_ports(match["port"], entry))


def _network(text: str) -> IpNetwork | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _read_ports(port: str | None, entry: str) -> frozenset[int] | None:
    if port is None:
        return USUAL_PORTS
    if port == "*":
        return None
    if not 0 < int(port) < 65536:
        raise ValueError(f"“{entry}” names a port that does not exist.")
    return frozenset({int(port)})
