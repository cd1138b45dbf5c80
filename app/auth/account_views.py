"""One's own account: details, password, sessions."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for

from app.absences import AbsenceForm, absences_of, hand_on, said
from app.auth.browser_names import browser_name
from app.auth.forms import ChangePasswordForm, DetailsForm, MailForm
from app.auth.throttle import failure_keys, is_throttled, note_failure
from app.auth.views import blueprint
from app.extensions import db, let_go, me, now
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library import delegations, own_account, sign_in
from content_library.memberships import standing
from content_library.own_account import MailChoice

THROTTLED = "Too many tries. Wait a quarter of an hour."


@blueprint.get("/me", endpoint="me")
@signed_in
def show_me() -> Any:
    return _page()


@blueprint.post("/me/details")
@signed_in
def details() -> Any:
    form = DetailsForm()
    if form.accepts(lambda: _change_details(form)):
        flash(_("Your details are saved."), "good")
        return redirect(url_for("auth.me"), 303)
    return _page(details=form), 422


@blueprint.post("/me/mails")
@signed_in
def mails() -> Any:
    form = MailForm()
    if form.accepts(lambda: _choose_mails(form)):
        flash(_("Your mails come as you chose."), "good")
        return redirect(url_for("auth.me", _anchor="mails"), 303)
    return _page(mails=form), 422


def _choose_mails(form: MailForm) -> None:
    own_account.choose_mail(db(), me(), _choice(form), now=now())
    own_account.choose_mail_decisions(db(), me(), wanted=form.wants_mail_decisions.data, now=now())


def _choice(form: MailForm) -> MailChoice:
    return MailChoice(
        how=form.how.data or "",
        times=form.times.data or "",
        days=form.days.data or [],
        quiet_from=form.quiet_from.data or "",
        quiet_until=form.quiet_until.data or "",
        quiet_weekends=form.quiet_weekends.data,
    )


@blueprint.post("/me/password")
@signed_in
def password() -> Any:
    form = ChangePasswordForm().belongs_to(email=me().email, name=me().name)
    if not form.validate_on_submit():
        return _page(password=form), 422
    let_go()
    problem = _wrong_password(form.current.data or "")
    if problem:
        form.current.errors = [problem]
        return _page(password=form), 422
    hashed = sign_in.hash_password(form.password.data or "")
    own_account.change_password(db(), me(), password_hash=hashed, keep=g.web_session, now=now())
    flash(_("Your password is changed. Every other session has ended."), "good")
    return redirect(url_for("auth.me"), 303)


@blueprint.post("/me/ended-sessions")
@signed_in
def end_sessions() -> Any:
    """One of one's sessions, or every one but this."""
    wanted = request.form.get("session", type=int)
    if wanted is None:
        own_account.end_other_sessions(db(), me(), keep=g.web_session, now=now())
        flash(_("Every other session has ended."), "good")
    else:
        own_account.end_own_session(db(), wanted, actor=me(), now=now())
        flash(_("The session has ended."), "good")
    return redirect(url_for("auth.me"), 303)


@blueprint.post("/me/absences")
@signed_in
def delegate() -> Any:
    form, made = hand_on(me())
    if made is None:
        return _page(absence=form), 422
    flash(said(made), "good")
    return redirect(url_for("auth.me", _anchor="away"), 303)


@blueprint.post("/me/absences/<int:delegation_id>/end")
@signed_in
def end_delegation(delegation_id: int) -> Any:
    delegations.end(db(), delegations.get_delegation(db(), me(), delegation_id), actor=me(), now=now())
    flash(_("Ended. Your decisions are yours alone again."), "good")
    return redirect(url_for("auth.me", _anchor="away"), 303)


def _wrong_password(current: str) -> str | None:
    """A sentence when the current password is not right; wrong ones count as failed sign-ins."""
    keys = failure_keys(me().email)
    if is_throttled(keys):
        return _(THROTTLED)
    if sign_in.password_fits(me().password_hash, current):
        return None
    note_failure(keys)
    return _("This is not your current password.")


def _change_details(form: DetailsForm) -> None:
    own_account.change_details(db(), me(), name=form.name.data or "", zone=form.zone.data, now=now())


def _mail_form() -> MailForm:
    """What this person has chosen."""
    how = "none" if not me().wants_mail else "together" if me().mail_together else "each"
    return MailForm(
        formdata=None, how=how, times=", ".join(me().mail_times), days=me().mail_days,
        quiet_from=me().quiet_from, quiet_until=me().quiet_until, quiet_weekends=me().quiet_weekends,
        wants_mail_decisions=me().wants_mail_decisions,
    )  # fmt: skip


def _page(
    details: DetailsForm | None = None,
    password: ChangePasswordForm | None = None,
    mails: MailForm | None = None,
    absence: AbsenceForm | None = None,
) -> str:
    return render_template(
        "auth/me.html",
        **absences_of(me(), absence),
        details=details or DetailsForm(obj=me(), formdata=None),
        mails=mails or _mail_form(),
        password=password or ChangePasswordForm(formdata=None),
        sessions=[(s, browser_name(s.browser)) for s in own_account.sessions_of(db(), me(), now=now())],
        this_session=g.web_session.id,
        place=standing(me()),
    )
