"""Signing in with a password, looking as a person of the demo, and signing out."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask import session as visit
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.forms import SignInForm
from app.auth.landing import after_sign_in
from app.auth.throttle import failure_keys, is_throttled, note_failure
from app.demo.people import PEOPLE
from app.extensions import database, db, let_go, now, settings
from app.formatting import gettext as _
from app.own_pages import safe_path
from app.sign_in import begin, end
from content_library import audit, sign_in
from content_library.errors import NotFound
from content_library.models.desk import Desk, Setting
from content_library.models.user import User

blueprint = Blueprint("auth", __name__)

WRONG = "The e-mail address or the password is not right. Try again, or choose a new password."
THROTTLED = "Too many tries. Wait a quarter of an hour, or choose a new password by mail."


@blueprint.get("/sign-in", endpoint="sign_in")
def show_sign_in() -> Any:
    wanted = request.args.get("next", "")
    if safe_path(wanted):
        visit["next"] = wanted
    if g.user is not None:
        return redirect(after_sign_in(g.user, visit.pop("next", "")), 303)
    return _page(SignInForm())


@blueprint.post("/sign-in", endpoint="enter")
def sign_in_by_password() -> Any:
    form = SignInForm()
    if not form.validate_on_submit():
        return _page(form), 422
    let_go()
    person, problem = _checked(form.email.data or "", form.password.data or "")
    if person is None:
        form.form_errors = [problem]
        return _page(form), 429 if problem == THROTTLED else 422
    return enter(db().get_one(User, person), identified_by="password")


@blueprint.post("/sign-in/demo")
def look_as() -> Any:
    """One click on a demo installation, as one of its invented people; nowhere else."""
    person = next((p for p, _job in _demo_people(db()) if p.email == request.form.get("email")), None)
    if person is None:
        raise NotFound("There is no such person in this demo.")
    return enter(person, identified_by="demo")


@blueprint.post("/sign-out")
def sign_out() -> Any:
    if g.user is not None:
        said = f"{g.user.name} signed out"
        audit.record(db(), "user.signed_out", g.user, actor=g.user, now=now(), summary=said)
    response = end(redirect(url_for("auth.sign_in"), 303))
    flash(_("You are signed out."), "good")
    return response


def enter(person: User, *, identified_by: str) -> Any:
    """Begin a session for a person and go where they wanted to."""
    wanted = visit.get("next", "")
    return begin(redirect(after_sign_in(person, wanted), 303), person, identified_by=identified_by)


def _checked(email: str, password: str) -> tuple[int | None, str]:
    """The person's id, or the sentence for everybody else: the same for people who do not exist."""
    keys = failure_keys(email)
    if is_throttled(keys):
        return None, THROTTLED
    with database().read() as session:
        found = sign_in.find_by_email(session, email)
        person, stored = (found.id, found.password_hash) if found and found.is_active else (None, None)
    if sign_in.password_fits(stored, password):
        return person, ""
    note_failure(keys)
    return None, WRONG


def _page(form: SignInForm) -> str:
    return render_template(
        "auth/sign_in.html",
        form=form,
        open_id=settings().open_id,
        demo=_demo(db()),
    )


def _demo(session: Session) -> dict[str, Any] | None:
    """What the page of a demo says more: its people, their password, what customers see."""
    people = _demo_people(session)
    if not people:
        return None
    row = session.get_one(Setting, "demo")
    desk = session.scalars(select(Desk).order_by(Desk.id).limit(1)).one()
    return {"people": people, "password": row.value["password"], "desk": desk}


def _demo_people(session: Session) -> list[tuple[User, str]]:
    """The invented people and their jobs; nobody when this installation is no demo."""
    row = session.get(Setting, "demo") if settings().demo else None
    if row is None or not row.value.get("loaded"):
        return []
    jobs = {person.email: person.job for person in PEOPLE}
    found = session.scalars(
        select(User).where(User.email.in_(jobs), User.is_active, ~User.is_external).order_by(User.id)
    )
    return [(user, jobs[user.email]) for user in found]
