"""The pages of `app.home`: where a day begins, and what people were told."""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.home.forms import OneReadForm, ReadForm
from app.home.pages import publications, today_page
from app.notice_links import path_of
from app.sign_in import signed_in
from content_library import notices as told
from content_library import permissions as may

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@signed_in
def index() -> Any:
    """Where this person works: the desk they are on, the queue they clear, or what they administer."""
    if me().desk_memberships:
        return redirect(url_for("home.today", desk=me().desk_memberships[0].desk.handle))
    if may.has_queue(me()):
        return redirect(url_for("reviews.queue"))
    if may.can_manage_people(me()):
        return redirect(url_for("admin.overview"))
    return render_template("home/nowhere.html")


@blueprint.get("/d/<desk>/")
@signed_in
def today() -> Any:
    return today_page()


@blueprint.get("/d/<desk>/today/publications")
@signed_in
def today_publications() -> Any:
    """The part of Today that changes by itself, fetched again while something is about to go out."""
    return render_template("home/_today_publications.html", **publications(db(), desk(), now()))


@blueprint.get("/notices")
@signed_in
def notices() -> Any:
    unread = request.args.get("unread", "") == "1"
    found = told.notices_of(db(), me(), unread=unread, page=request.args.get("page", 1, type=int))
    handles = {d.id: d.handle for d in g.desks}
    return render_template(
        "home/notices.html",
        found=found,
        unread=unread,
        path=lambda notice: path_of(notice, handles.get(notice.desk_id)),
        newest=max((n.id for n in found.notices), default=0),
        form=ReadForm(formdata=None),
    )


@blueprint.post("/notices/read")
@signed_in
def read_notices() -> Any:
    form = ReadForm()
    if not form.accepts(lambda: told.mark_read(db(), actor=me(), now=now(), up_to=form.up_to.data or 0)):
        abort(422)
    flash(_("Everything here is marked as read."), "good")
    return redirect(url_for("home.notices"), 303)


@blueprint.post("/notices/<int:notice_id>/read")
@signed_in
def read_notice(notice_id: int) -> Any:
    form = OneReadForm()
    if not form.accepts(lambda: told.mark_one_read(db(), notice_id, actor=me(), now=now())):
        abort(422)
    return redirect(url_for("home.today" if form.back.data == "today" else "home.notices"), 303)
