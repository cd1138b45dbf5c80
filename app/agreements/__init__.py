"""The agreements of a desk with its teams: what is cleared beforehand, who signed it, and what it has cleared."""

from flask import Flask

from app.agreements.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
