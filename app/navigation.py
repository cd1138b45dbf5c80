"""The rail: each role sees what it uses, nothing more, with a badge where something waits for this person."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request, url_for

from app.extensions import db
from app.formatting import gettext as _
from content_library import permissions as may
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.review_queue import waiting_count


@dataclass(frozen=True)
class NavItem:
    label: str
    icon: str
    url: str
    active: bool
    badge: int = 0


def navigation(person: User, desk: Desk | None) -> list[NavItem]:
    """The items this person uses, in the order of the day."""
    waiting = waiting_count(db(), person) if person.team_memberships else 0
    items: list[NavItem | None] = []
    if desk is not None:
        items += _desk_items(person, desk)
    if person.team_memberships:
        items.insert(min(3, len(items)), _item(_("Reviews"), "checks", "reviews.queue", badge=waiting))
    if may.can_manage_people(person):
        items.append(_item(_("Settings"), "settings", "admin.overview"))
    return [item for item in items if item is not None]


def _desk_items(person: User, desk: Desk) -> list[NavItem | None]:
    drafts = may.can_draft(person, desk.id)
    return [
        _item(_("Today"), "sun", "home.today"),
        _item(_("Library"), "books", "library.index"),
        _item(_("Curation"), "rss", "curation.index") if drafts else None,
        _item(_("Calendar"), "calendar", "calendar.month"),
        _item(_("Record"), "shield-check", "record.index") if may.can_read_record(person, desk.id) else None,
        _item(_("Accounts"), "at", "accounts.index") if may.can_manage_accounts(person, desk.id) else None,
    ]


def _item(label: str, icon: str, endpoint: str, *, badge: int = 0) -> NavItem | None:
    if endpoint not in current_app.view_functions:
        return None
    blueprint = endpoint.split(".", 1)[0]
    return NavItem(label, icon, url_for(endpoint), (request.blueprint or "") == blueprint, badge)


def frame() -> dict[str, Any]:
    """What the desk layout needs on every page."""
    person = g.get("user")
    if person is None:
        return {"nav": [], "desks": [], "may": may}
    return {"nav": navigation(person, g.get("desk")), "desks": g.desks, "may": may}
