"""The icon of each network."""

NETWORK_ICONS = {
    "page": "world-www",
    "bluesky": "brand-bluesky",
    "mastodon": "brand-mastodon",
    "x": "brand-x",
    "linkedin": "brand-linkedin",
    "facebook": "brand-facebook",
    "instagram": "brand-instagram",
    "threads": "brand-threads",
    "telegram": "brand-telegram",
    "discord": "brand-discord",
    "discord_webhook": "brand-discord",
    "slack": "brand-slack",
    "slack_webhook": "brand-slack",
    "teams": "brand-teams",
    "webhook": "webhook",
}
