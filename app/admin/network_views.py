"""What each network knows this installation as: the keys of its app there."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.admin.access import administrators
from app.admin.views import blueprint
from app.extensions import db, me, now, settings
from app.formatting import gettext as _
from app.forms import DeskcastForm
from content_library.errors import NotFound
from content_library.models.account import NETWORK_NAMES
from content_library.web_addresses import FetchPolicy
from service_channel import accounts, network_apps
from service_channel.networks.base import AppKeys, SignInNetwork
from service_channel.token_vault import TokenVault


class AppForm(DeskcastForm):
    client_id = StringField(
        _("Client id"),
        [InputRequired(_("Enter the id that the network gave to your app.")), Length(max=500)],
        description=_("Some call it app id or client key."),
    )
    client_secret = PasswordField(
        _("Client secret"),
        [Length(max=500)],
        description=_("It is kept sealed and never shown. Leave it empty to keep the one there is."),
    )


@blueprint.get("/settings/networks")
@administrators
def networks() -> Any:
    return _page()


@blueprint.post("/settings/networks/<network>")
@administrators
def set_network(network: str) -> Any:
    form = AppForm(prefix=network)
    _known(network)
    if form.accepts(lambda: _set(network, form)):
        flash(_("Saved. Desks can sign in on {network} now.").format(network=NETWORK_NAMES[network]), "good")
        return redirect(url_for("admin.networks"), 303)
    return _page({network: form}), 422


@blueprint.post("/settings/networks/<network>/forgetting")
@administrators
def forget_network(network: str) -> Any:
    _known(network)
    network_apps.forget_app(db(), network, actor=me(), now=now())
    flash(_("Forgotten. Accounts that are connected stay so until their access ends."), "good")
    return redirect(url_for("admin.networks"), 303)


def _set(network: str, form: AppForm) -> None:
    keys = AppKeys(form.client_id.data or "", form.client_secret.data or "")
    network_apps.set_app(db(), network, keys, vault=_vault(), actor=me(), now=now())


def _signed() -> dict[str, str]:
    """Networks on which people sign in with an app that an administrator registers, by key."""
    found = accounts.networks(FetchPolicy(allow=settings().fetch_allow))
    return {
        key: NETWORK_NAMES[key]
        for key, network in found.items()
        if isinstance(network, SignInNetwork) and not network.asks_server
    }


def _known(network: str) -> None:
    if network not in _signed():
        raise NotFound("There is no such network.")


def _vault() -> TokenVault:
    return TokenVault(settings().vault_keys)


def _page(wrong: dict[str, AppForm] | None = None) -> str:
    known = network_apps.known_apps(db(), vault=_vault())
    forms = {
        key: (wrong or {}).get(key) or AppForm(formdata=None, prefix=key, obj=known.get(key))
        for key in _signed()
    }
    return render_template(
        "admin/networks.html",
        names=_signed(),
        known=known,
        forms=forms,
        redirect_uri=settings().public_url + url_for("accounts.signed_in_there"),
    )
