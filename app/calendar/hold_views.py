"""Stopping, what is held and why, and starting again: nothing is sent in the moment of lifting."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.calendar.cards import shown
from app.calendar.filters import account_label
from app.calendar.forms import StopForm
from app.calendar.kept_back_views import kept_back_part
from app.calendar.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import choices
from app.navigation import KINDS
from app.sign_in import signed_in
from content_library import catalogue
from content_library.errors import InvalidInput
from content_library.models.account import Account
from content_library.permissions import can_hold, can_hold_everything
from scheduler import agenda, holds, stops
from scheduler.models import Hold, HoldScope
from scheduler.stops import Reach

MOST_LISTED = 100  # in each group; the count says how many there are
BECAME = {
    "held": ("hand-stop", _("Something else keeps these back.")),
    "waiting": ("clock-exclamation", _("These wait for something, such as their clearance.")),
    "going": ("clock", _("These go out at their time.")),
    "expired": ("calendar-x", _("Over meanwhile: these do not go out.")),
}


@blueprint.get("/d/<desk>/holds")
@signed_in
def hold_list() -> Any:
    return _page(_form(StopForm(formdata=None)))


@blueprint.get("/d/<desk>/holds/foreseen")
@signed_in
def foresee_stop() -> Any:
    """The part of the form that says what a stop would do, while its reach is being chosen."""
    return render_template("calendar/_foreseen.html", **_foreseen(request.args.get("what", "")))


@blueprint.post("/d/<desk>/holds")
@signed_in
def stop() -> Any:
    """Stop as far as was chosen; the desk, where nothing was."""
    form = _form(StopForm())
    if form.accepts(lambda: _stop(form)):
        held, count = form.result
        sentence = _("Stopped: {what}. {count} held.").format(what=said(held), count=count)
        flash(sentence if held.scope is not HoldScope.DESK else _stopped(count), "good")
        return redirect(url_for("calendar.hold_list"), 303)
    return _page(form), 422


def _stopped(count: int) -> str:
    return _("Stopped. {count} held.").format(count=count)


def _stop(form: StopForm) -> tuple[Hold, int]:
    reach = stops.read(form.what.data or "", desk().id, catalogue.accounts(db(), desk().id))
    if reach is None:
        raise InvalidInput(_("Choose what to stop."), {"what": _("Choose what to stop.")})
    return holds.stop(db(), reach, form.reason.data or "", actor=me(), now=now())


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
    """What became of what a hold kept back, and what a person has to decide about now."""
    hold = holds.get_hold(db(), desk().id, hold_id)
    became = holds.became_of(db(), hold)
    cards = agenda.of_ids(db(), desk().id, [i for ids in became.values() for i in ids[:MOST_LISTED]])
    groups = {
        name: [shown(cards[i], desk().zone) for i in ids if i in cards] for name, ids in became.items() if ids
    }
    counts = {name: len(ids) for name, ids in became.items()}
    part = kept_back_part("calendar.triage", hold_id=hold.id) if hold.lifted_at else {"rows": []}
    return render_template(
        "calendar/triage.html", hold=hold, groups=groups, counts=counts, words=BECAME, **part
    )


def said(hold: Hold) -> str:
    """What a hold keeps back, in a few words."""
    if hold.scope is HoldScope.ACCOUNT and hold.account is not None:
        return account_label(hold.account)
    if hold.scope is HoldScope.KIND and hold.kind is not None:
        return _("Kind “{kind}”").format(kind=KINDS[hold.kind])
    return {
        HoldScope.ALL: _("Everything, on every desk"),
        HoldScope.DESK: _("The whole desk"),
        HoldScope.PUBLICATION: _("One publication"),
    }.get(hold.scope, hold.scope.value)


def _form(form: StopForm) -> StopForm:
    form.what.choices = choices(_reaches(catalogue.accounts(db(), desk().id)))
    if not form.is_submitted() and form.what.choices:
        form.what.data = form.what.choices[0].value
    return form


def _reaches(accounts: Sequence[Account]) -> list[tuple[str, str]]:
    """What this person may stop, the widest of a desk first."""
    here, everywhere = can_hold(me(), desk().id), can_hold_everything(me())
    of_desk = [
        ("desk", _("The whole desk")),
        *((f"account:{a.id}", account_label(a)) for a in accounts),
        *((f"kind:{kind.value}", _("Kind “{kind}”").format(kind=name)) for kind, name in KINDS.items()),
    ]
    return [*(of_desk if here else []), *([("all", _("Everything, on every desk"))] if everywhere else [])]


def _foreseen(what: str) -> dict[str, Any]:
    accounts = catalogue.accounts(db(), desk().id)
    reach = stops.read(what, desk().id, accounts) or Reach(HoldScope.DESK, desk().id)
    seen = stops.foresee(db(), desk().id, reach)
    cards = agenda.of_ids(db(), desk().id, seen.named)
    return {"seen": seen, "going": [shown(card, desk().zone) for card in cards.values()]}


def _page(form: StopForm) -> str:
    open_holds = holds.open_holds(db(), desk().id)
    ids = [hold.publication_id for hold in open_holds if hold.publication_id]
    return render_template(
        "calendar/holds.html",
        form=form,
        open_holds=open_holds,
        lifted=holds.lifted_holds(db(), desk().id),
        cards=agenda.of_ids(db(), desk().id, ids),
        kept={h.id: stops.kept_by(db(), h) for h in open_holds if h.scope in stops.STOPS},
        said=said,
        may_lift=lambda hold: holds.may_stop(me(), stops.reach_of(hold)),
        may_stop=bool(form.what.choices),
        **_foreseen(form.what.data or ""),
    )
