"""Feeds and what they propose."""

from flask import Flask

from app.curation.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
