"""One post: starting it, its page, and the acts beside writing."""

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from app.extensions import db, desk, me, now
from app.format_icons import format_icon
from app.formatting import gettext as _
from app.forms import instant
from app.mentions import say_unclear
from app.posts.forms import ActForm, CommentForm, NewPostForm, SubmissionForm, WithdrawalForm
from app.posts.page import post_page
from app.posts.pages import sent_words
from app.sign_in import signed_in
from content_library import catalogue, discussion, posts, revising, submissions
from content_library.approvals import approval_in_force
from content_library.errors import TransitionNotAllowed
from content_library.models.format import Kind
from content_library.models.post import Post
from content_library.permissions import can_draft, require
from content_library.revisions import latest_revision

blueprint = Blueprint("posts", __name__)

KINDS = {
    Kind.EDU_TAINING: (_("Edu-taining"), _("Useful, entertaining, best both.")),
    Kind.QUESTION: (_("Questions"), _("What we ask customers, and what becomes of the answers.")),
    Kind.PROMOTION: (_("Promotions and service"), _("Offers with an end, and notices that cannot wait.")),
}


@blueprint.get("/d/<desk>/posts/new")
@signed_in
def new() -> Any:
    """Every format with its purpose and who clears it. `source` begins from another post."""
    require(can_draft(me(), desk().id), posts.MAY_DRAFT)
    return _new_page(NewPostForm(source=request.args.get("source", "")))


@blueprint.post("/d/<desk>/posts/new")
@signed_in
def create() -> Any:
    form = NewPostForm()
    form.format.choices = {f.key: f.name for f in catalogue.formats(db())}
    source = _source(form)

    def begin() -> Post:
        if source is not None:
            return posts.repurpose(db(), source, desk(), form.format.data, actor=me(), now=now())
        return posts.create_post(db(), desk(), form.format.data, actor=me(), now=now())

    if form.accepts(begin):
        return redirect(url_for("posts.compose", post_id=form.result.id), 303)
    return _new_page(form), 422


def _source(form: NewPostForm) -> Post | None:
    number = form.source.data or ""
    return posts.get_post(db(), desk().id, int(number)) if re.fullmatch("[0-9]{1,9}", number) else None


def _new_page(form: NewPostForm) -> str:
    formats = catalogue.formats(db())
    form.format.choices = {f.key: f.name for f in formats}
    teams = {team.key: team.name for team in desk().teams}
    clearing = {f.key: [teams.get(p["team"], p["team"]) for step in f.steps for p in step] for f in formats}
    kinds = [(kind, *KINDS[kind], [f for f in formats if f.kind is kind]) for kind in Kind]
    return render_template(
        "posts/new.html",
        form=form,
        kinds=kinds,
        clearing=clearing,
        source=_source(form),
        format_icon=format_icon,
    )


@blueprint.get("/d/<desk>/posts/<int:post_id>")
@signed_in
def show(post_id: int) -> Any:
    return post_page(_post(post_id))


@blueprint.post("/d/<desk>/posts/<int:post_id>/submission")
@signed_in
def submit(post_id: int) -> Any:
    """Send the newest revision, as it stands on the page, to its teams."""
    post, form = _post(post_id), SubmissionForm()
    revision = latest_revision(db(), post)
    if revision is None:
        raise TransitionNotAllowed(_("There is no saved revision yet. Open the composer and save one first."))
    if form.accepts(
        lambda: submissions.submit(
            db(), post, revision, actor=me(), now=now(), note=form.submission_note.data or "",
            wanted_at=instant(form.wanted_at.data, field="wanted_at"),
        )
    ):  # fmt: skip
        flash(sent_words(form.result), "good")
        say_unclear(post, form.result.note)
        return redirect(url_for("posts.show", post_id=post.id), 303)
    return post_page(post, submission=form), 422


@blueprint.post("/d/<desk>/posts/<int:post_id>/renewal")
@signed_in
def renew(post_id: int) -> Any:
    """The newest revision once more, with what its facts say now."""
    post = _acted(post_id)
    revision = revising.renew(db(), post, actor=me(), now=now())
    flash(
        _("Revision {} says what its facts say now. Read it and send it to its reviewers.").format(
            revision.number
        ),
        "good",
    )
    return redirect(url_for("posts.show", post_id=post.id), 303)


@blueprint.post("/d/<desk>/posts/<int:post_id>/submission/withdrawal")
@signed_in
def take_back(post_id: int) -> Any:
    post = _acted(post_id)
    submission = submissions.open_submission(db(), post)
    if submission is None:
        raise TransitionNotAllowed(_("Nothing of this post is in review any more. Reload the page."))
    submissions.withdraw_submission(db(), submission, actor=me(), now=now())
    flash(_("Taken back from review."), "good")
    return redirect(url_for("posts.show", post_id=post.id), 303)


@blueprint.post("/d/<desk>/posts/<int:post_id>/approval/withdrawal")
@signed_in
def withdraw_approval(post_id: int) -> Any:
    post, form = _post(post_id), WithdrawalForm()
    approval = approval_in_force(db(), post)
    if approval is None:
        raise TransitionNotAllowed(_("No approval of this post is in force any more. Reload the page."))
    if form.accepts(
        lambda: submissions.withdraw_approval(db(), approval, actor=me(), now=now(), why=form.why.data or "")
    ):
        flash(_("The approval is withdrawn. What was planned with it waits."), "good")
        return redirect(url_for("posts.show", post_id=post.id), 303)
    return post_page(post, withdrawal=form), 422


@blueprint.post("/d/<desk>/posts/<int:post_id>/comments")
@signed_in
def comment(post_id: int) -> Any:
    post, form = _post(post_id), CommentForm()
    revision = latest_revision(db(), post)
    if form.accepts(
        lambda: discussion.comment(db(), post, form.body.data or "", actor=me(), now=now(), revision=revision)
    ):
        say_unclear(post, form.result.body)
        return redirect(url_for("posts.show", post_id=post.id, _anchor="discussion"), 303)
    return post_page(post, comment=form), 422


@blueprint.post("/d/<desk>/posts/<int:post_id>/archive")
@signed_in
def archive(post_id: int) -> Any:
    post = _acted(post_id)
    posts.archive(db(), post, actor=me(), now=now())
    undo = {
        "text": _("“{}” is in the archive.").format(post.title),
        "undo_url": url_for("posts.restore", post_id=post.id),
    }
    flash(undo, "undo")  # type: ignore[arg-type]
    return redirect(url_for("posts.show", post_id=post.id), 303)


@blueprint.post("/d/<desk>/posts/<int:post_id>/archive/restoration")
@signed_in
def restore(post_id: int) -> Any:
    post = _acted(post_id)
    posts.restore(db(), post, actor=me(), now=now())
    flash(_("“{}” is a draft again.").format(post.title), "good")
    return redirect(url_for("posts.show", post_id=post.id), 303)


def _post(post_id: int) -> Post:
    return posts.get_post(db(), desk().id, post_id)


def _acted(post_id: int) -> Post:
    """The post of a button that sends nothing but itself."""
    if not ActForm().validate_on_submit():
        abort(400)
    return _post(post_id)
