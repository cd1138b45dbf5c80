"""The table behind the built-in public page: one row a key, put once, never overwritten, taken down at most once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content_library import clock
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.media import Media
from service_channel.models.page_post import PagePost
from service_channel.networks.base import RemoteRef
from service_channel.networks.page import StandingPost


class MissingPicture(LookupError):
    """A picture of the post is no longer in the desk's library; nothing was put on the page."""


class PageStore:
    """Each call is a short transaction of its own and durable when it returns.

    `public_url` is put before the addresses it answers; without it they begin at the site's root.
    """

    def __init__(self, database: Database, *, public_url: str = "") -> None:
        self._database = database
        self._public_url = public_url.rstrip("/")

    def put_once(self, key: str, payload: Mapping[str, Any]) -> StandingPost:
        """Insert unless something stands, or once stood, under the key; answers what does. Never overwrites.

        Raises MissingPicture, and whatever the database raises.
        """
        try:
            with self._database.write() as session:
                row = _row(session, key) or _insert(session, key, payload)
                return self._standing(row)
        except IntegrityError:
            standing = self._any(key)
            if standing is None:  # not our key: the account is gone, or a value does not fit
                raise
            return standing

    def find(self, key: str) -> StandingPost | None:
        """What stands under the key and was not taken down."""
        with self._database.read() as session:
            row = _row(session, key)
            return self._standing(row) if row is not None and row.taken_down_at is None else None

    def delete(self, key: str) -> None:
        """Take down what stands there; nothing there is fine. Pictures no other post shows are closed again."""
        with self._database.write() as session:
            row = _row(session, key)
            if row is None or row.taken_down_at is not None:
                return
            row.taken_down_at = row.touched_at = clock.now(session)
            session.flush()
            _close_pictures(session, row)

    def _any(self, key: str) -> StandingPost | None:
        with self._database.read() as session:
            row = _row(session, key)
            return self._standing(row) if row is not None else None

    def _standing(self, row: PagePost) -> StandingPost:
        address = f"{self._public_url}/p/{row.account.handle}/{row.id}"
        return StandingPost(RemoteRef(row.key, "", address), row.digest)


def _row(session: Session, key: str) -> PagePost | None:
    return session.scalar(select(PagePost).where(PagePost.key == key))


def _insert(session: Session, key: str, payload: Mapping[str, Any]) -> PagePost:
    account = session.get_one(Account, payload["account_id"])
    row = PagePost(
        account=account,
        key=key,
        publication_id=payload["publication_id"],
        title=payload["title"],
        text=payload["text"],
        language=payload["language"],
        media=[_open_picture(session, account, shown) for shown in payload["media"]],
        source=dict(payload.get("source") or {}),
        digest=payload["digest"],
        published_at=datetime.fromisoformat(payload["published_at"]),
        touched_at=clock.now(session),
    )
    session.add(row)
    session.flush()
    return row


def _open_picture(session: Session, account: Account, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Let everyone see one picture; answers how the page shows it."""
    picture = session.scalar(
        select(Media)
        .where(Media.desk_id == account.desk_id, Media.sha256 == shown["sha256"])
        .order_by(Media.id)
        .limit(1)
    )
    if picture is None:
        raise MissingPicture(
            "A picture of this post is no longer in the library. Add it again and submit the post."
        )
    picture.is_public = True
    return {
        "name": picture.name,
        "thumb": picture.thumb_name,
        "alt": shown["alt"],
        "width": shown["width"],
        "height": shown["height"],
        "mime": shown["mime"],
    }


def _close_pictures(session: Session, row: PagePost) -> None:
    for shown in row.media:
        if not _stands_elsewhere(session, shown["name"]):
            picture = session.scalar(select(Media).where(Media.name == shown["name"]))
            if picture is not None:
                picture.is_public = False


def _stands_elsewhere(session: Session, name: str) -> bool:
    mention = cast(PagePost.media, String).contains(name, autoescape=True)
    others = select(PagePost.id).where(PagePost.taken_down_at.is_(None), mention).limit(1)
    return session.scalar(others) is not None
