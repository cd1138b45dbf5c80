"""What customers see: the public page and its feeds, and the health addresses."""

from flask import Flask

from app.public.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
