"""What stands on a network of a publication, also where it did not end well: of a thread a part may be out."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from scheduler.models import Part, Publication

STANDS = (
    exists()
    .where(
        Part.publication_id == Publication.id, Part.remote_id.is_not(None), Part.taken_down_at.is_(None)
    )
    .correlate(Publication)
)  # fmt: skip
"""Of a publication in the same statement: whether any part of it stands on its network, as far as is known."""


def stands(session: Session, publication: Publication) -> bool:
    """Whether any part of it stands on its network, as far as is known."""
    return bool(
        session.scalar(select(STANDS).select_from(Publication).where(Publication.id == publication.id))
    )
