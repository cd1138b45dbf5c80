"""What a desk speaks about: its topics and products."""

from typing import Any

from flask import flash, redirect, render_template, url_for

from app.admin.access import administrators
from app.admin.forms import ShelfForm
from app.admin.views import blueprint
from app.extensions import db, me, now
from app.formatting import gettext as _
from content_library import catalogue
from content_library import desks as desk_verbs
from content_library.errors import NotFound
from content_library.models.desk import Desk
from content_library.models.topic import Product, Topic

SHELVES: dict[str, Any] = {"topics": Topic, "products": Product}


@blueprint.get("/settings/desks/<handle>/<any(topics, products):shelf>")
@administrators
def shelf(handle: str, shelf: str) -> Any:
    return _page(desk_verbs.get_desk(db(), handle), shelf, ShelfForm())


@blueprint.post("/settings/desks/<handle>/<any(topics, products):shelf>")
@administrators
def add_to_shelf(handle: str, shelf: str) -> Any:
    found, form = desk_verbs.get_desk(db(), handle), ShelfForm()
    add = catalogue.add_topic if shelf == "topics" else catalogue.add_product
    if form.accepts(lambda: add(db(), found, form.name.data or "", actor=me(), now=now())):
        flash(_("“%(name)s” is on the list.") % {"name": form.result.name}, "good")
        return _back_to(found, shelf)
    return _page(found, shelf, form), 422


@blueprint.post("/settings/desks/<handle>/<any(topics, products):shelf>/<int:item_id>/name")
@administrators
def rename_on_shelf(handle: str, shelf: str, item_id: int) -> Any:
    found, form = desk_verbs.get_desk(db(), handle), ShelfForm()
    item = _item(found, shelf, item_id)
    if form.accepts(lambda: catalogue.rename_shelf(db(), item, form.name.data or "", actor=me(), now=now())):
        flash(_("Renamed."), "good")
        return _back_to(found, shelf)
    return _page(found, shelf, ShelfForm(formdata=None), wrong={item_id: form}), 422


@blueprint.post("/settings/desks/<handle>/<any(topics, products):shelf>/<int:item_id>/removal")
@administrators
def remove_from_shelf(handle: str, shelf: str, item_id: int) -> Any:
    found = desk_verbs.get_desk(db(), handle)
    catalogue.remove_shelf(db(), _item(found, shelf, item_id), actor=me(), now=now())
    flash(_("Removed."), "good")
    return _back_to(found, shelf)


def _item(found: Desk, shelf: str, item_id: int) -> Topic | Product:
    item: Topic | Product | None = db().get(SHELVES[shelf], item_id)
    if item is None or item.desk_id != found.id:
        raise NotFound("There is no such thing on this list.")
    return item


def _page(found: Desk, shelf: str, form: ShelfForm, wrong: dict[int, ShelfForm] | None = None) -> str:
    items = catalogue.topics(db(), found.id) if shelf == "topics" else catalogue.products(db(), found.id)
    return render_template(
        "admin/shelf.html", found=found, shelf=shelf, items=items, used=catalogue.posts_on(db(), items),
        form=form, wrong=wrong or {},
    )  # fmt: skip


def _back_to(found: Desk, shelf: str) -> Any:
    return redirect(url_for("admin.shelf", handle=found.handle, shelf=shelf), 303)
