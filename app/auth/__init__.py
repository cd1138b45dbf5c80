"""Signing in and out, one's own account and sessions."""

from flask import Flask

from app.auth import account_views, link_views, open_id_views
from app.auth.open_id import know_provider
from app.auth.views import blueprint

__all__ = ["account_views", "install", "link_views", "open_id_views"]


def install(app: Flask) -> None:
    know_provider(app)
    app.register_blueprint(blueprint)
