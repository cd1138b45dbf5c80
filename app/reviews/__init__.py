"""The reviewers' queue and the page where they decide."""

from flask import Flask

from app.reviews import after_views as after_views
from app.reviews.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
