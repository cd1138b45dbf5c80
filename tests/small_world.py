"""The least of a world that feeds and the public page need: people, a desk with its page, pictures."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import catalogue
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.media import Media
from content_library.models.user import DeskMembership, DeskRole, User

STARTED = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def a_desk(session: Session, handle: str = "brindlemoor", name: str = "Brindlemoor Home") -> Desk:
    """A desk with its public page, in Berlin."""
    catalogue.install(session, now=STARTED)
    return catalogue.create_desk(
        session, name, handle, "Europe/Berlin", actor=None, now=STARTED, about="Kitchen things that last."
    )


def a_person(
    session: Session, name: str, *, desk: Desk | None = None, role: DeskRole = DeskRole.AGENT
) -> User:
    memberships = [DeskMembership(desk_id=desk.id, role=role)] if desk else []
    person = User(
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.org",
        created_at=STARTED,
        desk_memberships=memberships,
    )
    session.add(person)
    session.flush()
    return person


def the_page(session: Session, desk: Desk) -> Account:
    return session.scalars(select(Account).where(Account.desk_id == desk.id, Account.network == "page")).one()


def a_picture(session: Session, desk: Desk, by: User, name: str = "kettle", sha256: str = "ab" * 32) -> Media:
    picture = Media(
        desk_id=desk.id,
        name=f"{name}.webp",
        thumb_name=f"{name}-small.webp",
        sha256=sha256,
        mime="image/webp",
        width=1600,
        height=900,
        size=1000,
        alt="A kettle",
        uploaded_by_id=by.id,
        created_at=STARTED,
    )
    session.add(picture)
    session.flush()
    return picture
