"""How long things are kept, and where the head of the record goes every day."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from wtforms import BooleanField, IntegerField, StringField, URLField
from wtforms.validators import Length, Optional

from app.admin.access import administrators
from app.admin.views import blueprint
from app.extensions import db, me, now, settings
from app.formatting import gettext as _
from app.forms import DeskcastForm
from scheduler import head_exports, retention
from scheduler.head_exports import Places


class PeriodsForm(DeskcastForm):
    """A field for each kind is added below; empty is for ever."""

    def wanted(self) -> dict[str, int | None]:
        return {kind.key: self._fields[kind.key].data for kind in retention.KINDS}


for _kind in retention.KINDS:
    setattr(PeriodsForm, _kind.key, IntegerField(_(_kind.name), [Optional()]))


class PlacesForm(DeskcastForm):
    folder = BooleanField(_("In a file, in the folder of the data"))
    mail = StringField(_("By mail to"), [Length(max=254)])
    webhook = URLField(_("To a webhook"), [Length(max=2_000)])

    def wanted(self) -> Places:
        return Places(
            bool(self.folder.data), (self.mail.data or "").strip(), (self.webhook.data or "").strip()
        )


@blueprint.get("/settings/keeping")
@administrators
def keeping() -> Any:
    return _page()


@blueprint.post("/settings/keeping/periods")
@administrators
def change_periods() -> Any:
    """Save the periods, or with the other button only say what they would delete."""
    form = PeriodsForm()
    looks_only = request.form.get("act") == "preview"
    if form.accepts(lambda: _looked_at(form) if looks_only else _saved(form)):
        if looks_only:
            return _page(periods=form, preview=form.result)
        flash(_("The periods are saved. What is past its time goes within a day."), "good")
        return redirect(url_for("admin.keeping"), 303)
    return _page(periods=form), 422


@blueprint.post("/settings/keeping/heads")
@administrators
def change_heads() -> Any:
    form = PlacesForm()
    if form.accepts(lambda: head_exports.set_places(db(), form.wanted(), actor=me(), now=now())):
        flash(_("Saved. The head goes there once a day."), "good")
        return redirect(url_for("admin.keeping", _anchor="heads"), 303)
    return _page(heads=form), 422


def _looked_at(form: PeriodsForm) -> dict[str, int]:
    return retention.preview(db(), retention.checked(form.wanted()), now=now())


def _saved(form: PeriodsForm) -> None:
    retention.set_periods(db(), form.wanted(), actor=me(), now=now())


def _page(
    *,
    periods: PeriodsForm | None = None,
    heads: PlacesForm | None = None,
    preview: dict[str, int] | None = None,
) -> str:
    held = retention.held_now(db())
    places = head_exports.places(db())
    return render_template(
        "admin/keeping.html",
        kinds=retention.KINDS,
        periods=periods or PeriodsForm(formdata=None, data=retention.periods(db())),
        preview=preview,
        is_held=bool(held.touched),
        fewest=retention.FEWEST_DAYS,
        heads=heads or PlacesForm(formdata=None, obj=places),
        last=head_exports.last_export(db()),
        folder=settings().heads_folder,
    )
