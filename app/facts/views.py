"""The desk's facts: the list, one fact with what uses it and what is out, changing it, and what follows."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for

from app.extensions import db, desk, me, now, only_reads
from app.facts.forms import ActForm, ChangeForm, NamingForm, NewFactForm
from app.facts.pages import fact_page, index_page, with_teams
from app.formatting import gettext as _
from app.forms import number
from app.sign_in import signed_in
from content_library import catalogue, facts, posts
from content_library.fact_shelf import get_fact
from content_library.facts import Naming
from content_library.models.fact import Fact
from content_library.models.post import Post
from content_library.permissions import can_add_fact, can_change_fact, require, team_ids_for
from scheduler.fact_outings import get_outing

blueprint = Blueprint("facts", __name__)


@blueprint.get("/d/<desk>/facts")
@signed_in
def index() -> Any:
    return index_page()


@blueprint.get("/d/<desk>/facts/new")
@signed_in
def new() -> Any:
    require(can_add_fact(me(), desk().id), "Only the desk’s leads and its reviewing teams can add facts.")
    mine = next(iter(sorted(team_ids_for(me(), desk().id))), 0)
    return render_template("facts/new.html", form=with_teams(NewFactForm(data={"owner_team_id": mine})))


@blueprint.post("/d/<desk>/facts")
@signed_in
def add() -> Any:
    form = with_teams(NewFactForm())
    if form.accepts(
        lambda: facts.add_fact(db(), desk(), _naming(form), form.value.data or "", actor=me(), now=now())
    ):
        flash(
            _("The fact is there. Write {} in a text to use it.").format(f"{{{{{form.result.name}}}}}"),
            "good",
        )
        return redirect(url_for("facts.show", fact_id=form.result.id), 303)
    return render_template("facts/new.html", form=form), 422


@blueprint.get("/d/<desk>/facts/<int:fact_id>")
@signed_in
def show(fact_id: int) -> Any:
    return fact_page(_fact(fact_id))


@blueprint.post("/d/<desk>/facts/<int:fact_id>/preview")
@signed_in
@only_reads
def preview(fact_id: int) -> Any:
    """What the change would end, before anything does. Nothing is kept."""
    found, form = _fact(fact_id), ChangeForm()
    require(can_change_fact(me(), found), facts.MAY_CHANGE)
    return (
        fact_page(found, change=form, is_preview=True)
        if form.validate_on_submit()
        else (_again(found, form), 422)
    )


@blueprint.post("/d/<desk>/facts/<int:fact_id>/versions")
@signed_in
def change(fact_id: int) -> Any:
    found, form = _fact(fact_id), ChangeForm()
    if form.accepts(
        lambda: facts.change_fact(
            db(), found, form.value.data or "", why=form.why.data or "", seen=number(form.seen.data),
            actor=me(), now=now(),
        )
    ):  # fmt: skip
        ended = form.result
        flash(
            _("Changed. {} approvals and submissions ended.").format(ended) if ended else _("Changed."),
            "good",
        )
        return redirect(url_for("facts.show", fact_id=found.id), 303)
    return _again(found, form), 422


def _again(found: Fact, form: ChangeForm) -> str:
    return fact_page(found, change=form)


@blueprint.post("/d/<desk>/facts/<int:fact_id>/naming")
@signed_in
def describe(fact_id: int) -> Any:
    found, form = _fact(fact_id), with_teams(NamingForm())
    if form.accepts(lambda: facts.describe_fact(db(), found, _naming(form), actor=me(), now=now())):
        flash(_("Saved."), "good")
        return redirect(url_for("facts.show", fact_id=found.id), 303)
    return fact_page(found, naming=form), 422


@blueprint.post("/d/<desk>/facts/<int:fact_id>/archive")
@signed_in
def archive(fact_id: int) -> Any:
    return _put(fact_id, facts.archive_fact, _("The fact is in the archive."))


@blueprint.post("/d/<desk>/facts/<int:fact_id>/restoration")
@signed_in
def restore(fact_id: int) -> Any:
    return _put(fact_id, facts.restore_fact, _("The fact is back."))


def _put(fact_id: int, verb: Callable[..., None], sentence: str) -> Any:
    found = _acted(fact_id)
    verb(db(), found, actor=me(), now=now())
    flash(sentence, "good")
    return redirect(url_for("facts.show", fact_id=found.id), 303)


@blueprint.post("/d/<desk>/facts/<int:fact_id>/renewals")
@signed_in
def renew_all(fact_id: int) -> Any:
    """New revisions of all posts that say an older value."""
    found = _acted(fact_id)
    made = facts.renew_all(db(), found, actor=me(), now=now())
    flash(_("{} new revisions. Send each to its reviewers when you have read it.").format(made), "good")
    return redirect(url_for("facts.show", fact_id=found.id, _anchor="uses"), 303)


@blueprint.post("/d/<desk>/facts/<int:fact_id>/corrections/<int:publication_id>")
@signed_in
def correct(fact_id: int, publication_id: int) -> Any:
    """Draft a correction of something that is out with an older value."""
    found = _acted(fact_id)
    outing = get_outing(db(), found, publication_id)
    parent = posts.get_post(db(), desk().id, outing.post_id)
    said = facts.correction(found, outing.said)
    child = posts.repurpose(
        db(),
        parent,
        desk(),
        _format_for(parent),
        actor=me(),
        now=now(),
        **said,
        variants={},
        media=[],
        answers={},
    )
    flash(
        _("A correction, begun from “{}”. Read it, change what you like, and send it.").format(parent.title),
        "info",
    )
    return redirect(url_for("posts.compose", post_id=child.id), 303)


def _format_for(parent: Post) -> str:
    """The parent's format, or one of its kind where that is retired."""
    in_use = catalogue.formats(db())
    fitting = [f for f in in_use if f.key == parent.format_key] or [
        f for f in in_use if f.kind is parent.kind
    ]
    return (fitting or in_use)[0].key


def _naming(form: NamingForm) -> Naming:
    return Naming(form.name.data or "", form.about.data or "", form.owner_team_id.data or None)


def _fact(fact_id: int) -> Fact:
    return get_fact(db(), desk().id, fact_id)


def _acted(fact_id: int) -> Fact:
    found = _fact(fact_id)
    if not ActForm().validate_on_submit():
        abort(400)
    return found
