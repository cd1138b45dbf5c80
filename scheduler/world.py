"""What the scheduler's work needs around it, handed in once: no globals, so tests and drills bring their own."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from content_library import media_links
from content_library.database import Database
from content_library.settings import Settings, Timing
from content_library.web_addresses import FetchPolicy
from scheduler.clock_watch import ClockWatch
from scheduler.senders import Senders
from scheduler.together import Together
from service_channel.accounts import networks
from service_channel.networks.base import Access, Network, NetworkClass
from service_channel.token_vault import TokenVault


@dataclass
class World:
    """`engine` names this process in claims. `monotonic` is a clock that never jumps, in seconds."""

    database: Database
    networks: Mapping[str, Network]
    vault: TokenVault
    media_folder: Path
    timing: Timing
    engine: str
    clock_watch: ClockWatch = field(default_factory=lambda: ClockWatch(120.0))
    monotonic: Callable[[], float] = time.monotonic
    picture_address: Callable[[str, datetime], str] = lambda _sha256, _now: ""  # where a network may fetch it
    reads: Together[Any, Any] = field(default_factory=Together)  # what threads of this process share
    marks: Together[Any, Any] = field(default_factory=Together)
    records: Together[Any, Any] = field(default_factory=Together)
    senders: Senders | None = None  # without them nothing leaves for networks of class K, Q and B

    def needs_sender(self, network: str) -> bool:
        """Whether posts on this network leave through a sender: where we cannot choose their identity."""
        known = self.networks.get(network)
        return known is not None and leaves_through_sender(known)

    @property
    def clock_sane(self) -> bool:
        return not self.clock_watch.jumped


def leaves_through_sender(network: Network) -> bool:
    """All but networks of class I: there a post that leaves late does no harm."""
    return network.promise(Access(0, "")).kind is not NetworkClass.IDENTIFIED


def make_world(settings: Settings, database: Database, *, engine: str) -> World:
    """The world of a real installation."""
    make = partial(networks, FetchPolicy(allow=settings.fetch_allow))
    return World(
        database=database,
        networks=make(),
        senders=Senders(make, most=settings.senders),
        vault=TokenVault(settings.vault_keys),
        media_folder=settings.media_folder,
        timing=settings.timing,
        engine=engine,
        clock_watch=ClockWatch(settings.timing.clock_drift),
        picture_address=lambda sha256, now: media_links.address(
            settings.public_url, settings.secret_key, sha256, now=now
        ),
    )
