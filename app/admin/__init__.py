"""People, desks, teams, formats and the state of the installation."""

from flask import Flask

from app.admin.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
