"""The evidence of a post: its page, every revision made again, and the packs to take away."""

import json
from contextlib import ExitStack
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any

from flask import redirect, render_template, send_file, url_for
from sqlalchemy.orm import Session
from wtforms import RadioField
from wtforms.validators import InputRequired

from app.extensions import database, db, desk, let_go, me, now, settings
from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from app.record.evidence_paper import evidence_paper
from app.record.views import blueprint
from app.sign_in import signed_in
from content_library import posts
from content_library.errors import NotFound
from content_library.models.post import Post
from content_library.permissions import can_read_record, require
from scheduler import evidence
from scheduler.evidence_pack import sha256_of, with_files, write_pack

IN_MEMORY = 8_000_000
"""Bytes of a pack that are handed over from memory; a larger one is from its file."""
KINDS = {
    "zip": (_("Everything, with JSON and pictures (.zip)"), "application/zip"),
    "pdf": (_("To read and print (.pdf)"), "application/pdf"),
}


class PackForm(DeskcastForm):
    form = RadioField(_("Form"), [InputRequired()], choices=choices((k, v[0]) for k, v in KINDS.items()))


@blueprint.get("/d/<desk>/record/posts/<int:post_id>")
@signed_in
def post(post_id: int) -> Any:
    """What is known of a post, and whether its revisions match the record."""
    found = _post(post_id)
    return render_template(
        "record/post.html",
        post=found,
        evidence=_gathered(db(), found.id),
    )


@blueprint.get("/d/<desk>/record/posts/<int:post_id>/revisions/<int:number>")
@signed_in
def revision(post_id: int, number: int) -> Any:
    """One revision made again, and what of it does not match."""
    found = _post(post_id)
    every = _gathered(db(), found.id)["revisions"]["every"]
    wanted = next((r for r in every if r["number"] == number), None)
    if wanted is None:
        raise NotFound(_("There is no such revision of this post."))
    content = json.dumps(wanted["content"], ensure_ascii=False, indent=2, sort_keys=True)
    return render_template("record/revision.html", post=found, revision=wanted, document=content)


@blueprint.post("/d/<desk>/record/posts/<int:post_id>/pack")
@signed_in
def pack(post_id: int) -> Any:
    """Make a pack and hand it over. That, and the hash of its bytes, is itself in the record."""
    found, form = _post(post_id), PackForm()
    if not form.validate_on_submit():
        return redirect(url_for("record.post", post_id=found.id), 303)
    kind = str(form.form.data)
    let_go()
    file = _made(found.id, kind)
    sha256, size = sha256_of(file)
    evidence.note_pack(db(), found, actor=me(), now=now(), form=kind, sha256=sha256, size=size)
    name = f"evidence-{desk().handle}-post-{found.id}-{now():%Y-%m-%d}.{kind}"
    return send_file(file, mimetype=KINDS[kind][1], as_attachment=True, download_name=name)


def _made(post_id: int, kind: str) -> IO[bytes]:
    """The pack, in a file that is gone when it is closed; written while no transaction of ours holds anything up."""
    with database().read() as session:
        document = with_files(_gathered(session, post_id), settings().media_folder)
    if kind == "pdf":
        return BytesIO(evidence_paper(document, settings().media_folder))
    with ExitStack() as until_written:
        file = until_written.enter_context(TemporaryFile())
        write_pack(file, document, settings().media_folder)
        if file.tell() <= IN_MEMORY:
            file.seek(0)
            return BytesIO(file.read())
        until_written.pop_all()  # the answer closes it
        return file


def _gathered(session: Session, post_id: int) -> dict[str, Any]:
    wanted = session.get_one(Post, post_id)
    return evidence.gather(session, wanted, actor=me(), now=now(), key=settings().record_key)


def _post(post_id: int) -> Post:
    require(can_read_record(me(), desk().id), evidence.MAY_GATHER)
    return posts.get_post(db(), desk().id, post_id)
