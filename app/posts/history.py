"""The revisions of a post: what changed, bringing one back, and settling two people's texts."""

import re
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.changes import changes_between
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.posts.forms import ActForm, ConflictForm
from app.posts.pages import conflict_page
from app.posts.views import blueprint
from app.previews import revision_previews
from app.sign_in import signed_in
from content_library import posts
from content_library.errors import Conflict, InvalidInput, NotFound
from content_library.models.post import Post, Revision, WorkingCopy
from content_library.models.review import Approval
from content_library.permissions import can_draft, require


@blueprint.get("/d/<desk>/posts/<int:post_id>/revisions")
@signed_in
def revisions(post_id: int) -> Any:
    """Every revision, and what differs between two of them: `a` and `b` are revision numbers."""
    post = posts.get_post(db(), desk().id, post_id)
    every = _revisions(post)
    newer = _chosen(every, "b") or (every[0] if every else None)
    older = _chosen(every, "a") or next((r for r in every if newer and r.number < newer.number), None)
    return render_template(
        "posts/revisions.html",
        post=post,
        revisions=every,
        approved=set(
            db().scalars(
                select(Approval.revision_id).where(
                    Approval.post_id == post.id, Approval.withdrawn_at.is_(None)
                )
            )
        ),
        older=older,
        newer=newer,
        between=changes_between(older, newer, post) if older and newer else None,
        previews=revision_previews(db(), newer, desk().id) if newer else [],
        act=ActForm(formdata=None),
    )


def _revisions(post: Post) -> list[Revision]:
    newest_first = select(Revision).where(Revision.post_id == post.id).order_by(Revision.number.desc())
    return list(db().scalars(newest_first.options(selectinload(Revision.created_by))))


def _chosen(every: list[Revision], name: str) -> Revision | None:
    number = request.args.get(name, type=int)
    return next((revision for revision in every if revision.number == number), None)


@blueprint.post("/d/<desk>/posts/<int:post_id>/revisions/<int:number>/return")
@signed_in
def bring_back(post_id: int, number: int) -> Any:
    """What an older revision said becomes what this person is typing."""
    post = posts.get_post(db(), desk().id, post_id)
    revision = next((r for r in _revisions(post) if r.number == number), None)
    if revision is None or not ActForm().validate_on_submit():
        raise NotFound(_("There is no such revision of this post."))
    posts.bring_back(db(), post, revision, actor=me(), now=now())
    flash(
        _("The text of revision {} is back. Save it as a revision when it is right.").format(number), "good"
    )
    return redirect(url_for("posts.compose", post_id=post.id), 303)


@blueprint.get("/d/<desk>/posts/<int:post_id>/conflict")
@signed_in
def conflict(post_id: int) -> Any:
    """The two texts once more, until the person has chosen."""
    require(can_draft(me(), desk().id), posts.MAY_DRAFT)
    post = posts.get_post(db(), desk().id, post_id)
    copy = posts.find_working_copy(db(), post, actor=me())
    if copy is None or copy.base_revision_id == post.latest_revision_id:
        return redirect(url_for("posts.compose", post_id=post.id), 303)
    return conflict_page(post, copy)


@blueprint.post("/d/<desk>/posts/<int:post_id>/conflict")
@signed_in
def settle(post_id: int) -> Any:
    """Keep mine on top of theirs, take theirs, or go on writing knowing theirs."""
    require(can_draft(me(), desk().id), posts.MAY_DRAFT)
    post, form = posts.get_post(db(), desk().id, post_id), ConflictForm()
    copy = posts.find_working_copy(db(), post, actor=me())
    if copy is None:
        return redirect(url_for("posts.compose", post_id=post.id), 303)
    if not form.validate_on_submit() or not re.fullmatch("[0-9]{1,9}", form.onto.data or ""):
        return conflict_page(post, copy), 422
    try:
        with db().begin_nested():
            where = _settle(post, copy, form.choice.data, int(form.onto.data or 0))
    except (Conflict, InvalidInput) as refusal:
        flash(refusal.message, "warn")
        return conflict_page(post, copy), 409
    return redirect(url_for(where, post_id=post.id), 303)


def _settle(post: Post, copy: WorkingCopy, choice: str, onto: int) -> str:
    """Do what was chosen; returns the page to go on with."""
    if choice == "theirs":
        posts.discard_working_copy(db(), copy, actor=me(), now=now())
        flash(_("Their text stands. Yours is discarded."), "info")
        return "posts.show"
    posts.rebase(db(), copy, actor=me(), onto_revision_id=onto, now=now())
    if choice == "edit":
        return "posts.compose"
    revision = posts.save_revision(db(), copy, actor=me(), now=now(), onto_revision_id=onto)
    flash(
        _("Your text is revision {} now; theirs stays in the list of revisions.").format(revision.number),
        "good",
    )
    return "posts.show"
