"""Desks and teams."""

import re
from datetime import time
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from slugify import slugify

from app.admin.access import administrators
from app.admin.forms import (
    DeskForm,
    DeskTeamsForm,
    LinkTagsForm,
    NewDeskForm,
    TeamChecklistForm,
    TeamForm,
    TeamHoursForm,
)
from app.admin.views import blueprint
from app.extensions import db, me, now
from app.formatting import gettext as _
from content_library import catalogue
from content_library import desks as verbs
from content_library.errors import InvalidInput
from content_library.models.desk import Desk, Team
from content_library.working_hours import interval


@blueprint.get("/settings/desks")
@administrators
def desks() -> Any:
    return render_template("admin/desks.html", desks=verbs.desks(db()))


@blueprint.get("/settings/desks/new")
@administrators
def new_desk() -> Any:
    return render_template("admin/new_desk.html", form=_new_desk_form())


@blueprint.post("/settings/desks")
@administrators
def add_desk() -> Any:
    form = _new_desk_form()
    if form.accepts(lambda: _add_desk(form)):
        flash(
            _("The desk %(name)s is there, with a public page of its own.") % {"name": form.result.name},
            "good",
        )
        return _back_to(form.result)
    return render_template("admin/new_desk.html", form=form), 422


@blueprint.get("/settings/desks/<handle>")
@administrators
def desk(handle: str) -> Any:
    return _desk_page(verbs.get_desk(db(), handle))


@blueprint.post("/settings/desks/<handle>/details")
@administrators
def change_desk(handle: str) -> Any:
    found, form = verbs.get_desk(db(), handle), DeskForm()
    if form.accepts(lambda: _change_desk(found, form)):
        flash(_("The desk is saved."), "good")
        return _back_to(found)
    return _desk_page(found, details=form), 422


@blueprint.post("/settings/desks/<handle>/teams")
@administrators
def change_desk_teams(handle: str) -> Any:
    found, form = verbs.get_desk(db(), handle), DeskTeamsForm(every_team=verbs.teams(db()))
    if form.accepts(lambda: verbs.set_teams(db(), found, form.teams.data or [], actor=me(), now=now())):
        flash(_("The teams are saved.") + _uncleared(form.result), "good")
        return _back_to(found)
    return _desk_page(found, teams=form), 422


@blueprint.post("/settings/desks/<handle>/links")
@administrators
def change_link_tags(handle: str) -> Any:
    found, form = verbs.get_desk(db(), handle), LinkTagsForm()
    if form.accepts(
        lambda: verbs.set_link_tags(
            db(), found, tags_links=bool(form.tags.data), medium=form.medium.data or "", actor=me(), now=now()
        )
    ):
        flash(_("What links say is saved. It holds for posts that are begun or saved from now on."), "good")
        return _back_to(found)
    return _desk_page(found, links=form), 422


@blueprint.post("/settings/desks/<handle>/solo")
@administrators
def change_solo(handle: str) -> Any:
    found, solo = verbs.get_desk(db(), handle), request.form.get("solo") == "on"
    dropped = verbs.set_solo(db(), found, solo=solo, actor=me(), now=now())
    said = _("People of this desk may clear their own posts now.") if solo else _("Solo mode is off.")
    flash(said + _uncleared(dropped), "good")
    return _back_to(found)


@blueprint.get("/settings/teams")
@administrators
def teams() -> Any:
    return _teams_page(_team_form(desks=[d.id for d in verbs.desks(db())]))


@blueprint.post("/settings/teams")
@administrators
def add_team() -> Any:
    form = _team_form()
    if form.accepts(
        lambda: verbs.add_team(db(), form.name.data or "", form.desks.data or [], actor=me(), now=now())
    ):
        flash(_("The team %(name)s is there. Put people into it next.") % {"name": form.result.name}, "good")
        return redirect(url_for("admin.teams"), 303)
    return _teams_page(form), 422


@blueprint.get("/settings/teams/<int:team_id>")
@administrators
def team(team_id: int) -> Any:
    found = verbs.get_team(db(), team_id)
    form = _team_form(formdata=None, name=found.name, desks=[d.id for d in found.desks])
    return _team_page(found, form)


@blueprint.post("/settings/teams/<int:team_id>")
@administrators
def change_team(team_id: int) -> Any:
    found, form = verbs.get_team(db(), team_id), _team_form()
    if form.accepts(
        lambda: verbs.change_team(
            db(), found, name=form.name.data or "", desk_ids=form.desks.data or [], actor=me(), now=now()
        )
    ):
        flash(_("The team is saved.") + _uncleared(form.result), "good")
        return redirect(url_for("admin.teams"), 303)
    return _team_page(found, form), 422


@blueprint.post("/settings/teams/<int:team_id>/hours")
@administrators
def change_team_hours(team_id: int) -> Any:
    found, form = verbs.get_team(db(), team_id), TeamHoursForm()
    if form.accepts(lambda: _change_hours(found, form)):
        flash(_("When the team works is saved."), "good")
        return redirect(url_for("admin.team", team_id=found.id), 303)
    names = _team_form(formdata=None, name=found.name, desks=[d.id for d in found.desks])
    return _team_page(found, names, hours=form), 422


@blueprint.post("/settings/teams/<int:team_id>/checklist")
@administrators
def change_checklist(team_id: int) -> Any:
    found, form = verbs.get_team(db(), team_id), TeamChecklistForm()
    if form.accepts(
        lambda: verbs.change_checklist(
            db(), found, (form.sentences.data or "").splitlines(), actor=me(), now=now()
        )
    ):
        flash(_("The checklist is saved."), "good")
        return redirect(url_for("admin.team", team_id=found.id), 303)
    names = _team_form(formdata=None, name=found.name, desks=[d.id for d in found.desks])
    return _team_page(found, names, checklist=form), 422


def _change_hours(found: Team, form: TeamHoursForm) -> None:
    holidays = (form.holidays.data or "").replace(",", " ").split()
    verbs.change_team_hours(
        db(), found, zone=form.zone.data, hours=_written_hours(form), holidays=holidays,
        turnaround_h=form.turnaround_h.data or 0, actor=me(), now=now(),
    )  # fmt: skip


def _written_hours(form: TeamHoursForm) -> list[list[list[str]]]:
    """Seven days of [begins, ends]. Raises InvalidInput at the day that cannot be read."""
    week = []
    for day in TeamHoursForm.DAYS:
        parts = [part.strip() for part in re.split("[,;]", form[day].data or "") if part.strip()]
        spans = [re.split(r"\s*[-–—]\s*", part) for part in parts]
        for span in spans:
            try:
                interval(*span)
            except (InvalidInput, TypeError) as wrong:
                sentence = _("Write the hours like 09:00-12:30, 13:30-17:00, or leave the day empty.")
                raise InvalidInput(sentence, {day: sentence}) from wrong
        week.append(spans)
    return week


def _hours_form(found: Team) -> TeamHoursForm:
    said = {
        day: ", ".join("–".join(span) for span in spans)
        for day, spans in zip(TeamHoursForm.DAYS, found.hours, strict=True)
    }
    return TeamHoursForm(
        formdata=None,
        zone=found.zone,
        holidays="\n".join(found.holidays),
        turnaround_h=found.turnaround_h,
        **said,
    )


def _new_desk_form() -> NewDeskForm:
    every_team = verbs.teams(db())
    return NewDeskForm(every_team=every_team, zone=me().zone, teams=[t.id for t in every_team])


def _add_desk(form: NewDeskForm) -> Desk:
    name = form.name.data or ""
    chosen = [t for t in verbs.teams(db()) if t.id in (form.teams.data or [])]
    handle = slugify(form.handle.data or name)[:40]
    return catalogue.create_desk(db(), name, handle, form.zone.data, actor=me(), now=now(), teams=chosen)


def _change_desk(found: Desk, form: DeskForm) -> None:
    verbs.change_desk(
        db(), found, name=form.name.data or "", zone=form.zone.data, about=form.about.data or "",
        website=form.website.data or "", opens=f"{form.opens.data:%H:%M}", closes=f"{form.closes.data:%H:%M}",
        actor=me(), now=now(),
    )  # fmt: skip


def _desk_page(
    found: Desk,
    details: DeskForm | None = None,
    teams: DeskTeamsForm | None = None,
    links: LinkTagsForm | None = None,
) -> str:
    hours = {"opens": time.fromisoformat(found.opens), "closes": time.fromisoformat(found.closes)}
    kept = {key: getattr(found, key) for key in ("name", "zone", "about", "website")}
    every_team = verbs.teams(db())
    chosen = [t.id for t in found.teams]
    return render_template(
        "admin/desk.html",
        found=found,
        details=details or DeskForm(formdata=None, **kept, **hours),
        teams=teams or DeskTeamsForm(formdata=None, every_team=every_team, teams=chosen),
        links=links or LinkTagsForm(formdata=None, tags=found.tags_links, medium=found.utm_medium),
    )


def _team_form(**known: Any) -> TeamForm:
    return TeamForm(every_desk=verbs.desks(db()), **known)


def _teams_page(form: TeamForm) -> str:
    return render_template(
        "admin/teams.html", teams=verbs.teams(db()), people=verbs.people_of(db()), form=form
    )


def _team_page(
    found: Team,
    form: TeamForm,
    hours: TeamHoursForm | None = None,
    checklist: TeamChecklistForm | None = None,
) -> str:
    return render_template(
        "admin/team.html",
        team=found,
        people=verbs.people_of(db()).get(found.id, []),
        form=form,
        hours=hours or _hours_form(found),
        checklist=checklist or TeamChecklistForm(formdata=None, sentences="\n".join(found.checklist)),
    )


def _uncleared(count: int) -> str:
    """What a change of rules has cost, said with it."""
    if not count:
        return ""
    posts = _("1 post has") if count == 1 else _("%(count)s posts have") % {"count": count}
    return " " + _("%(posts)s to be cleared again.") % {"posts": posts}


def _back_to(found: Desk) -> Any:
    return redirect(url_for("admin.desk", handle=found.handle), 303)
