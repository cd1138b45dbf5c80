"""The record: who did what, when, and the proof that nothing was changed."""

from flask import Flask

from app.record import evidence_views, export_views, hold_views, verification_views
from app.record.views import blueprint

__all__ = ["evidence_views", "export_views", "hold_views", "install", "verification_views"]


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
