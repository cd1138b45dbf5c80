"""The desk's boundaries: which there are, what each would have caught, changing them and switching them off."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from app.boundaries.forms import DETECTORS, BoundaryForm, SwitchForm, boundary_form
from app.boundaries.reading import values, wording
from app.extensions import db, desk, me, now, only_reads
from app.formatting import gettext as _
from app.forms import number
from app.sign_in import signed_in
from content_library import boundary_editing as verbs
from content_library import boundary_owners
from content_library.boundaries.rules import Detector
from content_library.boundary_editing import Preview
from content_library.boundary_use import uses
from content_library.in_use import in_use
from content_library.models.boundary import Boundary
from content_library.permissions import can_manage_desk, can_manage_people, require

blueprint = Blueprint("boundaries", __name__)


@blueprint.get("/d/<desk>/boundaries")
@signed_in
def index() -> Any:
    every = verbs.boundaries(db(), desk().id, now=now())
    return render_template(
        "boundaries/index.html",
        groups=[
            (_("For every desk"), [s for s in every if s.boundary.desk_id is None]),
            (_("For {} alone").format(desk().name), [s for s in every if s.boundary.desk_id is not None]),
        ],
        uses=uses(db(), desk().id, now=now()),
        overridden=boundary_owners.overridden_for(db(), desk(), me(), now=now()),
        may_change=verbs.may_change,
        detectors=DETECTORS,
        teams={team.key: team.name for team in desk().teams},
        may_add=can_manage_desk(me(), desk().id),
        used=in_use(db(), desk().id),
    )


@blueprint.get("/d/<desk>/boundaries/new")
@signed_in
def new() -> Any:
    _require_manager()
    detector = _detector(request.args.get("detector", Detector.WORDS.value))
    return _page(None, detector, _form(values(None)))


@blueprint.post("/d/<desk>/boundaries/new/preview")
@signed_in
@only_reads
def preview_new() -> Any:
    _require_manager()
    detector, form = _detector(request.form.get("detector", "")), _form({})
    return _tried(None, detector, form)


@blueprint.post("/d/<desk>/boundaries")
@signed_in
def add() -> Any:
    detector, form = _detector(request.form.get("detector", "")), _form({})

    def verb() -> Boundary:
        return verbs.add_boundary(
            db(), desk(), form.name.data or "", detector, wording(form, detector), actor=me(), now=now(),
            everywhere=bool(form.everywhere.data),
        )  # fmt: skip

    return _saved(None, detector, form, verb, _("The boundary is there."))


@blueprint.get("/d/<desk>/boundaries/<int:boundary_id>")
@signed_in
def show(boundary_id: int) -> Any:
    found = verbs.get_boundary(db(), desk().id, boundary_id)
    return _page(found, found.detector, _form(values(verbs.standing(found, now=now()).shown)))


@blueprint.post("/d/<desk>/boundaries/<int:boundary_id>/preview")
@signed_in
@only_reads
def preview(boundary_id: int) -> Any:
    found = verbs.get_boundary(db(), desk().id, boundary_id)
    return _tried(found, found.detector, _form({}))


@blueprint.post("/d/<desk>/boundaries/<int:boundary_id>/versions")
@signed_in
def change(boundary_id: int) -> Any:
    found, form = verbs.get_boundary(db(), desk().id, boundary_id), _form({})

    def verb() -> Any:
        seen = number(form.seen.data)
        said = wording(form, found.detector)
        return verbs.change_boundary(db(), found, said, seen=seen, actor=me(), now=now())

    return _saved(found, found.detector, form, verb, _("The boundary is saved."))


@blueprint.post("/d/<desk>/boundaries/<int:boundary_id>/switch")
@signed_in
def switch(boundary_id: int) -> Any:
    found, form = verbs.get_boundary(db(), desk().id, boundary_id), SwitchForm()
    on = not found.versions[-1].is_on

    def verb() -> Any:
        seen = number(form.seen.data)
        return verbs.switch(db(), found, on=on, why=form.why.data or "", seen=seen, actor=me(), now=now())

    if form.accepts(verb):
        flash(_("It holds again.") if on else _("It holds no longer."), "good")
        return redirect(url_for("boundaries.show", boundary_id=found.id), 303)
    return _page(found, found.detector, _form(values(found.versions[-1])), switching=form), 422


def _saved(
    found: Boundary | None, detector: Detector, form: BoundaryForm, verb: Callable[[], Any], sentence: str
) -> Any:
    if form.accepts(verb):
        flash(sentence, "good")
        return redirect(url_for("boundaries.index"), 303)
    return _page(found, detector, form), 422


def _tried(found: Boundary | None, detector: Detector, form: BoundaryForm) -> Any:
    """What the rule as it stands in the form would have caught. Nothing is kept."""
    _require_manager()
    name = found.name if found else form.name.data or _("This boundary")

    def verb() -> Preview:
        return verbs.would_have_caught(db(), desk(), name, detector, wording(form, detector), now=now())

    if form.accepts(verb):
        return _page(found, detector, form, tried=form.result)
    return _page(found, detector, form), 422


def _page(
    found: Boundary | None,
    detector: Detector,
    form: BoundaryForm,
    *,
    tried: Preview | None = None,
    switching: SwitchForm | None = None,
) -> str:
    return render_template(
        "boundaries/show.html",
        found=found,
        standing=verbs.standing(found, now=now()) if found else None,
        detector=detector,
        detectors=DETECTORS,
        form=form,
        tried=tried,
        switching=switching or SwitchForm(formdata=None, seen=str(found.latest_number) if found else ""),
        reasons=verbs.reasons(db(), desk().id, found) if found else [],
        use=uses(db(), desk().id, now=now()).get(found.id) if found else None,
        may_change=verbs.may_change(me(), found) if found else can_manage_desk(me(), desk().id),
        may_everywhere=can_manage_people(me()),
    )


def _form(known: dict[str, Any]) -> BoundaryForm:
    return boundary_form(desk().teams, data=known) if known else boundary_form(desk().teams)


def _detector(key: str) -> Detector:
    try:
        return Detector(key)
    except ValueError:
        abort(404)


def _require_manager() -> None:
    require(can_manage_desk(me(), desk().id), "Only the desk’s leads and administrators set its boundaries.")
