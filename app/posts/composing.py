"""The composer: what is being typed, its previews, and the ways it becomes a revision or a submission.

Whatever is sent is kept as the person's working copy first, in a transaction of its own. Only then is a revision
made or a submission sent, so that a conflict or a refusal there never costs a word.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for

from app.extensions import db, desk, me, now, only_reads
from app.formatting import gettext as _
from app.formatting import said
from app.forms import instant, number, wants_json
from app.mentions import say_unclear
from app.posts.documents import field_of, form_values, read_content, shelf_of
from app.posts.forms import ActForm, ComposerForm, Shelf, composer_form
from app.posts.pages import compose_page, conflict_page, panel, sent_words
from app.posts.views import blueprint
from app.sign_in import signed_in
from app.uploads import take_in
from content_library import catalogue, posts, submissions
from content_library.content import empty
from content_library.errors import Conflict, InvalidInput
from content_library.fact_values import with_facts
from content_library.models.post import Post, Revision, WorkingCopy
from content_library.permissions import can_draft, require
from content_library.revisions import latest_revision


@dataclass(frozen=True)
class Saved:
    """A revision made of what the composer sent; or the latest again, where nothing differs."""

    post: Post
    form: ComposerForm
    shelf: Shelf
    revision: Revision
    is_new: bool


@blueprint.get("/d/<desk>/posts/<int:post_id>/compose")
@signed_in
def compose(post_id: int) -> Any:
    post = writable(post_id)
    copy = posts.find_working_copy(db(), post, actor=me())
    latest = latest_revision(db(), post)
    content = copy.content if copy else (latest.content if latest else empty(format=post.format_key))
    content = with_facts(db(), post.desk_id, content)
    shelf = shelf_of(content["format"])
    base = copy.base_revision_id if copy else post.latest_revision_id
    values = form_values(content, version=copy.version if copy else 0, base=base)
    form = composer_form(shelf, values["media"], values)
    return compose_page(post, form, shelf, content, copy=copy)


@blueprint.post("/d/<desk>/posts/<int:post_id>/working-copy")
@signed_in
def keep(post_id: int) -> Any:
    """Keep what was typed. Scripts ask with JSON while people type; the button does without."""
    post = writable(post_id)
    form, shelf = _sent_form(post)
    copy, answer = _kept(post, form, shelf)
    if copy is None:
        return answer
    if wants_json():
        others = [c.user.name for c in posts.other_writers(db(), post, actor=me(), since=_lately())]
        return {"version": copy.version, "saved": said(copy.updated_at, now()), "others": others}
    flash(_("Saved. Nobody else sees it as a revision yet."), "good")
    return redirect(url_for("posts.compose", post_id=post.id), 303)


@blueprint.post("/d/<desk>/posts/<int:post_id>/preview")
@signed_in
@only_reads
def preview(post_id: int) -> Any:
    """How it would look and what is missing, of a text that is not kept. A part of the page for scripts."""
    post = writable(post_id)
    form, shelf = _sent_form(post)
    content = read_content(form, shelf)
    shown = panel(form, shelf, content)
    if request.headers.get("HX-Request"):
        return render_template("posts/_panel.html", **shown)
    copy = posts.find_working_copy(db(), post, actor=me())
    return compose_page(post, form, shelf, content, copy=copy)


@blueprint.post("/d/<desk>/posts/<int:post_id>/revisions")
@signed_in
def save_revision(post_id: int) -> Any:
    """Save what is being typed as a revision."""
    return _save_then(post_id, _say_saved)


@blueprint.post("/d/<desk>/posts/<int:post_id>/compose/submission")
@signed_in
def send(post_id: int) -> Any:
    """Send what is being typed to its teams; a revision is saved first when it differs from the latest."""
    return _save_then(post_id, _submit)


def _save_then(post_id: int, go_on: Callable[[Saved], Any]) -> Any:
    """Keep what was sent, make a revision of it and go on, all or nothing; or the answer that says why not."""
    post = writable(post_id)
    form, shelf = _sent_form(post)
    copy, answer = _kept(post, form, shelf)
    if copy is None:
        return answer
    before = post.latest_revision_id
    try:
        with db().begin_nested():
            revision = posts.save_revision(
                db(), copy, actor=me(), now=now(), onto_revision_id=copy.base_revision_id,
                note=form.revision_note.data or "",
            )  # fmt: skip
            return go_on(Saved(post, form, shelf, revision, is_new=revision.id != before))
    except Conflict:
        return conflict_page(post, copy), 409
    except InvalidInput as refusal:
        return _refused(post, form, shelf, copy, refusal)


def _say_saved(saved: Saved) -> Any:
    if saved.is_new:
        flash(_("Revision {} saved.").format(saved.revision.number), "good")
    else:
        flash(_("Nothing has changed since revision {}.").format(saved.revision.number), "info")
    return redirect(url_for("posts.compose", post_id=saved.post.id), 303)


def _submit(saved: Saved) -> Any:
    sent = submissions.submit(
        db(), saved.post, saved.revision, actor=me(), now=now(), note=saved.form.submission_note.data or "",
        wanted_at=instant(saved.form.wanted_at.data, field="wanted_at"),
    )  # fmt: skip
    flash(sent_words(sent), "good")
    say_unclear(saved.post, sent.note)
    return redirect(url_for("posts.show", post_id=saved.post.id), 303)


@blueprint.post("/d/<desk>/posts/<int:post_id>/working-copy/removal")
@signed_in
def discard(post_id: int) -> Any:
    post = writable(post_id)
    copy = posts.find_working_copy(db(), post, actor=me())
    if not ActForm().validate_on_submit():
        abort(400)
    if copy is not None:
        posts.discard_working_copy(db(), copy, actor=me(), now=now())
        flash(_("Your changes since the last revision are gone."), "info")
    return redirect(url_for("posts.show", post_id=post.id), 303)


def kept_copy(post: Post) -> tuple[WorkingCopy | None, Any]:
    """What stands in the composer, kept; or None and the answer that says why not."""
    return _kept(post, *_sent_form(post))


def writable(post_id: int) -> Post:
    post = posts.get_post(db(), desk().id, post_id)
    require(can_draft(me(), post.desk_id), posts.MAY_DRAFT)
    return post


def _sent_form(post: Post) -> tuple[ComposerForm, Shelf]:
    shelf = shelf_of(request.form.get("format", post.format_key))
    pictures = [sent for i in request.form.getlist("media") if (sent := number(i))]
    return composer_form(shelf, pictures, {}), shelf


def _kept(post: Post, form: ComposerForm, shelf: Shelf) -> tuple[WorkingCopy | None, Any]:
    """The working copy with what was sent, committed; or None and the answer that says why not."""
    if not form.validate_on_submit():
        return None, _invalid(post, form, shelf)
    try:
        extra = _added(form)
        content = _with_added(read_content(form, shelf), extra)
        copy = _keep(post, content, form)
    except Conflict as conflict:
        return None, _in_another_window(post, form, shelf, conflict)
    except InvalidInput as refusal:
        return None, _refused(post, form, shelf, None, refusal)
    db().commit()
    return copy, None


def _keep(post: Post, content: dict[str, Any], form: ComposerForm) -> WorkingCopy:
    seen, base = number(form.version.data), number(form.base.data) or None
    fresh = posts.find_working_copy(db(), post, actor=me()) is None
    copy = posts.working_copy(db(), post, actor=me(), now=now(), base_revision_id=base)
    return posts.autosave(
        db(), copy, content, actor=me(), now=now(), seen_version=copy.version if fresh else seen
    )


def _added(form: ComposerForm) -> dict[str, list[Any]]:
    """What was added beside the choices: a picture, a topic, a product. Not while a script keeps the text."""
    if wants_json():
        return {"media": [], "topics": [], "products": []}
    pictures = [take_in(form.upload.data)] if form.upload.data else []
    about: dict[str, Any] = {"actor": me(), "now": now()}
    topic, product = form.new_topic.data, form.new_product.data
    return {
        "media": [{"id": p.id, "sha256": p.sha256, "alt": p.alt} for p in pictures],
        "topics": [catalogue.add_topic(db(), desk(), topic, **about).id] if topic else [],
        "products": [catalogue.add_product(db(), desk(), product, **about).id] if product else [],
    }


def _with_added(content: dict[str, Any], extra: dict[str, list[Any]]) -> dict[str, Any]:
    return {**content, **{key: [*content[key], *more] for key, more in extra.items()}}


def _lately() -> datetime:
    return now() - posts.STILL_WRITING


def _invalid(post: Post, form: ComposerForm, shelf: Shelf) -> Any:
    if wants_json():
        fields = {name: " ".join(map(str, errors)) for name, errors in form.errors.items() if name}
        return {
            "error": _("Not saved"),
            "message": _("Some fields need another look."),
            "fields": fields,
        }, 422
    return compose_page(post, form, shelf, read_content(form, shelf)), 422


def _in_another_window(post: Post, form: ComposerForm, shelf: Shelf, conflict: Conflict) -> Any:
    """The text stays in the page; saving again from here is then a choice the person has made."""
    db().rollback()
    copy = posts.find_working_copy(db(), post, actor=me())
    version = copy.version if copy else 0
    if wants_json():
        return {"error": _("Two windows"), "message": conflict.message, "version": version}, 409
    form.version.data = str(version)
    return compose_page(post, form, shelf, read_content(form, shelf), copy=copy, other_window=True), 409


def _refused(
    post: Post, form: ComposerForm, shelf: Shelf, copy: WorkingCopy | None, refusal: InvalidInput
) -> Any:
    if wants_json():
        raise refusal
    fields = {field_of(key, shelf): sentence for key, sentence in refusal.fields.items()}
    form.show(InvalidInput(refusal.message, fields))
    if copy is not None:
        form.version.data = str(copy.version)
    content = copy.content if copy else read_content(form, shelf)
    return compose_page(post, form, shelf, content, copy=copy), 422
