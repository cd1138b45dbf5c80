"""The desk's accounts and their connections."""

from flask import Flask

from app.accounts.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
