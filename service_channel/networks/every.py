"""Every network this release can send to, by key: a new one is a file of its own and a line here."""

from typing import Any

import httpx

from content_library.web_fetch import FetchPolicy
from content_library.web_transports import httpx_transport
from service_channel.networks.base import Network
from service_channel.networks.bluesky import Bluesky
from service_channel.networks.bluesky_identity import DIRECTORY
from service_channel.networks.discord import Discord
from service_channel.networks.discord_webhook import DiscordWebhook
from service_channel.networks.facebook import Facebook
from service_channel.networks.instagram import Instagram
from service_channel.networks.linkedin import LinkedIn
from service_channel.networks.mastodon import Mastodon
from service_channel.networks.page import Page
from service_channel.networks.slack import Slack
from service_channel.networks.slack_webhook import SlackWebhook
from service_channel.networks.teams import Teams
from service_channel.networks.telegram import Telegram
from service_channel.networks.threads import Threads
from service_channel.networks.webhook import Webhook
from service_channel.networks.x import X

OVER_THE_WEB: tuple[type[Any], ...] = (
    Bluesky,
    Mastodon,
    X,
    LinkedIn,
    Facebook,
    Instagram,
    Threads,
    Telegram,
    Discord,
    DiscordWebhook,
    Slack,
    SlackWebhook,
    Teams,
    Webhook,
)


def networks(policy: FetchPolicy, *, directory: str = DIRECTORY) -> dict[str, Network]:
    """The built-in page, and what is reached over the web as `policy` allows.

    `directory`: where Bluesky's identities are looked up when somebody signs in there.
    """
    more = {Bluesky.key: {"directory": directory}}

    def transport() -> httpx.BaseTransport:
        return httpx_transport(policy)

    made = (
        Page(),
        *(network(transport_for=transport, **more.get(network.key, {})) for network in OVER_THE_WEB),
    )
    return {network.key: network for network in made}
