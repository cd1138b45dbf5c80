"""The status page: does everything add up, what is overdue, and who is at work."""

from datetime import timedelta
from typing import Any

from flask import render_template, request

from app import condition
from app.admin.access import administrators
from app.admin.health import Sign, trouble_signs
from app.admin.views import blueprint
from app.extensions import db, now, settings
from app.formatting import gettext as _
from app.formatting import span
from content_library import desks as desk_verbs
from content_library.models.desk import Desk
from content_library.wall_time import tzdata_version
from scheduler.models import PublicationState as S
from scheduler.watch import Lateness

SUM: tuple[tuple[str, tuple[S, ...]], ...] = (
    (_("Published"), (S.PUBLISHED,)),
    (_("Failed"), (S.FAILED,)),
    (_("Missed"), (S.MISSED,)),
    (_("Expired"), (S.EXPIRED,)),
    (_("Cancelled"), (S.CANCELLED,)),
    (_("Needs a person"), (S.NEEDS_PERSON,)),
    (_("Open"), (S.PLANNED, S.CLAIMED, S.SENDING, S.UNKNOWN, S.HELD, S.BLOCKED)),
)  # fmt: skip


@blueprint.get("/settings/status")
@administrators
def status() -> Any:
    found = _desk(request.args.get("desk", ""))
    here = condition.publications(db(), settings(), now=now(), desk_id=found.id if found else None)
    return render_template(
        "admin/status.html",
        signs=_signs(here),
        here=here,
        lines=_lines(here),
        late=_late(here.lateness),
        beats=condition.beats(db(), settings(), now=now()),
        workers=condition.workers(db(), settings(), now=now()),
        queue=condition.queue(db()),
        around=_around(),
        desks=[("", _("All desks")), *((d.handle, d.name) for d in desk_verbs.desks(db()))],
        chosen=found.handle if found else "",
    )


def _desk(handle: str) -> Desk | None:
    """The desk that was chosen; all of them when none was. Raises NotFound."""
    return desk_verbs.get_desk(db(), handle) if handle else None


def _lines(here: condition.Publications) -> list[dict[str, Any]]:
    """The terms of the sum; where one holds several states, what it is made of."""
    return [
        {
            "label": label,
            "count": sum(here.counts[state] for state in states),
            "parts": [(state.value, here.counts[state]) for state in states if here.counts[state]]
            if len(states) > 1
            else [],
        }
        for label, states in SUM
    ]


def _late(found: Lateness) -> list[tuple[str, str]]:
    if not found.count:
        return [(_("Went out"), _("nothing in the last day"))]
    return [
        (_("Went out"), f"{found.count:,}"),
        (_("Half of them within"), seconds(found.p50_ms)),
        (_("95 of 100 within"), seconds(found.p95_ms)),
    ]


def seconds(milliseconds: int) -> str:
    """`12 ms`, `1.4 s`, `12 min`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    return span(timedelta(milliseconds=milliseconds))


def _signs(here: condition.Publications) -> list[Sign]:
    return list(trouble_signs(db(), settings(), here, now=now()))


def _around() -> list[tuple[str, str]]:
    """What is not publications."""
    session, instant = db(), now()
    kind, size = condition.database_kind(session)
    room = condition.room(settings().data)
    return [
        (_("Entries without a seal"), _waiting(condition.unsealed(session))),
        (_("Mails waiting"), _waiting(condition.mails_waiting(session, now=instant))),
        (_("Feeds behind"), _waiting(condition.feeds_behind(session, now=instant))),
        (_("Database"), f"{kind}, {_size(size)}"),
        (_("Room on the disk"), _("%(free)s of %(total)s") % {"free": _size(room.free), "total": _size(room.total)}),
        (_("Time zones"), _("release %(version)s") % {"version": tzdata_version()}),
    ]  # fmt: skip


def _waiting(found: condition.Waiting) -> str:
    if not found.count or found.since is None:
        return _("none")
    since = span(max(timedelta(0), now() - found.since))
    return _("%(count)s, the first for %(since)s") % {"count": f"{found.count:,}", "since": since}


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.1f} MB"
