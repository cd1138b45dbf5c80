"""Publications as the calendar's cards: the same facts for the page and for its script."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for

from app.formatting import gettext as _
from app.network_icons import NETWORK_ICONS
from content_library.models.account import NETWORK_NAMES
from content_library.wall_time import wall_of
from scheduler.agenda import Card
from scheduler.models import PublicationState as S

# tone, icon and word of each state; the badges of `macros/states.html` say the same
MARKS = {
    "planned": ("approved", "clock", _("Going")),
    "claimed": ("approved", "clock", _("Going")),
    "blocked": ("review", "clock-exclamation", _("Waiting")),
    "sending": ("approved", "send", _("Going")),
    "unknown": ("approved", "send", _("Going")),
    "published": ("approved", "circle-check", _("Out")),
    "held": ("held", "hand-stop", _("Held")),
    "needs_person": ("held", "user-question", _("Needs you")),
    "missed": ("held", "clock-exclamation", _("Needs you")),
    "failed": ("failed", "alert-octagon", _("Needs you")),
    "given_up": ("draft", "circle-minus", _("Given up")),
    "expired": ("draft", "calendar-x", _("Expired")),
    "cancelled": ("draft", "circle-minus", _("Cancelled")),
    "taken_down": ("draft", "trash-off", _("Taken down")),
    "gone": ("held", "ghost", _("No longer there")),
}


@dataclass(frozen=True)
class ShownCard:
    """A card and where it stands in the desk's own zone."""

    card: Card
    time: str
    day: date

    @property
    def mark(self) -> tuple[str, str, str]:
        return MARKS[self.card.shown]

    @property
    def network_icon(self) -> str:
        return NETWORK_ICONS.get(self.card.network, "world")

    @property
    def network_name(self) -> str:
        return NETWORK_NAMES.get(self.card.network, self.card.network)

    @property
    def first_words(self) -> str:
        return self.card.title or self.card.excerpt

    @property
    def is_over(self) -> bool:
        return self.card.state in (S.CANCELLED, S.EXPIRED)


def shown(card: Card, zone: str) -> ShownCard:
    local = wall_of(card.due_at, zone)
    return ShownCard(card, f"{local:%H:%M}", local.date())


def event(card: Card, zone: str, *, may_move: bool) -> dict[str, Any]:
    """A card as the script's calendar takes it: its time as the desk's clocks on the wall show it."""
    tone, mark, word = MARKS[card.shown]
    return {
        "id": str(card.id),
        "title": card.title or card.excerpt,
        "start": wall_of(card.due_at, zone).isoformat(),
        "url": url_for("calendar.publication", publication_id=card.id),
        "editable": may_move and card.is_movable,
        "extendedProps": {
            "tone": tone,
            "mark": mark,
            "word": word,
            "icon": NETWORK_ICONS.get(card.network, "world"),
            "network": NETWORK_NAMES.get(card.network, card.network),
            "account": card.account,
            "accountId": card.account_id,
            "gap": card.least_gap_s,
            "counts": card.word in ("going", "waiting", "held"),
            "version": card.version,
            "reason": card.explanation,
            "move": url_for("calendar.move", publication_id=card.id),
        },
    }
