"""The ladder: where each account of a desk stands, what is missing for the next stage, and who has signed what."""

from flask import Flask

from app.ladder.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
