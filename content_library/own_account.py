"""What people do about their own account: joining, passwords, details, sessions.

Hashing a password is slow on purpose, so callers hand in the hash and do not make it inside a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit, one_time_links
from content_library.errors import InvalidInput, NotFound
from content_library.mail_times import clock_time, clock_times
from content_library.models.user import LinkPurpose, User, WebSession
from content_library.permissions import can_sign_in
from content_library.sign_in import IDLE, end_session, end_sessions_of, find_by_email
from content_library.transitions import flush
from content_library.wall_time import zone as known_zone


def accept_invitation(session: Session, secret: str, *, password_hash: str, now: datetime) -> User:
    """Choose the first password. Raises NotFound when the link is used or over."""
    user = _owner(one_time_links.use(session, LinkPurpose.INVITATION, secret, now=now).user)
    user.password_hash, user.is_external = password_hash, False
    flush(session)
    audit.record(session, "user.joined", user, actor=user, now=now, summary=f"{user.name} joined")
    return user


def ask_for_reset(session: Session, email: str, *, now: datetime) -> tuple[User, str] | None:
    """A person and the secret for their link; None when nobody who can sign in has this address."""
    user = find_by_email(session, email)
    if user is None or not can_sign_in(user):
        return None
    secret = one_time_links.issue(session, LinkPurpose.PASSWORD_RESET, user, now=now)
    summary = f"A link for a new password was sent to {user.name}"
    audit.record(session, "user.reset_asked", user, actor=None, now=now, summary=summary)
    return user, secret


def reset_password(session: Session, secret: str, *, password_hash: str, now: datetime) -> User:
    """Choose a new password by the link of a mail; every session ends. Raises NotFound as `accept_invitation`."""
    user = _owner(one_time_links.use(session, LinkPurpose.PASSWORD_RESET, secret, now=now).user)
    _take_password(session, user, password_hash)
    end_sessions_of(session, user)
    summary = f"{user.name} chose a new password by mail"
    audit.record(session, "user.password_reset", user, actor=user, now=now, summary=summary)
    return user


def change_password(
    session: Session, user: User, *, password_hash: str, keep: WebSession | None, now: datetime
) -> None:
    """Take another password; every session but `keep` ends."""
    _take_password(session, user, password_hash)
    end_sessions_of(session, user, but=keep)
    summary = f"{user.name} changed their password"
    audit.record(session, "user.password_changed", user, actor=user, now=now, summary=summary)


def change_details(session: Session, user: User, *, name: str, zone: str, now: datetime) -> None:
    """Raises InvalidInput for an empty name or a zone nobody knows."""
    name = " ".join(name.split())
    if not name or len(name) > 120:
        sentence = "Give a name of up to 120 characters."
        raise InvalidInput(sentence, {"name": sentence})
    known_zone(zone)
    if (name, zone) == (user.name, user.zone):
        return
    user.name, user.zone = name, zone
    flush(session)
    audit.record(
        session, "user.details_changed", user, actor=user, now=now, summary=f"{name} changed their details",
        details={"zone": zone},
    )  # fmt: skip


def choose_mail_decisions(session: Session, user: User, *, wanted: bool, now: datetime) -> None:
    """Get links that decide in one's mails, or not. Those that are out already follow at once."""
    if user.wants_mail_decisions == wanted:
        return
    user.wants_mail_decisions = wanted
    flush(session)
    said = f"{user.name} {'decides' if wanted else 'does not want to decide'} by mail"
    audit.record(
        session, "user.mail_decisions", user, actor=user, now=now, summary=said, details={"wanted": wanted}
    )


@dataclass(frozen=True)
class MailChoice:
    """How mail should come, as typed: `how` is none, each or together; times are wall times of the person's zone."""

    how: str
    times: str
    days: Sequence[int]
    quiet_from: str
    quiet_until: str
    quiet_weekends: bool


def choose_mail(session: Session, user: User, choice: MailChoice, *, now: datetime) -> None:
    """Say how notices come by mail, and in which hours none do. Raises InvalidInput at `times`, `days`, `quiet_…`."""
    if choice.how not in ("none", "each", "together"):
        raise InvalidInput("Choose how mails come.", {"how": "Choose one of these."})
    days = sorted({day for day in choice.days if 0 <= day <= 6})
    if choice.how == "together" and not days:
        raise InvalidInput("Choose at least one day.", {"days": "Choose at least one day."})
    chosen = {
        "wants_mail": choice.how != "none",
        "mail_together": choice.how == "together",
        "mail_times": clock_times(choice.times, field="times"),
        "mail_days": days,
        "quiet_from": clock_time(choice.quiet_from, field="quiet_from"),
        "quiet_until": clock_time(choice.quiet_until, field="quiet_until"),
        "quiet_weekends": choice.quiet_weekends,
    }
    if all(getattr(user, name) == value for name, value in chosen.items()):
        return
    for name, value in chosen.items():
        setattr(user, name, value)
    flush(session)
    summary = f"{user.name} chose how mails come"
    audit.record(session, "user.mail_chosen", user, actor=user, now=now, summary=summary, details=chosen)


def sessions_of(session: Session, user: User, *, now: datetime) -> list[WebSession]:
    """The live sessions of a person, the one used last first."""
    return list(
        session.scalars(
            select(WebSession)
            .where(
                WebSession.user_id == user.id,
                WebSession.expires_at > now,
                WebSession.last_seen_at > now - IDLE,
            )
            .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
        )
    )


def end_own_session(session: Session, session_id: int, *, actor: User, now: datetime) -> None:
    """End one of one's own sessions. Raises NotFound for anybody else's."""
    found = session.scalar(
        select(WebSession).where(WebSession.id == session_id, WebSession.user_id == actor.id)
    )
    if found is None:
        raise NotFound("This session is over already.")
    end_session(session, found)
    summary = f"{actor.name} ended a session"
    audit.record(session, "user.session_ended", actor, actor=actor, now=now, summary=summary)


def end_other_sessions(session: Session, user: User, *, keep: WebSession, now: datetime) -> None:
    """End every session but the one in use."""
    end_sessions_of(session, user, but=keep)
    summary = f"{user.name} ended their other sessions"
    audit.record(session, "user.session_ended", user, actor=user, now=now, summary=summary)


def _owner(user: User | None) -> User:
    assert user is not None, "links for joining and for passwords belong to a person"
    return user


def _take_password(session: Session, user: User, password_hash: str) -> None:
    user.password_hash = password_hash
    flush(session)
    one_time_links.revoke(session, LinkPurpose.PASSWORD_RESET, user)
    one_time_links.revoke(session, LinkPurpose.INVITATION, user)
