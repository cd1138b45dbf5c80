"""People, desks, teams, formats and the state of the installation."""

from flask import Flask

from app.admin import (
    desk_views,
    format_views,
    keeping_views,
    network_views,
    people_views,
    shelf_views,
    status_views,
)
from app.admin.views import blueprint

__all__ = [
    "desk_views",
    "format_views",
    "install",
    "keeping_views",
    "network_views",
    "people_views",
    "shelf_views",
    "status_views",
]


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
