"""Connecting an account: choosing the network, typing in what it asks for, or signing in there and coming back."""

from typing import Any
from urllib.parse import urlsplit

from flask import flash, g, redirect, render_template, request, url_for

from app.accounts import exchange, pushed
from app.accounts.forms import ChoiceForm, SignInForm, TypedForm, sign_in_form, typed_form
from app.accounts.reach import Choice, choice, choices, policy, require_manager, vault
from app.accounts.views import blueprint
from app.extensions import database, db, desk, let_go, me, now
from app.formatting import gettext as _
from app.our_address import at_our_address
from app.sign_in import identify, signed_in
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from service_channel import accounts, connecting, network_apps
from service_channel.networks.base import AppKeys, Connection, ConnectRefused
from service_channel.token_vault import CannotOpen


@blueprint.get("/d/<desk>/accounts/new")
@signed_in
def choose_network() -> Any:
    require_manager()
    return render_template("accounts/new.html", networks=choices())


@blueprint.get("/d/<desk>/accounts/new/<network>")
@signed_in
def connection(network: str) -> Any:
    require_manager()
    return _page(choice(network), None)


@blueprint.post("/d/<desk>/accounts/new/<network>")
@signed_in
def connect(network: str) -> Any:
    return _connect(choice(network), None)


@blueprint.get("/d/<desk>/accounts/<int:account_id>/connection")
@signed_in
def reconnect(account_id: int) -> Any:
    require_manager()
    account = _account(account_id)
    return _page(choice(account.network), account)


@blueprint.post("/d/<desk>/accounts/<int:account_id>/connection")
@signed_in
def connect_again(account_id: int) -> Any:
    require_manager()
    account = _account(account_id)
    return _connect(choice(account.network), account)


@blueprint.post("/d/<desk>/accounts/new/<network>/sign-in")
@signed_in
def sign_in(network: str) -> Any:
    """Set out for the network. An account id means: connect this one again."""
    require_manager()
    chosen = choice(network)
    form = sign_in_form(chosen)()
    account = _account(int(request.form["again"])) if request.form.get("again", "").isdigit() else None
    there = _address_there(chosen, form, account) if form.validate_on_submit() else ""
    return _leaving(chosen, there) if there else (_page(chosen, account, sign_in=form), 422)


@blueprint.get("/accounts/signed-in")
@at_our_address
@signed_in
def signed_in_there() -> Any:
    """Back from a network, with a code or a no."""
    _write_from_here()
    state = request.args.get("state", "")
    row, kept = connecting.come_back(db(), state, actor=me(), now=now(), vault=vault())
    home = db().get_one(Desk, row.desk_id)
    chosen, server, account_id = choice(row.network), row.server, row.account_id
    code = request.args.get("code", "")
    if not code:
        connecting.end(db(), row)
        flash(_not_let_in(chosen), "warn")
        return redirect(url_for("accounts.index", desk=home.handle), 303)
    found = _found(chosen, server, kept, code)
    if len(found) > 1:
        connecting.keep_choice(db(), state, found, actor=me(), now=now(), vault=vault())
        return redirect(url_for("accounts.choose", desk=home.handle, state=state), 303)
    connecting.end(db(), row)
    account = accounts.get_account(db(), home.id, account_id) if account_id else None
    return _connected(_keep(chosen, found[0], home, account), home)


def _not_let_in(chosen: Choice) -> str:
    """Why the network sent the person back without a code."""
    said = request.args.get("error_description", "")
    if request.args.get("error", "access_denied") == "access_denied" or not said:
        sentence = _("You did not let Deskcast post on {network}. Nothing was changed.")
    else:
        sentence = _("{network} did not sign you in. It says: “{said}”. Nothing was changed.")
    return sentence.format(network=chosen.name, said=said[:300])


@blueprint.get("/d/<desk>/accounts/choice/<state>")
@signed_in
def choose(state: str) -> Any:
    require_manager()
    row, found = _choice(state)
    form = ChoiceForm(formdata=None)
    form.offer(found)
    return _choice_page(form, state, choice(row.network))


@blueprint.post("/d/<desk>/accounts/choice/<state>")
@signed_in
def take_choice(state: str) -> Any:
    require_manager()
    row, found = _choice(state)
    form = ChoiceForm()
    form.offer(found)
    account = accounts.get_account(db(), desk().id, row.account_id) if row.account_id else None
    network = choice(row.network)
    if not form.accepts(lambda: _keep(network, found[int(form.account.data)], desk(), account)):
        return _choice_page(form, state, network), 422
    connecting.end(db(), row)
    return _connected(form.result, desk())


def _connect(chosen: Choice, account: Account | None) -> Any:
    """Try what was typed while no transaction is open, then keep what was found."""
    require_manager()
    if chosen.typed is None:
        raise NotFound("There is nothing to type in to connect this network.")
    form = typed_form(chosen.typed.asks)()
    found = _tried(chosen, form) if form.validate_on_submit() else None
    if found is None or not form.accepts(lambda: _keep(chosen, found, desk(), account)):
        return _page(chosen, account, typed=form), 422
    return _connected(form.result, desk())


def _tried(chosen: Choice, form: TypedForm) -> Connection | None:
    """The tested connection, or None with what is wrong at its field."""
    let_go()
    try:
        return accounts.try_connecting(policy(), chosen.key, form.given())
    except InvalidInput as refusal:
        form.show(refusal)
        return None


def _keep(chosen: Choice, found: Connection, home: Desk, account: Account | None) -> Account:
    return accounts.connect(
        db(), home, chosen.key, found, vault=vault(), actor=me(), now=now(), account=account
    )


def _connected(account: Account, home: Desk) -> Any:
    flash(_("Connected: {handle}. It can send from now on.").format(handle=account.handle), "good")
    return redirect(url_for("accounts.index", desk=home.handle), 303)


def _leaving(chosen: Choice, address: str) -> str:
    """A page that leads on. Browsers follow no redirect from a form to another site where `form-action` is 'self'."""
    return render_template(
        "accounts/leaving.html", chosen=chosen, address=address, place=urlsplit(address).hostname
    )


def _address_there(chosen: Choice, form: SignInForm, account: Account | None) -> str:
    """Where to send the person; "" with what is wrong in the form. A server may be asked for keys meanwhile."""
    try:
        return _set_out(chosen, form.server.data or "", account)
    except InvalidInput as refusal:
        form.show(refusal)
        return ""


def _set_out(chosen: Choice, server: str, account: Account | None) -> str:
    """The network's address to go to. Raises InvalidInput."""
    if chosen.pushed is not None:
        return pushed.set_out(chosen, server, account)
    network = chosen.signed
    if network is None:
        raise NotFound("Nobody signs in to connect this network.")
    server = accounts.server_to_sign_in_on(server) if network.asks_server else ""
    keys = _known_keys(chosen, server) or _registered(chosen, server)
    begun = connecting.begin(
        db(), desk(), chosen.key, server, actor=me(), now=now(), vault=vault(), account=account
    )
    return exchange.address(network.way(server), keys, begun)


def _registered(chosen: Choice, server: str) -> AppKeys:
    """Keys that the server gives to whoever asks, kept for the next one."""
    assert chosen.signed is not None
    let_go()
    try:
        keys = chosen.signed.register(server, exchange.redirect_uri())
    except ConnectRefused as refused:
        raise InvalidInput(str(refused), {"server": str(refused)}) from refused
    if keys is None:
        raise InvalidInput(
            _(
                "An administrator has to register Deskcast with {network} first, under Settings, Networks."
            ).format(network=chosen.name)
        )
    network_apps.keep_registered(db(), chosen.key, server, keys, vault=vault(), now=now())
    return keys


def _known_keys(chosen: Choice, server: str) -> AppKeys | None:
    """None also where they were sealed under a key that is not ours: then new ones are needed."""
    try:
        return network_apps.app_keys(db(), chosen.key, server, vault=vault())
    except CannotOpen:
        return None


def _keys(chosen: Choice, server: str) -> AppKeys:
    keys = _known_keys(chosen, server)
    if keys is None:
        raise InvalidInput(_("The keys of this network were removed meanwhile. Begin again."))
    return keys


def _found(chosen: Choice, server: str, kept: str, code: str) -> tuple[Connection, ...]:
    """Whom the code may speak for; `kept` since the person set out. Takes seconds. Raises InvalidInput."""
    if chosen.pushed is not None:
        return (pushed.arrived(chosen, kept),)
    keys = _keys(chosen, server)
    let_go()
    return _identities(chosen, server, keys, kept, code)


def _identities(
    chosen: Choice, server: str, keys: AppKeys, verifier: str, code: str
) -> tuple[Connection, ...]:
    assert chosen.signed is not None
    token = exchange.exchange(chosen.key, chosen.signed.way(server), keys, verifier, code)
    try:
        found = chosen.signed.identities(server, keys, token, now=now())
    except ConnectRefused as refused:
        raise InvalidInput(str(refused)) from refused
    if not found:
        raise InvalidInput(_("There is no account there that Deskcast may post on."))
    return found


def _choice(state: str) -> Any:
    row, found = connecting.choice(db(), state, actor=me(), now=now(), vault=vault())
    if row.desk_id != desk().id:
        raise InvalidInput(connecting.OVER)
    return row, found


def _account(account_id: int) -> Account:
    account = accounts.get_account(db(), desk().id, account_id)
    if account.network == "page" or account.state is AccountState.CLOSED:
        raise TransitionNotAllowed(_("Only accounts in use on another network can be connected."))
    return account


def _write_from_here() -> None:
    """Networks send people back with a GET; what follows writes, and takes the lock that needs."""
    now()
    db().close()
    g.db = database().session(writing=True)
    identify()


def _page(
    chosen: Choice,
    account: Account | None,
    *,
    typed: TypedForm | None = None,
    sign_in: SignInForm | None = None,
) -> str:
    if chosen.typed is not None and typed is None:
        typed = typed_form(chosen.typed.asks)(formdata=None)
        _fill_in(typed, account)
    return render_template(
        "accounts/connect.html",
        chosen=chosen,
        account=account,
        typed=typed,
        sign_in=sign_in or _sign_in_form(chosen, account),
        is_known=_is_known(chosen),
        redirect_uri=exchange.redirect_uri(),
    )


def _sign_in_form(chosen: Choice, account: Account | None) -> SignInForm | None:
    if chosen.signed is None and chosen.pushed is None:
        return None
    form = sign_in_form(chosen)(formdata=None)
    if chosen.pushed is not None and account is not None:
        form.server.data = account.handle
    return form


def _is_known(chosen: Choice) -> bool:
    """Whether the network lets somebody sign in for this installation."""
    if chosen.pushed is not None:
        return pushed.is_possible(chosen.pushed)
    signed = chosen.signed
    return signed is not None and (signed.asks_server or _known_keys(chosen, "") is not None)


def _fill_in(form: TypedForm, account: Account | None) -> None:
    """What is known of an account stands in the form already; never a secret."""
    if account is None:
        return
    for name, value in (("identifier", account.handle), ("host", accounts.host_of(db(), account))):
        if name in form._fields and value:
            form._fields[name].data = value


def _choice_page(form: ChoiceForm, state: str, chosen: Choice) -> str:
    return render_template("accounts/choice.html", form=form, state=state, chosen=chosen)
