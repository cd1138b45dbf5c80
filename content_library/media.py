"""The pictures of a desk: taking one in, describing it, finding it, and where it is used.

The file is made and stored before the transaction begins (see `media_store`); here only its row is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.errors import InvalidInput, NotFound
from content_library.media_store import StoredImage
from content_library.models.desk import Desk
from content_library.models.media import Media, post_media
from content_library.models.post import Post
from content_library.models.user import User
from content_library.paging import Paged, nearest_page
from content_library.permissions import can_draft, require
from content_library.search_tokens import tokens
from content_library.transitions import flush

MAY_ADD = "Only agents and leads of this desk can add and describe pictures."
LONGEST_ALT = 2_000
LONGEST_RIGHTS = 500
MOST_SEARCHED = 20_000  # the newest pictures a search reads


@dataclass(frozen=True)
class MediaPage(Paged):
    pictures: list[Media]


def add_picture(
    session: Session,
    desk: Desk,
    stored: StoredImage,
    *,
    actor: User,
    now: datetime,
    original_name: str = "",
    alt: str = "",
    rights: str = "",
) -> Media:
    """Put a stored image on the desk's shelf. Raises InvalidInput for words that are too long."""
    require(can_draft(actor, desk.id), MAY_ADD)
    alt, rights = _checked(alt, rights)
    picture = Media(
        desk_id=desk.id,
        name=stored.name,
        thumb_name=stored.thumb_name,
        sha256=stored.sha256,
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        size=stored.size,
        alt=alt,
        rights=rights,
        original_name=original_name.strip()[-200:],
        uploaded_by_id=actor.id,
        created_at=now,
    )
    session.add(picture)
    flush(session)
    said = f"Added the picture “{picture.original_name or picture.name}”"
    audit.record(
        session,
        "media.added",
        picture,
        actor=actor,
        now=now,
        summary=said,
        details={"sha256": picture.sha256},
    )
    return picture


def describe(session: Session, picture: Media, *, alt: str, rights: str, actor: User, now: datetime) -> None:
    """Change the usual description and the rights. Posts that use it keep the words they have."""
    require(can_draft(actor, picture.desk_id), MAY_ADD)
    alt, rights = _checked(alt, rights)
    if (alt, rights) == (picture.alt, picture.rights):
        return
    picture.alt, picture.rights = alt, rights
    said = f"Described the picture “{picture.original_name or picture.name}”"
    audit.record(
        session,
        "media.described",
        picture,
        actor=actor,
        now=now,
        summary=said,
        details={"alt": alt, "rights": rights},
    )
    flush(session)


def _checked(alt: str, rights: str) -> tuple[str, str]:
    alt, rights = alt.strip(), rights.strip()
    wrong = {}
    if len(alt) > LONGEST_ALT:
        wrong["alt"] = f"Keep the description under {LONGEST_ALT} characters."
    if len(rights) > LONGEST_RIGHTS:
        wrong["rights"] = f"Keep the rights under {LONGEST_RIGHTS} characters."
    if wrong:
        raise InvalidInput(" ".join(wrong.values()), wrong)
    return alt, rights


def get_picture(session: Session, desk_id: int, media_id: int) -> Media:
    """Raises NotFound, also for another desk's."""
    picture = session.scalar(select(Media).where(Media.id == media_id, Media.desk_id == desk_id))
    if picture is None:
        raise NotFound("There is no such picture on this desk.")
    return picture


def pictures_by_id(session: Session, desk_id: int, ids: Iterable[int]) -> dict[int, Media]:
    """Those of the pictures that are the desk's."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {
        m.id: m for m in session.scalars(select(Media).where(Media.desk_id == desk_id, Media.id.in_(wanted)))
    }


def pictures_by_hash(session: Session, desk_id: int, hashes: Iterable[str]) -> dict[str, Media]:
    """The desk's pictures whose stored bytes have these hashes: what a rendition names."""
    wanted = list(hashes)
    if not wanted:
        return {}
    found = session.scalars(
        select(Media).where(Media.desk_id == desk_id, Media.sha256.in_(wanted)).order_by(Media.id)
    )
    return {m.sha256: m for m in found}


def find_pictures(
    session: Session, desk_id: int, query: str = "", *, page: int = 1, per_page: int = 48
) -> MediaPage:
    """A page of pictures, the newest first. Every word of the query begins a word of a picture's own words."""
    every = select(Media).where(Media.desk_id == desk_id)
    words = tokens([query])
    if words:
        every = every.where(Media.id.in_(_matching(session, desk_id, words)))
    total = (
        session.scalar(select(func.count()).select_from(every.with_only_columns(Media.id).subquery())) or 0
    )
    page = nearest_page(page, total, per_page)
    newest = every.order_by(Media.created_at.desc(), Media.id.desc())
    pictures = session.scalars(newest.limit(per_page).offset((page - 1) * per_page))
    return MediaPage(total, page, per_page, list(pictures))


def _matching(session: Session, desk_id: int, words: Sequence[str]) -> list[int]:
    rows = session.execute(
        select(Media.id, Media.alt, Media.rights, Media.original_name)
        .where(Media.desk_id == desk_id)
        .order_by(Media.created_at.desc())
        .limit(MOST_SEARCHED)
    )
    return [row.id for row in rows if _begins_with(words, tokens([row.alt, row.rights, row.original_name]))]


def _begins_with(words: Sequence[str], said: Sequence[str]) -> bool:
    return all(any(token.startswith(word) for token in said) for word in words)


def used_in(session: Session, pictures: Sequence[Media]) -> dict[int, list[Post]]:
    """For each picture the posts whose newest text shows it, the latest change first."""
    found: dict[int, list[Post]] = {picture.id: [] for picture in pictures}
    if not found:
        return found
    rows = session.execute(
        select(post_media.c.media_id, Post)
        .join(Post, Post.id == post_media.c.post_id)
        .where(post_media.c.media_id.in_(found))
        .order_by(Post.updated_at.desc())
    )
    for media_id, post in rows:
        found[media_id].append(post)
    return found
