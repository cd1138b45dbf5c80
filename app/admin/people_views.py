"""People: finding, inviting, moving, letting go."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for

from app.absences import AbsenceForm, absences_of, hand_on, said
from app.admin.access import administrators
from app.admin.forms import InviteForm, OutsiderForm, PersonForm, PlaceForm
from app.admin.views import blueprint
from app.extensions import db, me, now
from app.formatting import gettext as _
from app.letters import invitation_link, write_invitation
from app.sign_in import begin_again
from app.told_once import tell_once, told
from content_library import delegations, users
from content_library import desks as desk_verbs
from content_library.memberships import place_of
from content_library.memberships import standing as standing_of
from content_library.models.user import User
from content_library.users import Invitation, Standing

PER_PAGE = 25
STANDINGS = {
    Standing.ACTIVE: _("Active"),
    Standing.INVITED: _("Invited, not here yet"),
    Standing.OUTSIDE: _("Outside, by mail only"),
    Standing.INACTIVE: _("Deactivated"),
    Standing.ALL: _("Everybody"),
}


@blueprint.get("/settings/people")
@administrators
def people() -> Any:
    wanted = request.args.get("standing", "")
    standing = Standing(wanted) if wanted in set(Standing) else Standing.ACTIVE
    words = request.args.get("q", "")[:100]
    page = users.find_people(
        db(),
        actor=me(),
        words=words,
        standing=standing,
        page=request.args.get("page", 1, type=int),
        per_page=PER_PAGE,
    )
    return render_template(
        "admin/people.html", page=page, words=words, standing=standing, standings=STANDINGS,
        places={user.id: standing_of(user) for user in page.people},
    )  # fmt: skip


@blueprint.get("/settings/people/new", endpoint="new_person")
@administrators
def show_invite() -> Any:
    return render_template("admin/invite.html", form=_invite_form())


@blueprint.post("/settings/people", endpoint="invite")
@administrators
def invite() -> Any:
    form = _invite_form()
    if form.accepts(lambda: _invite(form)):
        return _invited(form.result)
    return render_template("admin/invite.html", form=form), 422


@blueprint.get("/settings/people/outside/new", endpoint="new_outsider")
@administrators
def show_outsider() -> Any:
    return render_template("admin/outsider.html", form=OutsiderForm(every_team=desk_verbs.teams(db())))


@blueprint.post("/settings/people/outside", endpoint="add_outsider")
@administrators
def add_outsider() -> Any:
    form = OutsiderForm(every_team=desk_verbs.teams(db()))
    if not form.accepts(lambda: _add_outsider(form)):
        return render_template("admin/outsider.html", form=form), 422
    said = _("%(name)s is added, and gets a mail when a review waits.")
    flash(said % {"name": form.result.name}, "good")
    return _back_to(form.result)


@blueprint.get("/settings/people/<int:user_id>")
@administrators
def person(user_id: int) -> Any:
    return _person_page(users.get_person(db(), user_id, actor=me()))


@blueprint.post("/settings/people/<int:user_id>/details")
@administrators
def rename_person(user_id: int) -> Any:
    user, form = users.get_person(db(), user_id, actor=me()), PersonForm()
    if form.accepts(
        lambda: users.rename(
            db(), user, name=form.name.data or "", email=form.email.data or "", actor=me(), now=now()
        )
    ):
        flash(_("Saved."), "good")
        return _back_to(user)
    return _person_page(user, details=form), 422


@blueprint.post("/settings/people/<int:user_id>/place")
@administrators
def move_person(user_id: int) -> Any:
    user, form = users.get_person(db(), user_id, actor=me()), _place_form(None)
    if form.accepts(lambda: users.set_place(db(), user, form.place(), actor=me(), now=now())):
        if not form.result:
            flash(_("Nothing has changed."), "info")
            return _back_to(user)
        said = _("%(name)s stands in another place now, and has to sign in again.")
        moved = _("%(name)s decides for other teams now.") if user.is_external else said
        flash(moved % {"name": user.name}, "good")
        return _back_to(user, has_moved=True)
    return _person_page(user, place=form), 422


@blueprint.post("/settings/people/<int:user_id>/invitation")
@administrators
def invite_again(user_id: int) -> Any:
    user = users.get_person(db(), user_id, actor=me())
    return _invited(users.invite_again(db(), user, actor=me(), now=now()))


@blueprint.post("/settings/people/<int:user_id>/deactivation")
@administrators
def deactivate(user_id: int) -> Any:
    user = users.get_person(db(), user_id, actor=me())
    users.deactivate(db(), user, actor=me(), now=now())
    said = _("%(name)s is deactivated, and signed out everywhere.")
    gone = _("%(name)s is deactivated: links in mails decide nothing more.") if user.is_external else said
    flash(gone % {"name": user.name}, "good")
    return _back_to(user)


@blueprint.post("/settings/people/<int:user_id>/reactivation")
@administrators
def reactivate(user_id: int) -> Any:
    user = users.get_person(db(), user_id, actor=me())
    users.reactivate(db(), user, actor=me(), now=now())
    back = _("%(name)s decides by mail again.") if user.is_external else _("%(name)s may sign in again.")
    flash(back % {"name": user.name}, "good")
    return _back_to(user)


@blueprint.post("/settings/people/<int:user_id>/absences")
@administrators
def delegate(user_id: int) -> Any:
    user = users.get_person(db(), user_id, actor=me())
    form, made = hand_on(user)
    if made is None:
        return _person_page(user, absence=form), 422
    flash(said(made), "good")
    return _back_to(user)


@blueprint.post("/settings/people/<int:user_id>/absences/<int:delegation_id>/end")
@administrators
def end_delegation(user_id: int, delegation_id: int) -> Any:
    user = users.get_person(db(), user_id, actor=me())
    delegations.end(db(), delegations.get_delegation(db(), user, delegation_id), actor=me(), now=now())
    flash(_("Ended. {name} decides alone again.").format(name=user.name), "good")
    return _back_to(user)


def _invite_form() -> InviteForm:
    return InviteForm(every_desk=desk_verbs.desks(db()), every_team=desk_verbs.teams(db()))


def _place_form(user: User | None) -> PlaceForm:
    """The form of a person's place; what is sent is in it when `user` is None."""
    sent: dict[str, Any] = {"formdata": None, "place": place_of(user)} if user else {}
    return PlaceForm(every_desk=desk_verbs.desks(db()), every_team=desk_verbs.teams(db()), **sent)


def _invite(form: InviteForm) -> Invitation:
    return users.invite(
        db(), name=form.name.data or "", email=form.email.data or "", place=form.place(), zone=me().zone,
        actor=me(), now=now(),
    )  # fmt: skip


def _add_outsider(form: OutsiderForm) -> User:
    return users.add_outsider(
        db(), name=form.name.data or "", email=form.email.data or "", teams=form.teams.data or [],
        zone=me().zone, actor=me(), now=now(),
    )  # fmt: skip


def _invited(invitation: Invitation) -> Any:
    write_invitation(db(), invitation, inviter=me().name, now=now())
    tell_once(invitation.user.id, invitation_link(invitation.secret))
    flash(_("%(name)s is invited: a mail is on its way.") % {"name": invitation.user.name}, "good")
    return _back_to(invitation.user)


def _person_page(
    user: User,
    details: PersonForm | None = None,
    place: PlaceForm | None = None,
    absence: AbsenceForm | None = None,
) -> str:
    return render_template(
        "admin/person.html",
        **absences_of(user, absence),
        person=user,
        details=details or PersonForm(obj=user, formdata=None),
        place=place or _place_form(user),
        standing_in=standing_of(user),
        link=told(user.id),
        at_stake=users.approvals_at_stake(db(), user) if user.is_active else 0,
    )


def _back_to(user: User, *, has_moved: bool = False) -> Any:
    """The person's page; administrators who moved themselves get another session, or leave the settings."""
    response = redirect(url_for("admin.person", user_id=user.id), 303)
    if not has_moved or user.id != me().id:
        return response
    if not user.is_administrator:
        response = redirect(url_for("auth.me"), 303)
    g.user = user
    return begin_again(response)
