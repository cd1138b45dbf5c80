"""What stands on a public page: which desk's, which posts, in which words it is shown."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.extensions import settings
from app.formatting import linked
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.wall_time import zone
from service_channel.models.page_post import PagePost

FORM = 1  # to be raised when the same posts are put into other words or markup
PER_PAGE = 20
IN_FEEDS = 50
WORDS_OF_A_HEADING = 70
THUMB_SIDE = 480  # as content_library.image_work makes them; that module is for confined processes


@dataclass(frozen=True)
class Site:
    """The page as a whole. `url` and the feeds' addresses begin at the root; `absolute` makes them whole."""

    account: Account
    desk: Desk

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def about(self) -> str:
        return self.desk.about

    @property
    def zone(self) -> str:
        return self.desk.zone

    @property
    def url(self) -> str:
        return url_for("public.page", handle=self.account.handle)

    @property
    def atom_url(self) -> str:
        return url_for("public.atom", handle=self.account.handle)

    @property
    def json_url(self) -> str:
        return url_for("public.json_feed", handle=self.account.handle)

    def post_url(self, post: PagePost) -> str:
        return url_for("public.post", handle=self.account.handle, post_id=post.id)


@dataclass(frozen=True)
class Listing:
    posts: list[PagePost]
    page: int
    pages: int


def absolute(path: str) -> str:
    """The whole address of a path, by the installation's public address and never by the request's."""
    return settings().public_url + path


def find_site(session: Session, handle: str) -> Site | None:
    """The page of a handle, unless there is none or it was closed."""
    account = session.scalar(
        select(Account)
        .where(Account.network == "page", Account.handle == handle, Account.state != AccountState.CLOSED)
        .options(joinedload(Account.desk))
    )
    return Site(account, account.desk) if account is not None else None


def listing(session: Session, site: Site, *, page: int) -> Listing | None:
    """One page of what stands there, the newest first; None when there is no such page."""
    total = session.scalar(select(func.count()).select_from(PagePost).where(*_standing(site))) or 0
    pages = max(1, -(-total // PER_PAGE))
    if not 1 <= page <= pages:
        return None
    return Listing(_newest(session, site, PER_PAGE, (page - 1) * PER_PAGE), page, pages)


def newest(session: Session, site: Site) -> list[PagePost]:
    """What the feeds hold."""
    return _newest(session, site, IN_FEEDS, 0)


def changed_at(session: Session, site: Site) -> datetime | None:
    """When something was last put on the page or taken down."""
    return session.scalar(select(func.max(PagePost.touched_at)).where(PagePost.account_id == site.account.id))


def stamp(session: Session, site: Site, *more: object) -> str:
    """Differs whenever the page says something else; told without reading what it says."""
    newest_id = session.scalar(select(func.max(PagePost.id)))
    known = (FORM, newest_id, changed_at(session, site), site.account.version, site.desk.version, *more)
    return hashlib.sha256(repr(known).encode()).hexdigest()[:32]


def find_post(session: Session, site: Site, post_id: int) -> PagePost | None:
    """A post of this page, also one that was taken down."""
    return session.scalar(
        select(PagePost).where(PagePost.account_id == site.account.id, PagePost.id == post_id)
    )


def heading(post: PagePost) -> str:
    """The title, else the first words of the text."""
    if post.title:
        return post.title
    line = post.text.strip().split("\n", 1)[0]
    if len(line) <= WORDS_OF_A_HEADING:
        return line
    return line[:WORDS_OF_A_HEADING].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"


def excerpt(post: PagePost) -> str:
    """One line for search engines and link cards."""
    line = " ".join(post.text.split())
    return line if len(line) <= 200 else line[:199].rsplit(" ", 1)[0] + "…"


def paragraphs(text: str) -> Markup:
    """A text as paragraphs, its lines and links kept; each finds its own direction."""
    blocks = (block.strip("\n") for block in text.replace("\r\n", "\n").split("\n\n"))
    return Markup("\n").join(
        Markup('<p dir="auto">{}</p>').format(linked(block)) for block in blocks if block.strip()
    )


def day_and_time(instant: datetime, zone_name: str) -> Markup:
    """`3 November 2026, 10:00` in the page's zone: the same words today and next year, so pages can be kept."""
    local = instant.astimezone(zone(zone_name))
    words = f"{local.day} {local:%B %Y, %H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        local.isoformat(timespec="seconds"), f"{local:%A} {words} {local:%Z}", words
    )


def srcset(picture: Mapping[str, Any]) -> str:
    """The small and the whole picture, by their widths."""
    longest = max(picture["width"], picture["height"])
    small = round(picture["width"] * min(1.0, THUMB_SIDE / longest))
    found = [(picture["name"], picture["width"])]
    if small < picture["width"]:
        found.insert(0, (picture["thumb"], small))
    return ", ".join(f"{url_for('public.media', name=name)} {width}w" for name, width in found)


def source_of(post: PagePost) -> dict[str, str]:
    """Where a curated post comes from, for the line under it; empty when it is our own. Only web links are links."""
    source = {key: str(value) for key, value in post.source.items() if value}
    if not source.get("url", "").startswith(("http://", "https://")):
        source.pop("url", None)
    return source


def _standing(site: Site) -> tuple[Any, ...]:
    return PagePost.account_id == site.account.id, PagePost.taken_down_at.is_(None)


def _newest(session: Session, site: Site, most: int, offset: int) -> list[PagePost]:
    return list(
        session.scalars(
            select(PagePost)
            .where(*_standing(site))
            .order_by(PagePost.published_at.desc(), PagePost.id.desc())
            .limit(most)
            .offset(offset)
        )
    )
