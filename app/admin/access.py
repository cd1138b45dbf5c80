"""The settings are for administrators: the mark on every one of their views, and the tabs above them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request, url_for

from app.extensions import me
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library.permissions import can_manage_people, require


def administrators(view: Callable[..., Any]) -> Callable[..., Any]:
    """Only for signed-in administrators."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        require(can_manage_people(me()), "Only administrators can open the settings.")
        return view(*args, **kwargs)

    return signed_in(checked)


def settings_tabs() -> list[dict[str, Any]]:
    """The parts of the settings, the one in use marked."""
    parts = (
        ("/settings", "admin.overview", _("Overview"), "server"),
        ("/settings/status", "admin.status", _("Status"), "checkup-list"),
        ("/settings/people", "admin.people", _("People"), "users"),
        ("/settings/desks", "admin.desks", _("Desks"), "building-store"),
        ("/settings/teams", "admin.teams", _("Teams"), "users-group"),
        ("/settings/formats", "admin.formats", _("Formats"), "template"),
        ("/settings/networks", "admin.networks", _("Networks"), "plug-connected"),
        ("/settings/keeping", "admin.keeping", _("Keeping"), "archive"),
    )
    here = "/".join(request.path.split("/")[:3])
    return [
        {"label": label, "url": url_for(endpoint), "icon": icon, "active": here == path}
        for path, endpoint, label, icon in parts
    ]
