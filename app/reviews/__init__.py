"""The reviewers' queue and the page where they decide."""

from flask import Flask

from app.reviews import after_views, several
from app.reviews.views import blueprint

__all__ = ["after_views", "install", "several"]


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
