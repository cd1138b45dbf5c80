"""When things go out: calendar, planning, publications, holds."""

from flask import Flask

from app.calendar import hold_views, plan_views, publication_views
from app.calendar.views import blueprint

__all__ = ["hold_views", "install", "plan_views", "publication_views"]


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
