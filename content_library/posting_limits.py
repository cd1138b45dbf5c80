"""How many posts an account may send: plain data by network, each with its source, and what a desk lead made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Budget:
    """The most posts of one account in any hour and in any day of 24 hours; None: no such limit."""

    per_hour: int | None = None
    per_day: int | None = None


NONE = Budget()
BUDGETS: Mapping[str, Budget] = {
    # docs.bsky.app, Rate Limits: 5,000 points an hour and 35,000 a day, of which a new record takes three.
    "bluesky": Budget(1_666, 11_666),
    # Mastodon's RateLimiter: 300 new statuses in three hours, so 100 in each. No day's limit is published: 800 is ours.
    "mastodon": Budget(100, 800),
    # help.x.com, X limits: 2,400 posts a day, in shares of half an hour.
    "x": Budget(100, 2_400),
    # learn.microsoft.com, LinkedIn, Rate Limiting: per member and day, not published. This much is ours.
    "linkedin": Budget(25, 100),
    # Meta publishes no limit for posts on pages. This much is ours.
    "facebook": Budget(25, 100),
    # developers.facebook.com, IG User Content Publishing Limit: `quota_total`, 50 as a rule, in 24 hours.
    "instagram": Budget(None, 50),
    # developers.facebook.com, Threads API, Rate Limiting: 250 posts in 24 hours.
    "threads": Budget(None, 250),
    # core.telegram.org, Bots FAQ: no more than 20 messages a minute in one group.
    "telegram": Budget(1_200, None),
    # support.discord.com, Webhooks: 30 messages a minute in one channel; for bots only the headers tell.
    "discord_webhook": Budget(1_800, None),
    # docs.slack.dev, Rate limits: one message a second in one channel.
    "slack": Budget(3_600, None),
    "slack_webhook": Budget(3_600, None),
}


def of_network(network: str) -> Budget:
    """What an account of this network may send when nobody has lowered it."""
    return BUDGETS.get(network, NONE)


def budget_of(network: str, per_hour: int | None, per_day: int | None) -> Budget:
    """The budget in force: the network's, or the lead's where that is less."""
    usual = of_network(network)
    return Budget(_least(usual.per_hour, per_hour), _least(usual.per_day, per_day))


def _least(usual: int | None, own: int | None) -> int | None:
    given = [limit for limit in (usual, own) if limit is not None]
    return min(given) if given else None
