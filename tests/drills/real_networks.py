"""The adapters of real networks for engines of the drills: whatever they read back is counted on the network itself."""

from collections.abc import Mapping

from service_channel.networks.base import Network
from tests.networks.bluesky_accounts import bluesky
from tests.networks.mastodon_accounts import mastodon


def networks() -> Mapping[str, Network]:
    return {"bluesky": bluesky(), "mastodon": mastodon()}


def sent_by_senders() -> Mapping[str, Network]:
    return {"mastodon": mastodon()}
