"""Signing in and out, one's own account and sessions."""

from flask import Flask

from app.auth.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
