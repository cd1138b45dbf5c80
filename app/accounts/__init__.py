"""The desk's accounts and their connections."""

from flask import Flask

from app.accounts import budget_views, connect_views, pushed
from app.accounts.views import blueprint

__all__ = ["budget_views", "connect_views", "install", "pushed"]


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
