"""Series: started from a post, with the next dates shown before anything is saved; listed, changed, paused, ended."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.calendar.filters import account_label
from app.calendar.forms import WEEKDAYS, SeriesForm
from app.calendar.meaning import next_full_hour
from app.calendar.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import city
from app.formatting import gettext as _
from app.forms import choices
from app.sign_in import signed_in
from content_library import catalogue, posts
from content_library.errors import InvalidInput
from content_library.models.post import Post
from content_library.permissions import can_plan, require
from content_library.revisions import latest_revision
from content_library.wall_time import zone_names
from scheduler import series
from scheduler.plan_models import Series
from scheduler.recurrence import LAST_DAY, Every, Rule

SHOWN = 10
EVERY = {
    Every.DAY: _("Every day"),
    Every.WEEK: _("Every week"),
    Every.MONTH: _("Every month"),
    Every.YEAR: _("Every year"),
}


@blueprint.get("/d/<desk>/series")
@signed_in
def series_list() -> Any:
    return render_template(
        "calendar/series_list.html",
        found=[(s, said(s), _next(s)) for s in series.series_of(db(), desk().id)],
        may_plan=can_plan(me(), desk().id),
    )


@blueprint.get("/d/<desk>/posts/<int:post_id>/series")
@signed_in
def new_series(post_id: int) -> Any:
    require(can_plan(me(), desk().id), series.MAY_PLAN)
    post, form = posts.get_post(db(), desk().id, post_id), _form(SeriesForm(formdata=None))
    usual, revision = next_full_hour(desk().zone), latest_revision(db(), post)
    form.starts_on.data, form.time.data, form.zone.data = usual.wall[:10], usual.wall[11:16], desk().zone
    form.weekdays.data = [usual.resolved().local.weekday()]
    form.accounts.data = list(revision.content["accounts"]) if revision else []
    return _page(post, form)


@blueprint.get("/d/<desk>/series/dates")
@signed_in
def series_dates() -> Any:
    """The part of the form that shows the next dates, while they are being chosen."""
    require(can_plan(me(), desk().id), series.MAY_PLAN)
    form = _form(SeriesForm(formdata=request.args, meta={"csrf": False}))
    return render_template("calendar/_series_dates.html", **_dates(form))


@blueprint.post("/d/<desk>/posts/<int:post_id>/series")
@signed_in
def start_series(post_id: int) -> Any:
    post, form = posts.get_post(db(), desk().id, post_id), _form(SeriesForm())
    if not _is_shown(form):
        return _page(post, form), 422
    if form.accepts(lambda: series.start(db(), post, _terms(form), actor=me(), now=now())):
        flash(_("It goes out again and again. The next weeks stand in the calendar."), "good")
        return redirect(url_for("calendar.one_series", series_id=form.result.id), 303)
    return _page(post, form), 422


@blueprint.get("/d/<desk>/series/<int:series_id>")
@signed_in
def one_series(series_id: int) -> Any:
    found = series.get_series(db(), desk().id, series_id)
    return _page(found.post, _filled(found), found)


@blueprint.post("/d/<desk>/series/<int:series_id>")
@signed_in
def change_series(series_id: int) -> Any:
    found, form = series.get_series(db(), desk().id, series_id), _form(SeriesForm())
    seen = form.seen.data or 0
    if not _is_shown(form):
        return _page(found.post, form, found), 422
    if form.accepts(lambda: series.change(db(), found, _terms(form), seen=seen, actor=me(), now=now())):
        flash(_("Changed. What somebody moved or cancelled by hand stays as it is."), "good")
        return redirect(url_for("calendar.one_series", series_id=found.id), 303)
    return _page(found.post, form, found), 422


@blueprint.post("/d/<desk>/series/<int:series_id>/pause")
@signed_in
def pause_series(series_id: int) -> Any:
    return _done(series_id, series.pause, _("Paused. What it had planned is taken back."))


@blueprint.post("/d/<desk>/series/<int:series_id>/resume")
@signed_in
def resume_series(series_id: int) -> Any:
    return _done(series_id, series.resume, _("It goes on with the days that lie ahead."))


@blueprint.post("/d/<desk>/series/<int:series_id>/end")
@signed_in
def end_series(series_id: int) -> Any:
    return _done(series_id, series.end, _("Ended. What it had planned is taken back."))


def _done(series_id: int, verb: Callable[..., None], sentence: str) -> Any:
    found = series.get_series(db(), desk().id, series_id)
    verb(db(), found, actor=me(), now=now())
    flash(sentence, "good")
    return redirect(url_for("calendar.one_series", series_id=found.id), 303)


def said(found: Series) -> str:
    """“Every week on Monday and Wednesday, 10:00, Berlin”."""
    days = {
        Every.WEEK: ", ".join(WEEKDAYS[n] for n in found.weekdays),
        Every.MONTH: _("the last day") if found.month_day == LAST_DAY else str(found.month_day or ""),
    }.get(found.every, "")
    named = _("{every}: {days}").format(every=EVERY[found.every], days=days) if days else EVERY[found.every]
    return _("{named}, {time}, {city}").format(named=named, time=found.time, city=city(found.zone))


def _next(found: Series) -> Any:
    if found.ended_at is not None or found.paused_at is not None:
        return None
    following = series.rule_of(found).following(now(), 1)
    return following[0][1].due_at if following else None


def _form(form: SeriesForm) -> SeriesForm:
    form.accounts.choices = choices((a.id, account_label(a)) for a in catalogue.accounts(db(), desk().id))
    return form


def _filled(found: Series) -> SeriesForm:
    form = _form(SeriesForm(formdata=None))
    form.every.data, form.weekdays.data, form.month_day.data = (
        found.every.value,
        found.weekdays,
        found.month_day,
    )
    form.starts_on.data, form.time.data, form.zone.data = found.starts_on, found.time, found.zone
    form.ends_on.data, form.count.data, form.seen.data = found.ends_on, found.count, found.version
    form.accounts.data = [account.id for account in found.accounts]
    return form


def _rule(form: SeriesForm) -> Rule:
    return series.read_rule(
        form.every.data or "", form.starts_on.data or "", form.time.data or "", (form.zone.data or "").strip(),
        weekdays=form.weekdays.data or [], month_day=form.month_day.data or 0, ends_on=form.ends_on.data or "",
        count=form.count.data,
    )  # fmt: skip


def _terms(form: SeriesForm) -> series.Terms:
    wanted = set(form.accounts.data or [])
    accounts = [a for a in catalogue.accounts(db(), desk().id) if a.id in wanted]
    return series.Terms(_rule(form), accounts)


def _marker(rule: Rule) -> str:
    """Marks that the dates of exactly this rule were shown."""
    days = "".join(str(n) for n in rule.weekdays)
    end = f"{rule.ends_on or ''} {rule.count or ''}"
    return f"{rule.every} {days} {rule.month_day} {rule.starts_on} {rule.at:%H:%M} {rule.zone} {end}".strip()


def _dates(form: SeriesForm) -> dict[str, Any]:
    try:
        rule = _rule(form)
    except InvalidInput as wrong:
        return {"problem": wrong.message, "following": [], "marker": ""}
    following = rule.following(now(), SHOWN)
    problem = "" if following else _("No such day lies ahead. Look at the days and the end again.")
    return {"problem": problem, "following": following, "marker": _marker(rule)}


def _is_shown(form: SeriesForm) -> bool:
    """The dates are shown before anything is saved, also without script; what is wrong is said by the verb."""
    marker = _dates(form)["marker"]
    return not marker or form.shown.data == marker


def _page(post: Post, form: SeriesForm, found: Series | None = None) -> str:
    return render_template(
        "calendar/series.html",
        post=post,
        series=found,
        said=said(found) if found else "",
        form=form,
        zones=zone_names(),
        may_plan=can_plan(me(), desk().id) and (found is None or found.ended_at is None),
        **_dates(form),
    )
