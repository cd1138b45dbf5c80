"""Links that work once: for setting up, joining and a forgotten password. The table holds only hashes."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from content_library.errors import NotFound
from content_library.models.user import LinkPurpose, OneTimeLink, User
from content_library.sign_in import secret_hash
from content_library.transitions import flush

LASTS = {
    LinkPurpose.SETUP: timedelta(days=7),
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.PASSWORD_RESET: timedelta(hours=1),
}


def issue(session: Session, purpose: LinkPurpose, user: User | None, *, now: datetime) -> str:
    """A new secret for a link; the former ones of the same purpose and person stop working."""
    revoke(session, purpose, user)
    secret = secrets.token_urlsafe(32)
    session.add(
        OneTimeLink(
            secret_hash=secret_hash(secret),
            purpose=purpose,
            user_id=user.id if user else None,
            created_at=now,
            expires_at=now + LASTS[purpose],
        )
    )
    flush(session)
    return secret


def find(session: Session, purpose: LinkPurpose, secret: str, *, now: datetime) -> OneTimeLink:
    """The link, its person active. Raises NotFound when it is unknown, used or over."""
    link = session.scalar(
        select(OneTimeLink).where(
            OneTimeLink.secret_hash == secret_hash(secret),
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > now,
        )
    )
    if link is None or (link.user is not None and not link.user.is_active):
        raise NotFound(_gone(purpose))
    return link


def use(session: Session, purpose: LinkPurpose, secret: str, *, now: datetime) -> OneTimeLink:
    """Find the link and spend it: of two who come at once, one is refused."""
    link = find(session, purpose, secret, now=now)
    session.refresh(link, with_for_update=True)
    if link.used_at is not None:
        raise NotFound(_gone(purpose))
    link.used_at = now
    flush(session)
    return link


def revoke(session: Session, purpose: LinkPurpose, user: User | None) -> None:
    """Forget the unused links of a purpose and person."""
    session.execute(
        delete(OneTimeLink).where(
            OneTimeLink.purpose == purpose,
            OneTimeLink.user_id == (user.id if user else None),
            OneTimeLink.used_at.is_(None),
        )
    )


def _gone(purpose: LinkPurpose) -> str:
    return {
        LinkPurpose.SETUP: "This set-up link has been used or is over. Start Deskcast again to get a new one.",
        LinkPurpose.INVITATION: "This invitation has been used or is over. Ask for a new one, or sign in.",
        LinkPurpose.PASSWORD_RESET: "This link has been used or is over. Ask for a new one.",
    }[purpose]
