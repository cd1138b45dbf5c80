"""The configuration of an installation, read once from the environment and checked in words.

Every value has a default that works on one machine. Time constants are settings, so that drills can scale them.
"""

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from content_library.web_addresses import FetchPolicy

SHORTEST_TOKEN = 16
ENGINE_THREADS = 96  # those who wait together share transactions: more threads, less work for each
_PLACE = re.compile(r"desk:[a-z0-9-]+:(agent|lead|auditor)|team:[a-z0-9_-]+")


class BadSettings(Exception):
    """The environment cannot be used; `problems` holds a sentence for each variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Timing:
    """Seconds. `lease` must outlast `look_ahead` + media + `send_deadline` + a margin."""

    look_ahead: float = 5.0
    tick: float = 1.0
    send_deadline: float = 60.0
    media_deadline: float = 60.0
    lease: float = 180.0
    settle: float = 120.0  # after a sender's deadline, until "not there" counts
    look_gap: float = 60.0  # between the two looks that prove "not there" where we cannot choose the identity
    reconcile_tick: float = 5.0
    housekeeping_tick: float = 10.0
    poll_tick: float = 5.0
    clock_drift: float = 120.0
    worker_beat: float = 5.0  # how often a worker says that it lives
    worker_silent: float = 30.0  # after so long without a word it counts as gone


@dataclass(frozen=True)
class OpenId:
    """One OpenID Connect provider. `groups` maps a group's name to `desk:<handle>:<role>` or `team:<key>`."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    sign_up: bool
    groups: Mapping[str, str]


@dataclass(frozen=True)
class Settings:
    data: Path
    database_url: str
    host: str
    port: int
    public_url: str
    demo: bool
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    vault_keys: tuple[str, ...]  # the first encrypts, all decrypt
    record_key: str
    trusted_hosts: tuple[str, ...]
    proxies: int
    fetch_allow: tuple[str, ...]
    plc_directory: str  # where Bluesky's identities are looked up
    smtp_url: str
    mail_from: str
    open_id: OpenId | None
    web_workers: int
    web_threads: int
    engine_threads: int
    worker_accounts: int  # how many accounts a worker sends for at once
    senders: int  # most processes that send to networks where we cannot choose the identity
    log_json: bool
    metrics_token: str  # what Prometheus shows; empty: figures are for this machine only
    undo_s: int  # how long a decision on the page can be taken back; 0: it counts at once
    timing: Timing

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def metrics_folder(self) -> Path:
        """Of this machine alone, where others share the data folder."""
        return self.data / "metrics" / socket.gethostname()

    @property
    def media_folder(self) -> Path:
        return self.data / "media"

    @property
    def heads_folder(self) -> Path:
        return self.data / "heads"

    @property
    def mail_folder(self) -> Path:
        return self.data / "mail"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment (default: the process's). Raises BadSettings naming every wrong variable."""
    env = _Reader(os.environ if environment is None else environment)
    data = Path(env.text("DESKCAST_DATA", "var")).resolve()
    port = env.whole("PORT", 8000, least=0, most=65535)
    public_url = env.url("DESKCAST_PUBLIC_URL", f"http://localhost:{port}")
    host_name = urlsplit(public_url).hostname or "localhost"
    settings = Settings(
        data=data,
        database_url=env.database("DESKCAST_DATABASE_URL", f"sqlite:///{data / 'deskcast.db'}"),
        host=env.text("DESKCAST_HOST", "127.0.0.1"),
        port=port,
        public_url=public_url,
        demo=env.flag("DESKCAST_DEMO", default=True),
        secret_key=env.text("DESKCAST_SECRET_KEY", "") or _key_file(data, "secret_key"),
        secret_key_fallbacks=env.many("DESKCAST_SECRET_KEY_FALLBACKS"),
        vault_keys=env.many("DESKCAST_VAULT_KEYS") or (_key_file(data, "vault_key"),),
        record_key=env.text("DESKCAST_RECORD_KEY", "") or _key_file(data, "record_key"),
        trusted_hosts=env.many("DESKCAST_TRUSTED_HOSTS") or (host_name, "localhost", "127.0.0.1"),
        proxies=env.whole("DESKCAST_PROXIES", 0, least=0, most=5),
        fetch_allow=env.fetch_allow("DESKCAST_FETCH_ALLOW"),
        plc_directory=env.url("DESKCAST_PLC_DIRECTORY", "https://plc.directory"),
        smtp_url=env.smtp("DESKCAST_SMTP_URL"),
        mail_from=env.text("DESKCAST_MAIL_FROM", f"Deskcast <deskcast@{host_name}>"),
        open_id=_open_id(env),
        web_workers=env.whole("DESKCAST_WEB_WORKERS", 2, least=1, most=64),
        web_threads=env.whole("DESKCAST_WEB_THREADS", 8, least=1, most=64),
        engine_threads=env.whole("DESKCAST_ENGINE_THREADS", ENGINE_THREADS, least=1, most=256),
        worker_accounts=env.whole("DESKCAST_WORKER_ACCOUNTS", 64, least=1, most=256),
        senders=env.whole("DESKCAST_SENDERS", 4, least=1, most=32),
        log_json=env.flag("DESKCAST_LOG_JSON", default=False),
        metrics_token=env.token("DESKCAST_METRICS_TOKEN"),
        undo_s=env.whole("DESKCAST_UNDO_S", 10, least=0, most=120),
        timing=_timing(env),
    )
    if env.problems:
        raise BadSettings(env.problems)
    return settings


def _open_id(env: "_Reader") -> OpenId | None:
    issuer = env.text("DESKCAST_OPENID_ISSUER", "")
    if not issuer:
        return None
    groups = env.groups("DESKCAST_OPENID_GROUPS")
    return OpenId(
        issuer=env.url("DESKCAST_OPENID_ISSUER", issuer),
        client_id=env.needed("DESKCAST_OPENID_CLIENT_ID", "an OpenID issuer is set"),
        client_secret=env.needed("DESKCAST_OPENID_CLIENT_SECRET", "an OpenID issuer is set"),
        name=env.text("DESKCAST_OPENID_NAME", "your company account"),
        sign_up=env.flag("DESKCAST_OPENID_SIGN_UP", default=False),
        groups=groups,
    )


def _timing(env: "_Reader") -> Timing:
    defaults = Timing()
    values = {
        name: env.seconds(f"DESKCAST_{name.upper()}_S", getattr(defaults, name)) for name in vars(defaults)
    }
    timing = Timing(**values)
    needed = timing.look_ahead + timing.media_deadline + timing.send_deadline
    if timing.lease < needed:
        env.problems.append(
            f"DESKCAST_LEASE_S is {timing.lease:g}, but look-ahead, media and sending may take {needed:g} seconds "
            "together. Make the lease at least that long."
        )
    if timing.worker_silent < 2 * timing.worker_beat:
        env.problems.append(
            f"DESKCAST_WORKER_SILENT_S is {timing.worker_silent:g}, but workers say that they live every "
            f"{timing.worker_beat:g} seconds. Make it at least twice as long."
        )
    return timing


def _key_file(data: Path, name: str) -> str:
    """A key of this installation, made on first use and readable by its owner only."""
    path = data / "keys" / name
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = secrets.token_urlsafe(32)
    fresh = path.with_name(f"{name}.{secrets.token_hex(4)}")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(key)
    try:
        os.link(fresh, path)  # whole or not at all, and the first process wins
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
    fresh.unlink()
    return key


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self._environment.get(name, "").strip() or default

    def needed(self, name: str, because: str) -> str:
        value = self.text(name, "")
        if not value:
            self.problems.append(f"{name} is missing: {because}. Set it, or unset the other.")
        return value

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, "").split(",") if part.strip())

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "1" if default else "0").lower()
        if value not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
            self.problems.append(f"{name} is “{value}”. Write 1 or 0.")
        return value in ("1", "true", "yes", "on")

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal() or not least <= int(value) <= most:
            self.problems.append(f"{name} is “{value}”. Write a whole number from {least} to {most}.")
            return default
        return int(value)

    def seconds(self, name: str, default: float) -> float:
        value = self.text(name, str(default))
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 < number <= 86_400:
            self.problems.append(f"{name} is “{value}”. Write seconds, such as {default:g}.")
            return default
        return number

    def url(self, name: str, default: str) -> str:
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self.problems.append(
                f"{name} is “{value}”. Write a whole address such as https://desk.example.com."
            )
        return value

    def token(self, name: str) -> str:
        value = self.text(name, "")
        if value and len(value) < SHORTEST_TOKEN:
            self.problems.append(
                f"{name} is too short to be a secret. Take {SHORTEST_TOKEN} characters or more."
            )
        return value

    def fetch_allow(self, name: str) -> tuple[str, ...]:
        entries = self.many(name)
        for entry in entries:
            try:
                FetchPolicy(allow=(entry,))
            except ValueError as wrong:
                self.problems.append(f"{name}: “{entry}” is not a host, an address or a network ({wrong}).")
                return ()
        return entries

    def smtp(self, name: str) -> str:
        value = self.text(name, "")
        if value and (urlsplit(value).scheme not in ("smtp", "smtps") or not urlsplit(value).hostname):
            self.problems.append(
                f"{name} is not a mail server. Write smtp://user:password@host:587?starttls=1."
            )
        return value

    def groups(self, name: str) -> dict[str, str]:
        found = {}
        for pair in self.many(name):
            group, _, place = pair.partition("=")
            if not _PLACE.fullmatch(place):
                self.problems.append(
                    f"{name}: “{pair}” is not understood. Write group=desk:<handle>:<role> or group=team:<key>."
                )
            found[group] = place
        return found

    def database(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if value.startswith(("postgres://", "postgresql://")):
            value = "postgresql+psycopg://" + value.split("://", 1)[1]
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            self.problems.append(
                f"{name} is not an address we know. Write sqlite:////path or postgresql://…."
            )
        return value
