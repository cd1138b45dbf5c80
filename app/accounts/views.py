"""The desk's accounts: which there are, how healthy they are, testing them and taking them out of use."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for

from app.accounts.forms import PracticeForm
from app.accounts.reach import choices, policy, require_manager, vault
from app.extensions import database, db, desk, let_go, me, now
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library.errors import InvalidInput, TransitionNotAllowed
from content_library.ladder_stages import stages_of
from content_library.models.account import Account, AccountState
from scheduler import budgets, mending
from scheduler.planning import planned_on
from service_channel import accounts, connection_health, renewing
from service_channel.token_vault import CannotOpen

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/d/<desk>/accounts")
@signed_in
def index() -> Any:
    require_manager()
    return _index_page(PracticeForm(formdata=None))


@blueprint.post("/d/<desk>/accounts/practice")
@signed_in
def add_practice() -> Any:
    form = PracticeForm()
    added = form.accepts(
        lambda: accounts.add_practice(
            db(), desk(), form.network.data, form.handle.data or "", actor=me(), now=now()
        )
    )
    if not added:
        return _index_page(form), 422
    flash(_("Added for practice. Previews and limits are shown for it."), "good")
    return redirect(url_for("accounts.index"), 303)


@blueprint.post("/d/<desk>/accounts/<int:account_id>/closing")
@signed_in
def close(account_id: int) -> Any:
    account = accounts.get_account(db(), desk().id, account_id)
    accounts.close(db(), account, actor=me(), now=now())
    mending.block_account(db(), account, now=now())
    flash(_("{handle} is out of use. Its history stays.").format(handle=account.handle), "good")
    return redirect(url_for("accounts.index"), 303)


@blueprint.post("/d/<desk>/accounts/<int:account_id>/check")
@signed_in
def check(account_id: int) -> Any:
    """Ask the network now whether the connection works."""
    require_manager()
    account = accounts.get_account(db(), desk().id, account_id)
    if account.state not in (AccountState.ACTIVE, AccountState.RECONNECT):
        raise TransitionNotAllowed(_("Only a connected account can be tested. Connect it first."))
    try:
        access = accounts.access(db(), account, database=database(), vault=vault())
    except CannotOpen:
        raise InvalidInput(
            _("Its password is sealed under a key this installation no longer has. Connect it again.")
        ) from None
    let_go()  # the network may take seconds to answer
    found = accounts.networks(policy())[account.network].check(access)
    health, words = connection_health.note_check(db(), account, found, actor=me(), now=now())
    flash(*_checked(account, health, words))
    return redirect(url_for("accounts.index"), 303)


def _checked(account: Account, health: connection_health.Health, words: str) -> tuple[str, str]:
    if health is connection_health.Health.WORKS:
        return _("{handle} works.").format(handle=account.handle), "good"
    if health is connection_health.Health.REFUSED:
        return _("{handle} has to be connected again.").format(handle=account.handle), "bad"
    return _("{handle} could not be tested just now. {why}").format(handle=account.handle, why=words), "warn"


def _index_page(form: PracticeForm) -> str:
    found = accounts.accounts_with_health(db(), desk().id)
    ids = [account.id for account, _health in found]
    return render_template(
        "accounts/index.html",
        found=found,
        form=form,
        planned=planned_on(db(), ids),
        waiting=budgets.waiting_counts(db(), desk().id, now=now()),
        stages=stages_of(db(), ids),
        can_connect={choice.key for choice in choices()},
        soon=now() + renewing.WARN[-1],
    )
