"""How feeds and stories are spoken of: the health of a feed, the age of a story, why there is nothing to look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import nh3
from flask import g
from markupsafe import Markup, escape

from app.formatting import gettext as _
from content_library.models.feed import FeedItem, Subscription
from content_library.wall_time import resolve, wall_of

SHOWN_HTML = 8_000
SHOWN_TEXT = 2_000
_KEPT = frozenset(
    "a abbr b blockquote br cite code dd del dl dt em i ins li ol p pre q s small strong sub sup u ul".split()  # noqa: SIM905
)
_READABLE = nh3.Cleaner(
    tags=set(_KEPT),
    attributes={"a": {"href", "title"}},
    url_schemes={"http", "https"},
    link_rel="noopener noreferrer nofollow ugc",
)


@dataclass(frozen=True)
class Health:
    """`tone` and `icon` are those of the state badges."""

    tone: str
    icon: str
    word: str
    detail: str = ""


def health(subscription: Subscription) -> Health:
    """How a feed does, the worst first."""
    feed = subscription.feed
    if not subscription.is_active:
        return Health("draft", "player-pause", _("Paused"), _("Nothing is fetched for this desk."))
    if feed.error:
        return Health("failed", "alert-octagon", _("Cannot be read"), feed.error)
    if subscription.flood_at is not None:
        return Health("held", "hand-stop", _("Needs you"), _("Very many new stories came at once."))
    if feed.checked_at is None:
        return Health("draft", "clock", _("First check"), _("We look at it within a minute."))
    return Health("approved", "circle-check", _("Works"), feed.note)


def readable(item: FeedItem) -> Markup:
    """The summary as safe HTML without pictures: they would tell the site who reads here."""
    if item.summary_html and len(item.summary_html) <= SHOWN_HTML:
        return Markup(_READABLE.clean(item.summary_html))  # noqa: S704 - cleaned in this very line
    text = item.summary_text
    shown = text if len(text) <= SHOWN_TEXT else text[:SHOWN_TEXT].rsplit(" ", 1)[0] + " …"
    return Markup("<p>{}</p>").format(escape(shown)) if shown else Markup("")


def host(link: str) -> str:
    """`https://www.example.org/a` → `example.org`."""
    name = link.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return name.removeprefix("www.")


SNOOZES = {
    "tomorrow": (_("until tomorrow"), 1),
    "week": (_("for a week"), 7),
    "month": (_("for a month"), 30),
}


def snoozed_until(choice: str, now: datetime) -> datetime | None:
    """Nine in the morning of that day, in the desk's zone; None for what nobody offered."""
    if choice not in SNOOZES:
        return None
    day = wall_of(now, g.desk.zone) + timedelta(days=SNOOZES[choice][1])
    return resolve(day.replace(hour=9, minute=0, second=0, microsecond=0), g.desk.zone).due_at
