"""Facts: the values that many texts use by name, read by everybody of a desk and changed by whoever keeps them."""

from flask import Flask

from app.facts.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
