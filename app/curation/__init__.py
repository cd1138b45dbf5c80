"""Feeds and what they propose."""

from flask import Flask

from app.curation import feed_views, words
from app.curation.views import blueprint
from content_library.settings import Settings
from content_library.web_fetch import Fetcher, FetchPolicy

__all__ = ["feed_views", "install"]


def install(app: Flask) -> None:
    settings: Settings = app.extensions["deskcast.settings"]
    app.extensions["deskcast.fetcher"] = Fetcher(FetchPolicy(allow=settings.fetch_allow))
    app.jinja_env.filters.update(readable=words.readable, host=words.host, health=words.health)
    app.register_blueprint(blueprint)
