"""The library: finding posts, putting many away at once, and the shelves beside it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.extensions import db, desk, me, now
from app.format_icons import format_icon
from app.formatting import gettext as _
from app.forms import wants_json
from app.library.filters import read_filters
from app.library.forms import ArchiveForm, ShelfForm
from app.sign_in import signed_in
from content_library import catalogue, posts
from content_library.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from content_library.finding import find_posts, has_posts
from content_library.permissions import can_draft, require
from scheduler.agenda import next_of_posts

blueprint = Blueprint("library", __name__)


@blueprint.get("/d/<desk>/library")
@signed_in
def index() -> Any:
    filters = read_filters()
    found = find_posts(db(), desk().id, filters.wanted, page=request.args.get("page", 1, type=int))
    return render_template(
        "library/index.html",
        found=found,
        filters=filters,
        outings=next_of_posts(db(), [post.id for post in found.posts]),
        is_empty=not found.posts and not filters.is_asking and not has_posts(db(), desk().id),
        format_icon=format_icon,
        form=ArchiveForm(formdata=None),
    )


@blueprint.post("/d/<desk>/library/archive")
@signed_in
def archive_many() -> Any:
    """Put the ticked posts away; what this person may not archive stays and is counted."""
    require(can_draft(me(), desk().id), posts.MAY_DRAFT)
    form = ArchiveForm()
    chosen = form.post.data or [] if form.validate_on_submit() else []
    if not chosen:
        flash(_("Tick the posts you want to archive first."), "warn")
    else:
        done = sum(_archived(post_id) for post_id in chosen[:100])
        left = len(chosen) - done
        flash(_("{} archived.").format(done), "good")
        if left:
            flash(_("{} stayed: in review, archived already, or not yours to archive.").format(left), "warn")
    return redirect(read_filters().page_url(1), 303)


def _archived(post_id: int) -> bool:
    post = posts.get_post(db(), desk().id, post_id)
    try:
        with db().begin_nested():
            posts.archive(db(), post, actor=me(), now=now())
    except (PermissionDenied, TransitionNotAllowed):
        return False
    return True


@blueprint.post("/d/<desk>/topics")
@signed_in
def add_topic() -> Any:
    return _added(catalogue.add_topic)


@blueprint.post("/d/<desk>/products")
@signed_in
def add_product() -> Any:
    return _added(catalogue.add_product)


def _added(verb: Any) -> Any:
    form = ShelfForm()
    if not form.accepts(lambda: verb(db(), desk(), form.name.data or "", actor=me(), now=now())):
        sentence = " ".join([*form.name.errors, form.problem]).strip()
        raise InvalidInput(sentence or _("Give it a name."), {"name": sentence})
    if wants_json():
        return {"id": form.result.id, "name": form.result.name}
    flash(_("Added “{}”.").format(form.result.name), "good")
    return redirect(url_for("library.index"), 303)
