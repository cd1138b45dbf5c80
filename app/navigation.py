"""The rail: each role sees what it uses, nothing more, with a badge where something waits for this person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request, url_for

from app.extensions import db, now
from app.formatting import gettext as _
from content_library import permissions as may
from content_library.in_use import in_use
from content_library.models.account import NETWORK_NAMES
from content_library.models.desk import Desk
from content_library.models.format import Kind
from content_library.models.user import User
from content_library.notices import unread_count
from content_library.review_queue import waiting_count
from scheduler import clock_warning, stops
from scheduler.clock_warning import ClockWarning
from scheduler.models import Hold, HoldScope

MOST_SHOWN = 99
KINDS = {
    Kind.EDU_TAINING: _("Edu-taining"),
    Kind.QUESTION: _("Question"),
    Kind.PROMOTION: _("Promotion and service"),
}
STANDS_UNDER = {"posts": "library"}  # features without an item of their own


@dataclass(frozen=True)
class NavItem:
    """`phone`: it also stands in the bar at the foot of a phone."""

    label: str
    icon: str
    endpoint_url: str
    active: bool
    badge: str = ""
    phone: bool = False


def navigation(person: User, desk: Desk | None) -> list[NavItem]:
    """The items this person uses, in the order of the day."""
    items = _desk_items(person, desk) if desk is not None else []
    if may.has_queue(person):
        waiting = waiting_count(db(), person)
        reviews = _item(_("Reviews"), "checks", "reviews.queue", badge=at_most(waiting), phone=True)
        items.insert(min(3, len(items)), reviews)
    if may.can_manage_people(person):
        items.append(_item(_("Settings"), "settings", "admin.overview"))
    return [item for item in items if item is not None]


def _desk_items(person: User, desk: Desk) -> list[NavItem | None]:
    drafts, used = may.can_draft(person, desk.id), in_use(db(), desk.id)
    return [
        _item(_("Today"), "sun", "home.today", phone=True),
        _item(_("Library"), "books", "library.index", phone=not may.has_queue(person)),
        _item(_("Curation"), "rss", "curation.index") if drafts else None,
        _item(_("Calendar"), "calendar", "calendar.month", phone=True),
        _item(_("Facts"), "tag", "facts.index") if used.facts or _is_on("facts") else None,
        _item(_("Boundaries"), "ruler", "boundaries.index"),
        _item(_("Agreements"), "heart-handshake", "agreements.index")
        if used.agreements or _is_on("agreements")
        else None,
        _item(_("Ladder"), "ladder", "ladder.index") if used.ladder else None,
        _item(_("Reports"), "report-analytics", "reports.index"),
        _item(_("Record"), "shield-check", "record.index") if may.can_read_record(person, desk.id) else None,
        *(_led_items() if may.can_manage_accounts(person, desk.id) else []),
    ]


def _led_items() -> list[NavItem | None]:
    return [
        _item(_("Accounts"), "at", "accounts.index"),
        _item(_("Status"), "checkup-list", "status.desk_status"),
    ]


def _is_on(feature: str) -> bool:
    """Whether this is one of its pages: where somebody is, stands in the rail."""
    return request.blueprint == feature


def _item(label: str, icon: str, endpoint: str, *, badge: str = "", phone: bool = False) -> NavItem | None:
    if endpoint not in current_app.view_functions:
        return None
    here = STANDS_UNDER.get(request.blueprint or "", request.blueprint)
    return NavItem(label, icon, url_for(endpoint), here == endpoint.split(".", 1)[0], badge, phone)


def at_most(count: int) -> str:
    """A badge: nothing for none, “99+” for very many."""
    return "" if not count else str(count) if count <= MOST_SHOWN else f"{MOST_SHOWN}+"


def frame() -> dict[str, Any]:
    """What the layouts need on every page."""
    person, desk = g.get("user"), g.get("desk")
    if person is None:
        return {"nav": [], "desks": [], "may": may}
    return {
        "nav": navigation(person, desk),
        "desks": g.desks,
        "may": may,
        "frame": {**_desk_frame(person, desk), **_own_frame(person, desk)},
    }


def _desk_frame(person: User, desk: Desk | None) -> dict[str, Any]:
    drafts = desk is not None and may.can_draft(person, desk.id)
    stopped = _stops(desk)
    return {
        "desk_name": desk.name if desk else _("No desk yet"),
        "desks": [
            {"name": d.name, "url": url_for("home.today", desk=d.handle), "active": d is desk}
            for d in g.desks
        ],
        "search_url": _url("library.index") if desk else "",
        "query": request.args.get("q", ""),
        "new_post_url": _url("posts.new") if drafts else "",
        "stop": next((stop for stop in stopped if stop["whole"]), None),
        "stops": stopped,
        "clocks": _clocks(person, desk),
    }


def _stops(desk: Desk | None) -> list[dict[str, Any]]:
    """What is stopped, by whom, when and why, for the banner on every page; the widest first."""
    return [
        {
            "whole": hold.scope in (HoldScope.ALL, HoldScope.DESK),
            "words": _stopped(hold),
            "reason": hold.reason,
            "by": hold.created_by.name,
            "at": hold.created_at,
            "url": _url("calendar.hold_list") if desk is not None else "",
        }
        for hold in stops.in_force(db(), desk.id if desk is not None else None)
    ]


def _clocks(person: User, desk: Desk | None) -> Sequence[ClockWarning]:
    """Machines whose clocks are not trusted, for those who can do something about it."""
    leads = desk is not None and may.can_hold(person, desk.id)
    return clock_warning.in_force(db(), now=now()) if leads or may.can_manage_people(person) else []


def _stopped(hold: Hold) -> str:
    if hold.scope is HoldScope.ALL:
        return _("Everything is stopped, on every desk.")
    if hold.scope is HoldScope.ACCOUNT and hold.account is not None:
        network = NETWORK_NAMES.get(hold.account.network, hold.account.network)
        where = network if hold.account.network == "page" else f"{network} · {hold.account.handle}"
        return _("{account} is stopped.").format(account=where)
    if hold.kind is not None:
        return _("Kind “{kind}” is stopped.").format(kind=KINDS[hold.kind])
    return _("This desk is stopped.")


def _own_frame(person: User, desk: Desk | None) -> dict[str, Any]:
    return {
        "notifications_url": url_for("home.notices"),
        "unread": at_most(unread_count(db(), person)),
        "me_name": person.name,
        "me_detail": _standing(person, desk),
        "me_url": _url("auth.me"),
        "sign_out_url": _url("auth.sign_out"),
    }


def _url(endpoint: str) -> str:
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


def _standing(person: User, desk: Desk | None) -> str:
    """What this person is, in a few words: “Agent, Legal”."""
    role = may.role_on(person, desk.id) if desk else None
    parts = [role.value.capitalize()] if role else []
    parts += [m.team.name for m in person.team_memberships]
    parts += [
        _("{team} for {name}").format(team=s.team.name, name=s.person.name) for s in may.stand_ins_of(person)
    ]
    parts += [_("Administrator")] if person.is_administrator else []
    return ", ".join(parts)
