"""When things go out: calendar, planning, publications, holds."""

from flask import Flask

from app.calendar.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
