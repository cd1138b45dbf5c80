"""What every network must be able to say and do; the scheduler knows nothing else of it.

A network never raises for what the other side did: it answers with an `Outcome`, because whether a post may
exist over there decides what happens next. Only `SENT` and `NOT_SENT`, `REFUSED` and `SIGNED_OUT` are proofs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class NetworkClass(StrEnum):
    """What the network offers against doubles."""

    KEYED = "K"  # the server honours our key
    IDENTIFIED = "I"  # we choose the identity
    QUERYABLE = "Q"  # no key, but our own timeline can be read
    BLIND = "B"  # neither


class Outcome(StrEnum):
    SENT = "sent"  # the network has it and said so
    NOT_SENT = "not_sent"  # proved: nothing was sent (DNS, connect refused, TLS, 429); try again later
    SIGNED_OUT = "signed_out"  # proved: the credentials are not accepted (401, revoked); a person reconnects
    REFUSED = "refused"  # proved: the content is refused, in the network's own words; trying again is useless
    UNKNOWN = "unknown"  # anything else: it may be there


class Presence(StrEnum):
    FOUND = "found"
    ABSENT = "absent"
    DIFFERENT = "different"  # something else stands under our identity
    UNREADABLE = "unreadable"  # could not look


@dataclass(frozen=True)
class OutgoingMedia:
    """One approved image. `path` holds exactly the bytes of `sha256`."""

    path: Path
    sha256: str
    mime: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class RemoteRef:
    """Where a part stands on the network: `remote_id` (Bluesky: the at:// address), `cid` if it has one."""

    remote_id: str
    cid: str = ""
    url: str = ""


@dataclass(frozen=True)
class OutgoingPart:
    """One post on the network: an approved text and its envelope.

    `key` (Bluesky: the TID) and `created_at` were chosen and committed before the first try and never change.
    `parent` and `root` are the already published parts of the same thread.
    """

    publication_id: int
    index: int
    title: str
    text: str
    language: str
    media: tuple[OutgoingMedia, ...]
    key: str
    created_at: datetime
    parent: RemoteRef | None = None
    root: RemoteRef | None = None
    source: Mapping[str, str] = field(
        default_factory=dict
    )  # where a curated post comes from; the page shows it


@dataclass
class Access:
    """What an adapter needs to speak for one account. `save_session` keeps a renewed session (encrypted).

    `store` is for the built-in page only: the way to its table, which adapters do not import.
    """

    account_id: int
    handle: str
    secret: Mapping[str, Any] = field(default_factory=dict)
    session: str = ""
    save_session: Callable[[str], None] = lambda _session: None
    store: Any = None


@dataclass(frozen=True)
class Prepared:
    """A part whose media are on the network. `uploads` maps a media sha256 to the network's own reference."""

    uploads: Mapping[str, Any] = field(default_factory=dict)
    mentions: Mapping[str, str] = field(default_factory=dict)  # @handle → the network's id, resolved now


@dataclass(frozen=True)
class Preparation:
    """The answer of `prepare`: either `prepared`, or an outcome that is a proof that nothing was posted."""

    prepared: Prepared | None
    outcome: Outcome = Outcome.NOT_SENT
    message: str = ""
    status: int | None = None
    retry_after: float | None = None  # seconds


@dataclass(frozen=True)
class SendResult:
    """How one call ended. `request` and `response` are for the record: never a secret in them."""

    outcome: Outcome
    ref: RemoteRef | None = None
    status: int | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    retry_after: float | None = None  # seconds


@dataclass(frozen=True)
class FindResult:
    presence: Presence
    ref: RemoteRef | None = None
    status: int | None = None
    response: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True)
class Connection:
    """A tested sign-in: who we are there, and what to keep."""

    handle: str
    display_name: str
    remote_id: str
    url: str
    secret: Mapping[str, Any]
    session: str


class Network(Protocol):
    """One network. All calls but `new_key` may take seconds and run outside any transaction."""

    key: str
    kind: NetworkClass

    def new_key(self, now: datetime) -> str:
        """An identity for a part, unique for ever. Pure: no call to the network."""
        ...

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Upload media and resolve mentions. Repeating it is harmless."""
        ...

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        """One try, within one total deadline, with no retry and no redirect of its own."""
        ...

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        """Whether the part stands on the network."""
        ...

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        """Take a part down; what is already gone counts as done."""
        ...

    def check(self, access: Access) -> FindResult:
        """Whether the credentials work (FOUND), are refused (ABSENT) or cannot be tested now (UNREADABLE)."""
        ...


class ConnectRefused(Exception):
    """Connecting an account did not work; the message is for the person who tried. `field`: what it is about."""

    def __init__(self, message: str, field: str = "app_password") -> None:
        super().__init__(message)
        self.field = field
