"""Signing in through the company's OpenID provider: out to it, and back."""

from typing import Any

from flask import g, render_template

from app.auth.open_id import ProviderRefused, answer, ask, provider_settings
from app.auth.views import blueprint, enter
from app.extensions import database, db, now
from app.formatting import gettext as _
from app.sign_in import identify
from content_library import open_id
from content_library.errors import NotFound, PermissionDenied
from content_library.settings import OpenId

DECLINED = "You did not agree to sign in with %(name)s. Nothing has happened here."
FAILED = "%(name)s did not answer as it should. Try again; if it stays like this, tell your administrator."


@blueprint.get("/sign-in/openid")
def open_id_start() -> Any:
    _known()
    _let_go_for_good()
    try:
        return ask()
    except ProviderRefused as refusal:
        return _sorry(refusal)


@blueprint.get("/sign-in/openid/callback")
def open_id_callback() -> Any:
    known = _known()
    _let_go_for_good()
    try:
        claims = answer()
    except ProviderRefused as refusal:
        return _sorry(refusal)
    _write_from_here()
    try:
        person = open_id.person_for(db(), claims, groups=known.groups, sign_up=known.sign_up, now=now())
    except PermissionDenied as refusal:
        return _page(_("You cannot come in this way"), refusal.message), 403
    return enter(person, identified_by="openid")


def _known() -> OpenId:
    known = provider_settings()
    if known is None:
        raise NotFound("This installation does not sign in through a provider.")
    return known


def _let_go_for_good() -> None:
    """No transaction stays open while a provider takes its time."""
    db().rollback()


def _write_from_here() -> None:
    """The provider sends people back with a GET; what follows writes, and takes the lock that needs."""
    now()
    db().close()
    g.db = database().session(writing=True)
    identify()


def _sorry(refusal: ProviderRefused) -> tuple[str, int]:
    known = _known()
    sentence = DECLINED if refusal.declined else FAILED
    title = _("Not signed in") if refusal.declined else _("That did not work")
    return _page(title, _(sentence) % {"name": known.name}), 403 if refusal.declined else 502


def _page(title: str, sentence: str) -> str:
    return render_template("auth/not_signed_in.html", title=title, sentence=sentence)
