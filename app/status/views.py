"""A desk's own status page: what its leads can do something about. The installation's is under Settings."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template

from app import condition
from app.extensions import db, desk, me, now, settings
from app.formatting import ago
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library.permissions import can_manage_accounts, require
from scheduler import agenda, budgets, standing, watch
from scheduler.agenda import Card
from service_channel import accounts, renewing

blueprint = Blueprint("status", __name__)

GONE_FOR = timedelta(days=30)
QUIET_FOR = timedelta(minutes=2)
MOST_SHOWN = 20
MAY_SEE = "Only leads of this desk and administrators see how it is doing."


@blueprint.get("/d/<desk>/status")
@signed_in
def desk_status() -> Any:
    require(can_manage_accounts(me(), desk().id), MAY_SEE)
    session, here, instant = db(), desk(), now()
    found = accounts.accounts_with_health(session, here.id)
    overdue = watch.overdue(session, now=instant, timing=settings().timing, desk_id=here.id)
    needing = agenda.needing_a_person(session, here.id, most=MOST_SHOWN)
    return render_template(
        "status/desk.html",
        signs=[_engine(), _overdue(overdue), _needing(needing)],
        found=found,
        waiting=budgets.waiting_counts(session, here.id, now=instant),
        soon=instant + renewing.WARN[-1],
        here={"overdue": overdue},
        needing=needing,
        gone=standing.gone_lately(session, here.id, since=instant - GONE_FOR, until=instant, most=MOST_SHOWN),
    )


def _engine() -> tuple[str, str, str]:
    """Tone, icon and sentence: without an engine nothing goes out, whoever leads the desk."""
    beats = [beat.at for beat in condition.beats(db(), settings(), now=now()) if beat.at is not None]
    if not beats:
        return (
            "failed",
            "alert-octagon",
            _("No engine has run yet: nothing goes out. An administrator starts it."),
        )
    newest = max(beats)
    if newest < now() - QUIET_FOR:
        since = ago(newest, now())
        sentence = _("The engine was last heard {since}: nothing goes out. An administrator starts it again.")
        return "failed", "alert-octagon", sentence.format(since=since)
    return (
        "approved",
        "bolt",
        _("Deskcast’s engine works; it was last heard {since}.").format(since=ago(newest, now())),
    )


def _overdue(found: list[watch.Overdue]) -> tuple[str, str, str]:
    count = sum(one.count for one in found)
    if not count:
        return "approved", "checks", _("Nothing of this desk is overdue.")
    tone = "failed" if watch.of_engine(found) else "held"
    sentence = _("1 publication is overdue.") if count == 1 else _("{count} publications are overdue.")
    return tone, "clock-exclamation", sentence.format(count=f"{count:,}")


def _needing(cards: list[Card]) -> tuple[str, str, str]:
    if not cards:
        return "approved", "user-check", _("Nothing waits for somebody’s decision.")
    count = f"{MOST_SHOWN}+" if len(cards) == MOST_SHOWN else str(len(cards))
    one = _("1 publication waits for somebody’s decision.")
    many = _("{count} publications wait for somebody’s decision.").format(count=count)
    return "held", "user-question", one if count == "1" else many
