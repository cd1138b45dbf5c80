"""Reading the record of a desk, and for administrators that of the whole installation."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import select

from app.extensions import db, desk, me
from app.formatting import gettext as _
from app.record.words import verb_words
from app.sign_in import signed_in
from content_library import desks, record
from content_library.models.post import Post
from content_library.permissions import can_manage_people
from content_library.record import Wanted
from content_library.wall_time import zone

blueprint = Blueprint("record", __name__)

blueprint.add_app_template_filter(datetime.fromisoformat, "instant")

EVERYTHING = "everything"
FILTERS = ("q", "person", "verb", "subject", "from", "to", "of", "scope")


@blueprint.get("/d/<desk>/record")
@signed_in
def index() -> Any:
    scope = scope_of_request()
    page = record.find_entries(
        db(), actor=me(), desk_id=scope, wanted=wanted(),
        before=request.args.get("before", type=int), after=request.args.get("after", type=int),
    )  # fmt: skip
    return render_template(
        "record/index.html",
        page=page,
        filters={name: request.args.get(name, "") for name in FILTERS},
        chips=_chips(),
        verbs=[("", _("Any act")), *((v, verb_words(v)) for v in record.verbs(db(), desk_id=scope))],
        everything=request.args.get("scope") == EVERYTHING and can_manage_people(me()),
        desks=[("", _("Any desk")), *((d.handle, d.name) for d in desks.desks(db()))]
        if scope is None
        else [],
        post_id=_post_asked_for(),
        csv_url=url_for("record.entries", **_kept()),
        may_see_everything=can_manage_people(me()),
        verdict=record.last_verdict(db()),
        under_way=record.walk_under_way(db()),
        newer_url=_url(after=page.newer) if page.newer else "",
        older_url=_url(before=page.older) if page.older else "",
        verb_words=verb_words,
    )


@blueprint.get("/d/<desk>/record/<int:entry_id>")
@signed_in
def entry(entry_id: int) -> Any:
    found = record.get_entry(db(), entry_id, actor=me(), desk_id=scope_of_request())
    details = found.payload.details if found.payload else None
    written = None if details is None else json.dumps(details, ensure_ascii=False, indent=2, sort_keys=True)
    return render_template(
        "record/entry.html",
        entry=found,
        details=written,
        scope=request.args.get("scope"),
        verb_words=verb_words,
    )


def scope_of_request() -> int | None:
    """The desk to look at; None for everything, which only administrators may ask for."""
    wants_everything = request.values.get("scope") == EVERYTHING and can_manage_people(me())
    return None if wants_everything else desk().id


def _post_asked_for() -> int | None:
    """The post whose entries are asked for, if it is one of this desk: its evidence is one step away."""
    asked = wanted()
    if asked.subject_type != "post" or asked.subject_id is None:
        return None
    return db().scalar(select(Post.id).where(Post.id == asked.subject_id, Post.desk_id == desk().id))


def wanted() -> Wanted:
    """What the address asks for."""
    subject, _dash, number = request.args.get("subject", "").strip().lower().partition(" ")
    there = zone(desk().zone)
    return Wanted(
        words=request.args.get("q", "")[:200],
        person=request.args.get("person", "").strip()[:120],
        verb=request.args.get("verb", "")[:60],
        subject_type=subject[:40],
        subject_id=int(number) if number.isdecimal() and len(number) < 10 else None,
        since=_midnight(request.args.get("from", ""), there),
        until=_midnight(request.args.get("to", ""), there, days=1),
        desk_handle=request.args.get("of", "")[:40] if scope_of_request() is None else "",
    )


def _midnight(text: str, there: ZoneInfo, *, days: int = 0) -> datetime | None:
    """The instant a day begins in the desk's zone, some days later; None for no day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time(), there).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _chips() -> list[dict[str, str]]:
    """The filters in use, each with the address without it."""
    said = {
        "q": _("“%(value)s”"), "person": _("by %(value)s"), "verb": "%(value)s", "subject": _("about %(value)s"),
        "from": _("from %(value)s"), "to": _("to %(value)s"), "of": _("of %(value)s"),
    }  # fmt: skip
    used = {name: request.args[name] for name in said if request.args.get(name)}
    shown = {**used, "verb": verb_words(used["verb"])} if "verb" in used else used
    return [
        {"label": said[name] % {"value": shown[name]}, "remove_url": _url(**{name: None})} for name in used
    ]


def _kept() -> dict[str, Any]:
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def _url(**changed: Any) -> str:
    """This list with something changed; the place in it is given anew or begins at the newest."""
    return url_for("record.index", **{**_kept(), **changed})
