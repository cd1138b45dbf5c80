"""The desk's accounts and their connections."""

from flask import Flask

from app.accounts import connect_views, pushed
from app.accounts.views import blueprint

__all__ = ["connect_views", "install", "pushed"]


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
