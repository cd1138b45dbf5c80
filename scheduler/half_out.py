"""What stands on a network of a publication, also where it did not end well: of a thread a part may be out."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from content_library.notices import leads_of, notify
from scheduler.models import Part, Publication

STANDS = (
    exists()
    .where(
        Part.publication_id == Publication.id, Part.remote_id.is_not(None), Part.taken_down_at.is_(None)
    )
    .correlate(Publication)
)  # fmt: skip
"""Of a publication in the same statement: whether any part of it stands on its network, as far as is known."""


def tell_of_the_rest(session: Session, publication: Publication, *, now: datetime) -> None:
    """Of a publication that is over: where a part of it stands, its people hear that the rest does not go."""
    if not stands(session, publication):
        return
    people = {*leads_of(session, publication.desk_id), publication.created_by_id or publication.post.owner_id}
    text = (
        f"A part of “{publication.post.title}” is on {publication.account.handle}, and the rest does not go any more: "
        f"{publication.explanation} Take it down from its page if it should not stand alone."
    )
    kind, stage = f"publication.{publication.state}", publication.state_at.isoformat()
    notify(session, people, kind, publication, stage=stage, text=text, now=now)


def stands(session: Session, publication: Publication) -> bool:
    """Whether any part of it stands on its network, as far as is known."""
    return bool(
        session.scalar(select(STANDS).select_from(Publication).where(Publication.id == publication.id))
    )
