"""Mails that carry a link for one person, written into the outbox; the engine sends them."""

from datetime import datetime

from flask import render_template, url_for
from sqlalchemy.orm import Session

from app.extensions import settings
from app.formatting import gettext as _
from content_library.models.notice import Mail
from content_library.models.user import User
from content_library.users import Invitation


def invitation_link(secret: str) -> str:
    """The whole address of an invitation, at the installation's public address."""
    return settings().public_url + url_for("auth.invitation", secret=secret)


def write_invitation(session: Session, invitation: Invitation, *, inviter: str, now: datetime) -> None:
    said = _("%(inviter)s invites you to Deskcast.") % {"inviter": inviter}
    _write(
        session, invitation.user, _("You are invited to Deskcast"), said, now=now,
        about=_("Choose a password, and you are in. The link works once, for seven days."),
        act=_("Choose a password"), url=invitation_link(invitation.secret),
    )  # fmt: skip


def write_reset(session: Session, user: User, secret: str, *, now: datetime) -> None:
    said = _("Somebody asked for a new password for your account.")
    _write(
        session, user, _("A new password for Deskcast"), said, now=now,
        about=_("If it was you, choose one. If it was not, do nothing: your password stays. "
                "The link works once, for an hour."),
        act=_("Choose a new password"),
        url=settings().public_url + url_for("auth.new_password", secret=secret),
    )  # fmt: skip


def _write(
    session: Session, user: User, subject: str, said: str, *, now: datetime, about: str, act: str, url: str
) -> None:
    shown = {"name": user.name, "said": said, "about": about, "act": act, "url": url}
    session.add(
        Mail(
            to=user.email,
            subject=subject,
            text=render_template("emails/link.txt", **shown),
            html=render_template("emails/link.html", **shown),
            created_at=now,
            due_at=now,
        )
    )
    session.flush()
