"""Boundaries: what may be said in public, read by everybody of a desk and changed by its leads."""

from flask import Flask

from app.boundaries.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
