"""The pictures of a desk: adding, describing, finding them, and sending their bytes to people of the desk."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, send_file, url_for

from app.extensions import db, desk, me, now, settings
from app.formatting import gettext as _
from app.forms import wants_json
from app.library.forms import PictureForm, UploadForm
from app.library.views import blueprint
from app.sign_in import signed_in
from app.uploads import take_in
from content_library.errors import InvalidInput
from content_library.media import describe, find_pictures, get_picture, used_in
from content_library.media_store import media_mime, media_path

A_YEAR = 365 * 86_400  # the bytes behind a picture's number never change


@blueprint.get("/d/<desk>/media")
@signed_in
def media() -> Any:
    return _shelf(UploadForm(formdata=None))


def _shelf(form: UploadForm) -> str:
    query = request.args.get("q", "").strip()[:200]
    found = find_pictures(db(), desk().id, query, page=request.args.get("page", 1, type=int))
    if request.headers.get("HX-Request"):
        return render_template("library/_picker.html", pictures=found.pictures)
    used = used_in(db(), found.pictures)
    return render_template("library/media.html", found=found, query=query, used=used, form=form)


@blueprint.post("/d/<desk>/media")
@signed_in
def upload() -> Any:
    """Add a picture. A script gets the picture's fields for the composer back."""
    form = UploadForm()
    if not form.validate_on_submit():
        return _refused(form)
    try:
        picture = take_in(form.upload.data, alt=form.alt.data or "", rights=form.rights.data or "")
    except InvalidInput as refusal:
        form.show(refusal)
        return _refused(form)
    if wants_json():
        return {
            "id": picture.id,
            "html": render_template("library/_picture_fields.html", picture=picture, alt=picture.alt),
        }, 201
    flash(_("Picture added."), "good")
    return redirect(url_for("library.picture", media_id=picture.id), 303)


def _refused(form: UploadForm) -> Any:
    if wants_json():
        fields = {name: " ".join(map(str, errors)) for name, errors in form.errors.items() if name}
        return {
            "error": _("Not added"),
            "message": " ".join([*fields.values(), form.problem]).strip(),
            "fields": fields,
        }, 422
    return _shelf(form), 422


@blueprint.get("/d/<desk>/media/<int:media_id>/about")
@signed_in
def picture(media_id: int) -> Any:
    found = get_picture(db(), desk().id, media_id)
    return _about(found, PictureForm(formdata=None, alt=found.alt, rights=found.rights))


def _about(found: Any, form: PictureForm) -> str:
    return render_template(
        "library/picture.html", picture=found, form=form, used=used_in(db(), [found])[found.id]
    )


@blueprint.post("/d/<desk>/media/<int:media_id>/about")
@signed_in
def describe_picture(media_id: int) -> Any:
    found, form = get_picture(db(), desk().id, media_id), PictureForm()
    words = {"alt": form.alt.data or "", "rights": form.rights.data or ""}
    if form.accepts(lambda: describe(db(), found, actor=me(), now=now(), **words)):
        flash(_("Saved. Posts that use it keep the words they have."), "good")
        return redirect(url_for("library.picture", media_id=found.id), 303)
    return _about(found, form), 422


@blueprint.get("/d/<desk>/media/<int:media_id>/fields")
@signed_in
def picture_fields(media_id: int) -> Any:
    """The composer's fields of one picture, for scripts."""
    found = get_picture(db(), desk().id, media_id)
    return render_template("library/_picture_fields.html", picture=found, alt=found.alt)


@blueprint.get("/d/<desk>/media/<int:media_id>")
@signed_in
def picture_file(media_id: int) -> Response:
    found = get_picture(db(), desk().id, media_id)
    return _bytes(found.name)


@blueprint.get("/d/<desk>/media/<int:media_id>/thumb")
@signed_in
def picture_thumb(media_id: int) -> Response:
    found = get_picture(db(), desk().id, media_id)
    return _bytes(found.thumb_name)


def _bytes(name: str) -> Response:
    path = media_path(settings().media_folder, name)
    answer = send_file(path, mimetype=media_mime(name), conditional=True, etag=name)
    answer.headers["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
