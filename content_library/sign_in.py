"""Signing in: passwords, sessions on the server, throttling. The cookie holds a secret, the table only its hash."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.models.desk import Team
from content_library.models.user import SignInFailure, TeamMembership, User, WebSession
from content_library.permissions import can_sign_in, require

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
THROTTLE_WINDOW = timedelta(minutes=15)
THROTTLE_LIMIT = 10

DECIDES_BY_MAIL = (
    "You decide here by the links in your mails. To sign in, ask an administrator to invite you."
)

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Argon2id. Slow on purpose: never call it inside a transaction."""
    return _hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes the same time for people who do not exist."""
    try:
        _hasher.verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


def find_by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(func.lower(User.email) == email.strip().lower()))


def start_session(
    session: Session, user: User, *, now: datetime, identified_by: str, address: str = "", browser: str = ""
) -> str:
    """Begin a session and return the secret for the cookie. It is not stored anywhere.

    Raises PermissionDenied for people who cannot sign in.
    """
    require(can_sign_in(user), DECIDES_BY_MAIL)
    secret = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            secret_hash=secret_hash(secret),
            user_id=user.id,
            identified_by=identified_by,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LONGEST,
            address=address[:64],
            browser=browser[:200],
        )
    )
    audit.record(
        session, "user.signed_in", user, actor=user, now=now, summary=f"{user.name} signed in",
        details={"identified_by": identified_by, "address": address},
    )  # fmt: skip
    session.flush()
    return secret


def find_session(session: Session, secret: str, *, now: datetime) -> WebSession | None:
    """The live session of a secret, its person active; None when unknown, idle too long or over."""
    teams = joinedload(WebSession.user).selectinload(User.team_memberships)
    rows = session.scalars(
        select(WebSession)
        .where(WebSession.secret_hash == secret_hash(secret))
        .options(
            joinedload(WebSession.user).joinedload(User.desk_memberships),
            teams.joinedload(TeamMembership.team).joinedload(Team.desks),
        )
    )
    found = rows.unique().one_or_none()
    if found is None or found.expires_at <= now or found.last_seen_at + IDLE <= now:
        return None
    return found if can_sign_in(found.user) else None


def touch(session: Session, found: WebSession, *, now: datetime) -> None:
    """Note that the session is in use."""
    found.last_seen_at = now
    session.flush()


def end_session(session: Session, found: WebSession) -> None:
    session.delete(found)
    session.flush()


def end_sessions_of(session: Session, user: User, *, but: WebSession | None = None) -> None:
    """End a person's sessions: on a new password, another role, leaving."""
    condition = [WebSession.user_id == user.id]
    if but is not None:
        condition.append(WebSession.id != but.id)
    session.execute(delete(WebSession).where(*condition))


def end_every_session(session: Session) -> None:
    """Everybody signs in again: after a restore, sessions that were ended since would be open."""
    session.execute(delete(WebSession))


def forget_old_sessions(session: Session, *, now: datetime) -> None:
    """Remove sessions that are over and failures nobody counts any more."""
    session.execute(
        delete(WebSession).where((WebSession.expires_at <= now) | (WebSession.last_seen_at <= now - IDLE))
    )
    session.execute(delete(SignInFailure).where(SignInFailure.at <= now - THROTTLE_WINDOW))


def is_throttled(session: Session, keys: list[str], *, now: datetime) -> bool:
    """Whether any of the keys (`mail:…`, `address:…`) has failed too often in the last quarter of an hour."""
    failures = session.execute(
        select(SignInFailure.key, func.count())
        .where(SignInFailure.key.in_(keys), SignInFailure.at > now - THROTTLE_WINDOW)
        .group_by(SignInFailure.key)
    )
    return any(count >= THROTTLE_LIMIT for _key, count in failures)


def note_failure(session: Session, keys: list[str], *, now: datetime) -> None:
    session.add_all(SignInFailure(key=key[:300], at=now) for key in keys)
    session.flush()


def secret_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
