"""One account: how its connection is, how much it may send, and what waits for room."""

from typing import Any

from flask import flash, redirect, render_template, url_for

from app.accounts.forms import BudgetForm
from app.accounts.reach import require_manager
from app.accounts.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library.models.account import NETWORK_NAMES, Account
from content_library.posting_limits import Budget, of_network
from scheduler import budgets
from service_channel import accounts, allowances
from service_channel.models.credential import Credential

IN_PERCENT = ("facebook", "instagram", "threads")
"""Meta says how much of its limit is used, not how many calls are left."""


@blueprint.get("/d/<desk>/accounts/<int:account_id>")
@signed_in
def show(account_id: int) -> Any:
    require_manager()
    account = accounts.get_account(db(), desk().id, account_id)
    form = BudgetForm(formdata=None)
    known = budgets.sending(db(), account, now=now()).known
    form.an_hour.data, form.a_day.data = (known.per_hour, known.per_day) if known else (None, None)
    return _page(account, form)


@blueprint.post("/d/<desk>/accounts/<int:account_id>/budget")
@signed_in
def set_budget(account_id: int) -> Any:
    require_manager()
    account, form = accounts.get_account(db(), desk().id, account_id), BudgetForm()
    lowered = form.accepts(
        lambda: allowances.lower(
            db(), account, Budget(form.an_hour.data, form.a_day.data), actor=me(), now=now()
        )
    )
    if not lowered:
        return _page(account, form), 422
    limits = allowances.said(budgets.sending(db(), account, now=now()).budget)
    flash(_("{handle} sends {limits}.").format(handle=account.handle, limits=limits), "good")
    return redirect(url_for("accounts.show", account_id=account.id), 303)


def _page(account: Account, form: BudgetForm) -> str:
    sending = budgets.sending(db(), account, now=now())
    return render_template(
        "accounts/show.html",
        account=account,
        network=NETWORK_NAMES.get(account.network, account.network),
        health=db().get(Credential, account.id),
        sending=sending,
        rows=_rows(sending),
        usual=of_network(account.network),
        in_percent=account.network in IN_PERCENT,
        waiting=budgets.waiting(db(), account.id, now=now()),
        form=form,
    )


def _rows(sending: budgets.Sending) -> list[tuple[str, str]]:
    """What it has sent, beside what it may send."""
    spans = (
        (_("In the last hour"), sending.in_an_hour, sending.budget.per_hour),
        (_("In the last 24 hours"), sending.in_a_day, sending.budget.per_day),
    )
    return [(label, _of(sent, most)) for label, sent, most in spans]


def _of(sent: int, most: int | None) -> str:
    return f"{sent:,}" if most is None else _("{sent} of {most}").format(sent=f"{sent:,}", most=f"{most:,}")
