"""The library: finding posts, and the pictures."""

from flask import Flask

from app.library import pictures as pictures
from app.library.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
