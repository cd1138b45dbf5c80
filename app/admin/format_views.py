"""Formats: who clears them, in which order, and formats of one's own."""

from typing import Any

from flask import flash, redirect, render_template, url_for

from app.admin.access import administrators
from app.admin.forms import KINDS, TONES, FormatForm
from app.admin.views import blueprint
from app.extensions import db, me, now
from app.formatting import gettext as _
from content_library import catalogue
from content_library import desks as desk_verbs
from content_library import format_editing as verbs
from content_library.format_editing import About, TeamPart
from content_library.formats import BUILTIN_FIELDS, FieldSpec, FieldType
from content_library.models.format import Format, Kind, Tone

BLANK_FIELDS = 4


@blueprint.get("/settings/formats")
@administrators
def formats() -> Any:
    every = catalogue.formats(db(), retired=True)
    return render_template(
        "admin/formats.html",
        groups=[(name, [f for f in every if f.kind is kind and f.is_active]) for kind, name in KINDS.items()],
        retired=[f for f in every if not f.is_active],
        teams=_team_names(),
        tones=TONES,
    )


@blueprint.get("/settings/formats/new")
@administrators
def new_format() -> Any:
    return _page(None, _form(None))


@blueprint.post("/settings/formats")
@administrators
def add_format() -> Any:
    form = FormatForm()
    if form.accepts(
        lambda: verbs.add_format(db(), _about(form), _parts(form), _fields(form), actor=me(), now=now())
    ):
        flash(_("The format %(name)s is there.") % {"name": form.result.name}, "good")
        return redirect(url_for("admin.formats"), 303)
    return _page(None, form), 422


@blueprint.get("/settings/formats/<key>")
@administrators
def format_page(key: str) -> Any:
    found = verbs.get_format(db(), key)
    return _page(found, _form(found))


@blueprint.post("/settings/formats/<key>")
@administrators
def change_format(key: str) -> Any:
    found, form = verbs.get_format(db(), key), FormatForm()
    if found.is_builtin:
        form.kind.data = found.kind.value
    if form.accepts(lambda: _change(found, form)):
        flash(_("The format is saved.") + _uncleared(form.result), "good")
        return redirect(url_for("admin.formats"), 303)
    return _page(found, form), 422


@blueprint.post("/settings/formats/<key>/retirement")
@administrators
def retire_format(key: str) -> Any:
    found = verbs.get_format(db(), key)
    verbs.retire(db(), found, actor=me(), now=now())
    flash(_("%(name)s is offered no longer. Posts that have it keep it.") % {"name": found.name}, "good")
    return redirect(url_for("admin.formats"), 303)


@blueprint.post("/settings/formats/<key>/return")
@administrators
def bring_format_back(key: str) -> Any:
    found = verbs.get_format(db(), key)
    verbs.bring_back(db(), found, actor=me(), now=now())
    flash(_("%(name)s is offered again.") % {"name": found.name}, "good")
    return redirect(url_for("admin.formats"), 303)


def _change(found: Format, form: FormatForm) -> int:
    version = form.version.data or ""
    return verbs.change_format(
        db(), found, _about(form), _parts(form), None if found.is_builtin else _fields(form),
        seen_version=int(version) if version.isdecimal() else 0, actor=me(), now=now(),
    )  # fmt: skip


def _form(found: Format | None) -> FormatForm:
    """The form as it stands, with a line for every team and some for further fields."""
    asked = {part.team_key: part for part in verbs.parts_of(found)} if found else {}
    lines = [asked.get(team.key, TeamPart(team.key, 0)) for team in desk_verbs.teams(db())]
    known = [field for field in (found.fields if found else []) if field["type"] != FieldType.BUILTIN]
    about = (
        {key: getattr(found, key) for key in ("name", "purpose", "shelf_life_days", "version")}
        if found
        else {}
    )
    choices = {key: getattr(found, key) for key in ("kind", "tone", "ingredient")} if found else {}
    return FormatForm(
        formdata=None,
        **about,
        **choices,
        grace_min=found.grace_s // 60 if found else 15,
        parts=[{"team": p.team_key, "step": p.step, "quorum": p.quorum, "why": p.why} for p in lines],
        builtin=[f["key"] for f in (found.fields if found else []) if f["type"] == FieldType.BUILTIN],
        fields=[*known, *({"required": True} for _line in range(BLANK_FIELDS))],
    )


def _about(form: FormatForm) -> About:
    return About(
        name=form.name.data or "",
        purpose=form.purpose.data or "",
        kind=Kind(form.kind.data),
        tone=Tone(form.tone.data),
        ingredient=form.ingredient.data,
        shelf_life_days=form.shelf_life_days.data,
        grace_s=(form.grace_min.data or 0) * 60,
    )


def _parts(form: FormatForm) -> list[TeamPart]:
    lines = [line.form for line in form.parts]
    return [
        TeamPart(line.team.data, line.step.data, line.quorum.data or 1, line.why.data or "")
        for line in lines
        if line.step.data
    ]


def _fields(form: FormatForm) -> list[FieldSpec]:
    lines = [line.form for line in form.fields if (line.form.label.data or "").strip()]
    own = [
        verbs.own_field(
            line.label.data, line.why.data or "", FieldType(line.type.data),
            required=line.required.data, ends=line.ends.data,
        )
        for line in lines
    ]  # fmt: skip
    return [*(verbs.builtin_field(key) for key in form.builtin.data or [] if key in BUILTIN_FIELDS), *own]


def _page(found: Format | None, form: FormatForm) -> str:
    return render_template("admin/format.html", found=found, form=form, teams=_team_names(), kinds=KINDS)


def _team_names() -> dict[str, str]:
    return {team.key: team.name for team in desk_verbs.teams(db())}


def _uncleared(count: int) -> str:
    """What a change of rules has cost, said with it."""
    if not count:
        return ""
    posts = _("1 post has") if count == 1 else _("%(count)s posts have") % {"count": count}
    return " " + _("%(posts)s to be cleared again.") % {"posts": posts}
