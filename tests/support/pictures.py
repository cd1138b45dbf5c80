"""Rows of pictures, without the work of taking one in."""

from sqlalchemy.orm import Session

from content_library.models.desk import Desk
from content_library.models.media import Media
from content_library.models.user import User
from tests.support.clock import DEFAULT_NOW


def make_picture(session: Session, desk: Desk, by: User, *, sha256: str, name: str = "kettle") -> Media:
    """A picture on a desk's shelf, not shown to anybody yet; its file is the caller's."""
    picture = Media(
        desk_id=desk.id,
        name=f"{name}.jpg",
        thumb_name=f"{name}-thumb.jpg",
        sha256=sha256,
        mime="image/jpeg",
        width=1600,
        height=900,
        size=1000,
        alt="A kettle",
        uploaded_by_id=by.id,
        created_at=DEFAULT_NOW,
    )
    session.add(picture)
    session.flush()
    return picture
