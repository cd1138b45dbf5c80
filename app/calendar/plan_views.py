"""Planning a post: when, where, and what that means, said before anything is saved."""

import uuid
from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.calendar.filters import account_label
from app.calendar.forms import PlanForm, as_time
from app.calendar.meaning import Meaning, is_understood, meaning, moment, next_full_hour, not_connected
from app.calendar.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import choices
from app.sign_in import signed_in
from content_library import catalogue, posts
from content_library.models.account import Account, AccountState
from content_library.models.format import Format
from content_library.models.post import Post
from content_library.permissions import can_plan, require
from content_library.revisions import latest_revision
from content_library.wall_time import zone_names
from scheduler import planning
from scheduler.models import Publication, PublicationState


@blueprint.get("/d/<desk>/posts/<int:post_id>/plan")
@signed_in
def plan(post_id: int) -> Any:
    require(can_plan(me(), desk().id), planning.MAY_PLAN)
    post, form = posts.get_post(db(), desk().id, post_id), PlanForm(formdata=None)
    accounts = _offer(form)
    form.accounts.data = _wanted(post, accounts)
    form.key.data = uuid.uuid4().hex
    return _page(post, accounts, _suggest(form))


@blueprint.get("/d/<desk>/posts/<int:post_id>/plan/meaning")
@signed_in
def plan_meaning(post_id: int) -> Any:
    """The part of the form that says what is chosen, while it is being chosen."""
    require(can_plan(me(), desk().id), planning.MAY_PLAN)
    post, form = (
        posts.get_post(db(), desk().id, post_id),
        PlanForm(formdata=request.args, meta={"csrf": False}),
    )
    return render_template("calendar/_meaning.html", meant=_meant(post, form, _offer(form)))


@blueprint.post("/d/<desk>/posts/<int:post_id>/publications")
@signed_in
def plan_post(post_id: int) -> Any:
    post, form = posts.get_post(db(), desk().id, post_id), PlanForm()
    accounts = _offer(form)
    chosen = [a for a in accounts if a.id in (form.accounts.data or [])]
    if form.takes_instead():
        return _page(post, accounts, form)
    if form.is_submitted() and not _is_understood(post, form, accounts):
        return _page(post, accounts, form), 422
    if form.accepts(
        lambda: planning.plan(
            db(),
            post,
            chosen,
            form.when(),
            actor=me(),
            now=now(),
            key=form.key.data or uuid.uuid4().hex,
            quiet_ok=form.knows_silence(),
        )
    ):
        made: list[Publication] = form.result
        flash(_planned(made), "good")
        return redirect(_after(made), 303)
    return _page(post, accounts, form), 422


def _offer(form: PlanForm) -> list[Account]:
    """Fill the list of accounts; the desk's in use."""
    accounts = catalogue.accounts(db(), desk().id)
    form.accounts.choices = choices((a.id, account_label(a)) for a in accounts)
    return accounts


def _wanted(post: Post, accounts: Sequence[Account]) -> list[int]:
    """The accounts of the post's newest revision."""
    revision = latest_revision(db(), post)
    wanted = set(revision.content["accounts"]) if revision else set()
    return [a.id for a in accounts if a.id in wanted]


def _suggest(form: PlanForm) -> PlanForm:
    """The time of the address, as the calendar's days link it; else the next full hour."""
    usual = next_full_hour(desk().zone)
    as_time(form, usual.wall, desk().zone)
    day, time = request.args.get("day", ""), request.args.get("time", "")
    form.date.data, form.time.data = day[:10] or form.date.data, time[:5] or form.time.data
    return form


def _meant(post: Post, form: PlanForm, accounts: Sequence[Account]) -> Meaning:
    chosen = [a for a in accounts if a.id in (form.accounts.data or [])]
    format_ = db().get_one(Format, post.format_key)
    return meaning(form.when(), chosen, post=post, grace_s=format_.grace_s)


def _is_understood(post: Post, form: PlanForm, accounts: Sequence[Account]) -> bool:
    """What is unusual about a time is said before it is saved, also without script. A second click finds it saved."""
    if form.key.data and planning.planned_with(db(), post, form.key.data):
        return True
    return is_understood(_meant(post, form, accounts), form.understood.data)


def _page(post: Post, accounts: Sequence[Account], form: PlanForm) -> str:
    return render_template(
        "calendar/plan.html",
        post=post,
        form=form,
        accounts=accounts,
        hints={str(a.id): _hint(a) for a in accounts},
        meant=_meant(post, form, accounts),
        zones=zone_names(),
        refused=planning.why_unplannable(post),
    )


def _hint(account: Account) -> str:
    return account.name if account.state is AccountState.ACTIVE else not_connected(account)


def _planned(made: Sequence[Publication]) -> str:
    first = made[0]
    when = moment(first.due_at, first.zone)
    if all(p.state is PublicationState.PLANNED for p in made):
        return _("Planned for {when}.").format(when=when)
    waiting = next(p for p in made if p.state is not PublicationState.PLANNED)
    return _("Planned for {when}. {why}").format(when=when, why=waiting.explanation)


def _after(made: Sequence[Publication]) -> str:
    if len(made) == 1:
        return url_for("calendar.publication", publication_id=made[0].id)
    return url_for("calendar.agenda", day=made[0].wall[:10])
