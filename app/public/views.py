"""What customers see: a desk's public page, its feeds and pictures; and how the installation is.

Nobody signs in here and nothing is set in the browser. Answers may be kept for a minute, pictures for ever.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, make_response, render_template, request, send_file
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from app import callers
from app.counting import figures
from app.extensions import db, now, settings
from app.gauges import Asked
from app.public import feeds, health, pages
from content_library import media_links
from content_library.errors import NotFound
from content_library.media_store import media_mime, media_path
from content_library.models.media import Media

MAX_AGE_S = 60
FOR_EVER_S = 31_536_000

blueprint = Blueprint("public", __name__)


@blueprint.get("/p/<handle>")
def page(handle: str) -> Response:
    site = pages.find_site(db(), handle)
    if site is None:
        return _missing("There is no page here", "The address may be mistyped, or the page was closed.")
    listing = pages.listing(db(), site, page=request.args.get("page", 1, type=int))
    if listing is None:
        return _missing("There is no such page", "Begin at the newest posts.", site=site)
    return _kept(render_template("public/page.html", **_words(site), listing=listing))


@blueprint.get("/p/<handle>/<int:post_id>")
def post(handle: str, post_id: int) -> Response:
    site = pages.find_site(db(), handle)
    found = pages.find_post(db(), site, post_id) if site else None
    if site is None or found is None:
        return _missing("There is no such post", "The address may be mistyped.", site=site)
    if found.taken_down_at is not None:
        return _missing("This post was taken down", "It is no longer available.", site=site, status=410)
    return _kept(render_template("public/post.html", **_words(site), post=found))


@blueprint.get("/p/<handle>/feed.atom")
def atom(handle: str) -> Response:
    site = pages.find_site(db(), handle)
    if site is None:
        return _missing("There is no feed here", "The address may be mistyped, or the page was closed.")
    return _feed(site, feeds.atom, feeds.ATOM)


@blueprint.get("/p/<handle>/feed.json")
def json_feed(handle: str) -> Response:
    site = pages.find_site(db(), handle)
    if site is None:
        return _missing("There is no feed here", "The address may be mistyped, or the page was closed.")
    return _feed(site, feeds.json_feed, feeds.JSON_FEED)


@blueprint.get("/p/media/<name>")
def media(name: str) -> Response:
    """A picture, only while a standing post shows it. Its name never comes to mean another one."""
    named = or_(Media.name == name, Media.thumb_name == name)
    is_open = db().scalar(select(Media.id).where(named, Media.is_public)) is not None
    path = media_path(settings().media_folder, name) if is_open else None
    if path is None:
        return _missing("There is no such picture", "The post it belonged to may have been taken down.")
    response = send_file(path, mimetype=media_mime(name), max_age=FOR_EVER_S, conditional=True)
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response


@blueprint.get("/m/<sha>/<int:until>/<signature>")
def lent(sha: str, until: int, signature: str) -> Response:
    """A picture for a network that fetches the pictures of a post itself, at an address we gave it for a while."""
    keys = (settings().secret_key, *settings().secret_key_fallbacks)
    good = any(media_links.is_good(key, sha, until, signature, now=now()) for key in keys)
    picture = db().scalars(select(Media).where(Media.sha256 == sha).limit(1)).first() if good else None
    path = media_path(settings().media_folder, picture.name) if picture else None
    if picture is None or path is None:
        return _missing("There is no such picture", "It was only there for a while.")
    response = send_file(path, mimetype=picture.mime, conditional=True)
    response.cache_control.private = True
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.get("/healthz")
def live() -> Any:
    return health.health()


@blueprint.get("/readyz")
def ready() -> Any:
    return health.ready()


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus; for everybody else there is nothing here."""
    if not callers.may_see_figures():
        raise NotFound("There is nothing at this address.")
    said = figures().text(Asked(db(), settings(), now()))
    return Response(said, content_type=CONTENT_TYPE_LATEST)


def _words(site: pages.Site) -> dict[str, Any]:
    return {
        "site": site,
        "lang": site.desk.language,
        "absolute": pages.absolute,
        "day_and_time": pages.day_and_time,
    }


def _kept(html: str) -> Response:
    response = make_response(html)
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE_S
    response.add_etag()
    return response.make_conditional(request)


def _feed(site: pages.Site, write: feeds.Write, content_type: str) -> Response:
    """A feed is written only for who does not have it yet: readers ask far more often than posts go out."""
    etag = pages.stamp(db(), site, content_type, settings().public_url)
    changed = pages.changed_at(db(), site)
    response = make_response()
    response.set_etag(etag)
    response.content_type = f"{content_type}; charset=utf-8"
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE_S
    if changed is not None and now() - changed > timedelta(seconds=2):  # HTTP dates know no half seconds
        response.last_modified = changed
    response.make_conditional(request)
    if response.status_code == 200:
        response.set_data(write(site, pages.newest(db(), site), changed))
    return response


def _missing(title: str, sentence: str, *, site: pages.Site | None = None, status: int = 404) -> Response:
    shown = site or {"name": "Deskcast", "url": "/"}
    html = render_template("public/missing.html", site=shown, title=title, sentence=sentence)
    response = make_response(html, status)
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE_S
    return response
