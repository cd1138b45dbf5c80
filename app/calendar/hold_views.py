"""Stopping a desk, what is held and why, and starting again: nothing is sent in the moment of lifting."""

from typing import Any

from flask import flash, redirect, render_template, url_for

from app.calendar.cards import shown
from app.calendar.forms import ReasonForm
from app.calendar.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library.permissions import can_hold
from scheduler import agenda, holds

MOST_LISTED = 100  # in each group; the count says how many there are
BECAME = {
    "missed": ("clock-exclamation", _("Their time passed. Choose new times.")),
    "held": ("hand-stop", _("Something else keeps these back.")),
    "waiting": ("clock-exclamation", _("These wait for something, such as their clearance.")),
    "going": ("clock", _("These go out at their time.")),
    "expired": ("calendar-x", _("Over meanwhile: these do not go out.")),
}


@blueprint.get("/d/<desk>/holds")
@signed_in
def hold_list() -> Any:
    return _page(ReasonForm(formdata=None))


@blueprint.post("/d/<desk>/holds")
@signed_in
def stop() -> Any:
    """Stop the desk."""
    form = ReasonForm()
    if form.accepts(lambda: holds.stop_desk(db(), desk(), form.reason.data or "", actor=me(), now=now())):
        flash(_("Stopped. {count} held.").format(count=form.result[1]), "good")
        return redirect(url_for("calendar.hold_list"), 303)
    return _page(form), 422


@blueprint.post("/d/<desk>/holds/<int:hold_id>/lift")
@signed_in
def lift(hold_id: int) -> Any:
    """Lift a hold, then show what became of each."""
    hold = holds.get_hold(db(), desk().id, hold_id)
    holds.lift(db(), hold, actor=me(), now=now())
    return redirect(url_for("calendar.triage", hold_id=hold.id), 303)


@blueprint.get("/d/<desk>/holds/<int:hold_id>")
@signed_in
def triage(hold_id: int) -> Any:
    """What became of what a hold kept back."""
    hold = holds.get_hold(db(), desk().id, hold_id)
    became = holds.became_of(db(), hold)
    cards = agenda.of_ids(db(), desk().id, [i for ids in became.values() for i in ids[:MOST_LISTED]])
    groups = {
        name: [shown(cards[i], desk().zone) for i in ids if i in cards] for name, ids in became.items() if ids
    }
    counts = {name: len(ids) for name, ids in became.items()}
    return render_template("calendar/triage.html", hold=hold, groups=groups, counts=counts, words=BECAME)


def _page(form: ReasonForm) -> str:
    open_holds = holds.open_holds(db(), desk().id)
    ids = [hold.publication_id for hold in open_holds if hold.publication_id]
    return render_template(
        "calendar/holds.html",
        form=form,
        open_holds=open_holds,
        lifted=holds.lifted_holds(db(), desk().id),
        cards=agenda.of_ids(db(), desk().id, ids),
        kept=holds.kept_by_stop(db(), desk().id),
        would_hold=holds.would_hold(db(), desk().id),
        may_hold=can_hold(me(), desk().id),
    )
