"""When things go out: calendar, planning, publications, holds, windows, series."""

from flask import Flask

from app.calendar import (
    hold_views,
    kept_back_views,
    plan_views,
    publication_views,
    series_views,
    window_views,
)
from app.calendar.views import blueprint

__all__ = [
    "hold_views",
    "install",
    "kept_back_views",
    "plan_views",
    "publication_views",
    "series_views",
    "window_views",
]


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
