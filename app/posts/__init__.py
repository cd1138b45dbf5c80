"""One post: the composer, its revisions, its page."""

from flask import Flask

from app.posts import composing as composing
from app.posts import history as history
from app.posts import suggesting as suggesting
from app.posts.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
