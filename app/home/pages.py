"""What Today shows: what needs me, what goes out, what went out, and the first steps of an empty desk."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, url_for
from sqlalchemy.orm import Session

from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from content_library import catalogue, finding, notices, review_queue
from content_library import permissions as may
from content_library.models.account import AccountState
from content_library.models.desk import Desk
from content_library.review_queue import QueueFilter
from content_library.wall_time import wall_of, zone
from scheduler import agenda
from scheduler.agenda import Card
from scheduler.models import PublicationState

SOON = timedelta(minutes=2)
AFTER = timedelta(minutes=3)
COUNTED = timedelta(hours=1)
UNDER_WAY = (PublicationState.CLAIMED, PublicationState.SENDING, PublicationState.UNKNOWN)
TONES = {"waiting": "review", "going": "draft", "out": "approved", "held": "held", "needs you": "failed"}
SHOWN_HERE = 5


def today_page() -> str:
    """Today, or the three first steps where there is nothing yet."""
    shown = publications(db(), desk(), now())
    has_gone_out = shown["ahead"] or shown["out"]
    return render_template(
        "home/today.html",
        date=_date(now(), desk()),
        steps=[] if has_gone_out else _first_steps(db(), desk()),
        reviews=_reviews(db()),
        waited=lambda review: review_queue.waited(review, now=now()),
        sent_back=review_queue.sent_back(db(), me(), desk().id),
        questions=review_queue.questions_to(db(), me(), desk().id),
        comments=notices.unread_of(db(), me(), "comment.added", desk_id=desk().id),
        needs_person=_needs_person(db(), desk()),
        **shown,
    )


def _date(at: datetime, here: Desk) -> str:
    local = at.astimezone(zone(here.zone))
    return f"{local:%A} {local.day} {local:%B}"


def _reviews(session: Session) -> review_queue.QueuePage | None:
    if not may.can_review(me(), desk().id):
        return None
    return review_queue.queue(session, me(), QueueFilter(desk_id=desk().id), per_page=SHOWN_HERE)


def _needs_person(session: Session, here: Desk) -> list[Card]:
    return agenda.needing_a_person(session, here.id, most=SHOWN_HERE) if may.can_settle(me(), here.id) else []


def publications(session: Session, here: Desk, at: datetime) -> dict[str, Any]:
    """The day’s publications: a line with the desk’s hours, what is to come, what is out, what to count down to,
    and whether to look again in a moment."""
    cards = agenda.day(session, here, at)
    out = [c for c in cards if c.published_at is not None]
    ahead = [c for c in cards if c.state in agenda.OPEN]
    coming = next((c for c in ahead if at <= c.due_at <= at + COUNTED), None)
    return {
        "line": _day_line(cards, here, at),
        "ahead": ahead,
        "out": out[::-1] or agenda.lately_out(session, here.id, most=SHOWN_HERE),
        "out_is_today": bool(out),
        "coming": coming,
        "left_s": int((coming.due_at - at).total_seconds()) if coming else 0,
        "soon_s": int(SOON.total_seconds()),
        "is_live": _is_live(cards, at),
    }


def _is_live(cards: Sequence[Card], at: datetime) -> bool:
    """Whether something is due within two minutes or under way."""
    return any(
        (c.state in agenda.OPEN and -AFTER <= c.due_at - at <= SOON) or c.state in UNDER_WAY for c in cards
    )


_LABELLED = (
    180  # minutes between two labels: the line begins and ends at one, so that each stands under its hour
)


def _day_line(cards: Sequence[Card], here: Desk, at: datetime) -> dict[str, Any]:
    """Minutes of the desk’s day for the `day_line` macro."""
    opens, closes = _minute(here.opens), _minute(here.closes)
    marks = [
        {
            "minute": _minute_of(c.due_at, here),
            "label": c.title,
            "tone": TONES.get(c.word, "draft"),
            "url": "",
        }
        for c in cards
    ]
    minutes = [_minute_of(c.due_at, here) for c in cards]
    start = min([opens - 60, *minutes]) // _LABELLED * _LABELLED
    end = -(-max([closes + 60, *minutes]) // _LABELLED) * _LABELLED
    return {
        "start": max(0, start),
        "end": min(1440, end),
        "open": [(opens, closes)],
        "marks": marks,
        "now": _minute_of(at, here),
    }


def _minute(wall: str) -> int:
    hours, minutes = wall.split(":")
    return int(hours) * 60 + int(minutes)


def _minute_of(instant: datetime, here: Desk) -> int:
    local = wall_of(instant, here.zone)
    return local.hour * 60 + local.minute


def _first_steps(session: Session, here: Desk) -> list[dict[str, Any]]:
    """Invite a reviewer, choose where it goes, write the first post. Empty once the desk has posts."""
    if finding.has_posts(session, here.id) or not may.can_draft(me(), here.id):
        return []
    accounts = catalogue.accounts(session, here.id)
    page = next((a for a in accounts if a.network == "page"), None)
    reviewed = here.solo or review_queue.has_reviewer(session, here.id, but=me())
    manages = may.can_manage_people(me())
    connects = may.can_manage_accounts(me(), here.id)
    return [
        {
            "title": _("Invite a reviewer"),
            "text": _(
                "Nobody clears their own text, so a second person is needed before anything can go out."
            )
            if manages
            else _("Nobody clears their own text. Ask an administrator to invite a second person."),
            "label": _("Invite somebody"),
            "url": url_for("admin.people") if manages else "",
            "done": reviewed,
        },
        {
            "title": _("See where it will stand"),
            "text": _("Your public page is there already. Bluesky can be connected with an app password."),
            "label": _("Connect an account") if connects else _("Look at the public page"),
            "url": url_for("accounts.index")
            if connects
            else url_for("public.page", handle=page.handle)
            if page
            else "",
            "done": any(a.network != "page" and a.state is AccountState.ACTIVE for a in accounts),
        },
        {
            "title": _("Write the first post"),
            "text": _("Choose what it is for; the format asks for what it needs and says who clears it."),
            "label": _("Write a post"),
            "url": url_for("posts.new"),
            "done": False,
        },
    ]
