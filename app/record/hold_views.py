"""Legal holds of a desk: who may read the record sees them, auditors and administrators place and lift them."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import DeskcastForm, number
from app.record.views import blueprint
from app.sign_in import signed_in
from content_library import legal_holds
from content_library.errors import InvalidInput
from content_library.models.legal_hold import LegalHold
from content_library.permissions import can_hold_legally, can_read_record, require


class HoldForm(DeskcastForm):
    post = StringField(_("Post"), [Length(max=12)])
    reason = TextAreaField(_("Why"), [Length(max=legal_holds.LONGEST)])


class LiftForm(DeskcastForm):
    why = TextAreaField(_("Why it need not be kept any longer"), [Length(max=legal_holds.LONGEST)])


@blueprint.get("/d/<desk>/record/holds")
@signed_in
def hold_list() -> Any:
    require(can_read_record(me(), desk().id), "Only auditors, leads and administrators can see legal holds.")
    return _page(HoldForm(formdata=None, post=request.args.get("post", "")[:12]))


@blueprint.post("/d/<desk>/record/holds")
@signed_in
def place_hold() -> Any:
    require(can_hold_legally(me(), desk().id), legal_holds.MAY_HOLD)
    form = HoldForm()
    if form.accepts(lambda: _place(form)):
        flash(_("It is kept until the hold is lifted."), "good")
        return redirect(url_for("record.hold_list"), 303)
    return _page(form), 422


@blueprint.post("/d/<desk>/record/holds/<int:hold_id>/end")
@signed_in
def lift_hold(hold_id: int) -> Any:
    found, form = legal_holds.get_legal_hold(db(), desk().id, hold_id), LiftForm()
    if form.accepts(lambda: legal_holds.lift(db(), found, form.why.data or "", actor=me(), now=now())):
        flash(_("The hold is lifted. The periods of retention hold again."), "good")
        return redirect(url_for("record.hold_list"), 303)
    return _page(HoldForm(formdata=None), lifted=form, lifting=found.id), 422


def _place(form: HoldForm) -> LegalHold:
    typed = (form.post.data or "").strip()
    post_id = number(typed.removeprefix("#")) if typed else None
    if typed and not post_id:
        sentence = _(
            "Write the post’s number, as it stands in its address, or leave this empty for the whole desk."
        )
        raise InvalidInput(sentence, {"post": sentence})
    return legal_holds.place(db(), desk(), form.reason.data or "", actor=me(), now=now(), post_id=post_id)


def _page(form: HoldForm, *, lifted: LiftForm | None = None, lifting: int = 0) -> str:
    return render_template(
        "record/holds.html",
        holds=legal_holds.legal_holds(db(), desk().id),
        form=form,
        lift_form=lambda hold: lifted if lifted and hold.id == lifting else LiftForm(formdata=None),
        may_hold=can_hold_legally(me(), desk().id),
    )
