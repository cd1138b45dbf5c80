"""The page as Atom (RFC 4287) and as JSON Feed 1.1: stable ids, whole addresses, the same content as the page."""

import json
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from flask import current_app, url_for

from app.public.pages import Site, absolute, excerpt, heading, source_of
from service_channel.models.page_post import PagePost

ATOM = "application/atom+xml"
JSON_FEED = "application/feed+json"

Write = Callable[[Site, Sequence[PagePost], datetime | None], bytes]

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACE = "http://www.w3.org/2005/Atom"


def atom(site: Site, posts: Sequence[PagePost], changed: datetime | None) -> bytes:
    """The Atom document."""
    feed = ElementTree.Element("feed", {"xmlns": _NAMESPACE, "xml:lang": site.desk.language})
    _add(feed, "id", absolute(site.url))
    _add(feed, "title", site.name)
    if site.about:
        _add(feed, "subtitle", site.about)
    _add(feed, "updated", _instant(changed or site.account.created_at))
    _add(feed, "link", rel="self", type=ATOM, href=absolute(site.atom_url))
    _add(feed, "link", rel="alternate", type="text/html", href=absolute(site.url))
    _add(_add(feed, "author"), "name", site.name)
    _add(feed, "generator", "Deskcast")
    for post in posts:
        _entry(feed, site, post)
    document: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def json_feed(site: Site, posts: Sequence[PagePost], _changed: datetime | None) -> bytes:
    """The JSON Feed document."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.name,
        "description": site.about,
        "home_page_url": absolute(site.url),
        "feed_url": absolute(site.json_url),
        "language": site.desk.language,
        "authors": [{"name": site.name, "url": absolute(site.url)}],
        "items": [_item(site, post) for post in posts],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def stable_id(post: PagePost) -> str:
    """From the key it was put on the page with, so that it never changes."""
    try:
        return uuid.UUID(post.key).urn
    except ValueError:
        return f"urn:deskcast:page:{post.key}"


def _entry(feed: ElementTree.Element, site: Site, post: PagePost) -> None:
    entry = _add(feed, "entry", attributes={"xml:lang": post.language})
    _add(entry, "id", stable_id(post))
    _add(entry, "title", heading(post))
    _add(entry, "published", _instant(post.published_at))
    _add(entry, "updated", _instant(post.published_at))
    _add(entry, "link", rel="alternate", type="text/html", href=absolute(site.post_url(post)))
    source = source_of(post)
    if "url" in source:
        _add(entry, "link", rel="via", href=source["url"])
    _add(entry, "summary", excerpt(post))
    _add(entry, "content", _html(site, post), type="html")


def _item(site: Site, post: PagePost) -> dict[str, object]:
    item: dict[str, object] = {
        "id": stable_id(post),
        "url": absolute(site.post_url(post)),
        "title": heading(post),
        "content_html": _html(site, post),
        "content_text": post.text,
        "summary": excerpt(post),
        "date_published": _instant(post.published_at),
        "language": post.language,
    }
    source = source_of(post)
    if "url" in source:
        item["external_url"] = source["url"]
    if post.media:
        item["image"] = _picture(post.media[0]["name"])
        item["attachments"] = [
            {"url": _picture(one["name"]), "mime_type": one["mime"], "title": one["alt"]}
            for one in post.media
        ]
    return item


def _html(site: Site, post: PagePost) -> str:
    template = current_app.jinja_env.get_template("public/_feed_content.html")
    return template.render(site=site, post=post, picture=_picture).strip()


def _picture(name: str) -> str:
    return absolute(url_for("public.media", name=name))


def _add(
    parent: ElementTree.Element,
    name: str,
    text: str = "",
    attributes: dict[str, str] | None = None,
    **more: str,
) -> ElementTree.Element:
    every = {key: _NOT_IN_XML.sub("", value) for key, value in {**(attributes or {}), **more}.items()}
    element = ElementTree.SubElement(parent, name, every)
    element.text = _NOT_IN_XML.sub("", text) or None
    return element


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
