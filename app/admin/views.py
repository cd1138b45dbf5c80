"""The overview of an installation: how it is, and how much there is."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.admin.access import administrators, settings_tabs
from app.admin.health import signs
from app.extensions import db, me, now, settings
from app.formatting import gettext as _
from content_library import decision_links, mail_decisions
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk, EngineBeat, Team
from content_library.models.format import Format
from content_library.models.post import Post
from content_library.models.user import User

blueprint = Blueprint("admin", __name__)
blueprint.app_context_processor(lambda: {"settings_tabs": settings_tabs})


@blueprint.get("/settings")
@administrators
def overview() -> Any:
    session = db()
    return render_template(
        "admin/overview.html",
        signs=signs(session, settings(), now=now()),
        counts=_counts(session),
        beats=session.scalars(select(EngineBeat).order_by(EngineBeat.job)).all(),
        configuration=settings(),
        mail_decisions_on=decision_links.is_switched_on(session),
        by_mail_only=mail_decisions.depending(session),
    )


@blueprint.post("/settings/mail-decisions")
@administrators
def switch_mail_decisions() -> Any:
    on = request.form.get("on") == "1"
    mail_decisions.switch(db(), on=on, actor=me(), now=now())
    flash(_("People can decide by mail.") if on else _("Links in mails decide nothing any more."), "good")
    return redirect(url_for("admin.overview"), 303)


def _counts(session: Session) -> list[dict[str, Any]]:
    """How much there is, in one question to the database."""
    active = select(func.count()).select_from(User).where(User.is_active)
    connected = select(func.count()).select_from(Account).where(Account.state != AccountState.CLOSED)
    formats = select(func.count()).select_from(Format).where(Format.is_active)
    everything = [select(func.count()).select_from(model) for model in (Desk, Team, Post)]
    row = session.execute(
        select(*(query.scalar_subquery() for query in (active, connected, formats, *everything)))
    ).one()
    people, accounts, known_formats, desks, teams, posts = row
    return [
        {"label": _("People"), "value": people, "endpoint": "admin.people"},
        {"label": _("Desks"), "value": desks, "endpoint": "admin.desks"},
        {"label": _("Teams"), "value": teams, "endpoint": "admin.teams"},
        {"label": _("Formats"), "value": known_formats, "endpoint": "admin.formats"},
        {"label": _("Accounts"), "value": accounts, "endpoint": ""},
        {"label": _("Posts"), "value": f"{posts:,}", "endpoint": ""},
    ]
