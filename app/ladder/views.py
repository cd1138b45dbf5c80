"""The desk's ladder: where its accounts stand, and each step up, down, on and off."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for

from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import DeskcastForm, number
from app.ladder import pages
from app.ladder.forms import (
    AskForm,
    DescentForm,
    NotYetForm,
    SignForm,
    SwitchForm,
    criteria_form,
    wanted_criteria,
)
from app.sign_in import signed_in
from content_library import catalogue, ladder, ladder_progress
from content_library.ladder_rules import STAGES, Figures
from content_library.ladder_stages import label_of
from content_library.models.account import Account
from content_library.permissions import can_manage_desk, require
from scheduler import earned
from service_channel.accounts import get_account

blueprint = Blueprint("ladder", __name__)


@blueprint.get("/d/<desk>/ladder")
@signed_in
def index() -> Any:
    on = [s for s in ladder_progress.standings(db(), desk().id) if s.is_on]
    known = {s.account_id for s in on}
    return render_template(
        "ladder/index.html",
        rungs=[pages.rung(s) for s in on],
        off=[(a, label_of(a)) for a in catalogue.accounts(db(), desk().id) if a.id not in known],
        stages=STAGES.values(),
        signers=pages.signers(),
        may_switch=can_manage_desk(me(), desk().id),
    )


@blueprint.get("/d/<desk>/ladder/criteria")
@signed_in
def criteria() -> Any:
    _require_manager()
    return _criteria_page(criteria_form(*ladder_progress.criteria_of(db(), desk().id)))


@blueprint.post("/d/<desk>/ladder/criteria")
@signed_in
def set_criteria() -> Any:
    _require_manager()
    form = criteria_form(*ladder_progress.criteria_of(db(), desk().id))

    def verb() -> None:
        seen = number(form.seen.data)
        ladder_progress.set_criteria(db(), desk(), wanted_criteria(form), seen=seen, actor=me(), now=now())

    if form.accepts(verb):
        flash(_("Saved. It holds from now on."), "good")
        return redirect(url_for("ladder.index"), 303)
    return _criteria_page(form), 422


@blueprint.get("/d/<desk>/ladder/<int:account_id>")
@signed_in
def show(account_id: int) -> Any:
    return _page(get_account(db(), desk().id, account_id))


@blueprint.post("/d/<desk>/ladder/<int:account_id>/switch")
@signed_in
def switch(account_id: int) -> Any:
    account = get_account(db(), desk().id, account_id)
    form, standing = SwitchForm(), ladder_progress.standing_of(db(), account)
    is_on = standing is not None and standing.is_on

    def verb() -> None:
        why = form.why.data or ""
        if is_on:
            ladder.switch_off(db(), account, why, actor=me(), now=now())
        else:
            ladder.switch_on(db(), account, number(form.stage.data), why, actor=me(), now=now())

    said = _("The ladder is off for this account.") if is_on else _("The ladder is on for this account.")
    return _done(account, form, "switch", verb, said)


@blueprint.post("/d/<desk>/ladder/<int:account_id>/request")
@signed_in
def ask(account_id: int) -> Any:
    account, form = get_account(db(), desk().id, account_id), AskForm()

    def verb() -> None:
        ladder.ask(db(), account, _figures(account), actor=me(), now=now(), why=form.why.data or "")

    return _done(account, form, "ask", verb, _("Asked. Who may sign it is told."))


@blueprint.post("/d/<desk>/ladder/<int:account_id>/signature")
@signed_in
def sign(account_id: int) -> Any:
    account, form = get_account(db(), desk().id, account_id), SignForm()

    def verb() -> Any:
        return ladder.sign(
            db(), account, _figures(account), seen=number(form.seen.data), actor=me(), now=now(),
            why=form.why.data or "",
        )  # fmt: skip

    return _done(account, form, "sign", verb, _("Signed. What waited for this stage goes on."))


@blueprint.post("/d/<desk>/ladder/<int:account_id>/refusal")
@signed_in
def turn_down(account_id: int) -> Any:
    account, form = get_account(db(), desk().id, account_id), NotYetForm()

    def verb() -> None:
        ladder.turn_down(db(), account, form.why.data or "", actor=me(), now=now())

    return _done(account, form, "not_yet", verb, _("Not yet. The stage stays as it is."))


@blueprint.post("/d/<desk>/ladder/<int:account_id>/descent")
@signed_in
def descend(account_id: int) -> Any:
    account, form = get_account(db(), desk().id, account_id), DescentForm()

    def verb() -> Any:
        return ladder.step_down(
            db(), account, number(form.stage.data), form.why.data or "", actor=me(), now=now(),
            figures=_figures(account),
        )  # fmt: skip

    return _done(account, form, "descend", verb, _("Stepped down. What is planned beyond it waits."))


def _done(account: Account, form: DeskcastForm, name: str, verb: Callable[[], Any], sentence: str) -> Any:
    if form.accepts(verb):
        flash(f"{sentence} {_waiting(account)}".strip(), "good")
        return redirect(url_for("ladder.show", account_id=account.id), 303)
    return _page(account, sent={name: form}), 422


def _waiting(account: Account) -> str:
    count = earned.waiting_for_a_stage(db(), account.id)
    if not count:
        return ""
    return (
        _("One planned post waits for a higher stage.")
        if count == 1
        else _("{} planned posts wait for a higher stage.").format(count)
    )


def _figures(account: Account) -> Figures:
    standing = ladder_progress.standing_of(db(), account)
    return pages.figures_of(standing) if standing else Figures()


def _page(account: Account, *, sent: dict[str, Any] | None = None) -> str:
    standing = ladder_progress.standing_of(db(), account)
    found = pages.rung(standing) if standing is not None and standing.is_on else None
    return render_template(
        "ladder/show.html",
        account=account,
        name=label_of(account),
        rung=found,
        acts=pages.acts(found, sent or {}),
        steps=pages.history(standing),
        step_words=pages.ACTS,
        measures=pages.SHOWN,
        stages=STAGES.values(),
        hints={str(stage.number): stage.allows for stage in STAGES.values()},
        signers=pages.signers(),
    )


def _criteria_page(form: Any) -> str:
    return render_template("ladder/criteria.html", form=form, stages=STAGES)


def _require_manager() -> None:
    require(
        can_manage_desk(me(), desk().id),
        _("Only the desk’s leads and administrators set what a stage asks for."),
    )
