"""Answering suggested words: applying them to what is being written, taking them back, declining them."""

from typing import Any

from flask import abort, flash, redirect, url_for

from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.posts.composing import kept_copy, writable
from app.posts.forms import ActForm, DeclineForm
from app.posts.views import blueprint
from app.sign_in import signed_in
from content_library import posts, suggestions
from content_library.errors import InvalidInput, TransitionNotAllowed
from content_library.models.post import Post


@blueprint.post("/d/<desk>/posts/<int:post_id>/suggestions/<int:suggestion_id>/application")
@signed_in
def apply_suggestion(post_id: int, suggestion_id: int) -> Any:
    """Keep what stands in the composer, and put the suggested words into it."""
    post = writable(post_id)
    suggestion = suggestions.get_suggestion(db(), post, suggestion_id)
    copy, answer = kept_copy(post)
    if copy is None:
        return answer
    try:
        with db().begin_nested():
            suggestions.apply(db(), suggestion, copy, actor=me(), now=now())
    except (InvalidInput, TransitionNotAllowed) as refusal:
        flash(refusal.message, "warn")
    else:
        undo = url_for("posts.take_back_suggestion", post_id=post.id, suggestion_id=suggestion.id)
        said = {
            "text": _("The suggested words are in your text. Save it when you are done."),
            "undo_url": undo,
        }
        flash(said, "undo")  # type: ignore[arg-type]
    return _to_composer(post)


@blueprint.post("/d/<desk>/posts/<int:post_id>/suggestions/<int:suggestion_id>/application/removal")
@signed_in
def take_back_suggestion(post_id: int, suggestion_id: int) -> Any:
    post = writable(post_id)
    suggestion = suggestions.get_suggestion(db(), post, suggestion_id)
    if not ActForm().validate_on_submit():
        abort(400)
    copy = posts.working_copy(db(), post, actor=me(), now=now())
    try:
        with db().begin_nested():
            suggestions.take_back(db(), suggestion, copy, actor=me(), now=now())
    except (InvalidInput, TransitionNotAllowed) as refusal:
        flash(refusal.message, "warn")
    else:
        flash(_("The words that stood there before are back."), "good")
    return _to_composer(post)


@blueprint.post("/d/<desk>/posts/<int:post_id>/suggestions/<int:suggestion_id>/refusal")
@signed_in
def decline_suggestion(post_id: int, suggestion_id: int) -> Any:
    post = posts.get_post(db(), desk().id, post_id)
    suggestion = suggestions.get_suggestion(db(), post, suggestion_id)
    form = DeclineForm()
    if form.accepts(
        lambda: suggestions.decline(db(), suggestion, form.why.data or "", actor=me(), now=now())
    ):
        flash(_("Declined. Whoever proposed it reads why."), "good")
    else:
        flash(" ".join([*form.why.errors, form.problem]).strip(), "warn")
    return redirect(url_for("posts.show", post_id=post.id, _anchor="discussion"), 303)


def _to_composer(post: Post) -> Any:
    return redirect(url_for("posts.compose", post_id=post.id), 303)
