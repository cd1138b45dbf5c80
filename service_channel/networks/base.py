"""What every network must be able to say and do; the scheduler knows nothing else of it.

A network never raises for what the other side did: it answers with an `Outcome`, because whether a post may
exist over there decides what happens next. Only `SENT` and `NOT_SENT`, `REFUSED` and `SIGNED_OUT` are proofs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


class NetworkClass(StrEnum):
    """What the network offers against doubles."""

    KEYED = "K"  # the server honours our key, for a while
    IDENTIFIED = "I"  # we choose the identity
    QUERYABLE = "Q"  # no key, but our own timeline can be read
    BLIND = "B"  # neither


@dataclass(frozen=True)
class Promise:
    """What an account can count on. `key_window_s`: how long a server of class K remembers a key, in seconds.

    `can_read`: whether `find` can tell what stands there. With a class K network that cannot, nothing is sent again
    once the window is over.
    """

    kind: NetworkClass
    key_window_s: float = 0.0
    can_read: bool = True


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
    """One approved image. `path` holds exactly the bytes of `sha256`.

    `url` is where a network that fetches pictures itself finds these bytes for a while; "" where this installation
    cannot be reached from outside.
    """

    path: Path
    sha256: str
    mime: str
    alt: str
    width: int
    height: int
    url: str = ""


@dataclass(frozen=True)
class Poll:
    """What readers are asked to choose among, and for how long.

    `question`: the words above the options, where the network wants some beside the text.
    """

    options: tuple[str, ...]
    minutes: int
    question: str = ""


@dataclass(frozen=True)
class RemoteRef:
    """Where a part stands on the network: `remote_id` (Bluesky: the at:// address), `cid` if it has one.

    `made_at`: the moment chosen before it was first tried, where it is known. It says how far back to read.
    """

    remote_id: str
    cid: str = ""
    url: str = ""
    made_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class OutgoingPart:
    """One post on the network: an approved text and its envelope.

    `key` (Bluesky: the TID) and `created_at` were chosen and committed before the first try and never change.
    `parent` and `root` are the already published parts of the same thread; where a network has no threads but has
    comments, a part with a parent is the first comment below it.
    `draft` is what an earlier `prepare` left on the network unpublished: known since the part was first marked.
    `taken` are remote ids on this account that are known to be other parts: `find` never answers with one of them.
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
    draft: str = ""
    taken: frozenset[str] = frozenset()
    poll: Poll | None = None  # only where the network has them; elsewhere the text says the options


def _kept_nowhere(_session: str) -> None:
    """For a call that renews no session."""


def _nothing_newer() -> Mapping[str, Any]:
    """For an access that nobody renews."""
    return {}


@dataclass
class Access:
    """What an adapter needs to speak for one account. `save_session` keeps a renewed session (encrypted).

    `latest` reads the account's secret again: somebody may have renewed a token since this access was made.
    `store` is for the built-in page only: the way to its table, which adapters do not import.
    """

    account_id: int
    handle: str
    secret: Mapping[str, Any] = field(default_factory=dict)
    session: str = ""
    save_session: Callable[[str], None] = _kept_nowhere
    latest: Callable[[], Mapping[str, Any]] = _nothing_newer
    store: Any = None


@dataclass(frozen=True)
class Prepared:
    """A part whose media are on the network. `uploads` maps a media sha256 to the network's own reference.

    `draft` names a post or container that stands on the network unpublished and that `send` makes public, where the
    network works in these two steps. It is kept with the part before `send` is called.
    """

    uploads: Mapping[str, Any] = field(default_factory=dict)
    mentions: Mapping[str, str] = field(default_factory=dict)  # @handle → the network's id, resolved now
    draft: str = ""


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
    """A tested sign-in: who we are there, and what to keep (encrypted) in `secret`.

    `expires_at`: when the access token runs out, None where it does not. `dies_at`: when a person has to connect again
    because nothing renews it any more, None where that is not known.
    """

    handle: str
    display_name: str
    remote_id: str
    url: str
    secret: Mapping[str, Any]
    session: str = ""
    expires_at: datetime | None = None
    dies_at: datetime | None = None


@dataclass(frozen=True)
class Asked:
    """One thing a person types to connect an account: a field of the form, in order."""

    name: str
    label: str
    why: str = ""
    default: str = ""
    is_secret: bool = False
    is_required: bool = True
    longest: int = 500


class Network(Protocol):
    """One network. All calls may take seconds and run outside any transaction, save those that are said to be pure."""

    key: str

    def promise(self, access: Access) -> Promise:
        """What this account can count on. Pure: it reads what was found out when the account was connected."""
        ...

    def answers_at(self, access: Access) -> str:
        """The address that this account's calls go to; "" where nothing leaves this machine. Pure."""
        ...

    def new_key(self, now: datetime) -> str:
        """An identity for a part, unique for ever. Pure: no call to the network."""
        ...

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        """Upload media and resolve mentions. Repeating it is harmless, and nothing that readers see appears."""
        ...

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        """One try, within one total deadline, with no retry and no redirect of its own."""
        ...

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        """Whether the part stands on the network.

        Class Q: found is a post of our own with this text, made no earlier than two minutes before
        `part.created_at`, and not in `part.taken`. Class B answers UNREADABLE.
        """
        ...

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        """Take a part down; what is already gone counts as done."""
        ...

    def check(self, access: Access) -> FindResult:
        """Whether the credentials work (FOUND), are refused (ABSENT) or cannot be tested now (UNREADABLE)."""
        ...


@runtime_checkable
class Connectable(Protocol):
    """A network that an account of is connected by typing something in: a token, a password, a webhook's address."""

    asks: tuple[Asked, ...]
    help: str  # where one gets that, in a sentence or two

    def connect(self, given: Mapping[str, str]) -> Connection:
        """Test what was typed. Takes seconds. Raises ConnectRefused, naming the field."""
        ...


@dataclass(frozen=True)
class Renewed:
    """What renewing a token gave: the whole new `secret`, kept before it is used; or why not.

    `outcome` SENT: renewed. SIGNED_OUT: a person has to connect again. Anything else: try later.
    """

    outcome: Outcome
    secret: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    dies_at: datetime | None = None
    message: str = ""


@runtime_checkable
class Renewable(Protocol):
    """A network whose access tokens run out and are renewed by us, one at a time for an account."""

    def renew(self, access: Access, *, now: datetime, deadline_s: float) -> Renewed: ...


@runtime_checkable
class Rereadable(Protocol):
    """A network that can be asked for one post by its id, whatever its words are by now."""

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        """Whether a post that was out still stands. ABSENT only where the network itself says that there is none.

        An answer that may also mean "not for you" is no such word, nor is a limit, a fault, or a token that is refused.
        """
        ...


@dataclass(frozen=True)
class SignInWay:
    """How a person signs in on the network itself (OAuth 2, code flow): addresses, scopes, and how we say who we are.

    `client_auth`: "client_secret_post", "client_secret_basic" or "none".
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    client_auth: str = "client_secret_post"
    has_pkce: bool = True
    scope_separator: str = " "
    more: Mapping[str, str] = field(default_factory=dict)  # further parameters of the authorize address


@dataclass(frozen=True)
class AppKeys:
    """What the network knows this installation as: registered by an administrator, or by `register` itself."""

    client_id: str
    client_secret: str = ""


@runtime_checkable
class SignInNetwork(Protocol):
    """A network where a person signs in and lets us post.

    `server` is the address of the instance where the network has many, "" elsewhere.
    """

    asks_server: bool

    def way(self, server: str) -> SignInWay: ...

    def register(self, server: str, redirect_uri: str) -> AppKeys | None:
        """Our own keys at this server, where it registers whoever asks; None where an administrator does it."""
        ...

    def identities(
        self, server: str, app: AppKeys, token: Mapping[str, Any], *, now: datetime
    ) -> tuple[Connection, ...]:
        """Whom the token may speak for: one account, or several pages to choose among. Raises ConnectRefused.

        `token` is the network's answer to the exchanged code.
        """
        ...


class ConnectRefused(Exception):
    """Connecting an account did not work; the message is for the person who tried. `field`: what it is about."""

    def __init__(self, message: str, field: str = "app_password") -> None:
        super().__init__(message)
        self.field = field
