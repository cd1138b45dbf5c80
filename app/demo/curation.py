"""What the demo desk reads: one trade feed with stories to accept or dismiss. The feed itself is invented."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from content_library.models.desk import Desk
from content_library.models.feed import Feed, FeedItem, Proposal, ProposalState, Story, Subscription
from content_library.models.user import User
from content_library.story_matching import item_key, link_key

SITE = "https://kitchenwire.example"


@dataclass(frozen=True)
class DemoItem:
    slug: str
    title: str
    author: str
    summary: str
    hours: float


ITEMS = (
    DemoItem(
        "induction-basics", "What induction really needs from a pan", "Hanne Pohl",
        "A magnet tells you half of it. The other half is the base: how flat it stays when it is hot, and how it rings.",
        -2.5,
    ),
    DemoItem(
        "repair-right", "Right to repair reaches the toaster", "Marc Olin",
        "From spring, makers must keep springs, levers and crumb trays for seven years. What shops should tell customers now.",
        -7,
    ),
    DemoItem(
        "copper-prices", "Copper climbs again", "Hanne Pohl",
        "The metal is a fifth dearer than in March. Good pans last longer than the price does.", -20,
    ),
    DemoItem(
        "water-map", "A new map of hard water", "Ines Faber",
        "Type your postcode and see how often a kettle wants descaling where you live.", -27,
    ),
)  # fmt: skip


def plant(session: Session, desk: Desk, follower: User, *, start: datetime) -> None:
    """A feed that was read this morning, and what it proposed."""
    checked = start - timedelta(minutes=40)
    feed = Feed(
        url=f"{SITE}/feed.xml", site_url=SITE, title="Kitchen Wire", due_at=start + timedelta(days=30), checked_at=checked,
        changed_at=checked, full_fetch_at=checked, average_gap_s=21600, created_at=start - timedelta(days=20),
        note="Invented for the demo; it is not fetched.",
    )  # fmt: skip
    session.add(feed)
    session.flush()
    subscription = Subscription(
        desk_id=desk.id, feed_id=feed.id, format_key="industry_news", added_by_id=follower.id, added_at=feed.created_at,
        licence_note="Link and quote with attribution",
    )  # fmt: skip
    session.add(subscription)
    session.flush()
    for item in ITEMS:
        _propose(session, desk, feed, subscription, item, start)


def _propose(
    session: Session, desk: Desk, feed: Feed, subscription: Subscription, item: DemoItem, start: datetime
) -> None:
    at = start + timedelta(hours=item.hours)
    link = f"{SITE}/{item.slug}"
    story = Story(link=link, link_key=link_key(link), title=item.title, first_seen_at=at)
    session.add(story)
    session.flush()
    entry = FeedItem(
        feed_id=feed.id, story_id=story.id, key=item_key(guid=link, link=link, title=item.title, published_at=at),
        guid=link, link=link, link_key=link_key(link), title=item.title, author=item.author,
        summary_html=f"<p>{item.summary}</p>", summary_text=item.summary, published_at=at, date_source="feed",
        first_seen_at=at,
    )  # fmt: skip
    session.add(entry)
    session.flush()
    session.add(
        Proposal(
            desk_id=desk.id, story_id=story.id, item_id=entry.id, subscription_id=subscription.id,
            state=ProposalState.PROPOSED, proposed_at=at, dated_at=at,
        )
    )  # fmt: skip
    session.flush()
