"""The desk's accounts: which there are, how healthy they are, connecting them and taking them out of use."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for

from app.accounts.forms import BlueskyForm, PracticeForm
from app.extensions import database, db, desk, let_go, me, now, settings
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library.errors import InvalidInput, TransitionNotAllowed
from content_library.ladder_stages import stages_of
from content_library.models.account import Account, AccountState
from content_library.permissions import can_manage_accounts, require
from content_library.web_addresses import FetchPolicy
from scheduler import mending
from scheduler.planning import planned_on
from service_channel import accounts
from service_channel.token_vault import CannotOpen, TokenVault

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/d/<desk>/accounts")
@signed_in
def index() -> Any:
    _require_manager()
    return _index_page(PracticeForm(formdata=None))


@blueprint.get("/d/<desk>/accounts/bluesky")
@signed_in
def bluesky() -> Any:
    _require_manager()
    return _connect_page(BlueskyForm(formdata=None), None)


@blueprint.post("/d/<desk>/accounts/bluesky")
@signed_in
def connect_bluesky() -> Any:
    return _connect(None)


@blueprint.get("/d/<desk>/accounts/<int:account_id>/connection")
@signed_in
def reconnect(account_id: int) -> Any:
    _require_manager()
    account = _bluesky_account(account_id)
    form = BlueskyForm(formdata=None)
    form.identifier.data = account.handle
    form.host.data = accounts.host_of(db(), account) or form.host.data
    return _connect_page(form, account)


@blueprint.post("/d/<desk>/accounts/<int:account_id>/connection")
@signed_in
def connect_again(account_id: int) -> Any:
    return _connect(_bluesky_account(account_id))


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
    _require_manager()
    account = accounts.get_account(db(), desk().id, account_id)
    if account.state not in (AccountState.ACTIVE, AccountState.RECONNECT):
        raise TransitionNotAllowed(_("Only a connected account can be tested. Connect it first."))
    try:
        access = accounts.access(db(), account, database=database(), vault=_vault())
    except CannotOpen:
        raise InvalidInput(
            _("Its password is sealed under a key this installation no longer has. Connect it again.")
        ) from None
    let_go()  # the network may take seconds to answer
    found = accounts.networks(_policy())[account.network].check(access)
    health, words = accounts.note_check(db(), account, found, actor=me(), now=now())
    flash(*_checked(account, health, words))
    return redirect(url_for("accounts.index"), 303)


def _connect(account: Account | None) -> Any:
    """Try the sign-in while no transaction is open, then keep what was found."""
    _require_manager()
    form = BlueskyForm()
    found = _tried(form) if form.validate_on_submit() else None
    if found is None or not form.accepts(lambda: _keep(found, account)):
        return _connect_page(form, account), 422
    flash(_("Connected: {handle}. It can send from now on.").format(handle=found.handle), "good")
    return redirect(url_for("accounts.index"), 303)


def _tried(form: BlueskyForm) -> Any:
    """The tested connection, or None with what is wrong at its field."""
    let_go()
    try:
        return accounts.try_bluesky(
            _policy(), form.host.data or "", form.identifier.data or "", form.app_password.data or ""
        )
    except InvalidInput as refusal:
        form.show(refusal)
        return None


def _keep(found: Any, account: Account | None) -> Account:
    return accounts.connect(
        db(), desk(), "bluesky", found, host=str(found.secret["host"]), vault=_vault(), actor=me(), now=now(),
        account=account,
    )  # fmt: skip


def _require_manager() -> None:
    require(can_manage_accounts(me(), desk().id), accounts.MAY_MANAGE)


def _bluesky_account(account_id: int) -> Account:
    account = accounts.get_account(db(), desk().id, account_id)
    if account.network != "bluesky" or account.state is AccountState.CLOSED:
        raise TransitionNotAllowed(_("Only Bluesky accounts in use can be connected with an app password."))
    return account


def _vault() -> TokenVault:
    return TokenVault(settings().vault_keys)


def _policy() -> FetchPolicy:
    return FetchPolicy(allow=settings().fetch_allow)


def _checked(account: Account, health: accounts.Health, words: str) -> tuple[str, str]:
    if health is accounts.Health.WORKS:
        return _("{handle} works.").format(handle=account.handle), "good"
    if health is accounts.Health.REFUSED:
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
        stages=stages_of(db(), ids),
    )


def _connect_page(form: BlueskyForm, account: Account | None) -> str:
    return render_template("accounts/bluesky.html", form=form, account=account)
