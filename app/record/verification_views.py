"""Verifying the record in parts, so that the longest chain holds nobody up, and exporting its head."""

import json
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from wtforms import TextAreaField
from wtforms.validators import Length

from app.extensions import database, db, desk, let_go, me, now, settings
from app.formatting import gettext as _
from app.forms import DeskcastForm
from app.record.views import blueprint, scope_of_request
from app.sign_in import signed_in
from content_library import record, sealing
from content_library.permissions import can_read_record, require
from content_library.record import UnderWay, Verdict
from content_library.record_chain import Head, Walk

PART = 20_000
"""Entries checked in one request, about a second; the application's RECORD_PART says otherwise."""


class HeadForm(DeskcastForm):
    head = TextAreaField(_("An exported head"), [Length(max=1_000)])


@blueprint.post("/d/<desk>/record/verification")
@signed_in
def verify() -> Any:
    """Begin a verification, or go on with the one under way."""
    _check()
    form = HeadForm()
    try:
        begun = _begun(form)
    except ValueError:
        flash(_("This is not an exported head. Paste the whole text of the file."), "bad")
        return redirect(url_for("record.index", scope=_scope_in_address()), 303)
    part = current_app.config.get("RECORD_PART", PART)
    let_go()
    with database().read() as session:  # reading a long chain must not hold the write lock
        walk = sealing.verify_part(session, begun.walk, key=settings().record_key, head=begun.head, most=part)
    if walk.entries - begun.walk.entries == part:
        record.keep_walk(db(), UnderWay(walk, begun.head, max(begun.total, walk.seq)))
        return redirect(url_for("record.verification", scope=_scope_in_address()), 303)
    _finish(walk, begun.head)
    return redirect(url_for("record.index", scope=_scope_in_address(), _anchor="verdict"), 303)


@blueprint.get("/d/<desk>/record/verification")
@signed_in
def verification() -> Any:
    """How far it has come; the page goes on by itself where scripts run, by its button where they do not."""
    _check()
    under_way = record.walk_under_way(db())
    if under_way is None:
        return redirect(url_for("record.index"), 303)
    return render_template(
        "record/verification.html", under_way=under_way, scope=request.args.get("scope", "")
    )


@blueprint.get("/d/<desk>/record/head.json")
@signed_in
def head() -> Any:
    _check()
    exported = sealing.export_head(db())
    name = f"deskcast-record-head-{now():%Y-%m-%d}-{exported['seq']}.json"
    return Response(
        json.dumps(exported, indent=2) + "\n",
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _scope_in_address() -> str | None:
    return request.values.get("scope") or None


def _check() -> None:
    require(
        can_read_record(me(), desk().id), "Only auditors, leads and administrators can verify the record."
    )


def _begun(form: HeadForm) -> UnderWay:
    """Where to go on from. Raises ValueError for a pasted text that is no head."""
    going_on = record.walk_under_way(db()) if request.form.get("act") == "go on" else None
    if going_on is not None:
        return going_on
    record.forget_walk(db())
    pasted = (form.head.data or "").strip()
    head: Head | None = sealing.read_head(json.loads(pasted)) if pasted else None
    return UnderWay(Walk(), head, int(sealing.export_head(db())["seq"]))


def _finish(walk: Walk, head: Head | None) -> None:
    done = sealing.conclude(db(), walk, now=now(), head=head)
    verdict = Verdict(
        at=now(), by=me().name, ok=done.ok, upto_seq=done.upto_seq, entries=done.entries, flaws=done.flaws,
        problems=done.problems, unsealed=done.unsealed, against=head.seq if head else None,
    )  # fmt: skip
    scope = scope_of_request()
    record.keep_verdict(db(), verdict, actor=me(), desk_id=scope)
