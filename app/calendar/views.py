"""The calendar: month, week and agenda, complete without script; and its events for the script."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, jsonify, render_template, request, url_for

from app.calendar.bands import band_events, bands_of
from app.calendar.cards import event, shown
from app.calendar.filters import WORDS, CalendarFilter, account_label, read_filter
from app.calendar.paging import Place, read_place
from app.calendar.spans import Span, between, month_of, read_day, week_of
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.navigation import KINDS
from app.sign_in import signed_in
from content_library import catalogue
from content_library.errors import InvalidInput
from content_library.permissions import can_plan
from content_library.wall_time import wall_of
from scheduler import agenda as plan

blueprint = Blueprint("calendar", __name__)

MOST_IN_MONTH, MOST_IN_WEEK, MOST_EVENTS = 3, 16, 24
PER_PAGE = 50


@blueprint.get("/d/<desk>/calendar")
@signed_in
def month() -> Any:
    day = read_day(request.args.get("month", ""), now(), desk().zone)
    return _grid_page("calendar/month.html", month_of(day), most=MOST_IN_MONTH)


@blueprint.get("/d/<desk>/calendar/week")
@signed_in
def week() -> Any:
    day = read_day(request.args.get("day", ""), now(), desk().zone)
    return _grid_page("calendar/week.html", week_of(day), most=MOST_IN_WEEK)


@blueprint.get("/d/<desk>/calendar/agenda")
@signed_in
def agenda() -> Any:
    asked, place = read_filter(), read_place(now(), desk().zone)
    found = plan.page_from(
        db(), desk().id, place.start, asked.wanted, backwards=place.backwards, most=PER_PAGE
    )
    cards = [shown(card, desk().zone) for card in found.cards]
    return render_template(
        "calendar/agenda.html",
        days=_by_day(cards),
        earlier_url=_agenda_url(asked, Place.before(found.cards[0]))
        if found.is_more_before and cards
        else "",
        later_url=_agenda_url(asked, Place.after(found.cards[-1])) if found.is_more_after and cards else "",
        needing=[shown(c, desk().zone) for c in plan.needing_a_person(db(), desk().id)],
        day=place.day,
        **_around(asked, "calendar.agenda", place.day),
    )


@blueprint.get("/d/<desk>/calendar/events.json")
@signed_in
def events() -> Any:
    """What the script's calendar shows between two days of the desk."""
    span = _asked_span()
    asked, zone = read_filter(), desk().zone
    found = plan.by_day(db(), desk().id, span.instants(zone), asked.wanted, most=MOST_EVENTS)
    may_move = can_plan(me(), desk().id)
    cards = [event(card, zone, may_move=may_move) for day in found for card in day.cards]
    more = [_more(day, here.more) for day, here in zip(span.days, found, strict=True) if here.more]
    return jsonify(events=cards, more=more, bands=band_events(span, asked))


def _asked_span() -> Span:
    try:
        return between(*(date.fromisoformat(request.args.get(name, "")[:10]) for name in ("start", "end")))
    except ValueError:
        raise InvalidInput("Say from when to when: start=2026-05-01&end=2026-06-01.") from None


def _more(day: date, count: int) -> dict[str, Any]:
    url = url_for("calendar.agenda", day=day.isoformat(), **read_filter().arguments)
    return {"title": _("{count} more").format(count=_capped(count)), "start": day.isoformat(), "url": url}


def _capped(count: int) -> str:
    return f"{count}+" if count + MOST_EVENTS >= plan.MOST_COUNTED else str(count)


def _grid_page(template: str, span: Span, *, most: int) -> str:
    asked, zone = read_filter(), desk().zone
    found = plan.by_day(db(), desk().id, span.instants(zone), asked.wanted, most=most)
    bands = bands_of(span, asked)
    days = [
        {"day": day, "cards": [shown(c, zone) for c in here.cards], "more": here.more, "total": here.total,
         "bands": bands[day]}
        for day, here in zip(span.days, found, strict=True)
    ]  # fmt: skip
    endpoint = request.endpoint or ""
    return render_template(
        template,
        span=span,
        days=days,
        most_counted=plan.MOST_COUNTED,
        is_empty=not any(day["total"] for day in days),
        **_around(asked, endpoint, span.chosen),
    )


def _around(asked: CalendarFilter, endpoint: str, day: date) -> dict[str, Any]:
    """What all three pages show around their cards."""
    accounts = catalogue.accounts(db(), desk().id)
    local = wall_of(now(), desk().zone)
    place = {"month": day.strftime("%Y-%m")} if endpoint == "calendar.month" else {"day": day.isoformat()}
    return {
        "asked": asked,
        "chips": asked.chips(accounts, endpoint, **place),
        "place": place,
        "endpoint": endpoint,
        "local_now": local.replace(second=0),
        "choices": {
            "account": [("", _("All")), *((a.id, account_label(a)) for a in accounts)],
            "kind": [("", _("All")), *((k.value, label) for k, label in KINDS.items())],
            "state": [("", _("All")), *WORDS.items()],
        },
        "may_plan": can_plan(me(), desk().id),
        "tabs": _tabs(asked, endpoint, day),
        "a_day": timedelta(days=1),
    }


def _tabs(asked: CalendarFilter, endpoint: str, day: date) -> list[dict[str, Any]]:
    every: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("calendar.month", _("Month"), "calendar", {"month": day.strftime("%Y-%m")}),
        ("calendar.week", _("Week"), "calendar-time", {"day": day.isoformat()}),
        ("calendar.agenda", _("Agenda"), "list", {"day": day.isoformat()}),
    )
    return [
        {"label": label, "icon": icon, "url": url_for(to, **at, **asked.arguments), "active": to == endpoint}
        for to, label, icon, at in every
    ]


def _by_day(cards: list[Any]) -> list[tuple[date, list[Any]]]:
    days: dict[date, list[Any]] = {}
    for card in cards:
        days.setdefault(card.day, []).append(card)
    return list(days.items())


def _agenda_url(asked: CalendarFilter, place: dict[str, Any]) -> str:
    return url_for("calendar.agenda", **place, **asked.arguments)
