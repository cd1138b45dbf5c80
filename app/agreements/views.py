"""The addresses of agreements: the list, one agreement, proposing a version, signing, declining, ending, suspending."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for

from app.agreements.forms import ActForm, WhyForm, terms_of
from app.agreements.pages import (
    agreement_page,
    fresh_form,
    index_page,
    one_less,
    one_more,
    propose_page,
    sent_form,
    team_of,
)
from app.extensions import db, desk, me, now, only_reads
from app.formatting import gettext as _
from app.forms import number
from app.sign_in import signed_in
from content_library import agreements
from content_library.models.agreement import Agreement, AgreementClause, AgreementVersion
from content_library.models.desk import Team
from content_library.permissions import require

blueprint = Blueprint("agreements", __name__)


@blueprint.get("/d/<desk>/agreements")
@signed_in
def index() -> Any:
    return index_page()


@blueprint.get("/d/<desk>/agreements/with/<int:team_id>")
@signed_in
def new(team_id: int) -> Any:
    team = _with(team_id)
    return propose_page(team, fresh_form(team))


@blueprint.post("/d/<desk>/agreements/with/<int:team_id>/draft")
@signed_in
@only_reads
def draft(team_id: int) -> Any:
    """The same page with a clause more or less. Nothing is kept."""
    team, form = _with(team_id), sent_form()
    (one_less if request.form.get("act") == "less" else one_more)(form)
    return propose_page(team, form)


@blueprint.post("/d/<desk>/agreements/with/<int:team_id>")
@signed_in
def propose(team_id: int) -> Any:
    team, form = _with(team_id), sent_form()

    def verb() -> AgreementVersion:
        seen = number(form.seen.data)
        return agreements.propose(db(), desk(), team, terms_of(form), seen=seen, actor=me(), now=now())

    if form.accepts(verb):
        flash(_("Proposed, with your signature. The other side is told."), "good")
        return redirect(url_for("agreements.show", agreement_id=form.result.agreement_id), 303)
    return propose_page(team, form), 422


@blueprint.get("/d/<desk>/agreements/<int:agreement_id>")
@signed_in
def show(agreement_id: int) -> Any:
    return agreement_page(_agreement(agreement_id))


@blueprint.post("/d/<desk>/agreements/<int:agreement_id>/versions/<int:number>/signature")
@signed_in
def sign(agreement_id: int, number: int) -> Any:
    agreement, form = _agreement(agreement_id), ActForm()
    version = agreements.version_of(agreement, number)
    if form.accepts(lambda: agreements.sign(db(), version, actor=me(), now=now())):
        flash(_("Signed by both sides. It holds from its first day on."), "good")
    elif form.problem:
        flash(form.problem, "bad")
    else:
        abort(400)
    return _back(agreement)


@blueprint.post("/d/<desk>/agreements/<int:agreement_id>/versions/<int:number>/withdrawal")
@signed_in
def take_back(agreement_id: int, number: int) -> Any:
    agreement = _agreement(agreement_id)
    if not ActForm().validate_on_submit():
        abort(400)
    agreements.take_back(db(), agreements.version_of(agreement, number), actor=me(), now=now())
    flash(_("The proposal is taken back."), "info")
    return _back(agreement)


@blueprint.post("/d/<desk>/agreements/<int:agreement_id>/versions/<int:number>/refusal")
@signed_in
def decline(agreement_id: int, number: int) -> Any:
    agreement = _agreement(agreement_id)
    version = agreements.version_of(agreement, number)

    def verb(why: str) -> Any:
        return agreements.decline(db(), version, why, actor=me(), now=now())

    return _with_reason(
        agreement, f"decline-{number}", verb, lambda _n: _("Declined. The other side is told.")
    )


@blueprint.post("/d/<desk>/agreements/<int:agreement_id>/versions/<int:number>/end")
@signed_in
def end(agreement_id: int, number: int) -> Any:
    agreement = _agreement(agreement_id)
    version = agreements.version_of(agreement, number)

    def verb(why: str) -> Any:
        return agreements.end(db(), version, why, actor=me(), now=now())

    return _with_reason(agreement, f"end-{number}", verb, _fallen(_("The agreement is over.")))


@blueprint.post("/d/<desk>/agreements/<int:agreement_id>/clauses/<int:clause_id>/suspension")
@signed_in
def suspend(agreement_id: int, clause_id: int) -> Any:
    agreement = _agreement(agreement_id)
    clause = _clause(agreement, clause_id)

    def verb(why: str) -> Any:
        return agreements.suspend(db(), clause, why, actor=me(), now=now())

    return _with_reason(agreement, f"suspend-{clause_id}", verb, _fallen(_("The clause is suspended.")))


def _with_reason(
    agreement: Agreement, key: str, verb: Callable[[str], Any], said: Callable[[Any], str]
) -> Any:
    """An act that wants a reason; without one the page comes back with the form open."""
    form = WhyForm()
    if form.accepts(lambda: verb(form.why.data or "")):
        flash(said(form.result), "good")
        return _back(agreement)
    return agreement_page(agreement, refused={key: form}), 422


def _fallen(said: str) -> Callable[[Any], str]:
    def sentence(count: int) -> str:
        if not count:
            return said
        posts = _("1 post loses") if count == 1 else _("{} posts lose").format(count)
        return f"{said} {posts} {_('the clearance it gave; what is planned goes back to review.')}"

    return sentence


def _back(agreement: Agreement) -> Any:
    return redirect(url_for("agreements.show", agreement_id=agreement.id), 303)


def _agreement(agreement_id: int) -> Agreement:
    return agreements.get_agreement(db(), desk().id, agreement_id)


def _clause(agreement: Agreement, clause_id: int) -> AgreementClause:
    found = next((c for v in agreement.versions for c in v.clauses if c.id == clause_id), None)
    if found is None:
        abort(404)
    return found


def _with(team_id: int) -> Team:
    """The team, for somebody who may agree with it or for it."""
    team = team_of(team_id)
    may = agreements.side_of(me(), desk().id, team.id) is not None
    require(may, f"Only leads of {desk().name} and people of {team.name} can propose this.")
    return team
