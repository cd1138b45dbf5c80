"""Windows in which nothing goes out, and the quiet hours of accounts: listed, added, changed, ended."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, url_for

from app.calendar.filters import account_label
from app.calendar.forms import QuietForm, WindowForm
from app.calendar.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import choices
from app.sign_in import signed_in
from content_library import catalogue
from content_library.models.account import Account
from content_library.permissions import can_hold
from content_library.wall_time import wall_of, zone_names
from scheduler import windows
from scheduler.calm import HORIZON, stretches_of
from scheduler.plan_models import BlackoutWindow


@blueprint.get("/d/<desk>/windows")
@signed_in
def window_list() -> Any:
    form = _form(WindowForm(formdata=None))
    form.zone.data = desk().zone
    return _page(form)


@blueprint.post("/d/<desk>/windows")
@signed_in
def add_window() -> Any:
    form = _form(WindowForm())
    if form.accepts(lambda: windows.add_window(db(), desk(), _terms(form), actor=me(), now=now())):
        window, count = form.result
        flash(_("“{name}” stands. {held}").format(name=window.name, held=_held(count)), "good")
        return redirect(url_for("calendar.window_list"), 303)
    return _page(form), 422


@blueprint.get("/d/<desk>/windows/<int:window_id>")
@signed_in
def window(window_id: int) -> Any:
    found = windows.get_window(db(), desk().id, window_id)
    return _window_page(found, _filled(found))


@blueprint.post("/d/<desk>/windows/<int:window_id>")
@signed_in
def change_window(window_id: int) -> Any:
    found, form = windows.get_window(db(), desk().id, window_id), _form(WindowForm())
    seen = form.seen.data or 0
    if form.accepts(
        lambda: windows.change_window(db(), found, _terms(form), seen=seen, actor=me(), now=now())
    ):
        flash(_("Changed. {held}").format(held=_held(form.result)), "good")
        return redirect(url_for("calendar.window_list"), 303)
    return _window_page(found, form), 422


@blueprint.post("/d/<desk>/windows/<int:window_id>/end")
@signed_in
def end_window(window_id: int) -> Any:
    """End it before its time, then sort out what it kept back, if that is past its time."""
    found = windows.get_window(db(), desk().id, window_id)
    released = windows.end_window(db(), found, actor=me(), now=now())
    going, missed = len(released.going), len(released.missed)
    flash(
        _("Ended. {going} go out at their time, {missed} need a new one.").format(going=going, missed=missed),
        "good",
    )
    return redirect(url_for("calendar.sort_list" if missed else "calendar.window_list"), 303)


@blueprint.post("/d/<desk>/quiet-hours/<int:account_id>")
@signed_in
def set_quiet_hours(account_id: int) -> Any:
    account = windows.get_account(db(), desk().id, account_id)
    form = QuietForm(prefix=f"q{account.id}")
    begins, ends = form.begins.data or "", form.ends.data or ""
    if form.accepts(lambda: windows.set_quiet_hours(db(), account, begins, ends, actor=me(), now=now())):
        said = (
            _("{account} is quiet from {begins} to {ends}.") if begins else _("{account} has no quiet hours.")
        )
        flash(said.format(account=account_label(account), begins=begins, ends=ends), "good")
        return redirect(url_for("calendar.window_list"), 303)
    empty = _form(WindowForm(formdata=None))
    empty.zone.data = desk().zone
    return _page(empty, refused={account.id: form}), 422


def _held(count: int) -> str:
    return _("{count} held.").format(count=count) if count else _("Nothing falls into it.")


def _form(form: WindowForm) -> WindowForm:
    form.accounts.choices = choices((a.id, account_label(a)) for a in catalogue.accounts(db(), desk().id))
    return form


def _filled(found: BlackoutWindow) -> WindowForm:
    form = _form(WindowForm(formdata=None))
    form.name.data, form.reason.data = found.name, found.reason
    form.from_day.data, form.from_time.data = found.starts[:10], found.starts[11:16]
    form.to_day.data, form.to_time.data = found.ends[:10], found.ends[11:16]
    form.zone.data, form.yearly.data, form.seen.data = found.zone, found.yearly, found.version
    form.accounts.data = [account.id for account in found.accounts]
    return form


def _terms(form: WindowForm) -> windows.Terms:
    wanted = set(form.accounts.data or [])
    return windows.Terms(
        name=form.name.data or "", reason=form.reason.data or "", zone=(form.zone.data or "").strip(),
        starts=f"{form.from_day.data or ''} {form.from_time.data or ''}".strip(),
        ends=f"{form.to_day.data or ''} {form.to_time.data or ''}".strip(),
        yearly=bool(form.yearly.data),
        accounts=[a for a in catalogue.accounts(db(), desk().id) if a.id in wanted],
    )  # fmt: skip


def _page(form: WindowForm, *, refused: dict[int, QuietForm] | None = None) -> str:
    shown = [_shown(w) for w in windows.windows_of(db(), desk().id)]
    accounts = catalogue.accounts(db(), desk().id)
    return render_template(
        "calendar/windows.html",
        form=form,
        windows=sorted(shown, key=lambda w: (w["is_over"], w["starts_at"] or now())),
        quiet=_quiet_forms(accounts, refused or {}),
        zones=zone_names(),
        may_silence=can_hold(me(), desk().id),
    )


def _shown(found: BlackoutWindow) -> dict[str, Any]:
    """A window and when it comes next."""
    following = next(iter(stretches_of(found, now(), now() + HORIZON)), None)
    return {
        "window": found,
        "starts_at": following.starts_at if following else None,
        "ends_at": following.ends_at if following else None,
        "is_now": following is not None and following.starts_at <= now(),
        "is_over": following is None,
        "accounts": ", ".join(account_label(a) for a in found.accounts),
    }


def _quiet_forms(accounts: Sequence[Account], refused: dict[int, QuietForm]) -> list[dict[str, Any]]:
    kept = windows.quiet_hours(db(), desk().id)
    return [
        {"account": a, "label": account_label(a), "form": refused.get(a.id) or _quiet_form(a, kept)}
        for a in accounts
    ]


def _quiet_form(account: Account, kept: dict[int, Any]) -> QuietForm:
    form = QuietForm(formdata=None, prefix=f"q{account.id}")
    hours = kept.get(account.id)
    form.begins.data, form.ends.data = (hours.begins, hours.ends) if hours else ("", "")
    return form


def _window_page(found: BlackoutWindow, form: WindowForm) -> str:
    return render_template(
        "calendar/window.html",
        window=found,
        form=form,
        zones=zone_names(),
        local_now=wall_of(now(), desk().zone),
        may_silence=can_hold(me(), desk().id) and found.ended_at is None,
    )
