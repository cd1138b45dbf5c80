"""Pages behind links that work once: setting up, joining, and a forgotten password."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from slugify import slugify

from app.auth.forms import ForgottenForm, NewPasswordForm, SetUpForm
from app.auth.landing import home_of
from app.auth.throttle import failure_keys, is_throttled, note_failure
from app.auth.views import blueprint
from app.extensions import db, let_go, now
from app.formatting import gettext as _
from app.letters import invitation_link, write_invitation, write_reset
from app.sign_in import begin
from app.told_once import tell_once
from content_library import one_time_links, own_account, setting_up, sign_in
from content_library.catalogue import BUILTIN_TEAMS
from content_library.models.user import LinkPurpose
from content_library.setting_up import FirstPerson, FirstReviewer, SetUp

ASKED = "If there is an account with this address, a mail with a link is on its way. It works for an hour."


@blueprint.get("/set-up/<secret>", endpoint="set_up")
def show_set_up(secret: str) -> Any:
    one_time_links.find(db(), LinkPurpose.SETUP, secret, now=now())
    return _set_up_page(_set_up_form(zone="Europe/Berlin", reviewer_teams=list(BUILTIN_TEAMS)))


@blueprint.post("/set-up/<secret>", endpoint="first_person")
def set_up(secret: str) -> Any:
    form = _set_up_form()
    one_time_links.find(db(), LinkPurpose.SETUP, secret, now=now())
    if not form.validate_on_submit():
        return _set_up_page(form), 422
    let_go()
    hashed = sign_in.hash_password(form.password.data or "")
    if not form.accepts(lambda: _set_up(secret, form, hashed)):
        return _set_up_page(form), 422
    return _begun(form.result)


def _set_up_form(**known: Any) -> SetUpForm:
    return SetUpForm(teams=list(BUILTIN_TEAMS.items()), **known)


def _set_up_page(form: SetUpForm) -> str:
    return render_template("auth/set_up.html", form=form)


def _set_up(secret: str, form: SetUpForm, hashed: str) -> SetUp:
    first = FirstPerson(form.name.data or "", form.email.data or "", hashed, form.zone.data)
    reviewer = FirstReviewer(
        form.reviewer_name.data or "", form.reviewer_email.data or "", form.reviewer_teams.data or []
    )
    name = form.desk_name.data or ""
    return setting_up.set_up(
        db(), secret, first, desk_name=name, handle=slugify(name)[:40] or "desk",
        reviewer=reviewer if form.clearing.data == "reviewer" else None, now=now(),
    )  # fmt: skip


def _begun(made: SetUp) -> Any:
    """Sign the first person in: to their desk, or to the invitation they have to hand on."""
    there = home_of(made.person)
    if made.invitation is not None:
        write_invitation(db(), made.invitation, inviter=made.person.name, now=now())
        there = url_for("admin.person", user_id=made.invitation.user.id)
    response = begin(redirect(there, 303), made.person, identified_by="set-up")
    if made.invitation is not None:
        tell_once(made.invitation.user.id, invitation_link(made.invitation.secret))
    flash(_("Your desk is ready."), "good")
    return response


@blueprint.get("/invitation/<secret>", endpoint="invitation")
def show_invitation(secret: str) -> Any:
    return _password_page(NewPasswordForm(), LinkPurpose.INVITATION, secret)


@blueprint.post("/invitation/<secret>", endpoint="join")
def join(secret: str) -> Any:
    return _choose(LinkPurpose.INVITATION, secret)


@blueprint.get("/forgotten", endpoint="forgotten")
def show_forgotten() -> Any:
    return render_template("auth/forgotten.html", form=ForgottenForm())


@blueprint.post("/forgotten", endpoint="ask_for_password")
def ask_for_password() -> Any:
    """The same answer whoever asks about whom, also when nothing more is sent."""
    form = ForgottenForm()
    if not form.validate_on_submit():
        return render_template("auth/forgotten.html", form=form), 422
    let_go()
    keys = failure_keys(form.email.data or "", what="reset")
    if not is_throttled(keys):
        note_failure(keys)
        asked = own_account.ask_for_reset(db(), form.email.data or "", now=now())
        if asked is not None:
            write_reset(db(), *asked, now=now())
    flash(_(ASKED), "info")
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.get("/new-password/<secret>", endpoint="new_password")
def show_new_password(secret: str) -> Any:
    return _password_page(NewPasswordForm(), LinkPurpose.PASSWORD_RESET, secret)


@blueprint.post("/new-password/<secret>", endpoint="reset")
def reset(secret: str) -> Any:
    return _choose(LinkPurpose.PASSWORD_RESET, secret)


def _password_page(form: NewPasswordForm, purpose: LinkPurpose, secret: str) -> str:
    link = one_time_links.find(db(), purpose, secret, now=now())
    joining = purpose is LinkPurpose.INVITATION
    return render_template("auth/choose_password.html", form=form, person=link.user, joining=joining)


def _choose(purpose: LinkPurpose, secret: str) -> Any:
    person = one_time_links.find(db(), purpose, secret, now=now()).user
    assert person is not None, "these links belong to a person"
    form = NewPasswordForm().belongs_to(email=person.email, name=person.name)
    if not form.validate_on_submit():
        return _password_page(form, purpose, secret), 422
    let_go()
    hashed = sign_in.hash_password(form.password.data or "")
    joining = purpose is LinkPurpose.INVITATION
    take = own_account.accept_invitation if joining else own_account.reset_password
    person = take(db(), secret, password_hash=hashed, now=now())
    response = begin(redirect(home_of(person), 303), person, identified_by="password")
    flash(_("Welcome to Deskcast.") if joining else _("Your password is changed."), "good")
    return response
